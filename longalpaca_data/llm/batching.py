"""Single prompts → batches, for models that answer many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from longalpaca_data.core.errors import CallFailedError
from longalpaca_data.llm.prompt import Completion, Prompt
from longalpaca_data.llm.protocol import TryAgainError

Answer = Completion | CallFailedError | TryAgainError
RunBatch = Callable[[Sequence[Prompt]], Awaitable[Sequence[Answer]]]


@dataclass
class MicroBatcher:
    """Collects prompts until ``size`` wait, or ``max_bytes`` of them (0: no bound), or none has
    come for ``max_wait`` seconds, and has them answered together. ``at_once`` batches run at a
    time; an error of a batch is the error of its prompts.
    """

    run: RunBatch
    size: int
    max_wait: float = 0.05
    max_bytes: int = 0
    at_once: int = 1
    _waiting: list[tuple[Prompt, asyncio.Future[Completion]]] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None
    _bytes: int = 0
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.at_once)

    async def complete(self, prompt: Prompt) -> Completion:
        """Return a prompt's answer, which comes with its batch."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Completion] = loop.create_future()
        self._waiting.append((prompt, answer))
        self._bytes += prompt.n_bytes
        if self._timer:
            self._timer.cancel()
        if len(self._waiting) >= self.size or 0 < self.max_bytes <= self._bytes:
            self._start()
        else:
            self._timer = loop.call_later(self.max_wait, self._start)
        return await answer

    async def aclose(self) -> None:
        """Drop what waits and end what runs."""
        if self._timer:
            self._timer.cancel()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _start(self) -> None:
        batch, self._waiting, self._bytes = self._waiting, [], 0
        if batch:
            task = asyncio.get_running_loop().create_task(self._answer(batch))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _answer(self, batch: list[tuple[Prompt, asyncio.Future[Completion]]]) -> None:
        try:
            async with self._slots:
                answers = await self.run([prompt for prompt, _ in batch])
        except BaseException as error:  # passed on to whoever waits, cancellation too
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            if isinstance(error, asyncio.CancelledError):
                raise
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():  # its caller has gone
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
