"""The one abstraction of the pipeline: a named function from an iterator to an iterator.

A stage says *what* happens to its items; *where* it runs (one process, many, a cluster) is an
engine's business, and *whether* it has to run at all is decided by the ledger. Its function sees
nothing of either: all it is offered is a :class:`Context`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from longalpaca_data.core.records import Example, Record, content_id

In = TypeVar("In", bound=Record)
Out = TypeVar("Out", bound=Record)


@dataclass(frozen=True, slots=True)
class Drop:
    """One item that left the pipeline, and why. One line of ``work/dropped.jsonl``."""

    stage: str
    item: str
    source: str
    reason: str
    detail: str = ""


class ResponseCache(Protocol):
    """Answers that were paid for: looked up before a call is made, kept before it counts."""

    def get(self, key: str) -> bytes | None:
        """Return the answer kept under the key, or None."""
        ...

    def put(self, key: str, answer: bytes) -> None:
        """Keep an answer; durable when this returns."""
        ...


@dataclass
class Context:
    """All that a stage function may ask of the world around it."""

    stage: str
    seed: int
    calls: ResponseCache | None = None
    drops: list[Drop] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def rng(self, item_id: str) -> random.Random:
        """Return a random generator that depends on the seed, the stage and the item alone."""
        return random.Random(content_id(self.seed, self.stage, item_id))

    def drop(self, item: Record, reason: str, detail: str = "") -> None:
        """Count an item as dropped: ``reason`` is a short stable word, ``detail`` for reading."""
        self.drops.append(Drop(self.stage, item.id, item.source, reason, detail))

    def count(self, name: str, n: int = 1) -> None:
        """Count something that the report should show beside items in, out and dropped."""
        self.counts[name] += n

    def cached(self, key: str, call: Callable[[], bytes]) -> bytes:
        """Return the answer kept under ``key``, or make the call and keep its answer first."""
        if self.calls is None:
            return call()
        answer = self.calls.get(key)
        if answer is None:
            answer = call()
            self.calls.put(key, answer)
        return answer


def by_item(item: Record) -> str:
    """Make every item a unit of work of its own."""
    return item.id


def by_window(example: Example) -> str:
    """Make the examples of one window a unit of work: its text is then read once for all."""
    return example.window.id


@dataclass(frozen=True, slots=True)
class Stage(Generic[In, Out]):
    """A step of the pipeline.

    ``run``     maps an iterator of items to an iterator of results; it must be picklable.
    ``output``  is the record type of the results (the ledger decodes them by it).
    ``depends`` is everything besides the items that the result depends on: first ``VERSION``, an
                integer constant of the stage's module that is raised when its code gives other
                results, then options. A change of it, and nothing else, makes the stage's
                units run again.
    ``shard``   groups consecutive items into units of work: items whose shard is equal are done,
                recorded and resumed together. None makes the whole corpus one unit (item-wise
                stages have a shard, corpus-wise ones have none).
    ``checkpointed`` is False for a corpus-wise stage that keeps what it pays for in the ledger's
                calls and is run anew each time: what failed today may succeed tomorrow.
    """

    name: str
    run: Callable[[Iterable[In], Context], Iterator[Out]]
    output: type[Out]
    depends: tuple[Any, ...] = ()
    shard: Callable[[In], str] | None = by_item
    checkpointed: bool = True

    def unit(self, items: list[In], seed: int) -> str:
        """Return the ledger's key for the unit of work that these items make up."""
        return content_id(self.name, self.depends, seed, [item.id for item in items])


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Out]):
    """What one unit of work came to."""

    outputs: tuple[Out, ...]
    drops: tuple[Drop, ...]
    counts: dict[str, int]


def perform(
    stage: Stage[In, Out], items: list[In], seed: int, calls: ResponseCache | None
) -> Outcome[Out]:
    """Run a stage over the items of one unit, in this process."""
    context = Context(stage.name, seed, calls)
    outputs = tuple(stage.run(iter(items), context))
    return Outcome(outputs, tuple(context.drops), dict(context.counts))


@dataclass
class StageStats:
    """What a stage took in, gave out and dropped. ``taken == given + dropped`` holds for stages
    that map one item to one.
    """

    stage: str
    taken: int = 0
    given: int = 0
    drops: list[Drop] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def reasons(self) -> dict[str, int]:
        """Return the drops per reason, most frequent first."""
        return dict(Counter(drop.reason for drop in self.drops).most_common())
