"""Columns that only lay a table out: empty ones, and signs set apart from their values.

A filing writes one value over up to five columns, ``| – | $ | (1,234 | ) | – |``, so that figures
stand in line on paper. Its header spans all five.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from longalpaca_data.core.records import Cell

BEFORE = re.compile(r"(?:[A-Z]{0,3} ?[$€£¥￥]|RMB|[A-Z]{0,3}[$€£¥￥]? ?\()\Z")
BEHIND = re.compile(r"(?:\)|[%％]|\) ?[%％]|[%％] ?\))\Z")
VALUE = re.compile(
    r"[-–—−+]?\s?\(?\s?[-–—−+]?\s?(?:[A-Z]{0,3}[$€£¥￥])?\s?(?:\(|[.,]?\d)|[-–—−]+\Z"
)


def fold_columns(cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells of a table without columns that only lay it out."""
    folded = _without_fillers(cells)
    # Twice: "$" stands before "(", and "(" before the figure.
    for signs, step in ((BEFORE, 1), (BEFORE, 1), (BEHIND, -1), (BEHIND, -1)):
        folded = _joined(folded, signs, step)
    return folded


def _without_fillers(cells: Sequence[Cell]) -> list[Cell]:
    """Drop columns in which no cell stands alone, as long as each cell keeps one."""
    kept = {cell.column for cell in cells if cell.colspan == 1}
    for cell in sorted(cells, key=lambda cell: (cell.colspan, cell.column)):
        if kept.isdisjoint(range(cell.column, cell.column + cell.colspan)):
            kept.add(cell.column)
    return _with_columns(cells, sorted(kept))


def _with_columns(cells: Sequence[Cell], kept: Sequence[int]) -> list[Cell]:
    """Return the cells as they stand where only the columns ``kept`` are left."""
    result = []
    for cell in cells:
        first = bisect_left(kept, cell.column)
        last = bisect_left(kept, cell.column + cell.colspan)
        result.append(replace(cell, column=first, colspan=last - first))
    return result


def _joined(cells: Sequence[Cell], signs: re.Pattern[str], step: int) -> list[Cell]:
    """Join columns of signs with the column of values ``step`` beside them."""
    places = _Places(cells)
    gone: set[int] = set()
    for column in sorted(places.alone, reverse=True):
        beside = {column + step, column - step}
        if gone.isdisjoint(beside) and places.holds_signs(column, column + step, signs):
            gone.add(column)
    if not gone:
        return list(cells)
    moved: dict[tuple[int, int], Cell] = {}
    for cell in cells:
        is_moved = cell.colspan == 1 and cell.column in gone
        column = cell.column + step if is_moved else cell.column
        text = cell.text
        if (other := moved.get((cell.row, column))) is not None:
            in_order = is_moved == (step > 0)
            text = _together(text, other.text) if in_order else _together(other.text, text)
        moved[cell.row, column] = replace(cell, column=column, text=text)
    columns = {column for cell in cells for column in (cell.column, cell.column + cell.colspan - 1)}
    return _with_columns(list(moved.values()), sorted(set(range(max(columns) + 1)) - gone))


def _together(before: str, behind: str) -> str:
    return f"{before} {behind}" if before[-1].isalpha() else f"{before}{behind}"


class _Places:
    """What stands where in a table."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.alone: dict[int, list[Cell]] = defaultdict(list)  # cells of one column, by column
        self.at: dict[tuple[int, int], Cell] = {}  # cells of one row, by row and column
        self.tall: dict[int, list[tuple[int, int]]] = defaultdict(list)  # rows of the others
        for cell in sorted(cells, key=lambda cell: cell.row):
            if cell.colspan == 1:
                self.alone[cell.column].append(cell)
            for column in range(cell.column, cell.column + cell.colspan):
                if cell.rowspan == 1:
                    self.at[cell.row, column] = cell
                else:
                    self.tall[column].append((cell.row, cell.row + cell.rowspan))

    def holds_signs(self, column: int, target: int, signs: re.Pattern[str]) -> bool:
        """Whether a column is signs of the values in ``target``; headers may stand above either."""
        joined = others = 0
        for cell in self.alone[column]:
            if cell.rowspan > 1 or self._is_covered(cell.row, target):
                return False
            value = self.at.get((cell.row, target))
            is_sign = bool(signs.match(cell.text))
            if value is not None:
                if not is_sign or value.colspan > 1 or not VALUE.match(value.text):
                    return False
                joined += 1
            others += not is_sign
        return joined > others

    def _is_covered(self, row: int, column: int) -> bool:
        rows = self.tall.get(column, [])
        above = bisect_right(rows, (row, row)) - 1
        return any(start <= row < end for start, end in rows[max(0, above) : above + 2])
