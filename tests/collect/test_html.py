"""Pages as their authors wrote them: hidden text, furniture, tables, formulas, bounded work."""

from __future__ import annotations

import time

import pytest

from longalpaca_data.collect import read
from longalpaca_data.collect.extract import Extract
from longalpaca_data.collect.html import parse
from longalpaca_data.collect.mathml import tex

TEX = "encoding='application/x-tex'"
SENTENCE = "The keeper of the lock writes down each boat that passes before noon. "


def page(body: str, head: str = "") -> Extract:
    return read(
        f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>".encode(), "a.html"
    )[1]


def texts(extract: Extract, kind: str = "") -> list[str]:
    return [block.text for block in extract.blocks if not kind or block.kind == kind]


@pytest.mark.parametrize(
    "hidden",
    [
        "<div style='color:red; display : none'>SECRET</div>",
        "<p hidden>SECRET</p>",
        "<p>Seen <span style='visibility:hidden'>SECRET</span></p>",
        "<div aria-hidden='true'>SECRET</div>",
        "<ix:header><ix:hidden>SECRET</ix:hidden></ix:header>",
        "<noscript>SECRET</noscript>",
        "<template>SECRET</template>",
        "<iframe>SECRET</iframe>",
    ],
)
def test_hidden_text_is_left_out_and_counted(hidden: str) -> None:
    extract = page(f"<p>{SENTENCE}</p>{hidden}<p>After.</p>")
    assert "SECRET" not in " ".join(texts(extract))
    assert texts(extract)[-1] == "After."
    if "template" not in hidden:  # a template's content isn't part of the page's tree
        assert extract.lost.get("hidden") == len("SECRET")


def test_a_page_that_hides_all_it_has_is_read() -> None:
    extract = page(f"<div style='display:none'><p>{SENTENCE * 5}</p></div><p>Loading</p>")
    assert texts(extract)[0].startswith("The keeper")


def test_a_form_around_a_page_is_the_page() -> None:
    extract = page(
        f"<form><h1>Tolls</h1><p>{SENTENCE * 8}</p><select><option>Red</option></select>"
        "<button>Send</button></form>"
        "<h2><button>When is it open?</button></h2>"
    )
    assert texts(extract, "heading") == ["Tolls", "When is it open?"]
    assert not {"Red", "Send"} & set(" ".join(texts(extract)).split())
    assert extract.lost == {"form control": len("RedSend")}
    search = "<form><label>Search</label><input></form>"
    assert page(f"<p>{SENTENCE}</p>{search}").lost == {"form control": len("Search")}


def test_ids_made_of_headings_are_no_furniture() -> None:
    names = ("social", "menu", "related", "contents", "footer")
    body = "".join(f"<section id='{n}'><h2>{n}</h2><p>{SENTENCE}</p></section>" for n in names)
    assert texts(page(body), "heading") == list(names)
    menu = "<div class='menu'><a href='/a'>One</a> <a href='/b'>Two</a></div>"
    assert page(menu + body).lost["navigation"] == len("OneTwo")


def test_a_box_beside_the_text_is_kept() -> None:
    body = f"<aside><p>A box.</p></aside><div class='sidebar'><p>{SENTENCE * 2}</p></div>"
    body = f"<p>{SENTENCE}</p>{body}"
    assert len(texts(page(body))) == 3


def test_line_breaks_in_pairs_end_paragraphs() -> None:
    extract = page("<div>One.<br><br>Two<br>goes on.<br>\n<br/><br>Three.</div>")
    assert texts(extract) == ["One.", "Two\ngoes on.", "Three."]
    assert texts(page("<div>　　一。<br>　　二。</div>")) == ["一。", "二。"]


def test_line_ends_between_chinese_characters_are_no_spaces() -> None:
    assert texts(page("<p>石桥\n  旁边 and\nmore</p>")) == ["石桥旁边 and more"]


def test_ruby_note_marks_and_exponents() -> None:
    extract = page(
        "<p>灯<ruby>塔<rp>(</rp><rt>tǎ</rt><rp>)</rp></ruby>。</p>"
        "<p>Ten<sup><a href='#n1'>[1]</a></sup> boats of 10<sup>6</sup> m<sup>2</sup>."
        "<sup>3</sup> H<sub>2</sub>O</p>"
    )
    assert texts(extract) == ["灯塔。", "Ten boats of 10^6 m^2. H2O"]
    assert extract.lost == {"ruby": len("(tǎ)"), "note mark": len("[1]3")}


def test_notes_captions_and_references_have_their_kinds() -> None:
    extract = page(
        "<figure><img alt='A boat'><figcaption>The boat.</figcaption></figure>"
        "<aside role='doc-footnote'><p>1. Sold.</p></aside>"
        "<ol class='references'><li>Ada 1901.</li></ol>"
    )
    assert [block.kind for block in extract.blocks] == ["caption", "footnote", "reference"]
    assert extract.lost == {"picture": len("Aboat")}


def test_tables_within_tables_stand_once() -> None:
    inner = (
        "<table><tr><th>Bird</th><th>Nests</th></tr><tr><td>Gull</td><td>ninety</td></tr></table>"
    )
    extract = page(f"<table><tr><td>Left side</td><td><p>Before.</p>{inner}</td></tr></table>")
    assert texts(extract) == [
        "Left side",
        "Before.",
        "| Bird | Nests |\n| --- | --- |\n| Gull | ninety |",
    ]


def test_spans_become_a_grid() -> None:
    extract = page(
        "<table><tr><th rowspan=2>Depot</th><th colspan=2>Year</th></tr>"
        "<tr><th>2020</th><th>2021</th></tr><tr><td>North</td><td>11</td><td>12</td></tr></table>"
    )
    table = extract.blocks[0]
    assert table.text.splitlines()[2:] == ["| – | 2020 | 2021 |", "| North | 11 | 12 |"]
    assert table.grid is not None
    assert (table.grid.rows, table.grid.columns, table.grid.header_rows) == (3, 3, 2)


def test_tables_of_links_are_navigation_but_tables_of_data_are_not() -> None:
    links = "".join(
        f"<tr><td><a href='#{n}'>Chapter {n}</a></td><td>{n}</td></tr>" for n in range(5)
    )
    extract = page(f"<p>{SENTENCE * 3}</p><table>{links}</table>")
    assert texts(extract, "table") == []
    assert extract.lost["navigation"] > 40
    head = "<tr><th>Part</th><th>Page</th></tr>"
    assert texts(page(f"<p>{SENTENCE * 3}</p><table>{head}{links}</table>"), "table") != []


def test_lists_set_as_tables_are_lists() -> None:
    body = "<table><tr><td>•</td><td></td><td>Sell more.</td></tr></table>"
    assert [(b.kind, b.text) for b in page(body).blocks] == [("item", "- Sell more.")]


@pytest.mark.parametrize(
    ("markup", "formula"),
    [
        ("<mfrac><mi>a</mi><mi>b</mi></mfrac>", r"\frac{a}{b}"),
        ("<msup><mi>x</mi><mn>2</mn></msup><msqrt><mi>α</mi></msqrt>", r"x^2\sqrt{\alpha}"),
        ("<munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover>", r"\sum_i^n"),
        ("<mi>a</mi><mo>=</mo><mi>β</mi><mi>x</mi>", r"a = \beta x"),
        ("<mover><mi>x</mi><mo>¯</mo></mover>", r"\overline{x}"),
        ("<mi>sin</mi><mi>x</mi>", r"\sin x"),
        (f"<semantics><mi>q</mi><annotation {TEX}>q_{{1}}</annotation></semantics>", "q_{1}"),
        (
            "<mtable><mtr><mtd><mi>a</mi></mtd><mtd><mi>b</mi></mtd></mtr></mtable>",
            r"\begin{matrix} a & b \end{matrix}",
        ),
    ],
)
def test_mathml_is_latex(markup: str, formula: str) -> None:
    node = parse(f"<body><math>{markup}</math></body>").css_first("math")
    assert tex(node).replace("  ", " ") == formula


def test_formulas_stand_where_they_stood_and_once() -> None:
    math = "<math alttext='{\\displaystyle E=mc^{2}}'><mi>E</mi></math>"
    wiki = (
        f"<span class='mwe-math-element'><span style='display:none'>{math}</span>"
        "<img class='mwe-math-fallback-image-inline' aria-hidden='true'"
        " alt='{\\displaystyle E=mc^{2}}'></span>"
    )
    katex = (
        f"<span class='katex'><span class='katex-mathml'>{math}</span>"
        "<span class='katex-html' aria-hidden='true'>E=mc2</span></span>"
    )
    picture = "<img alt='\\frac{a}{b}' class='latex'>"
    script = "<span class='MathJax'>laid out</span><script type='math/tex'>x_{1}</script>"
    extract = page(
        f"<p>a {wiki} b {katex} c {picture} d {script} e</p>"
        "<p>Load <math><mi>L</mi><mo>=</mo><mn>4</mn></math> tons</p>"
        "<math display='block'><msub><mi>x</mi><mn>1</mn></msub></math>"
    )
    assert texts(extract) == [
        r"a $E=mc^{2}$ b $E=mc^{2}$ c $\frac{a}{b}$ d $x_{1}$ e",
        "Load L = 4 tons",
        "$$x_1$$",
    ]
    assert extract.blocks[-1].kind == "formula"


def test_an_article_keeps_paragraphs_with_citations_lists_and_tables() -> None:
    paragraphs = "".join(
        f"<p>{SENTENCE.replace('noon', f'noon of day {n}') * 3}"
        f"<sup class='reference'><a href='#c{n}'>[{n}]</a></sup></p>"
        for n in range(12)
    )
    body = (
        "<header><p>Site name and a banner</p></header><nav><a href='/'>Home</a></nav>"
        f"<main><article><h1>Locks</h1>{paragraphs}"
        "<dl><dt>Toll</dt><dd>What a boat pays, as said.</dd></dl>"
        "<table><tr><th>Year</th><th>Boats</th></tr><tr><td>1901</td><td></td></tr></table>"
        f"<p>{SENTENCE * 3} LAST</p></article></main><footer><p>All rights reserved</p></footer>"
    )
    extract = page(body, "<meta property='og:title' content='Locks'>")
    text = "\n".join(texts(extract))
    assert text.count("day 11") == 3
    assert "Toll: What a boat pays" in text
    assert "| 1901 | – |" in text
    assert "All rights" not in text
    assert extract.lost["note mark"] == sum(len(f"[{n}]") for n in range(12))


@pytest.mark.parametrize(
    "markup",
    [
        "<table><tr><td>a</td><td>" * 25 + "x",
        "<table><tr><td>" * 1_000 + "x",
        "<p " + " ".join(f'a{n}="x"' for n in range(50_000)) + ">x</p>",
        "<p " + " ".join(f"a{n}" for n in range(50_000)) + ">x</p>",
        "<div class='nav'>text " * 300 + "x " * 50_000,
        "<form><table><tr><td>" * 1_000 + "x",
        "<dl><dt>a<dd>" * 1_000 + "x",
    ],
)
def test_work_is_bounded(markup: str) -> None:
    start = time.process_time()
    extract = read(f"<html><body>{markup}".encode(), "a.html")[1]
    assert time.process_time() - start < 5
    assert sum(len(text) for text in texts(extract)) < 2 * len(markup)


def test_a_site_behind_the_heading_is_no_title() -> None:
    for title in ("Locks - The Free Pages", "Locks | Site", "Locks"):
        assert page("<h1>Locks</h1><p>x</p>", f"<title>{title}</title>").title == "Locks"
    assert page("<h1>Locks</h1><p>x</p>", "<title>Locksmiths - Site</title>").title != "Locks"
