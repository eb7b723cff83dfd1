"""The account: every character that was seen is kept, or lost for a reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longalpaca_data.clean import clean_document, clean_stage
from longalpaca_data.clean.account import Losses, count
from longalpaca_data.core.grids import grid_block
from longalpaca_data.core.records import Account, Block, Cell, Grid, RawDocument, n_characters
from longalpaca_data.pipeline.stage import Context
from tests.clean.make import cleaned, lines, prose, raw


def account(document: RawDocument) -> Account:
    return clean_document(document, len).account


def test_white_space_and_a_tables_bars_do_not_count() -> None:
    assert n_characters(" a\n\u3000b  c\t") == 3
    grid = Grid(2, 3, 1, (Cell(0, 0, "a b", colspan=2), Cell(1, 2, "12")))
    assert count([grid_block(grid), Block("table", "a | b\nc | d"), Block("code", "x | y")]) == 11


def test_what_a_reader_left_out_was_seen() -> None:
    found = account(replace(raw(lines(prose(60))), lost={"navigation": 30, "hidden": 5}))
    assert found.lost == {"navigation": 30, "hidden": 5}
    assert found.seen == found.kept + 35
    assert found.unaccounted == 0


def test_gutenbergs_frame() -> None:
    head = "Title: Ships\n\n*** START OF THE PROJECT GUTENBERG EBOOK SHIPS ***"
    tail = "*** END OF THE PROJECT GUTENBERG EBOOK SHIPS ***\n\nThe licence."
    found = account(raw(lines(f"{head}\n\n{prose(80)}\n\n{tail}")))
    assert found.lost == {"Project Gutenberg's matter": n_characters(head + tail)}


def paged(*texts: str) -> RawDocument:
    blocks = [block for number, text in enumerate(texts, 1) for block in lines(text, number)]
    return raw(blocks, file_format="pdf", title="Old Ships")


def test_running_heads_and_page_numbers() -> None:
    words = ["sail", "mast", "oar", "rope", "deck", "keel", "hull", "helm"]
    pages = [
        f"Of Ships of the Line\n{prose(90, f'the {word} of a {word} and its {word}')}\n{number}"
        for number, word in enumerate(words, 1)
    ]
    found = account(paged(*pages))
    assert found.lost["running head"] == 8 * n_characters("Of Ships of the Line")
    assert found.lost["page number"] == 8
    assert found.unaccounted == 0


def test_a_page_that_lost_more_than_its_running_head() -> None:
    first, second = (lines(prose(90), page) for page in (1, 2))
    losses = Losses(raw([*first, *second]))
    losses.running_lines([*first, *second], [*first[1:], *second[-2:]])
    assert losses.thin_pages == [2]
    assert losses.account([*first[1:], *second[-2:]]).unaccounted == 0


def test_line_end_hyphens() -> None:
    broken = prose(80).replace("the harbour the", "the har-\nbour the", 2)
    assert broken.count("har-\n") == 2
    document = cleaned(f"{broken}\n\n{prose(80)}")
    assert "har-" not in document.text
    assert document.account.lost == {"line-end hyphen": 2}
    assert document.account.unaccounted == 0


def test_emphasis_rules_and_what_has_no_sign() -> None:
    chapters = "\n\n".join(
        f"第{number}回　渡口的故事\n----------\n\n{'从前有一座_山_，山里有磨坊。' * 30}\u200b"
        for number in "一二三四"
    )
    document = cleaned(chapters)
    assert len(document.sections) == 4
    assert document.account.lost["ruled line"] == 40
    assert document.account.lost["unprintable"] == 4
    assert document.account.unaccounted == 0


def test_second_copies_and_indexes() -> None:
    chapter = [Block("paragraph", prose(200, f"ship number {n} of the line")) for n in range(9)]
    index = [Block("heading", "Index", 1), *(Block("paragraph", f"ship, {n}") for n in range(9))]
    found = account(raw([*chapter, *chapter, *index], file_format="html", title="Ships"))
    assert found.lost == {"second copy": count(chapter), "index": count(index)}


@given(st.text(max_size=400), st.sampled_from(["text", "pdf", "html"]))
def test_nothing_is_said_twice_or_forgotten(text: str, file_format: str) -> None:
    blocks = lines(f"{prose(60)}\n\n{text}")
    if file_format == "html":
        blocks = [Block("paragraph", prose(60)), Block("paragraph", text)]
    found = account(raw(blocks, file_format=file_format, title="A Title"))
    assert found.kept <= found.seen + len(text)  # mending may write a sign as two
    assert all(number > 0 for number in found.lost.values())


@pytest.mark.parametrize(("floor", "dropped"), [(0.0, False), (0.3, False), (0.5, True)])
def test_a_document_that_is_mostly_lost_is_a_counted_drop(*, floor: float, dropped: bool) -> None:
    text = prose(100)
    lost = {"hidden": 2 * n_characters(text), "navigation": 100_000}
    context = Context("clean", 0)
    stage = clean_stage(len, min_kept=floor)
    documents = list(stage.run([replace(raw(lines(text)), lost=lost)], context))
    assert bool(documents) is not dropped
    if dropped:
        (drop,) = context.drops
        assert drop.reason == "mostly lost"
        assert "clean.min_kept" in drop.detail
        assert drop.detail.endswith("most went as: hidden")
    assert stage.depends != clean_stage(len, min_kept=0.9).depends
