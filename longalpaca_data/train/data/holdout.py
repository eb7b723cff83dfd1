"""Rows held out of training where a data set has no validation split of its own.

Whole documents are held out, never single rows: the questions asked of one document quote the same
sentences, and a loss on rows whose document was trained on would be too good. Rows that share a
document, directly or through others (two papers, a series), stay together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from longalpaca_data.core.disjoint_sets import DisjointSets
from longalpaca_data.core.errors import DatasetError
from longalpaca_data.train.data.rows import Row, Split, dataset_files, read_rows
from longalpaca_data.train.data.truncate import material_span


def documents_of_row(row: Row) -> tuple[str, ...]:
    """Return what the row was made from: its document ids, else its file, else its material.

    Only hashes of text are held, so memory does not grow with the length of the documents.
    """
    if row.documents:
        return row.documents
    start, end = material_span(row.instruction, row.question)
    material = row.instruction[start:end].strip() or row.instruction
    return (hashlib.sha256(material.encode("utf-8", "replace")).hexdigest()[:16],)


def held_out_rows(rows: Iterable[Row], share: float, seed: int) -> frozenset[int]:
    """Return the numbers (from 0) of the rows that are held out.

    Where rows name their documents, the others (short samples) are all trained on. Documents are
    taken in an order that ``seed`` decides until ``share`` (0-1) of their rows is reached; one that
    would take more than twice what is still wanted is passed over, but the smallest one is always
    had. Raises :class:`DatasetError` where all rows come from one document.
    """
    families = DisjointSets()
    firsts: list[tuple[str, bool]] = []
    for row in rows:
        documents = documents_of_row(row)
        families.join(documents)
        firsts.append((documents[0], bool(row.documents)))
    named = any(has_name for _, has_name in firsts)
    members: dict[str, list[int]] = {}
    for number, (document, has_name) in enumerate(firsts):
        if has_name or not named:
            members.setdefault(families.root(document), []).append(number)
    if len(members) < 2:
        raise DatasetError(
            f"no rows can be held out: all {len(firsts)} come from one document",
            do="set held_out to 0, or give a data set of several documents",
        )
    in_order = sorted(members, key=lambda name: _shuffled(name, seed))
    wanted = max(1, round(share * sum(map(len, members.values()))))
    held: list[int] = []
    for document in in_order[1:]:  # one document at least is trained on
        missing = wanted - len(held)
        if missing <= 0:
            break
        if len(members[document]) <= 2 * missing:
            held += members[document]
    return frozenset(held or members[min(in_order, key=lambda name: len(members[name]))])


def _shuffled(document: str, seed: int) -> str:
    return hashlib.sha256(f"{seed} {document}".encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class HoldOut:
    """What share of the rows (0-1) is held out, and the seed that chooses their documents."""

    share: float
    seed: int

    def rows(self, dataset: str | Path, split: Split) -> Iterator[Row]:
        """Yield the rows of ``split`` in the data set's order, reading it twice."""
        held = held_out_rows(read_rows(dataset), self.share, self.seed)
        for number, row in enumerate(read_rows(dataset)):
            if (number in held) == (split == "validation"):
                yield row


def has_validation(dataset: str | Path) -> bool:
    """Tell whether a data set has validation rows of its own (on the Hub none are looked for)."""
    if not dataset_files(dataset, "validation"):
        return False
    return next(read_rows(dataset, "validation", empty=True), None) is not None
