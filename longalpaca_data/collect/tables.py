"""Tables of every structured format through one routine: cells with spans become a grid.

Readers hand over a table's own rows, each with its own cells, as :class:`SourceCell`; what is
written and what it means stands in :mod:`longalpaca_data.core.grids`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from longalpaca_data.collect.table_columns import fold_columns
from longalpaca_data.core.grids import (
    EMPTY_CELL,
    ROOM,
    ROOM_PER_CELL,
    cell_spans,
    grid_block,
    markdown,
    plain_cell,
)
from longalpaca_data.core.records import Block, Cell, Grid

__all__ = [
    "EMPTY_CELL",
    "SourceCell",
    "cell_spans",
    "grid_block",
    "grid_of",
    "is_layout",
    "markdown",
    "table_block",
]

MAX_COLUMNS = 1_000


@dataclass(frozen=True, slots=True)
class SourceCell:
    """A cell as its document has it: its text, its spans, and whether it is a header cell."""

    text: str
    rowspan: int = 1
    colspan: int = 1
    header: bool = False


SourceRows = Iterable[Iterable[SourceCell]]


def is_layout(rows: SourceRows) -> bool:
    """Whether no row has two cells with text: a frame around text, not a table."""
    return all(sum(bool(cell.text.strip()) for cell in row) <= 1 for row in rows)


def table_block(
    table: Grid | SourceRows, header_rows: int | None = None, page: int = 0
) -> Block | None:
    """Return the block of a grid, or of rows that :func:`grid_of` makes one; None without text."""
    grid = table if isinstance(table, Grid) else grid_of(table, header_rows)
    return grid_block(grid, page) if grid is not None and grid.cells else None


def grid_of(rows: SourceRows, header_rows: int | None = None) -> Grid | None:
    """Expand spans to a grid without empty rows and columns; None where no cell has text.

    ``header_rows`` is the number of header rows that the document names. Where it names none (None
    or 0), the first rows of header cells only are headers, else the first row of several. What
    filings set in columns of their own ("$", ")", "%") joins its value. Spans are followed as
    browsers do (HTML, section 4.9.12), except where they would make the grid far larger than its
    text: there each row's cells simply stand one after another.
    """
    source = [[replace(cell, text=plain_cell(cell.text)) for cell in row] for row in rows]
    placed = [cell for cell in _placed(source) if cell.text]
    row_at = {row: at for at, row in enumerate(sorted({cell.row for cell in placed}))}
    cells = fold_columns([_without_empty_rows(cell, row_at) for cell in placed])
    if not cells:
        return None
    width = max(cell.column + cell.colspan for cell in cells)
    named = header_rows or _header_rows(source)
    headers = sum(row < named for row in row_at) or int(len(row_at) > 1)
    cells.sort(key=lambda cell: (cell.row, cell.column))
    return Grid(len(row_at), width, _whole(headers, cells, len(row_at)), tuple(cells))


def _placed(rows: Sequence[Sequence[SourceCell]]) -> list[Cell]:
    placed = _spread(rows, ROOM + ROOM_PER_CELL * sum(map(len, rows)))
    if placed is not None:
        return placed
    return [
        Cell(number, column, cell.text)
        for number, row in enumerate(rows)
        for column, cell in enumerate(row)
    ]


def _spread(rows: Sequence[Sequence[SourceCell]], room: int) -> list[Cell] | None:
    """Return the cells at their places, None where that takes more than ``room`` positions."""
    placed: list[Cell] = []
    free_from: list[int] = []  # for each column, the first row that no cell above covers
    spent = 0
    for number, row in enumerate(rows):
        column = 0
        for cell in row:
            while column < len(free_from) and free_from[column] > number:
                column, spent = column + 1, spent + 1
            span = max(1, min(cell.colspan, MAX_COLUMNS - column))
            if column >= MAX_COLUMNS or (spent := spent + span) > room:
                return None
            free_from += [0] * (column + span - len(free_from))
            width = next((n for n in range(span) if free_from[column + n] > number), span)
            height = max(1, min(cell.rowspan, len(rows) - number))
            free_from[column : column + width] = [number + height] * width
            placed.append(Cell(number, column, cell.text, height, width))
            column += span
    return placed


def _without_empty_rows(cell: Cell, row_at: Mapping[int, int]) -> Cell:
    """Return a cell as it stands without the rows in which no cell with text begins."""
    last = cell.row + cell.rowspan - 1
    while last not in row_at:  # the cell's own row is
        last -= 1
    rowspan = row_at[last] - row_at[cell.row] + 1
    return replace(cell, row=row_at[cell.row], rowspan=rowspan)


def _header_rows(rows: Sequence[Sequence[SourceCell]]) -> int:
    """The number of first rows whose cells with text are all header cells."""
    for number, row in enumerate(rows):
        if any(cell.text and not cell.header for cell in row):
            return number
    return len(rows)


def _whole(headers: int, cells: Iterable[Cell], rows: int) -> int:
    """Headers over two rows: one cell spans both, another stands above several columns."""
    first = [cell for cell in cells if cell.row == 0]
    tallest = max((cell.rowspan for cell in first), default=1)
    if tallest > headers and any(cell.colspan > 1 and cell.rowspan < tallest for cell in first):
        headers = min(tallest, rows - 1)
    return min(headers, rows)
