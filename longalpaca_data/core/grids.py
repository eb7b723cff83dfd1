"""Grids in text: a table as Markdown, and the way back from the text to its cells.

A row is a line, ``| North | 11 | – |``. A merged cell's text stands once, at its first row and
column; positions that it covers, and empty ones, are written ``–``. Markdown knows exactly one
header row and wants the rule (``| --- |``) below the table's first line: there it stands, however
many header rows a table has and whether or not it has any. ``header_rows`` tells their number.
"""

from __future__ import annotations

from collections.abc import Iterator

from longalpaca_data.core.records import Block, Cell, CellSpan, Grid, Span

EMPTY_CELL = "–"
# A grid is written out whole up to so many positions; beyond, what is empty at the end of a row is
# left off (Markdown fills it in), so that a text is never much longer than what it was made from.
ROOM = 50_000
ROOM_PER_CELL = 32


def plain_cell(text: str) -> str:
    """Return a cell's text as a grid holds it: in one line, blanks squeezed."""
    return " ".join(text.split())


def escaped(text: str) -> str:
    """Return a cell's text as a Markdown table holds it."""
    return text.replace("|", r"\|")


def unescaped(text: str) -> str:
    """Return the cell's text of what :func:`escaped` wrote."""
    return text.replace(r"\|", "|")


def too_wide(rows: int, columns: int, cells: int) -> bool:
    """Whether a grid is so sparse that writing it out whole would be mostly dashes."""
    return rows * columns > ROOM + ROOM_PER_CELL * cells


def markdown(grid: Grid) -> str:
    """Return a grid as a Markdown table, as the module says; nothing for one without rows."""
    lines = [f"| {' | '.join(map(_written, row))} |" for row in _positions(grid)]
    if lines:
        lines.insert(1, f"|{' --- |' * grid.columns}")
    return "\n".join(lines)


def cell_spans(grid: Grid, offset: int = 0) -> tuple[CellSpan, ...]:
    """Return where each cell's text stands in :func:`markdown` of the grid, ``offset`` added.

    ``text[start:end]`` is the cell's text, escaped.
    """
    spans = []
    for number, row in enumerate(_positions(grid)):
        offset += len("| ")
        for cell in row:
            end = offset + len(_written(cell))
            if cell is not None:
                spans.append(
                    CellSpan(cell.row, cell.column, cell.rowspan, cell.colspan, offset, end)
                )
            offset = end + len(" | ")  # behind the last: " |" and the line's end
        if number == 0:
            offset += len("|\n") + len(" --- |") * grid.columns
    return tuple(spans)


def grid_at(text: str, span: Span) -> Grid | None:
    """Return the grid of a table in a document's text, None for a block that has no cells."""
    if not span.cells:
        return None
    cells = tuple(
        Cell(at.row, at.column, unescaped(text[at.start : at.end]), at.rowspan, at.colspan)
        for at in span.cells
    )
    rows = max(cell.row + cell.rowspan for cell in cells)
    columns = max(cell.column + cell.colspan for cell in cells)
    return Grid(rows, columns, span.header_rows, cells)


def grid_block(grid: Grid, page: int = 0) -> Block:
    """Return the block of a grid: its text is the grid as a Markdown table."""
    return Block("table", markdown(grid), page=page, grid=grid)


def _positions(grid: Grid) -> Iterator[list[Cell | None]]:
    """Yield each row's cells by position."""
    rows: list[dict[int, Cell]] = [{} for _ in range(grid.rows)]
    for cell in grid.cells:
        rows[cell.row][cell.column] = cell
    trimmed = too_wide(grid.rows, grid.columns, len(grid.cells))
    for row in rows:
        width = max(row, default=0) + 1 if trimmed else grid.columns
        yield [row.get(column) for column in range(width)]


def _written(cell: Cell | None) -> str:
    return EMPTY_CELL if cell is None else escaped(cell.text)
