"""Every format: what is kept, what is left out, and what broken files come to."""

from __future__ import annotations

import contextlib
import io
import warnings
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longalpaca_data.collect import READERS, read
from longalpaca_data.collect.extract import Extract
from longalpaca_data.core.errors import UnreadableError
from tests.collect import files


def kinds(extract: Extract, kind: str) -> list[str]:
    return [block.text for block in extract.blocks if block.kind == kind]


def test_text_keeps_lines_and_blank_lines() -> None:
    _, extract = read("One\r\ntwo  \r\n\r\n第三".encode(), "a.txt")
    assert [block.text for block in extract.blocks] == ["One", "two", "", "第三"]


def test_text_in_gb18030_and_utf16_is_read() -> None:
    chinese = "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？人不知而不愠，不亦君子乎？" * 5
    for encoding in ("gb18030", "utf-16"):
        _, extract = read(chinese.encode(encoding), "a.txt")
        assert extract.blocks[0].text == chinese


def test_long_gaps_are_cut() -> None:
    """Five million empty lines are five million blocks, and a gigabyte of memory."""
    _, extract = read(b"One." + b"\n \t\n" * 100_000 + b"Two.", "a.txt")
    assert [block.text for block in extract.blocks] == ["One.", *[""] * 39, "Two."]
    _, extract = read(b"One." + b"\n" * 39 + b"Two.", "a.txt")
    assert len(extract.blocks) == 40


def test_markdown() -> None:
    source = """---
title: "A *Guide*"
author: Ada
---
# First

A [link](http://x.y) and **bold**, `co_de`
goes on.

Second
------

- one
- two

```python
def f():
    return 1
```

| a | b |
|---|---|
| 1 | 2 |
"""
    kind, extract = read(source.encode(), "a.md")
    assert kind == "markdown"
    assert (extract.title, extract.author) == ("A Guide", "Ada")
    assert [(b.text, b.level) for b in extract.blocks if b.kind == "heading"] == [
        ("First", 1),
        ("Second", 2),
    ]
    assert kinds(extract, "paragraph") == ["A link and bold, co_de goes on."]
    assert kinds(extract, "item") == ["- one", "- two"]
    assert kinds(extract, "code") == ["def f():\n    return 1"]
    assert kinds(extract, "table") == ["| a | b |\n| --- | --- |\n| 1 | 2 |"]


def test_html_leaves_out_what_is_not_text() -> None:
    page = """<!DOCTYPE html><html lang="en"><head><title>The Page</title><style>p{}</style></head>
    <body><nav><a href="/">Home</a></nav><script>alert(1)</script>
    <ul><li><a href="#1">Chapter 1</a><li><a href="#2">Chapter 2</a>
    <li><a href="#3">Chapter 3</a></ul>
    <h1>The <i>Heading</i></h1>
    <p>Some <b>bold</b> text<span class="pagenum">[12]</span>.<br>A new line.</p>
    <ol start="3"><li>three</li><li>four</li></ol><pre>x = 1
  y</pre>
    <table><tr><th>a<th>b<tr><td>1<td>2</table></body></html>"""
    _, extract = read(page.encode(), "a.html")
    assert (extract.title, extract.language) == ("The Page", "en")
    assert kinds(extract, "heading") == ["The Heading"]
    assert kinds(extract, "paragraph") == ["Some bold text.\nA new line."]
    assert kinds(extract, "item") == ["3. three", "4. four"]
    assert kinds(extract, "code") == ["x = 1\n  y"]
    assert kinds(extract, "table") == ["| a | b |\n| --- | --- |\n| 1 | 2 |"]


def test_xhtml_elements_closed_in_their_tag_do_not_swallow_text() -> None:
    page = '<?xml version="1.0"?><html><head><title/></head><body><p><a id="x"/>Seen.</p></body>'
    _, extract = read(page.encode(), "a.xhtml")
    assert kinds(extract, "paragraph") == ["Seen."]


@pytest.mark.parametrize("tag", ["div", "ul><li", "TABLE border=1><tr><td"])
def test_a_page_nested_too_deep_is_corrupt_and_not_parsed_for_hours(tag: str) -> None:
    page = "<html><body>" + f"<{tag}>" * 100_000
    with pytest.raises(UnreadableError, match="corrupt: more than 5000 elements deep"):
        read(page.encode(), "a.html")
    within = "<html><body>" + "<div><ul><li>" * 500 + "<p>Here.</p>" + "</ul></div>" * 500
    _, extract = read((within * 30).encode(), "a.html")  # many, one after the other
    assert sum("Here." in block.text for block in extract.blocks) > 1


def test_a_web_page_comes_down_to_its_article() -> None:
    article = "<p>" + "The article has a long and quiet sentence about scales. " * 12 + "</p>"
    page = (
        "<!DOCTYPE html><html><head><title>T</title><meta property='og:title' content='Scales'>"
        "<body><header><p>Site</p></header><nav><a href='/'>Home</a></nav><main><article>"
        f"<h1>Scales</h1>{article}{article}</article></main><div class='comments'><p>1st</p></div>"
        "<footer><p>All rights reserved</p></footer></body></html>"
    )
    _, extract = read(page.encode(), "a.html")
    text = " ".join(block.text for block in extract.blocks)
    assert extract.title == "Scales"
    assert "quiet sentence" in text
    assert "All rights reserved" not in text


def test_html_headings_and_definitions() -> None:
    page = """<html><head><meta name="dcterms.license" content="CC BY 4.0"></head><body>
    <h2><span>A Picture</span><br>CHAPTER<br><b>XXVII</b></h2>
    <dl><dt><code>_CHECK_</code><a class="copiable-anchor" href="#x">¶</a></dt>
    <dd><p>If true, check.</p><p>Default: false.</p></dd>
    <dt>one</dt><dt>two</dt><dd>Both of them.</dd><dt>alone</dt></dl></body></html>"""
    _, extract = read(page.encode(), "a.html")
    assert extract.licence == "CC BY 4.0"
    assert kinds(extract, "heading") == ["A Picture CHAPTER XXVII"]
    assert kinds(extract, "paragraph") == [
        "_CHECK_: If true, check.",
        "Default: false.",
        "one, two: Both of them.",
        "alone",
    ]


def test_epub_follows_the_spine() -> None:
    data = files.epub(["<h2>Two</h2><p>Later.</p>", "<h2>One</h2><p>First.</p>"])
    _, extract = read(data, "a.epub")
    assert kinds(extract, "heading") == ["One", "Two"]
    assert (extract.title, extract.author, extract.language) == (
        "A Small Book",
        "Ada Writer",
        "en-gb",
    )


def test_epub_with_drm_is_encrypted() -> None:
    data = files.epub(
        ["<p>x</p>"], extra={"META-INF/rights.xml": b"<r/>", "META-INF/encryption.xml": b"<e/>"}
    )
    with pytest.raises(UnreadableError, match="encrypted"):
        read(data, "a.epub")


def test_a_zip_bomb_is_too_large() -> None:
    data = files.epub(["<p>x</p>"], extra={"b/bomb.xhtml": b"<p>" + b"0" * (60 << 20)})
    with pytest.raises(UnreadableError, match="too large"):
        read(data, "a.epub")


def test_entities_are_not_expanded() -> None:
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">'
        '<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<dc:title>T&b;&x;</dc:title></metadata><manifest>"
        '<item id="c0" href="c0.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="c0"/></spine></package>'
    )
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(files.epub(["<p>x</p>"]))) as old,
        zipfile.ZipFile(out, "w") as new,
    ):
        for name in old.namelist():
            new.writestr(name, bomb if name.endswith(".opf") else old.read(name))
    _, extract = read(out.getvalue(), "a.epub")
    assert "root:" not in extract.title
    assert "haha" not in extract.title


def test_docx() -> None:
    data = files.word(
        [
            ("Heading 1", "One"),
            ("Normal", "Text."),
            ("List Bullet", "point"),
            ("Heading 2", "Deeper"),
        ],
        title="A Title",
        rows=[["a", "b"], ["1", "2"]],
    )
    _, extract = read(data, "a.docx")
    assert extract.title == "A Title"
    assert [(b.text, b.level) for b in extract.blocks if b.kind == "heading"] == [
        ("One", 1),
        ("Deeper", 2),
    ]
    assert kinds(extract, "paragraph") == ["Text."]
    assert kinds(extract, "item") == ["- point"]
    assert kinds(extract, "table") == ["| a | b |\n| --- | --- |\n| 1 | 2 |"]


def test_docx_headings_without_a_style() -> None:
    paragraphs = [
        ("Heading 1", "CHAPTER 1 -"),
        ("Heading 2", "1. DUTY"),
        ("Normal", "Text."),
        ("Normal", "**2.\tREFERRAL PROCEDUR\tE"),
        ("Normal", "Text."),
        ("Normal", "**a.\tAudit Report"),
        ("Normal", "Text."),
        ("Normal", "**b.\tThe first of a list"),
        ("Normal", "**c.\tThe second"),
    ]
    _, extract = read(files.word(paragraphs), "a.docx")
    assert [(b.text, b.level) for b in extract.blocks if b.kind == "heading"] == [
        ("CHAPTER 1", 1),
        ("1. DUTY", 2),
        ("2. REFERRAL PROCEDURE", 2),
        ("a. Audit Report", 3),
    ]


def test_python_docs_are_in_the_references_order() -> None:
    from longalpaca_data.collect import pydocs

    extract = pydocs.read(pydocs.data(), "python-docs:")
    titles = kinds(extract, "heading")
    assert extract.title.startswith("The Python Language Reference")
    assert (extract.kind, extract.licence) == ("manual", "PSF-2.0")
    assert (
        titles.index("Execution model")
        < titles.index("Calls")
        < titles.index("Compound statements")
    )
    assert len(titles) == len(set(titles))
    long = [
        block.text for block in extract.blocks if block.kind != "heading" and len(block.text) >= 60
    ]
    assert len(long) == len(set(long))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(READERS)), st.binary(max_size=300))
def test_no_reader_raises_anything_but_unreadable(kind: str, noise: bytes) -> None:
    heads = {"pdf": b"%PDF-1.4\n", "epub": b"PK\x03\x04", "docx": b"PK\x03\x04", "html": b"<html>"}
    for data in (noise, heads.get(kind, b"") + noise):
        with contextlib.suppress(UnreadableError):
            read(data, "noise", format=kind)


WHOLE = {
    "pdf": files.pdf([[(72, 700, 10, "A line of text")]], outline=[("A line of text", 0)]),
    "epub": files.epub(["<h1>One</h1><p>text</p>"]),
    "docx": files.word([("Heading 1", "One"), ("Normal", "text")]),
}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_damaged_files_are_unreadable_at_worst(kind: str, data: st.DataObject) -> None:
    whole = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(len(whole) // 2, len(whole)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of duplicate names
        with contextlib.suppress(UnreadableError):
            read(bytes(whole[:cut]), "damaged")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.md", "# R\n\n| | 2018 | 2017 |\n|---|---|---|\n| Revenue | 3 | |\n| Berths | | 4 |\n"),
        (
            "t.html",
            (
                "<html><body><h1>R</h1><table><tr><th><th>2018<th>2017<tr><td>Revenue<td>3<td>"
                "<tr><td>Berths<td><td>4</table></body></html>"
            ),
        ),
    ],
)
def test_an_empty_cell_moves_no_figure(name: str, text: str) -> None:
    extract = read(text.encode(), name)[1]
    assert kinds(extract, "table") == [
        "| – | 2018 | 2017 |\n| --- | --- | --- |\n| Revenue | 3 | – |\n| Berths | – | 4 |"
    ]
