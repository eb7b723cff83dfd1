"""Tells an endpoint that thinks from one that hangs, before its first answer.

A long prompt may take minutes, so a call's own time limit is long. An endpoint that takes
connections and says nothing at all, not even to a small question, would hold a run up for longer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Protocol, runtime_checkable

from longalpaca_data.core.errors import ModelUnavailableError
from longalpaca_data.llm.prompt import Completion

_LOOKS = 9  # in the time that an endpoint may be silent; the first third of it nobody looks


@runtime_checkable
class Probeable(Protocol):
    """A model that can be asked whether it is there. ``silence`` is how many seconds it may say
    nothing before its first answer.
    """

    silence: float

    async def alive(self) -> bool:
        """Say whether anything comes back from the endpoint, be it an error."""
        ...

    def unheard(self) -> ModelUnavailableError:
        """Return the error for an endpoint from which nothing comes back."""
        ...


class HealthCheck:
    """Watches over a model's calls until the first of them has come back."""

    def __init__(self, model: object) -> None:
        self._model = model if isinstance(model, Probeable) else None
        self._calls: set[asyncio.Task[Any]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._heard = False
        self._dead: ModelUnavailableError | None = None

    async def over(self, work: Coroutine[Any, Any, Completion]) -> Completion:
        """Return what a call comes to. ModelUnavailableError for an endpoint that hangs."""
        if self._heard or self._model is None:
            return await work
        task = asyncio.current_task()
        assert task is not None, "calls run as tasks"
        self._calls.add(task)
        self._looking = self._looking or asyncio.create_task(self._look(self._model))
        try:
            completion = await work
        except asyncio.CancelledError:
            if self._dead is None:
                raise
            task.uncancel()  # it was cancelled here, to end the wait
            raise self._dead from None
        finally:
            self._calls.discard(task)
        self._heard = True
        return completion

    async def _look(self, model: Probeable) -> None:
        since = time.monotonic()
        while not self._heard:
            await asyncio.sleep(model.silence / _LOOKS)
            silent = time.monotonic() - since
            if not self._calls or silent < model.silence / 3:
                continue
            if await model.alive():
                since = time.monotonic()
            elif silent > 2 * model.silence / 3 and not self._heard:
                self._dead = model.unheard()
                for call in self._calls:
                    call.cancel()
                return
