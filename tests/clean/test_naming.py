"""Titles: what a document's makers, its cover, its file and its text call it."""

from __future__ import annotations

import pytest

from longalpaca_data.clean import clean_document
from longalpaca_data.clean.title import is_weak, of_file_name, of_path, without_site
from longalpaca_data.core.records import Block, Document
from tests.clean.make import cleaned, lines, prose, raw

ZH = "　　井台边的老人把水桶放在石头上，望着远处的山，想起许多年前的那个早晨。"


@pytest.mark.parametrize(
    ("title", "headings", "short"),
    [
        ("Duck - Wikipedia", [], "Duck"),
        ("Duck — Wikipedia, the free encyclopedia", [], "Duck"),
        ("鸭 - 维基百科，自由的百科全书", [], "鸭"),
        ("Old Wells | The Village Post", [], "Old Wells"),
        ("The Village Post | Old Wells", ["Old Wells"], "Old Wells"),
        ("Old Wells - The Village Post", ["Old Wells"], "Old Wells"),
        ("Wells - Old and New", [], "Wells - Old and New"),
        ("Well Handbook: Chapter 3 Buckets", ["Chapter 3 Buckets"], "Well Handbook"),
        ("水井手册: 第 3 章 水桶", ["第 3 章 水桶"], "水井手册"),
    ],
)
def test_a_sites_name_is_no_part_of_the_title(title: str, headings: list[str], short: str) -> None:
    assert without_site(title, headings) == short


@pytest.mark.parametrize(
    "title",
    ["unp-20241231", "Form 10-K", "10-Q", "developers-reference", "glxz_10k.htm", "ab_c"],
)
def test_names_of_files_and_forms_are_weak(title: str) -> None:
    assert is_weak(title)


@pytest.mark.parametrize(
    "title", ["Wells", "The Well at Noon", "Annual Report 2021", "水井", "R2-D2"]
)
def test_names_of_works_are_not(title: str) -> None:
    assert not is_weak(title)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("《井台》（校对版全本）作者：无名氏.txt", ("井台", "无名氏")),
        ("a/12-《井台》作者：无名氏.txt", ("井台", "无名氏")),
        ("井台 作者：无名氏.txt", ("井台", "无名氏")),
        ("井台【全本】作者_无名氏.txt", ("井台", "无名氏")),
        ("old_wells.txt", ("", "")),
    ],
)
def test_file_names_of_novels(path: str, named: tuple[str, str]) -> None:
    assert of_file_name(path) == named
    text = "\n\n".join(f"第{n}章 {n}\n\n{ZH * 6}" for n in "一二三")
    document = cleaned(text, path=path)
    if named[0]:
        assert (document.title, document.author) == named


@pytest.mark.parametrize(
    "path", ["unp-20241231.txt", "25c-gbk.txt", "07-notes.txt", "0001.txt", "a1b2c3.html"]
)
def test_a_code_names_nothing(path: str) -> None:
    assert of_path(path) == ""


def test_a_first_chapter_is_no_title() -> None:
    text = "\n\n".join(f"CHAPTER {n}\n\n{prose(100)}" for n in ("I", "II", "III"))
    assert cleaned(text, path="x1.txt").title == ""
    assert cleaned(f"The Wells\n\nby A. Body\n\n{text}", path="x1.txt").title == "The Wells"


def test_a_novel_that_names_itself() -> None:
    text = "\n\n".join(
        f"第{title}\n\n{ZH * 6}"
        for title in ("一回　井台初夢石橋邊", "二回　老人細說井臺夢", "三回　歸結井臺夢一場")
    )
    text += "\n\n他便把這書題作《井臺夢》。又有人說《井臺夢》是他夢中所見，不是《左傳》。"
    assert cleaned(text, path="x1.txt").title == "井臺夢"


def paper(metadata: str, *, page: str = "Wells of the Northern Hills") -> Document:
    blocks = [
        Block("line", "arXiv:2101.00001v2 [cs.WE]", page=1, size=20.0),
        Block("line", "", page=1),
        Block("line", page, page=1, size=16.0, bold=True),
        Block("line", "and Their Buckets", page=1, size=16.0, bold=True),
        Block("line", "", page=1),
        Block("line", "A. Body and B. Body", page=1, size=11.0),
        Block("line", "", page=1),
        *(Block("line", text, page=1, size=10.0) for text in prose(300).split("\n")),
    ]
    return clean_document(raw(blocks, file_format="pdf", title=metadata, path="p.pdf"), len)


@pytest.mark.parametrize(
    "metadata",
    ["", "wells-final-v3", "Microsoft Word - w.doc", "Form 10-K"],
)
def test_the_first_pages_largest_lines_outweigh_a_poor_title(metadata: str) -> None:
    assert paper(metadata).title == "Wells of the Northern Hills and Their Buckets"


def test_a_recipes_title_is_kept_though_the_page_says_another() -> None:
    assert paper("A Study of Wells").title == "A Study of Wells"
    assert paper("Wells of the northern hills").title == "Wells of the northern hills"


def test_a_filings_cover_says_who_filed_what() -> None:
    cover = [
        "UNITED STATES",
        "FORM 10-K",
        "For the fiscal year ended December 31, 2021",
        "OLD WELLS, INC.",
        "(Exact name of registrant as specified in its charter)",
        prose(100),
    ]
    blocks = [Block("paragraph", text) for text in cover]
    for metadata in ("ow-20211231", "Form 10-K", "ow10k.htm"):
        document = clean_document(raw(blocks, file_format="html", title=metadata), len)
        assert (document.title, document.kind) == ("Old Wells, Inc. Form 10-K for 2021", "report")


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("Old Wells; or, The Bucket", "Old Wells"),
        ("Old Wells: A Tale of the Hills", "Old Wells"),
        ("The Case Of Mr. Pail And Mr. Rope", "The Case of Mr. Pail and Mr. Rope"),
    ],
)
def test_a_books_short_title(title: str, short: str) -> None:
    text = f"Title: {title}\n\n*** START OF THE PROJECT GUTENBERG EBOOK X ***\n\n{prose(200)}"
    assert clean_document(raw(lines(text)), len).title == short
