"""The one table routine: spans, headers, fillers, and bounded work."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longalpaca_data.collect.tables import (
    SourceCell,
    grid_of,
    is_layout,
    markdown,
    table_block,
)
from longalpaca_data.core.records import Grid


def rows(*lines: str) -> list[list[SourceCell]]:
    """Rows of cells: ``text``, ``text>2`` over two columns, ``text^2`` over two rows, ``!`` first
    for header cells.
    """

    def cell(text: str) -> SourceCell:
        text, _, across = text.partition(">")
        text, _, down = text.partition("^")
        header = text.startswith("!")
        return SourceCell(text.lstrip("!"), int(down or 1), int(across or 1), header)

    return [[cell(text.strip()) for text in line.split(",")] for line in lines]


def lines(*source: str, header_rows: int | None = None) -> list[str]:
    """The table's lines but the rule, without the outer pipes."""
    grid = grid_of(rows(*source), header_rows)
    assert grid is not None
    written = markdown(grid).split("\n")
    return [line[2:-2] for line in written[:1] + written[2:]]


def test_merged_cells_stand_once() -> None:
    assert lines("Depot^2,2021>3", "Grain,Salt,Tea", "North,11,12,13") == [
        "Depot | 2021 | – | –",
        "– | Grain | Salt | Tea",
        "North | 11 | 12 | 13",
    ]


def test_a_header_over_two_columns_keeps_those_behind_it_in_place() -> None:
    assert lines("Item,Count>2,Price", "a,31,32,33") == [
        "Item | Count | – | Price",
        "a | 31 | 32 | 33",
    ]


def test_a_cell_that_runs_into_one_from_above_ends_there() -> None:
    grid = grid_of(rows("a,b,c^2", "d>3", "e,f,g"))
    assert grid is not None
    assert [(c.text, c.column, c.rowspan, c.colspan) for c in grid.cells if c.text in "cd"] == [
        ("c", 2, 2, 1),
        ("d", 0, 1, 2),
    ]


@pytest.mark.parametrize(
    ("source", "named", "expected"),
    [
        (("!a,!b", "!c,!d", "1,2"), None, 2),
        (("!a,b", "!c,d"), None, 1),
        (("a,b", "1,2"), None, 1),
        (("a,b",), None, 0),
        (("a,b", "1,2", "3,4"), 2, 2),
        (("Depot^2,Year>2", "2020,2021", "North,1,2"), None, 2),
        (("North^2,1,2", "3,4"), None, 1),
        ((",", "a,b", "1,2"), None, 1),
    ],
)
def test_header_rows(source: tuple[str, ...], named: int | None, expected: int) -> None:
    grid = grid_of(rows(*source), named)
    assert grid is not None
    assert grid.header_rows == expected


def test_values_that_a_filing_splits_are_one() -> None:
    assert lines(
        ",,2021>3,,2020>3",
        "Revenue,,$,16.05,,,$,12.9,",
        "Loss,,,(1.2,),,,(30,)",
        "Share,,,4,%,,,—,",
        "Net,,$,(7,),,$,—,",
    ) == [
        "– | 2021 | 2020",
        "Revenue | $16.05 | $12.9",
        "Loss | (1.2) | (30)",
        "Share | 4% | —",
        "Net | $(7) | $—",
    ]


def test_a_sign_that_stands_for_itself_stays() -> None:
    assert lines("Measure,Value,Unit", "Growth,12,%", "Weight,40,%")[1] == "Growth | 12 | %"
    assert lines("Sign,Means", "$,dollar", "(,bracket")[1:] == ["$ | dollar", "( | bracket"]
    assert lines("a,b,c", "x^2,%,z", "1,2")[1] == "x | % | z"


def test_empty_rows_and_columns_go_and_spans_with_them() -> None:
    grid = grid_of(rows("a^3,,b", ",", ",c"))
    assert grid is not None
    assert markdown(grid).split("\n")[::2] == ["| a | b |", "| – | c |"]
    assert grid.cells[0].rowspan == 2


def test_without_text_there_is_no_table() -> None:
    assert grid_of([]) is None
    assert table_block(rows(",", ",")) is None


def test_a_block_has_its_grid_and_page() -> None:
    grid = grid_of(rows("a,b", "1,x\u3000 y"))
    assert grid is not None
    block = table_block(grid, page=7)
    assert block is not None
    assert (block.kind, block.page, block.grid) == ("table", 7, grid)
    assert block.text == "| a | b |\n| --- | --- |\n| 1 | x y |"


def test_a_frame_is_no_table() -> None:
    assert is_layout(rows("one", "two,"))
    assert not is_layout(rows("one", "two,three"))


@pytest.mark.parametrize(
    "source",
    [
        [[SourceCell("x", 1_000, 1_000)] * 3] * 1_000,
        [[SourceCell("", 1, 999), SourceCell("x")]] * 3_000,
        [[SourceCell("x", 65_534)] * 900] + [[SourceCell("y")]] * 5_000,
        [[SourceCell("x")] * 20_000] + [[SourceCell("y")]] * 20_000,
    ],
    ids=["all over all", "far right", "below a roof", "one wide row"],
)
def test_spans_cost_no_more_than_their_text(source: list[list[SourceCell]]) -> None:
    start = time.process_time()
    block = table_block(source)
    assert time.process_time() - start < 5
    assert block is not None
    cells = sum(map(len, source))
    assert block.text.count("x") + block.text.count("y") == sum(
        bool(cell.text) for row in source for cell in row
    )
    assert len(block.text) < 500_000 + 200 * cells


@given(
    st.lists(
        st.lists(
            st.builds(
                SourceCell,
                st.sampled_from(["", "a", "12", "$", ")", "%", "(3", "b|c"]),
                st.integers(1, 4),
                st.integers(1, 4),
                st.booleans(),
            ),
            max_size=5,
        ),
        max_size=6,
    )
)
def test_nothing_is_lost_and_no_two_cells_share_a_place(source: list[list[SourceCell]]) -> None:
    grid = grid_of(source) or Grid(0, 0, 0, ())
    places = [
        (cell.row + i, cell.column + j)
        for cell in grid.cells
        for i in range(cell.rowspan)
        for j in range(cell.colspan)
    ]
    assert len(places) == len(set(places))
    assert all(row < grid.rows and column < grid.columns for row, column in places)
    assert {cell.row for cell in grid.cells} == set(range(grid.rows))
    assert 0 <= grid.header_rows <= grid.rows
    written = "".join(cell.text for cell in grid.cells)
    assert sorted(written) == sorted("".join(cell.text for row in source for cell in row))
