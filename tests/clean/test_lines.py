"""Lines to paragraphs."""

from __future__ import annotations

import pytest

from longalpaca_data.clean.chunks import chunk
from longalpaca_data.clean.lines import paragraphs, without_emphasis
from longalpaca_data.clean.running_headers import remove_running_headers
from longalpaca_data.core.records import Block
from tests.clean.make import cleaned, lines, prose


def joined(text: str, page: int = 0) -> list[str]:
    return [block.text for block in paragraphs(chunk(lines(text, page)))]


def test_hard_wrapped_lines_are_joined_and_blank_lines_separate() -> None:
    assert joined(f"{prose(60)}\n\n{prose(40)}") == [
        prose(60).replace("\n", " "),
        prose(40).replace("\n", " "),
    ]


def test_verse_keeps_its_lines() -> None:
    verse = "O Captain! my Captain!\nour fearful trip is done,\nThe ship has weather’d\nevery rack"
    assert joined(f"{prose(60)}\n\n{verse}\n\n{prose(60)}")[1] == verse


def test_verse_within_prose_is_cut_out_by_its_indentation() -> None:
    text = f"{prose(60)}\n     short lines\n     of a song\n{prose(60)}"
    assert joined(text)[1] == "short lines\nof a song"


def test_columns_are_a_table() -> None:
    assert (
        joined(f"{prose(60)}\n\nwheat     12    3\nbarley    10    2")[1]
        == "wheat | 12 | 3\nbarley | 10 | 2"
    )


def test_chinese_lines_are_joined_without_blanks() -> None:
    text = "自從盤古開天闢地以來，三皇治世，世界\n之間，遂分為四大部洲：曰東勝\n神洲，曰南贍部洲。"
    assert joined(text) == [text.replace("\n", "")]


def test_chinese_verse_keeps_its_lines() -> None:
    verse = "混沌未分天地亂，茫茫渺渺無人見。\n自從盤古破鴻濛，開闢從茲清濁辨。"
    assert joined(verse) == [verse]


def test_unwrapped_lines_are_paragraphs() -> None:
    one, two = "word " * 60 + "end.", "other " * 60 + "end."
    assert joined(f"{one}\n{two}") == [one, two]


@pytest.mark.parametrize(
    ("first", "second", "page", "expected"),
    [
        ("a hetero-", "geneous graph", 1, "heterogeneous"),
        ("a well-", "known fact", 1, "well-known"),
        ("a pre-", "Raphaelite one", 1, "pre-Raphaelite"),
        ("the fore-", "castle stood", 0, "fore-castle"),
    ],
)
def test_hyphens_at_line_ends(first: str, second: str, page: int, expected: str) -> None:
    filler = "some words that fill this line up to its very end so that it is"
    assert expected in joined(f"{filler} {first}\n{second} and more of the same again", page)[0]


@pytest.mark.parametrize(
    ("known", "first", "second", "expected"),
    [
        ("security and centric things", "a security-", "centric view", "security-centric"),
        ("real-time", "a near-", "real-time view", "near-real-time"),
        ("mail and transport", "a mail-", "transport-agent here", "mail-transport-agent"),
        ("end to end", "an end-to-", "end view", "end-to-end"),
        ("some over view things", "an over-", "view of it", "overview"),
        ("no table", "a no-", "table thing", "notable"),
        ("question", "the ques-", "tions of it", "questions"),
        ("the debian/rules file", "the debian/", "rules file", "debian/rules"),
        ("the folder", "in /usr/share/doc/", "in order", "doc/ in"),
        ("the folder", "see https://a.org/doc/", "the-list.html for", "doc/the-list.html"),
        ("a site", "see https:", "//a.org/doc for", "https://a.org/doc"),
        ("a site", "see https://a.github.", "io/hpc-shell/ for", "github.io/hpc-shell/"),
        ("a site", "see https://a.org.", "The next", "a.org. The"),
        ("the folder", "see https://a.org/doc/", "2 Any mention", "doc/ 2 Any"),
    ],
)
def test_words_and_paths_that_a_line_end_breaks(
    known: str, first: str, second: str, expected: str
) -> None:
    filler = "some words that fill this line up to its very end so that it is"
    text = f"{filler} with {known} here and there\n{filler} {first}\n{second} and more of the same"
    assert expected in joined(text, 1)[0]


def test_the_documents_own_words_decide_about_hyphens() -> None:
    text = (
        "the co-author wrote with another co-author, and so it came that the co-\nauthor was found"
    )
    assert "the co-author was" in joined(text, 1)[0]


def test_a_sentence_goes_on_over_pages_and_a_float_moves_behind_it() -> None:
    size = 10.0
    page1 = [Block("line", row, page=1, size=size) for row in prose(40)[:-1].split("\n")]
    caption = [Block("line", "", page=1), Block("line", "Figure 1: A ship.", page=1, size=size)]
    page2 = [Block("line", "and went on to the next page.", page=2, size=size)]
    result = [block.text for block in paragraphs(chunk([*page1, *caption, *page2]))]
    assert result[0].endswith("and went on to the next page.")
    assert result[1] == "Figure 1: A ship."


def test_a_full_line_goes_on_with_a_capital_on_the_next_page() -> None:
    page1 = [Block("line", row, page=1, size=10.0) for row in prose(40)[:-1].split("\n")]
    long = "the grey ship came slowly into the harbour of which the DHS"
    page1 += [Block("line", long, page=1, size=10.0), Block("line", "", page=1)]
    page2 = [Block("line", "", page=2), Block("line", f"Hardware {long}.", page=2, size=10.0)]
    assert len(paragraphs(chunk([*page1, *page2]))) == 1


def test_furniture_goes_and_text_stays() -> None:
    words = ["ash", "birch", "cedar", "date", "elm", "fir", "gum", "hazel"]
    blocks, wanted = [], []
    for page, word in enumerate(words, 1):
        text = [f"The text about {word} that matters", f"and more of {word}."]
        blocks += lines("\n".join([f"{page + 3} A Running Head", *text, f"Page {page}"]), page)
        wanted += text
    assert [block.text for block in remove_running_headers(blocks)] == wanted


def test_a_footer_that_ends_like_a_sentence_is_furniture() -> None:
    blocks = []
    for page, word in enumerate(["ash", "birch", "cedar", "date"], 1):
        blocks += lines(f"The text about {word}.\nand more of {word}\njose.00239.", page)
    assert "jose.00239." not in [block.text for block in remove_running_headers(blocks)]


def test_page_numbers_with_chapter_titles_are_furniture() -> None:
    blocks = []
    for page in range(1, 9):
        blocks += lines(
            f"Chapter {'A' if page < 7 else 'O'} {page + 10}\nText {page}x is here\nand there",
            page,
        )
    assert not [
        block for block in remove_running_headers(blocks) if block.text.startswith("Chapter")
    ]


@pytest.mark.parametrize("label", ["Chapter {}", "CHAPTER {}. The Mill", "第{}章 磨坊"])
def test_chapters_that_begin_on_top_of_their_pages_are_no_running_heads(label: str) -> None:
    blocks = []
    for page, word in enumerate(["ash", "birch", "cedar", "date", "elm", "fir", "gum"], 1):
        blocks += lines(
            f"{label.format(page)}\nThe text about {word}\nand more of {word}\n{page}", page
        )
    left = [block.text for block in remove_running_headers(blocks)]
    assert [label.format(page) for page in range(1, 8)] == left[::3]
    assert not any(text.isdigit() for text in left)


def test_a_chapter_named_on_each_of_its_pages_is_a_running_head() -> None:
    blocks = []
    for page, word in enumerate(["ash", "birch", "cedar", "date", "elm", "fir", "gum"], 1):
        blocks += lines(f"Chapter 3\nThe text about {word}\nand more of {word}", page)
    left = [block.text for block in remove_running_headers(blocks)]
    assert "Chapter 3" not in left
    assert len(left) == 14


def test_emphasis() -> None:
    assert (
        without_emphasis("the _Pequod_ and snake_case_name _so_.")
        == "the Pequod and snake_case_name so."
    )


@pytest.mark.parametrize("sign", ["\u00ad", "¬", "\u00ad "])
def test_words_divided_by_soft_hyphens_are_joined(sign: str) -> None:
    words = f"The keeper of the old ware{sign}\nhouse went to the har{sign}\nbour and slept."
    text = f"{words}\n\n{prose(90)}"
    assert "The keeper of the old warehouse went to the harbour and slept." in cleaned(text).text
