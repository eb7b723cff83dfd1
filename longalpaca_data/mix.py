"""Samples and short pairs → the data set: counts, caps and an even spread over depth.

A selection over what passed the filters, deterministic under the seed. No shortfall is silent:
the recipe says whether to scale both parts down together, to fill what can be filled, or to stop.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from longalpaca_data.errors import SourceError
from longalpaca_data.recipe import MixSpec
from longalpaca_data.records import Sample, ShortPair, content_id
from longalpaca_data.stage import Context

MIN_DOCUMENTS_FOR_VALIDATION = 20
_DECILES = 10


@dataclass(frozen=True, slots=True)
class Mixture:
    """What was chosen, in the order of the files, and what had been asked for."""

    train: tuple[Sample | ShortPair, ...]
    validation: tuple[Sample, ...]
    target: Mapping[str, int]
    realised: Mapping[str, int]
    note: str


def mix(
    samples: Sequence[Sample],
    shorts: Sequence[ShortPair],
    spec: MixSpec,
    seed: int,
    context: Context,
) -> Mixture:
    """Choose the data set's rows. SourceError where ``on_shortfall: error`` and rows are short."""
    held_out = _held_out_documents(samples, spec, seed)
    pool = [s for s in samples if not _documents(s) & held_out]
    reserve = [s for s in samples if _documents(s) and _documents(s) <= held_out]
    n_long, n_short = _counts(len(_select(pool, spec.long, spec, seed)), len(shorts), spec)
    long_rows = _select(pool, n_long, spec, seed)
    if len(long_rows) < n_long:  # the caps bite harder on a smaller set: keep the ratio then too
        n_long, n_short = _counts(len(long_rows), len(shorts), spec)
        long_rows = long_rows[:n_long]
    short_rows = sorted(shorts, key=lambda pair: _order(seed, pair.id))[:n_short]
    validation = _select(reserve, round(spec.validation * n_long), spec, seed)
    chosen = {row.id for row in [*long_rows, *validation]} | {pair.id for pair in short_rows}
    everything: list[Sample | ShortPair] = [*samples, *shorts]
    for row in everything:
        if row.id not in chosen:
            context.drop(row, "left over", "the mix did not need it or a cap was reached")
    rows: list[Sample | ShortPair] = [*long_rows, *short_rows]
    train = sorted(rows, key=lambda row: _order(seed, row.id))
    realised = {"long": len(long_rows), "short": len(short_rows), "validation": len(validation)}
    return Mixture(
        tuple(train),
        tuple(sorted(validation, key=lambda row: _order(seed, row.id))),
        {"long": spec.long, "short": spec.short},
        realised,
        _note(spec, realised, samples),
    )


def _order(seed: int, item: str) -> str:
    """A random but stable place: any prefix of the set is then a fair sample of it."""
    return content_id("order", seed, item)


def _documents(sample: Sample) -> set[str]:
    return {part.document_id for part in sample.example.window.parts}


def _counts(available_long: int, available_short: int, spec: MixSpec) -> tuple[int, int]:
    """Return how many long and short rows to take, by the recipe's rule for a shortfall."""
    if available_long >= spec.long and available_short >= spec.short:
        return spec.long, spec.short
    if spec.on_shortfall == "error":
        raise SourceError(
            f"the mix asks for {spec.long} long and {spec.short} short rows; there are "
            f"{available_long} and {available_short}",
            do="add documents or short samples, lower the counts, or set on_shortfall: scale",
        )
    if spec.on_shortfall == "fill" or not spec.long or not spec.short:
        return min(available_long, spec.long), min(available_short, spec.short)
    # In whole steps of the ratio, so that 9000:3000 stays exactly 3:1 at any size.
    scale = min(available_long / spec.long, available_short / spec.short)
    short = int(spec.short * scale)
    return short * spec.long // spec.short, short


def _note(spec: MixSpec, realised: Mapping[str, int], samples: Sequence[Sample]) -> str:
    notes = []
    if realised["long"] < spec.long or realised["short"] < spec.short:
        notes.append(
            f"asked for {spec.long} long + {spec.short} short, made {realised['long']} + "
            f"{realised['short']} (on_shortfall: {spec.on_shortfall})"
        )
    documents = {document for sample in samples for document in _documents(sample)}
    if spec.validation and len(documents) < MIN_DOCUMENTS_FOR_VALIDATION:
        notes.append(
            f"no validation split: {len(documents)} documents, fewer than "
            f"{MIN_DOCUMENTS_FOR_VALIDATION}"
        )
    return "; ".join(notes)


def _held_out_documents(samples: Sequence[Sample], spec: MixSpec, seed: int) -> set[str]:
    """Choose the documents of the validation split; those that share a window go together."""
    documents = {document for sample in samples for document in _documents(sample)}
    if not spec.validation or len(documents) < MIN_DOCUMENTS_FOR_VALIDATION:
        return set()
    parent = {document: document for document in documents}

    def root(document: str) -> str:
        while parent[document] != document:
            document = parent[document]
        return document

    for sample in samples:
        first, *others = _documents(sample)
        for other in others:
            parent[root(other)] = root(first)
    families: dict[str, set[str]] = defaultdict(set)
    for document in documents:
        families[root(document)].add(document)
    wanted = max(1, round(spec.validation * len(documents)))
    held_out: set[str] = set()
    for together in sorted(families.values(), key=lambda group: _order(seed, min(group))):
        if len(held_out) + len(together) <= wanted:
            held_out |= together
    return held_out


def _select(pool: Sequence[Sample], wanted: int, spec: MixSpec, seed: int) -> list[Sample]:
    """Choose up to ``wanted`` samples under the caps, as even as can be over depth, family and
    document. The caps are shares of what comes out, so a smaller result tightens them.
    """
    target = min(wanted, len(pool))
    while target:
        chosen = _Selection(pool, target, spec, seed).fill()
        if len(chosen) >= target:
            return chosen
        target = len(chosen)
    return []


class _Selection:
    """One greedy pass: the emptiest depth decile is served next, from its emptiest family, from
    the document that has given least.
    """

    def __init__(self, pool: Iterable[Sample], target: int, spec: MixSpec, seed: int) -> None:
        self.target = target
        self.cells: dict[tuple[int, str], dict[str, list[Sample]]] = defaultdict(
            lambda: defaultdict(list)
        )
        # Best scores first within a cell, ties in random but stable order; popped from the end.
        for sample in sorted(pool, key=lambda s: (s.scores["spread"], _order(seed, s.id))):
            document = sample.example.window.parts[0].document_id
            decile = min(_DECILES - 1, int(sample.depth * _DECILES))
            self.cells[decile, sample.example.family][document].append(sample)
        families = {family for _, family in self.cells}
        documents = {document for cell in self.cells.values() for document in cell}
        self.family_cap = _cap(spec.max_family_share, len(families), target)
        self.document_cap = _cap(spec.max_document_share, len(documents), target)
        self.deciles: Counter[int] = Counter()
        self.families: Counter[str] = Counter()
        self.documents: Counter[str] = Counter()
        self.heaps = {key: [(0, d) for d in sorted(cell)] for key, cell in self.cells.items()}

    def fill(self) -> list[Sample]:
        """Choose until the target is reached or nothing more fits under the caps."""
        chosen: list[Sample] = []
        while len(chosen) < self.target:
            sample = self._next()
            if sample is None:
                break
            chosen.append(sample)
        return chosen

    def _next(self) -> Sample | None:
        order = sorted(self.cells, key=lambda k: (self.deciles[k[0]], self.families[k[1]], k))
        for decile, family in order:
            if self.families[family] >= self.family_cap:
                continue
            sample = self._from_cell(decile, family)
            if sample is not None:
                self.deciles[decile] += 1
                self.families[family] += 1
                return sample
        return None

    def _from_cell(self, decile: int, family: str) -> Sample | None:
        cell, heap = self.cells[decile, family], self.heaps[decile, family]
        while heap:
            given, document = heap[0]
            if not cell[document] or self.documents[document] >= self.document_cap:
                heapq.heappop(heap)  # empty or at its cap, and so it will stay
            elif given < self.documents[document]:
                heapq.heapreplace(heap, (self.documents[document], document))
            else:
                self.documents[document] += 1
                return cell[document].pop()
        return None


def _cap(share: float, parties: int, target: int) -> int:
    """Return the most rows one party may give. With fewer parties than shares of that size fit
    (three documents under a cap of 30 %), an even split is the tightest cap that can be met.
    """
    even = -(-target // max(1, parties))
    return max(1, even, int(share * target))
