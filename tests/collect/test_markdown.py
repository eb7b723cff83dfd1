"""Markdown as marker, MinerU and pandoc write it, and in linear time."""

from __future__ import annotations

import time

import pytest

from longalpaca_data.collect import read


def blocks(text: str) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in read(text.encode(), "a.md")[1].blocks]


def test_tables_in_html_and_with_escaped_pipes() -> None:
    assert blocks(
        "<table><tr><td>Depot</td><td>2020</td></tr><tr><td>North</td><td>11</td></tr></table>\n\n"
        "| a \\| b | c<br>d |\n|---|---|\n| 1 | 2 |\n"
    ) == [
        ("table", "| Depot | 2020 |\n| --- | --- |\n| North | 11 |"),
        ("table", "| a \\| b | c d |\n| --- | --- |\n| 1 | 2 |"),
    ]


def test_formulas_are_kept_in_one_piece() -> None:
    assert blocks(
        "The set $\\{a, b\\}$, \\(E = 4k\\) and $5 or 6$7.\n\n"
        "$$\nx = 3\n- 2y\n+ z\n$$\n\n\\[ a_1 * b * c \\]\n"
    ) == [
        ("paragraph", "The set $\\{a, b\\}$, $E = 4k$ and $5 or 6$7."),
        ("formula", "$$x = 3 - 2y + z$$"),
        ("formula", "$$a_1 * b * c$$"),
    ]


def test_footnotes_stand_behind_their_paragraph() -> None:
    assert blocks("As said.[^1] Yes.\n\nNext one.\n\n[^1]: In the *third* ledger.\n") == [
        ("paragraph", "As said. Yes."),
        ("footnote", "In the third ledger."),
        ("paragraph", "Next one."),
    ]


def test_headings_entities_escapes_and_references() -> None:
    assert blocks(
        "Title & more {#sec:a .unnumbered}\n=====\n\n"
        "A \\*star\\*, &eacute; and [a link][1].  \nNew line.\n\n"
        "[1]: http://x.y/z\n\n<!-- a remark -->\n\nTerm\n: Its meaning\n"
    ) == [
        ("heading", "Title & more"),
        ("paragraph", "A *star*, é and a link.\nNew line."),
        ("paragraph", "Term: Its meaning"),
    ]


@pytest.mark.parametrize(
    "pattern", ["**a ", "![a", "<!--", "<http://", "\\(", "[a", "a\n: b\n\n", "x[^1]: "]
)
def test_time_is_linear(pattern: str) -> None:
    def seconds(size: int) -> float:
        text = "Text.\n\n" + pattern * (size // len(pattern))
        start = time.process_time()
        read(text.encode(), "a.md")
        return time.process_time() - start

    seconds(2_000)
    assert seconds(48_000) < 8 * (seconds(12_000) + 0.05)
