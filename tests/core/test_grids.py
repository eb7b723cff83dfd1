"""Grids in text: what is written, and that every cell is found again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from longalpaca_data.core.grids import (
    ROOM,
    cell_spans,
    escaped,
    grid_at,
    grid_block,
    markdown,
    plain_cell,
)
from longalpaca_data.core.records import Cell, Grid, Span

MERGED = Grid(
    3,
    3,
    2,
    (
        Cell(0, 0, "Depot", rowspan=2),
        Cell(0, 1, "Year", colspan=2),
        Cell(1, 1, "2020"),
        Cell(1, 2, "2021"),
        Cell(2, 0, "North|South"),
        Cell(2, 2, "12"),
    ),
)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """A grid of rows and columns, each with a cell at its end, and merged cells among them."""
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    taken: set[tuple[int, int]] = set()
    cells = []
    for row in range(rows):
        for column in range(columns):
            if (row, column) in taken:
                continue
            last = (row, column) == (rows - 1, columns - 1)
            height = draw(st.integers(1, rows - row))
            width = draw(st.integers(1, columns - column))
            area = {(row + i, column + j) for i in range(height) for j in range(width)}
            if area & taken:
                height = width = 1
                area = {(row, column)}
            taken |= area
            text = plain_cell(draw(st.text("ab |\\-–\n\u3000", max_size=5)))
            reaches_end = column + width == columns or row + height == rows
            if text or last or reaches_end:
                cells.append(Cell(row, column, text or "x", height, width))
    return Grid(rows, columns, draw(st.integers(0, rows)), tuple(cells))


def test_a_table_is_a_row_a_line_with_a_rule_below_the_first() -> None:
    assert markdown(MERGED) == (
        "| Depot | Year | – |\n| --- | --- | --- |\n| – | 2020 | 2021 |\n| North\\|South | – | 12 |"
    )


def test_an_empty_grid_is_no_text() -> None:
    assert markdown(Grid(0, 0, 0, ())) == ""


@given(grids(), st.text(max_size=5))
def test_every_cell_is_found_again_where_it_stands(grid: Grid, before: str) -> None:
    text = before + grid_block(grid).text
    spans = cell_spans(grid, len(before))
    assert [text[at.start : at.end] for at in spans] == [escaped(cell.text) for cell in grid.cells]
    span = Span("table", len(before), len(text), header_rows=grid.header_rows, cells=spans)
    assert grid_at(text, span) == grid


@given(grids())
def test_every_line_has_every_column(grid: Grid) -> None:
    lines = markdown(grid).split("\n")
    assert len(lines) == grid.rows + 1
    for line in lines:
        assert line.replace(r"\|", "").count("|") == grid.columns + 1


def test_a_sparse_grid_is_not_written_out_in_dashes() -> None:
    side = 2_000
    grid = Grid(side, side, 1, tuple(Cell(n, 0, "x") for n in range(side)))
    assert side * side > ROOM
    assert len(markdown(grid)) < 10 * side * len("| x |")
    spans = cell_spans(grid)
    assert all(markdown(grid)[at.start : at.end] == "x" for at in spans[:5] + spans[-5:])
