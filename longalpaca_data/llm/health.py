"""Finds an endpoint that hangs, before its first answer.

A long prompt may take minutes, so a call's own time limit is long. An endpoint that takes
connections and never answers, not even a small question, would hold up a run for as long.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Protocol, runtime_checkable

from longalpaca_data.core.errors import ModelUnavailableError
from longalpaca_data.llm.prompt import Completion

_POLLS = 9  # within the longest silence; none in its first third


@runtime_checkable
class Pingable(Protocol):
    """A model that can be asked whether it is there. ``max_silence`` is how many seconds it may say
    nothing before its first answer.
    """

    max_silence: float

    async def ping(self) -> bool:
        """Say whether anything comes back from the endpoint, be it an error."""
        ...

    def no_answer_error(self) -> ModelUnavailableError:
        """Return the error for an endpoint from which nothing comes back."""
        ...


class HealthCheck:
    """Ends the waiting for a model that never answers; it is done at the first answer."""

    def __init__(self, model: object) -> None:
        self._model = model if isinstance(model, Pingable) else None
        self._calls: set[asyncio.Task[Any]] = set()
        self._poller: asyncio.Task[None] | None = None
        self._answered = False
        self._dead: ModelUnavailableError | None = None

    async def watch(self, work: Coroutine[Any, Any, Completion]) -> Completion:
        """Return what a call comes to. ModelUnavailableError for an endpoint that hangs."""
        if self._answered or self._model is None:
            return await work
        task = asyncio.current_task()
        assert task is not None, "calls run as tasks"
        self._calls.add(task)
        self._poller = self._poller or asyncio.create_task(self._poll(self._model))
        try:
            completion = await work
        except asyncio.CancelledError:
            if self._dead is None:
                raise
            task.uncancel()  # it was cancelled here, to end the wait
            raise self._dead from None
        finally:
            self._calls.discard(task)
        self._answered = True
        return completion

    async def _poll(self, model: Pingable) -> None:
        since = time.monotonic()
        while not self._answered:
            await asyncio.sleep(model.max_silence / _POLLS)
            silent = time.monotonic() - since
            if not self._calls or silent < model.max_silence / 3:
                continue
            if await model.ping():
                since = time.monotonic()
            elif silent > 2 * model.max_silence / 3 and not self._answered:
                self._dead = model.no_answer_error()
                for call in self._calls:
                    call.cancel()
                return
