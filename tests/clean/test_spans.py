"""Blocks keep their kinds, pages and grids through cleaning, and are found again in the text."""

from __future__ import annotations

import pytest

from longalpaca_data.clean import clean_document
from longalpaca_data.clean.spans import SEPARATOR, clean_table, spans_of, with_grid
from longalpaca_data.core.grids import grid_at, grid_block, markdown
from longalpaca_data.core.records import Block, Cell, Grid
from tests.clean.make import cleaned, prose, raw

GRID = Grid(
    2,
    3,
    1,
    (
        Cell(0, 0, "Depot\u00a0 A"),
        Cell(0, 1, "ﬁsh|salt", colspan=2),
        Cell(1, 0, "North"),
        Cell(1, 2, "12\u200b"),
    ),
)
CLEAN = "| Depot A | fish\\|salt | – |\n| --- | --- | --- |\n| North | – | 12 |"


def test_a_documents_blocks_cover_its_text() -> None:
    blocks = [
        Block("heading", "Fish", 1, page=1),
        Block("paragraph", f"Of  fish. {prose(40)}", page=1),
        grid_block(GRID, page=2),
        Block("caption", "Table 1. Fish by depot.", page=2),
        Block("formula", "$$a_1 = b$$", page=2),
        Block("code", "if fish:\n    go()", page=3),
        Block("item", "- herring", 2, page=3),
        Block("footnote", "1. Or salt.", page=3),
        Block("reference", "[1] A. Fisher. Fish. 1901.", page=4),
        Block("heading", "Salt", 1, page=5),
        Block("paragraph", f"Of salt. {prose(40)}", page=5),
    ]
    document = clean_document(raw(blocks, file_format="html", title="Of Trade"), len)
    assert [(span.kind, span.page, span.level) for span in document.blocks] == [
        (block.kind, block.page, block.level) for block in blocks
    ]
    assert SEPARATOR.join(document.text[s.start : s.end] for s in document.blocks) == document.text
    table = document.blocks[2]
    assert document.text[table.start : table.end] == CLEAN
    found = grid_at(document.text, table)
    assert found is not None
    assert markdown(found) == CLEAN
    assert [(c.row, c.column, c.colspan, c.text) for c in found.cells] == [
        (0, 0, 1, "Depot A"),
        (0, 1, 2, "fish|salt"),
        (1, 0, 1, "North"),
        (1, 2, 1, "12"),
    ]


def test_a_table_without_text_after_cleaning_is_none() -> None:
    empty = clean_table(grid_block(Grid(1, 1, 0, (Cell(0, 0, "\u200b"),))))
    assert (empty.text, empty.grid) == ("", None)


def test_columns_of_a_plain_text_become_a_grid() -> None:
    rows = ["Depot     2020    2021", "North       11      12", "South_Bay   21      22"]
    document = cleaned(f"{prose(60)}\n\n" + "\n".join(rows) + f"\n\n{prose(60)}")
    (table,) = (span for span in document.blocks if span.kind == "table")
    found = grid_at(document.text, table)
    assert found is not None
    assert (found.rows, found.columns, found.header_rows) == (3, 3, 1)
    assert found.cells[-1].text == "22"


@pytest.mark.parametrize("text", ["a | b\nc", "a | b", "a | b\n– | c | d", "a\nb", "a | b\nc | "])
def test_lines_that_are_no_grid_stay_as_they_are(text: str) -> None:
    block = Block("table", text)
    assert with_grid(block) is block
    (span,) = spans_of([block])
    assert (span.start, span.end, span.cells) == (0, len(text), ())
