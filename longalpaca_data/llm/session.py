"""A session with a model: many calls at once, none lost, none made twice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.core.progress import Progress
from longalpaca_data.llm.client import CachedClient
from longalpaca_data.llm.limits import Limits, Price
from longalpaca_data.llm.ordered import OrderedAsyncMap
from longalpaca_data.llm.prompt import Completion, Prompt
from longalpaca_data.llm.protocol import Model, StopAskingError
from longalpaca_data.llm.retry import RetryPolicy
from longalpaca_data.llm.usage import ProgressLine, Usage

T = TypeVar("T")
R = TypeVar("R")
Ask = Callable[[Prompt], Awaitable[Completion]]

_DRAIN = 30.0  # seconds that Ctrl-C leaves to calls in flight: most answers take less
_AT_WORK = 3  # items at work per call at once: while some wait for the disk, others ask
_AHEAD = 8  # items handed over per call at once: a slow item at the head doesn't stop the others


class _Unasked:
    """Stands for the result of an item that was left out."""


_UNASKED: Final = _Unasked()


class Session:
    """Asks a model on an event loop in a thread of its own; the ledger's answers come first.

    Use it as a context manager. Leaving it by Ctrl-C waits for the calls in flight, which are paid
    for; a second Ctrl-C doesn't. ``ledger`` is the ledger's file; ``price`` None is unknown.
    """

    def __init__(
        self,
        model: Model,
        ledger: Path,
        limits: Limits | None = None,
        price: Price | None = None,
        progress: Progress | None = None,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        limits = limits or Limits()
        self._progress = progress or Progress(quiet=True)
        self._at_once = limits.concurrency
        self._priced = price is not None
        self._client = CachedClient(model, ledger, limits, price, retry_policy, self._progress.say)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="calls", daemon=True)
        self._thread.start()
        self._drained = self._closed = False

    @property
    def usage(self) -> Usage:
        """What the session has used so far."""
        return self._client.usage

    @property
    def stopped(self) -> str:
        """Why nothing more is asked (a budget that is spent), in words; empty while it is."""
        return self._client.budget.stopped

    async def ask(self, prompt: Prompt) -> Completion:
        """Return a prompt's answer; to be awaited in the work that :meth:`map` does.

        Raises CallFailedError where this prompt can't be answered: the caller counts a drop.
        StopAskingError (budget spent) and ModelUnavailableError (endpoint dead) are for ``map``.
        """
        return await self._client.ask(prompt)

    def map(
        self,
        items: Iterable[T],
        work: Callable[[T, Ask], Coroutine[Any, Any, R]],
        *,
        name: str = "generate",
        total: int = 0,
    ) -> Iterator[R]:
        """Yield each item's result in the order of the items; many are under way at once.

        Items are pulled, and results used, in the calling thread; ``work`` runs on the session's
        loop. An item whose work meets a spent budget is left out and counted. Any other error of
        a ``work`` ends the iteration; what was answered by then is in the ledger.
        """

        async def do(item: T) -> R | _Unasked:
            try:
                return await work(item, self.ask)
            except StopAskingError:
                self.usage.unasked += 1
                return _UNASKED

        flow = OrderedAsyncMap(self._loop, do, _AT_WORK * self._at_once, _AHEAD * self._at_once)
        line = ProgressLine(self.usage, total, priced=self._priced)
        with self._progress.status(name, total) as show:

            def tick() -> None:
                show(line.rows, line.text)

            try:
                for result in flow.results(items, tick):
                    line.rows += 1
                    tick()
                    if not isinstance(result, _Unasked):
                        yield result
            except KeyboardInterrupt:
                self.drain()
                raise
            finally:
                flow.cancel()

    def drain(self) -> None:
        """Wait for the calls in flight, a bounded time; they are paid for."""
        if self._drained:
            return
        self._drained = True
        if count := self._client.in_flight():
            self._progress.say(
                f"stopping: waiting up to {_DRAIN:.0f} s for {count} calls in flight, "
                "which are paid for; Ctrl-C again stops at once"
            )
        self._run(self._client.drain(_DRAIN)).result()

    def close(self) -> None:
        """Drop what is in flight, keep what was answered, and end the thread."""
        if self._closed:
            return
        self._closed = True
        try:
            self._run(self._end()).result()
        finally:
            self._client.close()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        try:
            # With a dead endpoint or a full disk there is nothing to wait for.
            if not isinstance(error, LongalpacaError):
                self.drain()
        finally:
            self.close()

    async def _end(self) -> None:
        await self._client.cancel()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, R]) -> Future[R]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)
