"""Windows: cut between paragraphs, near headings, within bounds; documents that belong together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longalpaca_data.clean.spans import spans_of
from longalpaca_data.core.recipe import GroupSpec, WindowSpec
from longalpaca_data.core.records import Block, BlockKind, Document, Window
from longalpaca_data.pipeline.stage import Outcome, perform
from longalpaca_data.windows.segment import group_stage, segment_stage
from tests.conftest import make_document


def count(text: str) -> int:
    return len(text.split())


SPEC = WindowSpec(lengths=(200, 400), coverage=2, min_tokens=100)


def document(paragraphs: int, words: int = 20, heads: int = 0) -> Document:
    blocks: list[str] = []
    headings = []
    for number in range(paragraphs):
        if heads and number % heads == 0:
            headings.append(f"Chapter {number} of it")
            blocks.append(headings[-1])
        blocks.append(" ".join(f"w{number}x{word}" for word in range(words)))
    text = "\n\n".join(blocks)
    return replace(make_document(text, headings=tuple(headings)), n_tokens=count(text))


def segment(*documents: Document, groups: tuple[GroupSpec, ...] = ()) -> Outcome[Window]:
    return perform(segment_stage(SPEC, groups, count), list(documents), 1, None)


def test_a_document_that_fits_is_a_window_whole() -> None:
    whole = document(6)
    (window,) = segment(whole).outputs
    assert window.parts[0].whole
    assert (window.parts[0].start, window.parts[0].end) == (0, len(whole.text))


@settings(max_examples=60, deadline=None)
@given(st.integers(21, 150), st.integers(3, 60), st.integers(0, 9))
def test_windows_keep_their_bounds_and_cover_the_document(
    paragraphs: int, words: int, heads: int
) -> None:
    whole = document(paragraphs, words, heads)
    outcome = segment(whole)
    if whole.n_tokens < SPEC.min_tokens:
        assert [drop.reason for drop in outcome.drops] == ["too short"]
        return
    covered = [False] * len(whole.text)
    starts = {0} | {i + 2 for i in range(len(whole.text)) if whole.text.startswith("\n\n", i)}
    for window in outcome.outputs:
        part = window.parts[0]
        text = whole.text[part.start : part.end]
        assert SPEC.min_tokens <= window.n_tokens <= max(SPEC.lengths)
        assert window.n_tokens == count(text)
        assert part.start in starts
        assert text == text.strip()
        covered[part.start : part.end] = [True] * len(text)
    missing = [i for i, seen in enumerate(covered) if not seen and not whole.text[i].isspace()]
    assert not missing


def test_cuts_prefer_headings() -> None:
    whole = document(120, words=20, heads=8)
    windows = segment(whole).outputs
    on_heading = sum(whole.text.startswith("Chapter", w.parts[0].start) for w in windows)
    assert on_heading >= 0.6 * len(windows)


def test_same_seed_same_windows() -> None:
    whole = document(150)
    assert segment(whole) == segment(whole)


def report(year: int, words: int = 60) -> Document:
    text = " ".join(f"y{year}w{n}" for n in range(words))
    made = make_document(text, title=f"Report {year}", path=f"reports/{year}.txt", kind="report")
    return replace(made, n_tokens=words)


SERIES = (GroupSpec(kind="series", documents=("reports/*",)),)
PAPERS = (GroupSpec(kind="papers", documents=("reports/*",)),)


def group(*documents: Document, groups: tuple[GroupSpec, ...]) -> Outcome[Window]:
    return perform(group_stage(SPEC, groups), list(documents), 1, None)


def test_a_series_is_read_in_the_order_of_its_years() -> None:
    windows = group(report(2023), report(2021), report(2022), groups=SERIES).outputs
    titles = [[part.title[-4:] for part in window.parts] for window in windows]
    assert titles == [["2021", "2022", "2023"], ["2021", "2022"], ["2022", "2023"]]
    assert {window.kind for window in windows} == {"series"}


def test_two_reports_of_one_year_make_no_series() -> None:
    outcome = group(report(2021), replace(report(2021), id="other"), groups=SERIES)
    assert not outcome.outputs
    assert outcome.counts == {"series with two documents for one year": 1}


@pytest.mark.parametrize(("papers", "pairs"), [(1, 0), (2, 1), (3, 3), (4, 4)])
def test_papers_are_paired(papers: int, pairs: int) -> None:
    outcome = group(*(report(2000 + n, 120) for n in range(papers)), groups=PAPERS)
    assert len(outcome.outputs) == pairs


def test_a_folder_named_as_a_group_needs_no_recipe_entry() -> None:
    reports = [replace(report(year, 120), group="group-x") for year in (2020, 2021)]
    assert [window.kind for window in group(*reports, groups=()).outputs] == ["series"]
    papers = [replace(r, title="A paper", path=f"{n}.txt") for n, r in enumerate(reports)]
    assert [window.kind for window in group(*papers, groups=()).outputs] == ["papers"]


def test_languages_are_not_mixed() -> None:
    assert not group(report(2020), replace(report(2021), language="zh"), groups=SERIES).outputs


def test_a_short_document_is_a_drop_unless_it_belongs_to_a_group() -> None:
    assert [drop.reason for drop in segment(report(2020)).drops] == ["too short"]
    assert not segment(report(2020), groups=SERIES).drops


def test_too_long_together_is_counted() -> None:
    outcome = group(report(2020, 300), report(2021, 300), groups=SERIES)
    assert not outcome.outputs
    assert outcome.counts == {"series too long or too short together": 1}


def test_a_heading_stays_with_what_it_heads() -> None:
    whole = document(150, words=20, heads=5)
    for window in segment(whole).outputs:
        last = whole.text[window.parts[0].start : window.parts[0].end].rsplit("\n\n", 1)[-1]
        assert not last.startswith("Chapter")


def structured(*blocks: Block) -> Document:
    text = "\n\n".join(block.text for block in blocks)
    return replace(make_document(text), blocks=spans_of(blocks), n_tokens=count(text))


@pytest.mark.parametrize("kind", ["table", "code"])
def test_a_table_or_code_that_fits_is_never_cut(kind: BlockKind) -> None:
    rows = "\n".join(
        f"row {n} has\n\n" if kind == "code" else f"row {n} has" for n in range(60)
    ).strip()
    prose = [Block("paragraph", " ".join(f"w{n}x{i}" for i in range(37))) for n in range(20)]
    whole = structured(*prose, Block(kind, rows), *prose[:15])
    windows = segment(whole).outputs
    assert len(windows) > 4
    span = whole.blocks[20]
    for window in windows:
        part = window.parts[0]
        assert not span.start < part.start < span.end
        assert not span.start < part.end < span.end
    assert any(part.start <= span.start < part.end for w in windows for part in w.parts)


def test_a_table_longer_than_every_window_is_cut_between_rows() -> None:
    rows = [f"| row {n} | {n} |" for n in range(400)]
    whole = structured(Block("paragraph", "It begins."), Block("table", "\n".join(rows)))
    windows = segment(whole).outputs
    assert windows
    for window in windows:
        part = window.parts[0]
        lines = whole.text[part.start : part.end].split("\n")
        assert set(lines) <= {*rows, "It begins.", ""}
        assert window.n_tokens <= max(SPEC.lengths)
