"""Tables and other blocks as the families read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType

import pytest

from longalpaca_data.clean.spans import spans_of
from longalpaca_data.core.grids import grid_block
from longalpaca_data.core.records import Account, Block, BlockKind, Cell, Grid, Part
from longalpaca_data.generate.extractive.families import (
    locate_section,
    section_opening,
    section_sequence,
)
from longalpaca_data.generate.extractive.lists import list_runs
from longalpaca_data.generate.extractive.parsed_part import ParsedPart
from longalpaca_data.generate.extractive.series import figures_over_years
from longalpaca_data.generate.extractive.tables import tables
from tests.conftest import make_document

SENTENCE = "The harbour was built in the spring by people from the northern shore."


def parsed(
    blocks: Sequence[Block], *, start: int = 0, index: int = 0, title: str = "A Test"
) -> ParsedPart:
    text = "\n\n".join(block.text for block in blocks)
    document = replace(make_document(text, title=title), blocks=spans_of(blocks))
    part = Part(document.id, "a.txt", title, "report", "CC0-1.0", start, len(text), not start)
    return ParsedPart(document, part, index)


@pytest.mark.parametrize(
    "kind", ["formula", "caption", "footnote", "reference", "contents", "table", "code", "item"]
)
def test_only_paragraphs_are_prose(kind: BlockKind) -> None:
    reading = parsed([Block("paragraph", SENTENCE), Block(kind, f"Then {SENTENCE.lower()}")])
    assert [sentence.text for sentence in reading.sentences] == [SENTENCE]
    assert reading.paragraphs[1].kind == kind


def test_code_with_blank_lines_is_one_paragraph_and_a_paragraph_is_cut_there() -> None:
    reading = parsed([Block("code", "a\n\nb"), Block("paragraph", f"{SENTENCE}\n\n{SENTENCE}")])
    assert [p.text for p in reading.paragraphs] == ["a\n\nb", SENTENCE, SENTENCE]


def test_references_are_no_list() -> None:
    items = [f"{n}. Fisher, A. Of herring." for n in range(1, 4)]
    blocks = [Block("paragraph", "These:"), *(Block("item", text) for text in items)]
    assert [len(run.items) for run in list_runs(parsed(blocks))] == [3]
    assert not list(list_runs(parsed([Block("reference", text) for text in items])))


def test_headers_stand_above_their_columns_and_labels_beside_their_rows() -> None:
    grid = Grid(
        4,
        3,
        2,
        (
            Cell(0, 1, "Grain", colspan=2),
            Cell(1, 0, "Depot"),
            Cell(1, 1, "2020"),
            Cell(1, 2, "2021"),
            Cell(2, 0, "North|East", rowspan=2),
            Cell(2, 1, "11"),
            Cell(3, 2, "14"),
        ),
    )
    before = Block("paragraph", SENTENCE)
    reading = parsed([before, grid_block(grid)], start=len(SENTENCE) + 2)
    (table,) = tables(reading)
    assert table.headers == (("Depot",), ("Grain", "2020"), ("Grain", "2021"))
    assert [row.cells for row in table.rows] == [("North|East", "11", ""), ("North|East", "", "14")]
    assert reading.text[table.rows[0].start : table.rows[0].end] == "North\\|East | 11"


def test_lines_with_bars_are_read_as_they_stand() -> None:
    reading = parsed([Block("table", "Table 1\nDepot | 2020 | 2021\nNorth | – | 12")])
    (table,) = tables(reading)
    assert table.headers == (("Depot",), ("2020",), ("2021",))
    assert [row.cells for row in table.rows] == [("North", "", "12")]


def yearly(*headers: str, year: int) -> list[Block]:
    cells = [Cell(0, column, text) for column, text in enumerate(headers, 1)]
    cells += [Cell(1, 0, "Barrels sold")]
    cells += [Cell(1, column, f"${year - column}") for column, _ in enumerate(headers, 1)]
    return [Block("paragraph", SENTENCE), grid_block(Grid(2, len(headers) + 1, 1, tuple(cells)))]


def test_a_series_is_read_from_grids() -> None:
    material = tuple(
        parsed(yearly(str(year), str(year - 1), year=year), index=n, title=f"Report {year}")
        for n, year in enumerate((2020, 2021))
    )
    (series,) = figures_over_years(material)
    assert series.name.label == "Barrels sold"
    assert [year for year, _ in series.values] == [2019, 2020, 2021]
    own = series.values[-1][1].span
    assert material[1].text[own.start : own.end] == "Barrels sold | $2020 | $2019"


SECTIONS = [section_sequence, section_opening, locate_section]
BUILT = "The {} of Straithmere was built by {} people in all, who came over the sea in small boats."


@pytest.mark.parametrize("family", SECTIONS, ids=lambda family: family.FAMILY.name)
def test_families_of_sections_are_silent_where_those_are_in_doubt(family: ModuleType) -> None:
    blocks = []
    for name, thing in enumerate(["harbour", "mill", "bridge", "lighthouse", "ferry"], 1):
        blocks.append(Block("heading", f"Chapter {name}. Of the {thing.title()}", 1))
        blocks += [
            Block("paragraph", f"{BUILT.format(thing, count)} {SENTENCE}")
            for count in ("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen")
        ]
    text = "\n\n".join(block.text for block in blocks)
    headings = tuple(block.text for block in blocks if block.kind == "heading")
    sane = replace(make_document(text, headings=headings), blocks=spans_of(blocks))
    account = Account(suspicions=("sections: no heading for chapter 6",))
    part = Part(sane.id, "a.txt", "A Test", "book", "CC0-1.0", 0, len(text), True)
    doubted = replace(sane, account=account)
    assert not list(family.find((ParsedPart(doubted, part),)))
    other = replace(sane, account=Account(suspicions=("title: none was found",)))
    assert list(family.find((ParsedPart(other, part),)))
