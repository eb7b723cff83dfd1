"""Runs stages: what the ledger has is taken from there, the rest goes to the engine.

A unit of work counts as finished when its outcome is on disk. Results are always read back from
the ledger, so a resumed run sees the same bytes as an uninterrupted one, and a stage never holds
more than a few units in memory.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Generic, TypeVar

from longalpaca_data.core.progress import Progress
from longalpaca_data.core.records import Record
from longalpaca_data.pipeline.engines.base import Engine
from longalpaca_data.pipeline.ledger import Ledger
from longalpaca_data.pipeline.stage import Context, Outcome, Stage, StageStats

In = TypeVar("In", bound=Record)
Out = TypeVar("Out", bound=Record)

_FLUSH_UNITS, _FLUSH_SECONDS = 32, 0.25  # a commit waits for the disk: a few units share one


class CountingContext(Context):
    """The context of a step that is done in place; it counts what is taken in."""

    taken = 0

    def take(self, items: Iterable[In]) -> Iterator[In]:
        """Pass items on, counting them."""
        for item in items:
            self.taken += 1
            yield item


class Results(Generic[Out]):
    """A stage's results in the order of its inputs, read from the ledger as often as wanted."""

    def __init__(self, ledger: Ledger, output: type[Out], units: list[str]) -> None:
        self._ledger = ledger
        self._output = output
        self._units = units

    def __iter__(self) -> Iterator[Out]:
        for unit in self._units:
            outcome = self._ledger.outcome(unit, self._output)
            assert outcome is not None, "a finished unit is in the ledger"
            yield from outcome.outputs


class Pipeline:
    """Stages on one working folder, under one seed."""

    def __init__(self, ledger: Ledger, engine: Engine, seed: int, progress: Progress) -> None:
        self.ledger = ledger
        self.engine = engine
        self.seed = seed
        self.progress = progress
        self.stats: list[StageStats] = []

    def run(self, stage: Stage[In, Out], items: Iterable[In], total: int = 0) -> Iterable[Out]:
        """Finish a stage's units, as far as they are not finished, and return its results, which
        can be iterated as often as wanted.

        ``total`` is the number of items where it is known, for the progress bar.
        """
        if not stage.checkpointed:
            return self._in_place(stage, items)
        stats = StageStats(stage.name)
        units: list[str] = []
        with self.progress.stage(stage.name, total) as bar:

            def missing() -> Iterator[tuple[str, list[In]]]:
                for shard in _shards(stage, items):
                    unit = stage.unit(shard, self.seed)
                    units.append(unit)
                    stats.taken += len(shard)
                    if not self.ledger.finished(unit):
                        sizes[unit] = len(shard)
                        yield unit, shard
                    else:
                        bar(len(shard))

            sizes: dict[str, int] = {}
            outcomes = self.engine.perform(stage, missing(), self.seed, self.ledger)
            self._finish(stage, outcomes, sizes, bar)
        results = Results(self.ledger, stage.output, units)
        self._count(stats, stage.output, units)
        self.stats.append(stats)
        return results

    def _in_place(self, stage: Stage[In, Out], items: Iterable[In]) -> list[Out]:
        """Run an unrecorded stage in this process; its calls are in the ledger."""
        step = CountingContext(stage.name, self.seed, self.ledger)
        results = list(stage.run(step.take(items), step))
        self.stats.append(StageStats(stage.name, step.taken, len(results), step.drops, step.counts))
        return results

    @contextlib.contextmanager
    def counted(self, name: str) -> Iterator[CountingContext]:
        """StageStats a small step that is done in place, anew each time, and not recorded."""
        step = CountingContext(name, self.seed)
        yield step
        self.stats.append(
            StageStats(name, step.taken, step.taken - len(step.drops), step.drops, step.counts)
        )

    def _finish(
        self,
        stage: Stage[In, Out],
        outcomes: Iterable[tuple[str, Outcome[Out]]],
        sizes: dict[str, int],
        bar: Callable[[int], None],
    ) -> None:
        waiting: list[tuple[str, Outcome[Out]]] = []
        flushed = time.monotonic()
        try:
            for unit, outcome in outcomes:
                waiting.append((unit, outcome))
                if len(waiting) >= _FLUSH_UNITS or time.monotonic() - flushed > _FLUSH_SECONDS:
                    self.ledger.finish(stage, waiting)
                    waiting, flushed = [], time.monotonic()
                bar(sizes.pop(unit, 0))
        finally:  # on Ctrl-C too: what was worked out is not thrown away
            if waiting:
                self.ledger.finish(stage, waiting)

    def _count(self, stats: StageStats, output: type[Out], units: list[str]) -> None:
        for unit in units:
            outcome = self.ledger.outcome(unit, output)
            assert outcome is not None, "a finished unit is in the ledger"
            stats.given += len(outcome.outputs)
            stats.drops.extend(outcome.drops)
            stats.counts.update(outcome.counts)


def _shards(stage: Stage[In, Out], items: Iterable[In]) -> Iterator[list[In]]:
    if stage.shard is None:
        yield list(items)
        return
    for _, shard in groupby(items, key=stage.shard):
        yield list(shard)
