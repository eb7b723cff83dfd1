"""The candidates of a mix, sorted into cells."""

from __future__ import annotations

import bisect
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from longalpaca_data.core.recipe import MixSpec
from longalpaca_data.core.records import Sample, Window, content_id

DECILES = 10


class Cell(NamedTuple):
    """Rows that are interchangeable as far as shares and the family cap go. ``length`` is the
    upper bound of the bucket in tokens, as text; empty where the recipe has no buckets.
    """

    task: str
    family: str
    length: str
    language: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sample with what the mix looks at. ``document`` is the one whose cap it counts under;
    ``deciles`` are those of the pieces of its evidence; ``score`` is the mean of its stored scores,
    ``order`` its random but stable place.
    """

    sample: Sample
    cell: Cell
    document: str
    deciles: tuple[int, ...]
    score: float
    order: str

    @property
    def decile(self) -> int:
        """The depth decile of the first piece of evidence, the one that the answer rests on."""
        return self.deciles[0]

    @property
    def rank(self) -> tuple[float, str]:
        """The sort key that puts the best first."""
        return -self.score, self.order


def stable_order(seed: int, item: str) -> str:
    """Return a random but stable place: any prefix of the set is then a fair sample of it."""
    return content_id("order", seed, item)


def documents_of(sample: Sample) -> set[str]:
    """Return the ids of the documents in a row's material."""
    return {part.document_id for part in sample.example.window.parts}


@dataclass(frozen=True)
class Pool:
    """Candidates by cell, best first, and the number of rows of each cell and document."""

    cells: Mapping[Cell, Sequence[Candidate]]

    @classmethod
    def of(cls, samples: Sequence[Sample], spec: MixSpec, seed: int) -> Pool:
        """Sort samples into cells; the order in which they come makes no difference."""
        document_of = _documents_to_count(samples)
        length_of = buckets(spec)
        cells: dict[Cell, list[Candidate]] = defaultdict(list)
        for sample in samples:
            example = sample.example
            length = length_of(example.window.n_tokens)
            cell = Cell(example.task, example.family, length, example.language)
            score = sum(sample.scores.values()) / max(1, len(sample.scores))
            document, order = document_of[example.window.id], stable_order(seed, sample.id)
            cells[cell].append(Candidate(sample, cell, document, _deciles(sample), score, order))
        return cls(
            {cell: sorted(rows, key=lambda c: c.rank) for cell, rows in sorted(cells.items())}
        )

    def __len__(self) -> int:
        return sum(map(len, self.cells.values()))

    @cached_property
    def supply(self) -> Mapping[Cell, Mapping[str, int]]:
        """Cell → document → rows."""
        return {cell: Counter(row.document for row in rows) for cell, rows in self.cells.items()}

    @cached_property
    def documents(self) -> Mapping[str, int]:
        """Document → rows that are counted under it."""
        return Counter(row.document for rows in self.cells.values() for row in rows)

    def all_documents(self) -> set[str]:
        """Return the documents that stand in any row's material."""
        rows = (row for rows in self.cells.values() for row in rows)
        return {document for row in rows for document in documents_of(row.sample)}

    @cached_property
    def families(self) -> Mapping[str, Mapping[str, int]]:
        """Family → document → rows."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for cell, counts in self.supply.items():
            found[cell.family].update(counts)
        return {family: found[family] for family in sorted(found)}


def _deciles(sample: Sample) -> tuple[int, ...]:
    """Return the depth decile of each piece of a row's evidence, that of the first one first."""
    return tuple(min(DECILES - 1, int(depth * DECILES)) for depth in sample.depths)


def buckets(spec: MixSpec) -> Callable[[int], str]:
    """Return the function from a material's tokens to its length bucket's name."""
    bounds = sorted(spec.lengths)
    names = [*map(str, bounds), f"over {bounds[-1]}"] if bounds else [""]
    return lambda tokens: names[bisect.bisect_left(bounds, tokens)] if bounds else ""


def _documents_to_count(samples: Sequence[Sample]) -> dict[str, str]:
    """Return window → the document under whose cap its rows count. Where the material holds
    several, it is the one that most candidates share: the one that could fill a set.
    """
    windows: dict[str, Window] = {}
    rows: Counter[str] = Counter()
    for sample in samples:
        window = sample.example.window
        windows[window.id] = window
        rows.update({part.document_id for part in window.parts})
    return {
        name: max((part.document_id for part in window.parts), key=lambda d: (rows[d], d))
        for name, window in windows.items()
    }
