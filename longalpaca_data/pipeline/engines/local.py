"""Processes of this machine.

Workers are spawned, not forked (a fork of a process with threads can hang), they ignore Ctrl-C
(the parent decides), and they leave when the parent is gone, even by ``kill -9``.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from longalpaca_data.pipeline.stage import Drop, Outcome, ResponseCache, Stage, perform

_AHEAD = 3  # units waiting per worker: enough to keep it busy, few enough to stay in memory


class LocalEngine:
    """Runs units in ``workers`` processes; one worker means this very process."""

    def __init__(self, workers: int = 0) -> None:
        self.workers = workers or len(os.sched_getaffinity(0))
        self._pool: ProcessPoolExecutor | None = None

    def perform(
        self,
        stage: Stage[Any, Any],
        units: Iterable[tuple[str, list[Any]]],
        seed: int,
        calls: ResponseCache | None = None,
    ) -> Iterator[tuple[str, Outcome[Any]]]:
        """Yield outcomes as units finish. Corpus-wise stages run here: their one unit is all."""
        if self.workers == 1 or stage.shard is None:
            for key, items in units:
                yield key, perform(stage, items, seed, calls)
            return
        yield from self._in_processes(stage, units, seed, calls)

    def _in_processes(
        self,
        stage: Stage[Any, Any],
        units: Iterable[tuple[str, list[Any]]],
        seed: int,
        calls: ResponseCache | None,
    ) -> Iterator[tuple[str, Outcome[Any]]]:
        waiting = iter(units)
        running: dict[Future[Outcome[Any]], tuple[str, list[Any]]] = {}
        exhausted = False
        while running or not exhausted:
            while not exhausted and len(running) < self.workers * _AHEAD:
                unit = next(waiting, None)
                if unit is None:
                    exhausted = True
                    break
                running[self._submit(stage, unit[1], seed, calls)] = unit
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
                # One of the units killed its worker; nobody knows which. Each gets a process alone.
                suspects, running = list(running.values()), {}
                self.close()
                for key, items in suspects:
                    yield key, self._alone(stage, items, seed, calls)
                continue
            for future in done:
                key, _ = running.pop(future)
                yield key, future.result()

    def _submit(
        self, stage: Stage[Any, Any], items: list[Any], seed: int, calls: ResponseCache | None
    ) -> Future[Outcome[Any]]:
        if self._pool is None:
            self._pool = _pool(self.workers)
        try:
            return self._pool.submit(perform, stage, items, seed, calls)
        except BrokenProcessPool as error:  # broke since the last look: let the caller see it
            failed: Future[Outcome[Any]] = Future()
            failed.set_exception(error)
            return failed

    def _alone(
        self, stage: Stage[Any, Any], items: list[Any], seed: int, calls: ResponseCache | None
    ) -> Outcome[Any]:
        """Run one unit in a process of its own; a crash there drops its items and no others."""
        with _pool(1) as pool:
            try:
                return pool.submit(perform, stage, items, seed, calls).result()
            except BrokenProcessPool:
                drops = tuple(
                    Drop(stage.name, item.id, item.source, "crashed", "its process died")
                    for item in items
                )
                return Outcome((), drops, {})

    def close(self) -> None:
        """End the workers; units under way are lost and will be done again."""
        if self._pool is not None:
            # The public shutdown() alone would wait for units that run for minutes.
            workers = list((self._pool._processes or {}).values())  # noqa: SLF001
            self._pool.shutdown(wait=False, cancel_futures=True)
            for process in workers:
                process.terminate()
            for process in workers:
                process.join(timeout=5)  # so that no file stays open behind the caller's back
            self._pool = None


def _pool(workers: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare)


def _prepare() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, args=(os.getppid(),), daemon=True).start()


def _leave_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
