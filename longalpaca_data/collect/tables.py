"""Provisional: replaced by the one table routine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from longalpaca_data.core.records import Block


@dataclass(frozen=True, slots=True)
class SourceCell:
    text: str
    rowspan: int = 1
    colspan: int = 1
    header: bool = False


def is_layout(rows: Sequence[Sequence[SourceCell]]) -> bool:
    return max((sum(bool(c.text) for c in row) for row in rows), default=0) <= 1


def table_block(
    rows: Sequence[Sequence[SourceCell]], header_rows: int | None = None
) -> Block | None:
    taken: dict[tuple[int, int], str] = {}
    width = 0
    for r, row in enumerate(rows):
        c = 0
        for cell in row:
            while (r, c) in taken:
                c += 1
            for i in range(min(cell.rowspan, len(rows) - r)):
                for j in range(cell.colspan):
                    taken[r + i, c + j] = "" if i or j else cell.text
            c += cell.colspan
            width = max(width, c)
    cols = [j for j in range(width) if any(taken.get((r, j)) for r in range(len(rows)))]
    lines = [
        " | ".join(taken.get((r, j)) or "–" for j in cols)
        for r in range(len(rows))
        if any(taken.get((r, j)) for j in cols)
    ]
    if not lines:
        return None
    lines.insert(1, " | ".join("---" for _ in cols))
    return Block("table", "\n".join(f"| {l} |" for l in lines))
