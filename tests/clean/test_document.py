"""Blocks to documents: titles, kinds, languages, offsets, drops."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longalpaca_data.clean import clean_stage, licence
from longalpaca_data.clean.document import assemble
from longalpaca_data.clean.title import judge, of_path
from longalpaca_data.core.language import decide, detect, normalise
from longalpaca_data.core.records import Block, Document, RawDocument
from longalpaca_data.pipeline.stage import Context
from tests.clean.make import cleaned, lines, prose, raw, titles

GUTENBERG = f"""The Project Gutenberg EBook of A Long Voyage, by Ann Author

This eBook is for the use of anyone anywhere at no cost

Title: A Long Voyage
       and Its End

Author: Ann Author

Language: English

*** START OF THIS PROJECT GUTENBERG EBOOK A LONG VOYAGE ***

Produced by Some Volunteers and the
Online Distributed Proofreading Team

[Illustration]

CHAPTER I.

{prose(90)}

CHAPTER II.

{prose(90)}

*** END OF THIS PROJECT GUTENBERG EBOOK A LONG VOYAGE ***

Section 5. General Information About Project Gutenberg-tm
"""

PAPER = "\n\n".join(
    [
        *("Abstract", prose(50), "1 Introduction", prose(99), "2 Methods", prose(99)),
        *("3 Results", prose(99), "References", "A. (2001)"),
    ]
)


@pytest.mark.slow
def test_runs_that_no_text_has_are_dropped_and_chinese_without_blanks_is_not() -> None:
    """A picture in base64, a line of blanks: patterns would look through them for hours."""
    chinese = "學而時習之" * 2000
    text = f"{prose()}\n\nBefore {'iVBORw0KGgo/' * 50_000} after{' ' * 400_000}all.\n\n{prose()}"
    document = cleaned(text)
    assert "Before after all." in document.text
    assert len(document.text) < 1100
    assert chinese in cleaned(f"{chinese}。\n\n{chinese}。").text
    assert f"See {'a' * 4999} there." in cleaned(f"{prose()}\n\nSee {'a' * 4999} there.").text


def test_project_gutenberg() -> None:
    document = cleaned(GUTENBERG)
    assert document.title == "A Long Voyage and Its End"
    assert (document.author, document.kind, document.language) == ("Ann Author", "book", "en")
    assert document.licence == "Public domain in the USA"
    assert document.text.startswith("CHAPTER I.\n\nthe grey ship")
    assert "Gutenberg" not in document.text
    assert "Proofreading" not in document.text
    assert "Illustration" not in document.text


def test_two_volumes_in_one_file() -> None:
    first = GUTENBERG.replace("A Long Voyage\n       and Its End", "A Long Voyage, Vol. 1")
    second = GUTENBERG.replace("the grey ship", "the white ship").replace(
        "EBOOK A LONG VOYAGE ***\n\nProduced", "EBOOK A LONG\nVOYAGE, VOL. 2 ***\n\nProduced"
    )
    document = cleaned(first + "\n" * 5 + second)
    assert document.title == "A Long Voyage"
    assert [title for _, title in titles(document)] == ["CHAPTER I.", "CHAPTER II."] * 2
    assert "the white ship" in document.text
    assert "Gutenberg" not in document.text
    assert "VOYAGE" not in document.text


@pytest.mark.parametrize(
    ("metadata", "title"),
    [
        (
            "The Project Gutenberg eBook of Pride and prejudice, by Jane Austen.",
            "Pride and prejudice",
        ),
        ("Microsoft Word - final_report_v2.doc", ""),
        ("Microsoft Word - The Final Report.doc", "The Final Report"),
        ("untitled", ""),
        ("paper.pdf", ""),
        ("2309.12307v3.pdf", ""),
        (
            "WALDEN and ON THE DUTY OF CIVIL DISOBEDIENCE",
            "Walden and on the Duty of Civil Disobedience",
        ),
        ("《零点高程》", "零点高程"),
        ("the_long_way", "the long way"),
        ("A\u00a0Title \u200b", "A Title"),
    ],
)
def test_titles_from_metadata(metadata: str, title: str) -> None:
    assert judge(metadata) == title


def test_a_title_is_never_empty() -> None:
    assert of_path("books/war_and-peace.txt") == "War and Peace"
    assert of_path("https://example.org/a/On%20Liberty/") != ""
    assert cleaned(f"{prose(50)}").title == "A Small Text"
    assert cleaned(f"The First Line\n\n{prose(50)}").title == "The First Line"


@pytest.mark.parametrize(
    ("title", "text", "kind"),
    [
        ("Debian Policy Manual", prose(50), "manual"),
        ("Annual Report 2021", prose(50), "report"),
        (
            "A Study",
            PAPER,
            "paper",
        ),
        ("Some Notes", prose(50), "document"),
    ],
)
def test_kinds(title: str, text: str, kind: str) -> None:
    assert cleaned(text, title=title).kind == kind


def test_languages() -> None:
    assert detect("這是一部章回小說，講的是西天取經的故事。" * 5) == "zh"
    assert detect("这是一部章回小说，讲的是西天取经的故事。" * 5) == "zh"
    assert detect(prose(50)) == "en"
    assert detect("12 34 -- 56") == "und"
    assert [normalise(code) for code in ("en-GB", "zh_TW", "cmn", "de")] == ["en", "zh", "zh", "de"]


def test_the_text_outweighs_what_a_file_says_of_its_language() -> None:
    chinese = "这是一部章回小说，讲的是西天取经的故事。" * 20
    german = "Der Hund lief über die Straße und bellte den alten Mann an, der dort stand. " * 20
    assert decide("en", chinese) == "zh"
    assert decide("zh", prose(200)) == "en"
    assert decide("en-US", german) == "de"
    assert decide("en", prose(200)) == decide("", prose(200)) == "en"
    assert decide("zh-TW", "學而第一") == "zh"


def test_documents_in_any_language() -> None:
    german = "Der Hund lief über die Straße und bellte den alten Mann an, der dort stand. " * 5
    raws = [raw(lines(text)) for text in (prose(50), german, "12 34 -- 56")]
    context = Context("clean", 0)
    documents = list(clean_stage(len, languages=("any",)).run(raws, context))
    assert [document.language for document in documents] == ["en", "de"]
    assert [drop.reason for drop in context.drops] == ["unsupported language"]


def test_drops_are_counted_and_the_stage_is_picklable() -> None:
    german = "Der Hund lief über die Straße und bellte den alten Mann an, der dort stand. " * 5
    raws = [raw(lines(prose(50))), raw(lines(german)), raw(lines("*** --- ***"))]
    context = Context("clean", 0)
    stage = pickle.loads(pickle.dumps(clean_stage(len)))
    documents = list(stage.run(raws, context))
    assert [document.language for document in documents] == ["en"]
    assert [drop.reason for drop in context.drops] == [
        "unsupported language",
        "empty after cleaning",
    ]
    assert list(clean_stage(len, languages=("en", "de")).run(raws[1:2], Context("clean", 0)))
    assert clean_stage(len, languages=("en",)).depends != clean_stage(len).depends


def test_overrides_win() -> None:
    blocks = tuple(lines(prose(50)))
    document = RawDocument(
        "id", "a.txt", "text", "Named", "report", "en", "MIT", "", "group-x", blocks
    )
    (done,) = clean_stage(len).run([document], Context("clean", 0))
    assert (done.title, done.kind, done.licence, done.group) == (
        "Named",
        "report",
        "MIT",
        "group-x",
    )


def test_the_documents_title_is_no_section() -> None:
    blocks = [
        Block("heading", "A Report", 1),
        Block("paragraph", prose(30)),
        Block("heading", "Risks", 2),
        Block("paragraph", prose(40)),
    ]
    context = Context("clean", 0)
    (done,) = clean_stage(len).run(
        [raw(blocks, file_format="html", title="A Report – Maker plc")], context
    )
    assert titles(done) == [(1, "Risks")]
    assert done.text.startswith("A Report\n\n")


def test_a_second_copy_and_an_index_are_left_out() -> None:
    body = [Block("paragraph", f"{number} {prose(200)}") for number in range(6)]
    index = [Block("heading", "Index", 1), *(Block("paragraph", f"word, {n}") for n in range(20))]
    blocks = [Block("heading", "One", 1), *body, Block("paragraph", "One -"), *body, *index]
    (done,) = clean_stage(len).run(
        [raw(blocks, file_format="html", title="T")], Context("clean", 0)
    )
    assert done.text.count("3 the grey ship") == 1
    assert titles(done) == [(1, "One")]


BLOCKS = st.lists(
    st.builds(
        Block,
        st.sampled_from(["heading", "paragraph", "item", "table", "code", "line"]),
        st.text(st.sampled_from("ab第一回章 I1.。，\n-"), min_size=1, max_size=30),
        st.integers(0, 6),
        st.integers(0, 3),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(BLOCKS, st.sampled_from(["text", "pdf", "html", "docx"]))
def test_offsets_always_index_the_heading(blocks: list[Block], file_format: str) -> None:
    documents = clean_stage(len, languages=("en", "zh", "und", *"abcdefg")).run(
        [raw(blocks, file_format=file_format, title="A Title")], Context("clean", 0)
    )
    for document in documents:
        for section in document.sections:
            assert document.text[section.start : section.body] == section.title
            assert section.body <= section.end <= len(document.text)


def test_sections_nest() -> None:
    text, sections = assemble(
        [
            Block("paragraph", "before"),
            Block("heading", "A", 2),
            Block("heading", "B", 4),
            Block("paragraph", "in b"),
            Block("heading", "C", 2),
        ]
    )
    assert text == "before\n\nA\n\nB\n\nin b\n\nC"
    assert [(s.title, s.level, s.start, s.body, s.end) for s in sections] == [
        ("A", 1, 8, 9, 18),
        ("B", 2, 11, 12, 18),
        ("C", 1, 20, 21, 21),
    ]


def html(*blocks: Block) -> Document:
    context = Context("clean", 0)
    (done,) = clean_stage(len).run([raw(blocks, file_format="html", title="A Title")], context)
    return done


def test_openings_in_capitals_are_written_as_elsewhere() -> None:
    openings = ["HAD Elizabeth’s wish", "MR. COLLINS was there", "NASA rose", "QUUX was new"]
    blocks = [Block("paragraph", "She had seen Mr. Collins and NASA, and again NASA and NASA.")]
    for number, text in enumerate(openings):
        blocks += [Block("heading", f"CHAPTER {number}", 1)]
        blocks += [Block("paragraph", f"{text}, so {prose(30)}"), Block("paragraph", "LOUD cries.")]
    text = html(*blocks).text
    for wanted in ("Had Elizabeth’s wish", "Mr. Collins was there", "NASA rose", "QUUX was new"):
        assert f"\n\n{wanted}" in text
    assert text.count("LOUD cries.") == len(openings)


def test_headings_are_mended() -> None:
    document = html(
        Block("heading", "CHAPTERXXVII.", 1),
        Block("paragraph", f"{prose(60)} to the accounts./"),
        Block("heading", "2) Penguin Regression", 2),
        Block("paragraph", prose(60)),
        Block("heading", "PARTICULARS", 1),
        Block("paragraph", prose(60)),
    )
    assert titles(document) == [
        (1, "CHAPTER XXVII."),
        (2, "Penguin Regression"),
        (1, "PARTICULARS"),
    ]
    assert "accounts.\n" in document.text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("in the United States public domain … via the CC0 1.0", "Public domain in the USA"),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/", "CC-BY-NC-SA-4.0"),
        ("Creative Commons Attribution-ShareAlike 3.0 Unported", "CC-BY-SA-3.0"),
        ("CC0 1.0 Universal", "CC0-1.0"),
        ("GNU General Public License, version 2 or later", "GPL-2.0-or-later"),
        ("GNU Lesser General Public License version 2.1", "LGPL-2.1-only"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("Public domain in the USA.", "Public domain in the USA"),
        ("MIT", "MIT"),
        ("Ask us.", "Ask us"),
        ("", ""),
    ],
)  # fmt: skip
def test_licences_by_their_short_names(text: str, name: str) -> None:
    assert licence.short(text) == name


def test_a_long_licence_is_cut_and_a_first_pages_note_is_one() -> None:
    assert len(licence.short("You may read this aloud " * 20)) <= 80
    assert licence.of_front(lines("A Title\n（CC0-1.0）")) == "CC0-1.0"
    assert licence.of_front(lines("released under a\nCreative Commons Attribution 4.0\nLicense"))
    assert licence.of_front(lines("A page about the CC BY 4.0 licence and others.")) == ""


def test_a_pinyin_title_gives_way_to_the_texts_own() -> None:
    prose_zh = "學而時習之，不亦說乎？有朋自遠方來，不亦樂乎？" * 20
    assert cleaned(f"論語\n\n{prose_zh}", title="Lun Yu").title == "論語"
    assert cleaned(f"學而第一\n\n{prose_zh}", title="Lun Yu").title == "Lun Yu"
