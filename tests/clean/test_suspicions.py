"""Documents that look misread are said to be, and why; others aren't."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from longalpaca_data.clean import clean_document
from longalpaca_data.clean.suspicions import with_suspicions
from longalpaca_data.core.records import Account, Block
from tests.clean.make import lines, prose, raw
from tests.conftest import make_document


def book(headings: Sequence[str], *, words: int = 400, first: int = 400) -> tuple[str, ...]:
    """What is suspicious about a book of these headings."""
    blocks = [Block("paragraph", prose(first))]
    for number, heading in enumerate(headings):
        blocks.append(Block("heading", heading, 1))
        blocks += [Block("paragraph", prose(words, f"ship number {number} of the line"))]
    document = raw(blocks, file_format="html", title="Old Ships")
    return clean_document(document, len).account.suspicions


@pytest.mark.parametrize(
    "headings",
    [
        ["Chapter I", "Chapter II", "Chapter III", "Chapter IV"],
        ["第一回 渡口", "第二回 磨坊", "第三回 石桥"],
        ["Part One", "Chapter 1", "Chapter 2", "Part Two", "Chapter 1", "Chapter 2"],
        ["Part One", "Chapter 1", "Chapter 2", "Part Two", "Chapter 3", "Chapter 4"],
        ["Chapter 7", "Chapter 8", "Chapter 9"],
        ["1 Sails", "2 Masts", "3 Oars", "4 Ropes"],
        ["A. Sails", "C. Masts", "D. Oars", "M. Ropes"],
        ["Sails", "Masts", "Oars"],
        ["1066 Hastings", "1805 Trafalgar", "1914 Jutland", "1941 Taranto"],
        ["1 Sails", "5 Masts"],
    ],
)
def test_sane_sections(headings: Sequence[str]) -> None:
    assert book(headings) == ()


@pytest.mark.parametrize(
    ("headings", "said"),
    [
        (["Chapter I", "Chapter II", "Chapter IV"], "no heading for chapter 3"),
        (["CHAPTER II. Sails", "CHAPTER III. Masts"], "no heading for chapter 1"),
        (["第一回 渡口", "第三回 石桥", "第七回 灯塔"], "no heading for 回 2, 4–6"),
        (["1 Sails", "2 Masts", "4 Oars", "5 Ropes"], "no heading for number 3"),
        (["1", "2", "3", "5", "6"], "no heading for number 4"),
        (["Part One", "Chapter 1", "Part Three", "Chapter 2"], "no heading for part 2"),
        (["Chapter 1", "Chapter 2", "Chapter 3", "Chapter 2"], "out of order: chapter 2 behind 3"),
    ],
)
def test_gaps_in_the_numbering(headings: Sequence[str], said: str) -> None:
    assert book(headings) == (f"sections: {said}",)


def test_many_gaps_are_not_all_named() -> None:
    (said,) = book([f"Chapter {number}" for number in range(1, 20, 2)])
    assert said == "sections: no heading for chapter 2, 4, 6 and 6 more"


def test_a_section_over_two_fifths_of_a_long_text() -> None:
    blocks = [Block("heading", "Sails", 1), Block("paragraph", prose(200))]
    blocks += [Block("heading", "Masts", 1), Block("paragraph", prose(9_000))]
    blocks += [Block("heading", "Oars", 1), Block("paragraph", prose(5_000, "an oar is of wood"))]
    (said,) = clean_document(raw(blocks, file_format="html", title="Ships"), len).account.suspicions
    assert said.startswith("sections: ")
    assert said.endswith("% of the text stand under one heading, 'Masts'")


def test_much_text_before_the_first_heading() -> None:
    (said,) = book(["Sails", "Masts", "Oars", "Ropes"], words=1_000, first=6_000)
    assert "stand before the first heading" in said


def test_a_short_text_may_have_a_long_section() -> None:
    assert book(["Sails", "Masts", "Oars"], words=20, first=400) == ()


def of_account(account: Account) -> tuple[str, ...]:
    document = replace(make_document("A Test is here."), account=account)
    return with_suspicions(document, raw([], title="A Test"), ()).suspicions


def test_text_that_went_without_a_word() -> None:
    assert of_account(Account(1_000, 900, {"hidden": 90})) == ()
    assert of_account(Account(1_000, 900, {"hidden": 50})) == (
        "text: nobody knows what became of 5 % of it",
    )


def test_text_that_was_left_out() -> None:
    assert of_account(Account(1_000, 300, {"navigation": 600, "hidden": 100})) == ()
    assert of_account(Account(1_000, 300, {"navigation": 300, "hidden": 350, "ruby": 50})) == (
        "text: 57 % of it was left out, most of that as: hidden",
    )


def test_parts_of_a_file_that_could_not_be_read() -> None:
    lost = {"missing item a.xhtml": 7, "unread item b.bin": 5}
    assert of_account(Account(1_000, 988, lost)) == (
        "text: missing item a.xhtml, unread item b.bin could not be read",
    )


@pytest.mark.parametrize(
    ("name", "path", "metadata", "said"),
    [
        ("Old Ships", "old_ships.txt", "", "'Old Ships' is the file's name, and the text doesn't"),
        ("Old Ships", "old_ships.txt", "Old Ships", ""),
        ("Old Ships", "a.txt", "", ""),
        ("Form 10-K", "a.html", "", "'Form 10-K' is the name of a file or a form"),
        ("", "a.txt", "", "none was found"),
    ],
)
def test_titles(name: str, path: str, metadata: str, said: str) -> None:
    document = make_document("Of sails.", title=name, path=path)
    found = with_suspicions(document, raw(lines("Of sails."), title=metadata), ()).suspicions
    assert bool(found) is bool(said)
    assert all(reason.startswith(f"title: {said}") for reason in found)


def test_a_page_that_was_taken_for_running_heads() -> None:
    document = make_document("A Test is here.")
    assert with_suspicions(document, raw([], title="A Test"), [4, 7]).suspicions == (
        "page: much of 4, 7 was taken for running heads",
    )


def test_doubts_are_about_something() -> None:
    account = Account(suspicions=("sections: no heading for chapter 2",))
    assert account.doubts("sections")
    assert not account.doubts("text")
