"""What a model is to this package, and how a call can fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from longalpaca_data.core.errors import ModelUnavailableError
from longalpaca_data.llm.prompt import Completion, Prompt


class Model(Protocol):
    """Something that completes prompts: an endpoint, or a model in this process.

    One instance belongs to one :class:`Session` and runs on that session's event loop. A model
    that computes must do so in a thread (``asyncio.to_thread``), or nothing else moves meanwhile.
    """

    @property
    def name(self) -> str:
        """The model's name; part of the key of every call."""
        ...

    async def complete(self, prompt: Prompt) -> Completion:
        """Make one attempt.

        Raises CallFailedError where this prompt can't succeed, TryAgainError where another
        attempt may, ModelUnavailableError where no prompt can.
        """
        ...

    async def aclose(self) -> None:
        """Give back connections and memory."""
        ...


@dataclass(frozen=True, slots=True)
class CacheOnlyModel:
    """A model that isn't opened: where no call may be made, the ledger alone answers."""

    name: str

    async def complete(self, _prompt: Prompt) -> Completion:
        """Say that nobody is there."""
        raise ModelUnavailableError(f"{self.name} was not opened")

    async def aclose(self) -> None:
        """Do nothing."""


class TryAgainError(Exception):
    """One attempt failed in a way that may pass: the session waits and tries again.

    ``kind`` is a short stable word for counting (``http 500``, ``timeout``, ``connection
    refused``); ``detail`` is for reading; ``wait`` is what the server asked for, in seconds;
    ``endpoint`` is named to the user where the trouble doesn't pass.
    """

    def __init__(
        self, kind: str, detail: str = "", *, wait: float | None = None, endpoint: str = ""
    ) -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        self.detail = detail
        self.wait = wait
        self.endpoint = endpoint


class StopAskingError(Exception):
    """The budget is spent. :meth:`Session.map` leaves out the item that met it and goes on: what
    the ledger can answer is still answered.
    """
