"""PDF: reading order, paragraphs, bookmarks, titles, and what can't be read."""

from __future__ import annotations

import io
from dataclasses import replace

import pypdf
import pytest

from longalpaca_data.collect import read
from longalpaca_data.collect.pdf import _is_good
from longalpaca_data.collect.pdf_chars import Piece
from longalpaca_data.collect.pdf_layout import find_gutter, paragraph_ends
from longalpaca_data.collect.pdf_literals import whole_literals, words_of
from longalpaca_data.core.errors import UnreadableError
from tests.collect import files

LEFT = [f"left column row {i} with some words" for i in range(12)]
RIGHT = [f"right column row {i} has other words" for i in range(12)]


def texts(data: bytes) -> list[str]:
    return [block.text for block in read(data, "a.pdf")[1].blocks if block.text]


def _piece(x: float, y: float, size: float, text: str) -> Piece:
    return Piece(text, x, x + 0.5 * size * len(text), y, y + size, size)


@pytest.mark.parametrize("painted", ["by column", "by row"])
def test_columns_are_read_one_after_the_other(painted: str) -> None:
    left, right = files.lines(LEFT, x=60), files.lines(RIGHT, x=320)
    rows = [*left, *right]
    if painted == "by row":
        rows = [row for pair in zip(left, right, strict=True) for row in pair]
    heading = [(200.0, 740.0, 16.0, "A Title Across Both Columns of the Page")]
    assert texts(files.pdf([[*heading, *rows]])) == [heading[0][3], *LEFT, *RIGHT]


def test_white_space_ends_a_paragraph() -> None:
    above = files.lines(
        ["The first paragraph has two lines", "and ends here, in the middle of a row"]
    )
    below = files.lines(
        ["The second one stands apart and has", "two lines as well, no more."], top=660
    )
    blocks = read(files.pdf([[*above, *below]]), "a.pdf")[1].blocks
    assert [block.text == "" for block in blocks] == [False, False, True, False, False]


def test_bookmarks_become_headings_with_their_number() -> None:
    page = files.lines(
        ["Some text before it.", "3.2 Methods and More", "Text below the heading."], step=30
    )
    data = files.pdf([page], outline=[("Methods and More", 0), ("Not There", 0)])
    headings = [block for block in read(data, "a.pdf")[1].blocks if block.kind == "heading"]
    assert [(block.text, block.level, block.page) for block in headings] == [
        ("3.2 Methods and More", 1, 1)
    ]


def test_a_bookmark_means_the_row_that_stands_out() -> None:
    page = [*files.lines(["the result is a", "warning."]), (72.0, 600.0, 14.0, "8.2 Warning")]
    page += files.lines(["Text below the heading, and more of it."] * 4, top=580)
    blocks = read(files.pdf([page], outline=[("Warning", 0)]), "a.pdf")[1].blocks
    assert [block.text for block in blocks if block.kind == "heading"] == ["8.2 Warning"]


def test_columns_with_formulas_are_columns() -> None:
    left = files.lines(LEFT[:9], x=60)
    signs = [(60.0 + 30 * i, 560.0 - 9 * j, 8.0, "x") for i in range(4) for j in range(6)]
    right = files.lines(RIGHT, x=320)
    assert texts(files.pdf([[*left, *signs, *right]]))[-1] == RIGHT[-1]
    assert find_gutter([_piece(*row) for row in [*left, *signs, *right]]) is not None


def test_broken_literals_are_put_together() -> None:
    def row(text: str, *, starts: bool = False, ends: bool = False) -> Piece:
        return replace(_piece(72, 700, 10, text), starts_mono=starts, ends_mono=ends)

    rows = [
        row("see /usr/share/doc/", ends=True),
        row("PACKAGE for more in /etc/", starts=True, ends=True),
        row("and a package-", ends=True),
        row("dev of the tem-", starts=True, ends=True),
        row("plates there", starts=True),
    ]
    words = words_of(rows) | {"templates"}
    assert [row.text for row in whole_literals(rows, words)] == [
        "see /usr/share/doc/PACKAGE",
        "for more in /etc/",
        "and a package-dev",
        "of the tem-",
        "plates there",
    ]


def test_a_full_bold_row_that_goes_on_is_one_paragraph() -> None:
    rows = [_piece(72, 700 - 12 * i, 10, LEFT[0]) for i in range(3)]
    rows[0] = replace(rows[0], bold=True)
    assert paragraph_ends(rows, None) == [False, False, False]


def test_the_title_is_what_the_first_page_shows() -> None:
    page = [(72.0, 740.0, 20.0, "Bushels and Pecks"), *files.lines(["Text of the page."] * 3)]
    assert (
        read(files.pdf([page], title="Bushels and Pecks"), "a.pdf")[1].title == "Bushels and Pecks"
    )
    assert read(files.pdf([page], title="untitled-3.doc"), "a.pdf")[1].title == "Bushels and Pecks"


def test_raised_footnote_markers_are_dropped_and_powers_are_kept() -> None:
    page = [
        (72.0, 700.0, 10.0, "available,"),
        (117.0, 704.0, 6.0, "1"),
        (125.0, 700.0, 10.0, "free, area x"),
        (176.0, 704.0, 6.0, "2"),
    ]
    assert texts(files.pdf([page])) == ["available, free, area x2"]


def test_a_scan_has_no_text_layer() -> None:
    with pytest.raises(UnreadableError, match="no text layer"):
        read(files.pdf([[], []]), "scan.pdf")


def test_a_password_makes_it_encrypted() -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(files.pdf([[(72, 700, 10, "secret")]])))
    writer.encrypt("password", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(UnreadableError, match="encrypted"):
        read(out.getvalue(), "a.pdf")


def test_the_quality_gate_tells_lost_spaces_and_unmapped_glyphs() -> None:
    assert _is_good("These are words as they should be")
    assert _is_good("學而時習之不亦說乎有朋自遠方來")
    assert not _is_good("Thesearewords asonegetsthem whenspacesarelost")
    assert not _is_good("\ue001\ue002 \ue003 words")
