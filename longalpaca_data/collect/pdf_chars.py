"""The characters of one PDF page, gathered into pieces of lines with their positions.

pdfium hands out characters in the order in which the page paints them, with generated spaces and
line ends. Positions are asked for at word ends only: on the corpus (390 pages) that is a third
of the time that asking for every character takes.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium_c

LINE_END_HYPHENS = frozenset({0x02, 0xFFFE})  # what pdfium makes of a hyphen at a line's end
SPACES = frozenset({0x00, 0x09, 0x20, 0xA0, 0x3000})
LINE_ENDS = frozenset({0x0A, 0x0D})
BOLD_FROM = 600  # font weight; fonts without one are known by their name
FIXED_PITCH = 1  # ISO 32000-1, table 123: font flags, bit 1
MONO_NAME = re.compile(rb"mono|courier|consol|cmtt|sftt|typewriter|inconsolata", re.IGNORECASE)
BOLD_NAME = re.compile(rb"bold|black|heavy|cmbx|sfbx|demi|cmssbx", re.IGNORECASE)
# A footnote marker hangs on a word of three letters or on punctuation; x², R² and 10⁵ do not.
MARKED_WORD = re.compile(r"^(.*(?:[^\W\d_]{3}|[.,;:!?”’»\"]))(?:\d{1,3}(?:,\d{1,3})*|[*†‡§¶]+)$")
MARKER = re.compile(r"(?:\d{1,3}(?:,\d{1,3})*,?|[*†‡§¶]+)")
MARKER_SIZE = 0.8  # of the word's font size; TeX sets footnote markers at 0.7-0.75
UPRIGHT = 0.1  # radians
# Justified lines stretch their spaces to 1 em at most; column gutters start at about 1.5 em.
WIDE_GAP = 1.2
MAX_SIGN = 3
BREAKABLE = ("-", "/")  # where a long literal may be broken without a sign of its own

Word = tuple[int, int, bool]
"""Index of the first character, index past the last, whether a line-end hyphen follows."""
DOT = 0x2E
ACCENTS = frozenset("˝´`¨ˆ˜ˇ˘˙¸˛¯")


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stand on one row without a wide gap. Points from the page's lower left corner."""

    text: str
    x0: float
    x1: float
    y0: float
    y1: float
    size: float
    bold: bool = False
    mono: bool = False
    starts_mono: bool = False
    ends_mono: bool = False  # told only of rows that end in a hyphen or a slash


class PageText:
    """Access to one text page of pdfium."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        count = max(0, pdfium_c.FPDFText_CountChars(handle))
        unicode_of = pdfium_c.FPDFText_GetUnicode
        self.codes: list[int] = [unicode_of(handle, index) for index in range(count)]
        self._rect = pdfium_c.FS_RECTF()
        self._matrix = pdfium_c.FS_MATRIX()
        self._flags = ctypes.c_int()
        self._name = ctypes.create_string_buffer(64)

    def sides(self, start: int, stop: int) -> tuple[float, float]:
        """Return the left side of a word's first character and the right side of its last."""
        rect = self._rect
        pdfium_c.FPDFText_GetLooseCharBox(self._handle, start, rect)
        left, right = rect.left, rect.right
        if stop - start > 1:
            pdfium_c.FPDFText_GetLooseCharBox(self._handle, stop - 1, rect)
            right = rect.right
        return left, right

    def heights(self, index: int) -> tuple[float, float]:
        """Return bottom and top: the font's, so that they are equal for all of a line."""
        pdfium_c.FPDFText_GetLooseCharBox(self._handle, index, self._rect)
        return self._rect.bottom, self._rect.top

    def size(self, index: int) -> float:
        """Return the font size in points, scaled as Word's PDFs do it: size 1, matrix × 12."""
        size = float(pdfium_c.FPDFText_GetFontSize(self._handle, index))
        if pdfium_c.FPDFText_GetMatrix(self._handle, index, self._matrix):
            size *= math.hypot(self._matrix.c, self._matrix.d) or 1.0
        return size

    def upright(self, index: int) -> bool:
        """Whether the character isn't turned (arXiv's stamp on the left margin is)."""
        angle = float(pdfium_c.FPDFText_GetCharAngle(self._handle, index))
        return -UPRIGHT < angle < UPRIGHT or angle > 2 * 3.1416 - UPRIGHT

    def style(self, index: int) -> tuple[bool, bool]:
        """Return whether a character is bold, and whether its font has a fixed pitch."""
        pdfium_c.FPDFText_GetFontInfo(self._handle, index, self._name, 64, self._flags)
        name = self._name.value
        weight = pdfium_c.FPDFText_GetFontWeight(self._handle, index)
        bold = weight >= BOLD_FROM or bool(BOLD_NAME.search(name))
        return bold, bool(self._flags.value & FIXED_PITCH) or bool(MONO_NAME.search(name))

    def text(self, start: int, stop: int) -> str:
        """Return characters as text; halves of surrogate pairs are put together."""
        codes = [code for code in self.codes[start:stop] if not is_control(code)]
        text = "".join(map(chr, codes))
        if any(0xD800 <= code <= 0xDFFF for code in codes):
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return text


def is_control(code: int) -> bool:
    """Whether a code is a control character: a glyph that its font maps to nothing."""
    return code < 0x20 or 0x7F <= code <= 0x9F


def pieces(page: PageText) -> list[Piece]:
    """Return the page's pieces in painting order; turned text is left out."""
    found: list[Piece] = []
    for row in _rows(page.codes):
        found += _cut(page, row)
    return found


def _rows(codes: list[int]) -> Iterator[list[Word]]:
    """Yield rows of words."""
    row: list[Word] = []
    start = -1
    for index, code in enumerate(codes):
        hyphen, end = code in LINE_END_HYPHENS, code in LINE_ENDS
        if start >= 0 and (hyphen or end or code in SPACES):
            row.append((start, index, hyphen))
            start = -1
        elif start < 0 and not (hyphen or end or code in SPACES):
            start = index
        if (hyphen or end) and row:
            yield row
            row = []
    if start >= 0:
        row.append((start, len(codes), False))
    if row:
        yield row


def _cut(page: PageText, row: list[Word]) -> Iterator[Piece]:
    """Cut a row where a gap is too wide for a space."""
    if not page.upright(row[0][0]):
        return
    texts: list[str] = []
    span: list[Word] = []
    x0 = x1 = size = 0.0
    for word in row:
        start, stop, hyphen = word
        if (
            texts and stop - start == 1 and page.codes[start] == DOT
        ):  # leaders: thousands in a contents list
            texts.append(".")
            x1 = 0.0
            continue
        left, right = page.sides(start, stop)
        gap = left - x1 if x1 else 0.0
        if texts and not -size <= gap <= WIDE_GAP * size:
            yield _piece(page, texts, span, x0, x1, size)
            texts, span = [], []
        if not texts:
            x0, size = left, page.size(start)
        text = page.text(start, stop)
        if text[-1:].isdigit() or text[-1:] in "*†‡§¶":
            text = _without_marker(page, text, word, size, texts[-1] if texts else "")
        if text in ACCENTS:  # painted over a letter that has lost it
            continue
        if text or hyphen:
            texts.append(text + "-" * hyphen)
        span.append(word)
        x1 = right
    if texts:
        yield _piece(page, texts, span, x0, x1 or page.sides(*row[-1][:2])[1], size)


def _piece(
    page: PageText, texts: list[str], span: list[Word], x0: float, x1: float, size: float
) -> Piece:
    """Put words together; their style is that of the first and the last."""
    first, last = span[0][0], span[-1][0]
    # A bullet or a footnote's number has a font of its own: the next word tells the row's height.
    is_sign = len(texts[0]) <= MAX_SIGN and not texts[0].isalpha()
    inner = span[1][0] if len(span) > 1 and is_sign else first
    bottom, top = page.heights(inner)
    size = page.size(inner) if inner != first else size
    bold, mono = page.style(first)
    last_bold, last_mono, starts_mono = bold, mono, mono
    if last != first and (bold or mono or texts[-1].endswith(BREAKABLE)):
        last_bold, last_mono = page.style(last)
    bold, mono = bold and last_bold, mono and last_mono
    return Piece(" ".join(texts), x0, x1, bottom, top, size, bold, mono, starts_mono, last_mono)


def _without_marker(page: PageText, text: str, word: Word, size: float, before: str) -> str:
    """Drop a raised footnote marker at a word's end, or one that is a word of its own."""
    start, stop, _ = word
    if MARKER.fullmatch(text):
        hangs_on = MARKED_WORD.match(before[-40:] + "1")
        if hangs_on and page.size(start) < size * MARKER_SIZE:
            return ""
    elif (match := MARKED_WORD.match(text)) and page.size(stop - 1) < page.size(
        start
    ) * MARKER_SIZE:
        return match.group(1)
    return text
