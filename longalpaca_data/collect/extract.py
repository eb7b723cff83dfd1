"""What a reader hands back: a document's pieces and whatever it says about itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from longalpaca_data.core.records import Block, DocumentKind


@dataclass(frozen=True, slots=True)
class Extract:
    """One document as its reader saw it. Unknown text fields are empty; ``lost`` as in
    :class:`~longalpaca_data.core.records.RawDocument`.
    """

    blocks: tuple[Block, ...]
    title: str = ""
    author: str = ""
    language: str = ""
    licence: str = ""
    kind: DocumentKind | Literal[""] = ""
    lost: dict[str, int] = field(default_factory=dict)


EMPTY_CELL = "–"


def table(rows: Iterable[Sequence[str]]) -> Block:
    """Return a table's block: a row per line, cells joined by `` | ``.

    An empty cell before a filled one is written as a dash: left out, it would move every figure
    of its row, or the years of a header with an empty corner, one column to the left.
    """
    lines = []
    for row in rows:
        filled = max((n for n, cell in enumerate(row, 1) if cell), default=0)
        lines.append(" | ".join(cell or EMPTY_CELL for cell in row[:filled]))
    return Block("table", "\n".join(line for line in lines if line))
