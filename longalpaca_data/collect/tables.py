"""Tables of every structured format through one routine: cells with spans to a grid and Markdown.

A merged cell's text stands once; covered and empty cells are written ``–``, and the grid says
which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longalpaca_data.core.records import Block, Cell, Grid

EMPTY_CELL = "–"
MAX_POSITIONS = 2_000_000  # of a grid; what spans say beyond it is ignored
MAX_COLUMNS = 1_000


@dataclass(frozen=True, slots=True)
class SourceCell:
    """A cell as its document has it: text in one line, spans, and whether it is a header cell."""

    text: str
    rowspan: int = 1
    colspan: int = 1
    header: bool = False


def is_layout(rows: Sequence[Sequence[SourceCell]]) -> bool:
    """Whether no row has two cells with text: a frame around text, not a table."""
    return max((sum(bool(cell.text) for cell in row) for row in rows), default=0) <= 1


def grid_of(rows: Sequence[Sequence[SourceCell]], header_rows: int = 0) -> Grid:
    """Expand spans to a grid without empty rows and columns.

    Rows of header cells only are headers, and so are the first ``header_rows``.
    """
    placed = list(_placed(rows))
    filled = [cell for cell in placed if cell.text]
    row_at = {row: at for at, row in enumerate(sorted({cell.row for cell in filled}))}
    column_at = {column: at for at, column in enumerate(sorted({cell.column for cell in filled}))}
    cells = tuple(
        Cell(
            row_at[cell.row],
            column_at[cell.column],
            cell.text,
            sum(row in row_at for row in range(cell.row, cell.row + cell.rowspan)),
            sum(column in column_at for column in range(cell.column, cell.column + cell.colspan)),
        )
        for cell in filled
    )
    headers = header_rows or _headers(rows)
    header_count = sum(row < headers for row in row_at)
    return Grid(len(row_at), len(column_at), header_count, cells)


def _headers(rows: Sequence[Sequence[SourceCell]]) -> int:
    for at, row in enumerate(rows):
        if not row or not all(cell.header or not cell.text for cell in row):
            return at
    return min(1, len(rows))


def _placed(rows: Sequence[Sequence[SourceCell]]) -> Iterator[Cell]:
    """Yield every cell at its first position, spans cut to the table (HTML, section 4.9.12)."""
    covered: set[tuple[int, int]] = set()
    for row, cells in enumerate(rows):
        column = 0
        for cell in cells:
            while (row, column) in covered:
                column += 1
            if column >= MAX_COLUMNS:
                break
            height = max(1, min(cell.rowspan, len(rows) - row))
            width = max(1, min(cell.colspan, MAX_COLUMNS - column))
            if len(covered) + height * width > MAX_POSITIONS:
                height = width = 1
            if height > 1:
                covered |= {
                    (row + down, column + across)
                    for down in range(1, height)
                    for across in range(width)
                }
            yield Cell(row, column, cell.text, height, width)
            column += width


def markdown(grid: Grid) -> str:
    """Write a grid as a Markdown table: a row per line, a rule below the first."""
    texts = [[EMPTY_CELL] * grid.columns for _ in range(grid.rows)]
    for cell in grid.cells:
        texts[cell.row][cell.column] = cell.text.replace("|", r"\|")
    lines = [f"| {' | '.join(row)} |" for row in texts]
    lines.insert(1, f"|{' --- |' * grid.columns}")
    return "\n".join(lines)


def table_block(rows: Sequence[Sequence[SourceCell]], header_rows: int = 0) -> Block | None:
    """Return a table's block, None for one without text."""
    grid = grid_of(rows, header_rows)
    return Block("table", markdown(grid), grid=grid) if grid.cells else None
