"""Clean blocks and where they stand in the text: kinds, pages, tables with their cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from longalpaca_data.clean.unicode import clean_text, without_runs
from longalpaca_data.core.grids import cell_spans, grid_block, plain_cell
from longalpaca_data.core.records import Block, Cell, Grid, Span

SEPARATOR = "\n\n"  # between two blocks of a text
COLUMN = " | "  # between two columns of a table that was read from plain lines
MIN_COLUMNS, MIN_ROWS = 2, 2


def spans_of(blocks: Sequence[Block]) -> tuple[Span, ...]:
    """Return the spans of blocks that are joined by :data:`SEPARATOR`."""
    spans = []
    start = 0
    for block in blocks:
        end = start + len(block.text)
        headers, cells = (
            (block.grid.header_rows, cell_spans(block.grid, start)) if block.grid else (0, ())
        )
        spans.append(Span(block.kind, start, end, block.page, block.level, headers, cells))
        start = end + len(SEPARATOR)
    return tuple(spans)


def clean_table(block: Block) -> Block:
    """Mend the characters of a table's cells, and write the table again."""
    if block.grid is None:
        return block
    cells = (replace(cell, text=_clean_cell(cell.text)) for cell in block.grid.cells)
    grid = replace(block.grid, cells=tuple(cell for cell in cells if cell.text))
    return grid_block(grid, block.page) if grid.cells else replace(block, text="", grid=None)


def with_grid(block: Block) -> Block:
    """Give a table of plain lines its grid, where every line has as many columns as the others.

    Others keep their lines: which column a figure belongs to, they don't say.
    """
    if block.kind != "table" or block.grid is not None:
        return block
    rows = [[plain_cell(cell) for cell in line.split(COLUMN)] for line in block.text.split("\n")]
    columns = len(rows[0])
    if len(rows) < MIN_ROWS or columns < MIN_COLUMNS or any(len(row) != columns for row in rows):
        return block
    if not all(cell for row in rows for cell in row):
        return block
    cells = tuple(
        Cell(row, column, text)
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
    )
    return grid_block(Grid(len(rows), columns, 1, cells), block.page)


def _clean_cell(text: str) -> str:
    return plain_cell(clean_text(without_runs(text)))
