"""One PDF page as lines in reading order, with empty lines where paragraphs end.

pdfium's order is right for most producers. What is missing, and added here, is geometry: rows
that were cut at a superscript are put together, columns that were painted row by row are read one
after the other, running lines move to the page's first and last place, and the white space
between paragraphs becomes an empty line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from longalpaca_data.collect.pdf_chars import Piece

GUTTER_BAND = (0.3, 0.7)  # of the text's width: where the white stripe between columns may stand
GUTTER_STEP = 2.0  # points
MIN_COLUMN_PIECES = 8
MAX_CROSSING = 0.35  # of the pieces: title, abstract and wide figures run across the gutter
MIN_COLUMN_WORDS = 4  # in a column's rows; a table's cells are shorter
MARGIN = 0.12  # of the page's height: where running headers and footers stand
MARGIN_GAP = 0.4  # em between a running line and the text; between lines of text it is 0-0.3
PARAGRAPH_GAP = 1.28  # of the page's line distance; LaTeX's parskip in the corpus starts at 1.3
TITLE_GAP = 1.35  # of the font size: lines of a title in large type are one paragraph
INDENT = 0.8  # em
SHORT_LINE = 0.15  # of the column's width left empty: the line ends its paragraph
BOLD_ROW = 80  # characters; a longer row is text that happens to be bold
SIZE_STEP = 0.6  # points between a heading's or footnote's font size and the text's
BULLET = re.compile(r"^(?:[•◦▪●○■□‣∙·–—*]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]|\[\d{1,3}\])\s+\S")
CAPTION = re.compile(r"^(?:figure|fig\.|table|listing|图|表|圖)\s*\d+\s*[:.：]", re.IGNORECASE)
SENTENCE_END = re.compile(r"[.!?:;。！？：；…][”’\"')\]」』]*$")


@dataclass(frozen=True, slots=True)
class Column:
    """The left and right edge of a column's lines."""

    left: float
    right: float


def reading_order(pieces: Sequence[Piece], height: float) -> tuple[list[Piece], float | None]:
    """Return the page's rows in reading order, and the gutter's position if there is one."""
    gutter = find_gutter(pieces)
    rows = _join_rows(pieces, gutter)
    if gutter is not None and _painted_across(rows, gutter):
        rows = _column_by_column(rows, gutter)
    return _margins_outside(rows, height), gutter


def find_gutter(pieces: Sequence[Piece]) -> float | None:
    """Return the x of a white stripe with columns of text on both sides, or None."""
    if len(pieces) < 2 * MIN_COLUMN_PIECES:
        return None
    left, right = min(p.x0 for p in pieces), max(p.x1 for p in pieces)
    width = right - left
    best: tuple[int, float] | None = None
    x = left + GUTTER_BAND[0] * width
    while x < left + GUTTER_BAND[1] * width:
        crossing = sum(p.x0 < x - 1 and p.x1 > x + 1 for p in pieces)
        if best is None or crossing < best[0]:
            best = (crossing, x)
        x += GUTTER_STEP
    if best is None or best[0] > MAX_CROSSING * len(pieces):
        return None
    sides = (
        [p for p in pieces if p.x1 <= best[1] + 1],
        [p for p in pieces if p.x0 >= best[1] - 1],
    )
    return best[1] if all(_is_column(side) for side in sides) else None


def _is_column(pieces: list[Piece]) -> bool:
    """Whether most of the text stands in rows of several words (a formula has many pieces)."""
    if len(pieces) < MIN_COLUMN_PIECES:
        return False
    total = sum(len(piece.text) for piece in pieces)
    rows = (piece.text for piece in pieces if _length(piece.text) >= MIN_COLUMN_WORDS)
    return sum(map(len, rows)) > total / 2


def _length(text: str) -> int:
    """Words, where two Chinese characters count as one."""
    return len(text.split()) + sum("\u4e00" <= c <= "\u9fff" for c in text) // 2


def _join_rows(pieces: Sequence[Piece], gutter: float | None) -> list[Piece]:
    """Put together neighbours on one row, unless the gutter runs between them."""
    rows: list[Piece] = []
    for piece in pieces:
        if rows and _same_row(rows[-1], piece) and not _parted(rows[-1], piece, gutter):
            rows[-1] = _joined(rows[-1], piece)
        else:
            rows.append(piece)
    return [row for row in rows if row.text.strip()]


def _same_row(a: Piece, b: Piece) -> bool:
    overlap = min(a.y1, b.y1) - max(a.y0, b.y0)
    return overlap > 0.5 * min(a.y1 - a.y0, b.y1 - b.y0) and b.x0 > a.x1 - 0.5 * a.size


def _parted(a: Piece, b: Piece, gutter: float | None) -> bool:
    return gutter is not None and a.x1 <= gutter + 1 and b.x0 >= gutter - 1


def _joined(a: Piece, b: Piece) -> Piece:
    gap = b.x0 - a.x1
    space = "" if gap < 0.1 * a.size or b.text[:1] in ",.;:)" else " "
    larger = a if a.size >= b.size else b
    return replace(
        a,
        text=f"{a.text}{space}{b.text}",
        x1=max(a.x1, b.x1),
        y0=larger.y0,
        y1=larger.y1,
        size=larger.size,
        bold=a.bold and b.bold,
        mono=a.mono and b.mono,
        ends_mono=b.ends_mono,
    )


def _side(row: Piece, gutter: float) -> str:
    if row.x1 <= gutter + 1:
        return "left"
    return "right" if row.x0 >= gutter - 1 else "across"


def _painted_across(rows: Sequence[Piece], gutter: float) -> bool:
    """Whether the page returns from the right column to the left more often than bands allow."""
    sides = [_side(row, gutter) for row in rows]
    returns = sum(a == "right" and b == "left" for a, b in pairwise(sides))
    return returns > 2 + sides.count("across")


def _column_by_column(rows: Sequence[Piece], gutter: float) -> list[Piece]:
    """Order rows from top to bottom in bands; a row across both columns ends a band."""
    ordered: list[Piece] = []
    band: dict[str, list[Piece]] = {"left": [], "right": []}
    for row in sorted(rows, key=lambda row: -row.y0):
        side = _side(row, gutter)
        if side == "across":
            ordered += [*band["left"], *band["right"], row]
            band = {"left": [], "right": []}
        else:
            band[side].append(row)
    return [*ordered, *band["left"], *band["right"]]


def _margins_outside(rows: list[Piece], height: float) -> list[Piece]:
    """Move what stands highest on the page to the front and what stands lowest to the end."""
    if not rows:
        return rows
    top, bottom = max(row.y1 for row in rows), min(row.y0 for row in rows)
    head = [row for row in rows if row.y1 > max(top - row.size, (1 - MARGIN) * height)]
    foot = [
        row for row in rows if row.y0 < min(bottom + row.size, MARGIN * height) and row not in head
    ]
    body = [row for row in rows if row not in head and row not in foot]
    if not body:
        return rows
    # Without white space below it, the topmost row is the text's first (of both columns).
    size = body[0].size
    if head and min(row.y0 for row in head) - max(row.y1 for row in body) < MARGIN_GAP * size:
        head = []
    if foot and min(row.y0 for row in body) - max(row.y1 for row in foot) < MARGIN_GAP * size:
        foot = []
    body = [row for row in rows if row not in head and row not in foot]
    return [*head, *body, *foot]


def paragraph_ends(rows: Sequence[Piece], gutter: float | None) -> list[bool]:
    """Say for every row whether a paragraph ends with it (the last one: False, nobody knows)."""
    leading = _line_distance(rows)
    edges = _edges(rows, gutter)
    ends = [_ends(a, b, leading, edges[_key(a, gutter)]) for a, b in pairwise(rows)]
    return [*ends, False] if rows else []


def _key(row: Piece, gutter: float | None) -> str:
    return "across" if gutter is None else _side(row, gutter)


def _edges(rows: Sequence[Piece], gutter: float | None) -> dict[str, Column]:
    """The most common left edge and the outermost common right edge of every column."""
    edges = {}
    for key in {_key(row, gutter) for row in rows}:
        column = [row for row in rows if _key(row, gutter) == key]
        rights = sorted(row.x1 for row in column)
        left = Counter(round(row.x0) for row in column).most_common(1)[0][0]
        edges[key] = Column(float(left), rights[int(0.9 * (len(rights) - 1))])
    return edges


def _line_distance(rows: Sequence[Piece]) -> float:
    """The page's most common distance of two lines, in points; 0 where no two lines follow."""
    steps = Counter(
        round(2 * (a.y0 - b.y0)) / 2
        for a, b in pairwise(rows)
        if 0.5 * a.size < a.y0 - b.y0 < 3 * a.size and abs(a.size - b.size) < SIZE_STEP
    )
    return steps.most_common(1)[0][0] if steps else 0.0


def _ends(a: Piece, b: Piece, leading: float, column: Column) -> bool:
    short = a.x1 < column.right - SHORT_LINE * (column.right - column.left)
    closed = bool(SENTENCE_END.search(a.text))
    step = a.y0 - b.y0
    # A full row without an end that goes on in lower case: a sentence whose beginning is bold.
    goes_on = not short and not closed and b.text[:1].islower() and 0 < step <= 2 * leading
    weight = a.bold != b.bold and len(a.text) < BOLD_ROW and not goes_on
    if abs(a.size - b.size) > SIZE_STEP or weight:
        return not a.text.endswith("-")
    if BULLET.match(b.text) or CAPTION.match(b.text):
        return True
    if step < 0 or b.x0 > column.right:  # the next column
        return closed and not b.text[:1].islower() and (short or b.x0 > column.right)
    if leading and step > max(PARAGRAPH_GAP * leading, TITLE_GAP * a.size * (a.size == b.size)):
        return True
    shift = (b.x0 - a.x0) / max(a.size, 1.0)
    if shift > INDENT and not BULLET.match(a.text):
        return closed or short
    if shift < -INDENT and short:
        return True
    return short and closed and not b.text[:1].islower()
