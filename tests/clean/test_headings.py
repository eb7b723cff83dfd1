"""Headings of texts without structure."""

from __future__ import annotations

import pytest

from longalpaca_data.clean import clean_document
from longalpaca_data.clean.contents import drop_leaders
from longalpaca_data.core.records import Block
from tests.clean.make import cleaned, prose, raw, titles


def book(*headings: str, front: str = "") -> str:
    return front + "\n\n\n".join(
        f"{heading}\n\n{prose(120)}\n\n{prose(60)}" for heading in headings
    )


def test_chapters_with_and_without_titles() -> None:
    text = book("CHAPTER I.", "CHAPTER II.\n\nTHE STORM", "Chapter 3. The Calm")
    assert titles(cleaned(text)) == [
        (1, "CHAPTER I."),
        (1, "CHAPTER II. THE STORM"),
        (1, "Chapter 3. The Calm"),
    ]


def test_books_hold_chapters_and_chapters_hold_parts() -> None:
    text = book(
        "INTRODUCTION.",
        "BOOK I. OF LABOUR",
        "CHAPTER I.",
        "PART I. Of Pins",
        "PART II.—Of Nails",
        "CHAPTER II.",
        "BOOK II.",
        "CHAPTER I.",
    )
    assert [level for level, _ in titles(cleaned(text))] == [1, 1, 2, 3, 3, 2, 1, 2]


def test_the_contents_name_the_headings_and_go() -> None:
    front = "A TALE\n\nby Someone\n\nContents\n\n The Harbour\n At Sea\n Home Again\n\n\n"
    document = cleaned(book("The Harbour", "At Sea", "Home Again", front=front))
    assert titles(document) == [(1, "The Harbour"), (1, "At Sea"), (1, "Home Again")]
    assert document.text.count("At Sea") == 1
    assert (document.title, document.author) == ("A Tale", "Someone")


def test_a_list_of_chapters_without_a_title_is_no_heading() -> None:
    chapters = [f"CHAPTER {number}." for number in ("I", "II", "III", "IV", "V")]
    document = cleaned(book(*chapters, front="\n\n".join(chapters) + "\n\n\n"))
    assert [title for _, title in titles(document)] == chapters


def test_sentences_that_begin_like_headings() -> None:
    sentence = (
        "Part of the capital was lost.\n\nChapter 3 describes how it was found again."
        "\n\nBook I was never read"
    )
    assert titles(
        cleaned(book("CHAPTER I.", "CHAPTER II.", "CHAPTER III.") + "\n\n" + sentence)
    ) == [
        (1, "CHAPTER I."),
        (1, "CHAPTER II."),
        (1, "CHAPTER III."),
    ]


def test_roman_numerals_alone_count_up() -> None:
    assert titles(cleaned(book("I", "II", "III"))) == [(1, "I"), (1, "II"), (1, "III")]
    assert titles(cleaned(book("I", "V", "X"))) == []


def test_numbers_begin_again_in_each_part() -> None:
    text = book("PART ONE", "I", "II", "PART TWO", "I", "PART THREE", "I", "II")
    assert [level for level, _ in titles(cleaned(text))] == [1, 2, 2, 1, 2, 1, 2, 2]


def test_a_number_stands_above_its_title() -> None:
    for first, second, third in (("I", "II", "III"), ("1", "2", "3"), ("One", "Two", "Three")):
        text = book(f"{first}\nThe Old Mill", f"{second}\n\nThe New Mill", f"{third}\nNo Mill")
        assert titles(cleaned(text)) == [
            (1, f"{first} The Old Mill"),
            (1, f"{second} The New Mill"),
            (1, f"{third} No Mill"),
        ]


def test_page_numbers_are_no_headings() -> None:
    pages = [f"{prose(150).rstrip('.')}\n\n{number}\n" for number in range(1, 9)]
    assert titles(cleaned("\n".join(pages))) == []


def test_chinese_chapters() -> None:
    prose_zh = (
        "話說天下大勢，分久必合，合久必分。週末七國分爭，並入於秦。及秦滅之後，楚漢分爭，又並入於漢。"
        * 5
    )
    text = "\n\n".join(
        f"{h}\n\n{prose_zh}"
        for h in ("第一回　靈根育孕源流出　心性修持大道生", "第二回　悟徹菩提真妙理", "第三章")
    )
    assert [title for _, title in titles(cleaned(text))] == [
        "第一回 靈根育孕源流出 心性修持大道生",
        "第二回 悟徹菩提真妙理",
        "第三章",
    ]
    trailing = "\n\n".join(f"{h}\n\n{prose_zh}" for h in ("學而第一", "為政第二", "八佾第三"))
    assert [title for _, title in titles(cleaned(trailing))] == ["學而第一", "為政第二", "八佾第三"]


def test_a_chapter_title_lost_in_a_paragraph_is_found() -> None:
    prose_zh = "那王冕自此在秦家放牛，每到黃昏，回家跟著母親歇宿。" * 8
    second = "第二回　王孝廉村學識同科　周蒙師暮年登上第"
    text = f"第一回　說楔子敷陳大義　借名流隱括全文\n\n{prose_zh}{second}話說山東。{prose_zh}"
    assert len(cleaned(text).sections) == 2


def test_numbered_sections_of_a_paper() -> None:
    text = book(
        "Abstract",
        "1 Introduction",
        "2 Methods",
        "2.1 Data",
        "2.2 Model",
        "3 Results",
        "References",
    )
    assert titles(cleaned(text)) == [
        (1, "Abstract"),
        (1, "1 Introduction"),
        (1, "2 Methods"),
        (2, "2.1 Data"),
        (2, "2.2 Model"),
        (1, "3 Results"),
        (1, "References"),
    ]


def test_larger_letters_head_the_pages_of_a_print() -> None:
    blocks: list[Block] = []
    for page, name in enumerate(("The Harbour", "At Sea", "Home Again", "The Mill"), 1):
        blocks += [
            Block("line", name, page=page, size=14.0, bold=True),
            Block("line", "", page=page),
        ]
        for number in range(8):
            text = (
                f"{'abcdefgh'[number]}{page} {prose(9, f'grey {name} ships came in slowly today')}"
            )
            blocks.append(Block("line", text, page=page, size=10.0))
    document = clean_document(raw(blocks, file_format="pdf", title="Old Ships"), len)
    assert [title for _, title in titles(document)] == [
        "The Harbour",
        "At Sea",
        "Home Again",
        "The Mill",
    ]


def test_a_numbered_list_has_no_headings() -> None:
    items = "\n\n".join(f"{number}. Take the {number}th spoon" for number in range(1, 9))
    assert titles(cleaned(f"{prose(100)}\n\n{items}\n\nThe end of it.")) == []


def test_paragraphs_of_a_page_without_headings_may_be_headings() -> None:
    blocks = [
        Block("paragraph", text.replace("\n", " "))
        for c in ("I", "II", "III")
        for text in (f"CHAPTER {c}", prose(80))
    ]
    document = clean_document(raw(blocks, file_format="html"), len)
    assert titles(document) == [(1, "CHAPTER I"), (1, "CHAPTER II"), (1, "CHAPTER III")]


@pytest.mark.parametrize(
    ("line", "is_entry"),
    [
        ("V.  THE LAST OF THE BLIND MAN  . . . . . . . . . . 36", True),
        ("第一章 井……………………12", True),
        ("Wells ................... xvii", True),
        ("Wells ............................", True),
        ("他回头望着远处的山……", False),
        ("And then he was gone.....", False),
        ("He said . . . . . and went", False),
    ],
)
def test_leaders_end_in_a_number_or_are_long(line: str, is_entry: bool) -> None:
    assert (drop_leaders([Block("line", line)]) == []) == is_entry
