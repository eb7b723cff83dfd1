"""Candidates for headings: short chunks that stand alone, and the sequences that they make up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from longalpaca_data.clean.chunks import Chunk, Piece
from longalpaca_data.clean.labels import (
    ARABIC_ALONE,
    LETTERED,
    NUMBERED,
    ROMAN_ALONE,
    ROMAN_TITLED,
    ZH_LIST,
    roman_value,
)

MAX_LINES = 5
MAX_TITLE = 100
MIN_SEQUENCE = 3
MIN_TEXT_BETWEEN = 300  # characters, on average: a list's items follow each other closely
MIN_CAPS = 3
MIN_CAPS_BETWEEN = 1_500
LARGER = 0.5  # points above the text's size
SENTENCE = re.compile(r"[.!?。！？；;,，:：]$")
ZH_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Mark:
    """Pieces ``start`` up to ``stop`` are a heading of class ``group``."""

    start: int
    stop: int
    text: str
    group: str


def candidate(piece: Piece, max_length: int = MAX_TITLE) -> str:
    """A chunk that may be a heading, as one line, or the empty string."""
    if not isinstance(piece, Chunk) or len(piece.lines) > MAX_LINES:
        return ""
    return piece.text if len(piece.text) <= max_length else ""


def body_size(pieces: Sequence[Piece]) -> float:
    """Return the font size of most of the text, 0 where sizes are unknown."""
    sizes: Counter[float] = Counter()
    for piece in pieces:
        if piece.size:
            sizes[round(piece.size, 1)] += len(piece.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def stands_out(piece: Piece, body: float) -> bool:
    """Whether a piece is bold or larger than the text."""
    return not body or piece.bold or piece.size > body + LARGER


def sections(pieces: Sequence[Piece]) -> list[Mark]:
    """Numbered sections: "3.2 Methods", "A.1 Data", "IV. RESULTS", "三、方法"."""
    body = body_size(pieces)
    marks: list[Mark] = []
    for pattern in (NUMBERED, LETTERED, ROMAN_TITLED, ZH_LIST):
        found = []
        for index, piece in enumerate(pieces):
            text = candidate(piece)
            if (
                text
                and (match := pattern.match(text))
                and not SENTENCE.search(text)
                and stands_out(piece, body)
            ):
                depth = match["number"].count(".") + 1
                found.append(Mark(index, index + 1, text, f"section {depth}"))
        counts_up = pattern is LETTERED or _counts_up(found, pieces)
        if counts_up and (body or _spread(found, pieces) >= MIN_TEXT_BETWEEN):
            marks += found if pattern is not LETTERED or marks else []
    return marks


def _counts_up(marks: Sequence[Mark], pieces: Sequence[Piece]) -> bool:
    """At least three headings of the first level, mostly each one more than the one before."""
    numbers = [_number(mark.text) for mark in marks if mark.group == "section 1"]
    steps = sum(b - a == 1 for a, b in pairwise(numbers))
    return (
        len(numbers) >= MIN_SEQUENCE
        and steps >= 0.6 * (len(numbers) - 1)
        and len(pieces) > len(numbers)
    )


def _number(text: str) -> int:
    first = re.split(r"[.\s、]", text, maxsplit=1)[0]
    if first.isdigit():
        return int(first)
    if first and all(c in "IVXLCDM" for c in first):
        return roman_value(first)
    tens, _, units = first.rpartition("十")
    value = ZH_DIGITS.find(units) if units else 0
    return value + (10 * (ZH_DIGITS.find(tens) if tens else 1) if "十" in first else 0)


def _spread(marks: Sequence[Mark], pieces: Sequence[Piece]) -> float:
    """Characters of text per heading, from the first to the document's end."""
    if not marks:
        return 0.0
    return sum(len(piece.text) for piece in pieces[marks[0].start :]) / len(marks)


def _alone(
    pieces: Sequence[Piece], pattern: re.Pattern[str], value: Callable[[str], int]
) -> list[Mark]:
    """Numbers that stand alone and count up by one."""
    marks: list[Mark] = []
    expected = 1
    for index, piece in enumerate(pieces):
        text = candidate(piece, 10)
        if text and pattern.match(text) and value(text) in (expected, 1):
            expected = value(text) + 1
            marks.append(Mark(index, index + 1, text, "number"))
    enough = len(marks) >= MIN_SEQUENCE and _spread(marks, pieces) >= MIN_TEXT_BETWEEN
    return marks if enough else []


def _roman(text: str) -> int:
    return roman_value(text.rstrip("."))


def _arabic(text: str) -> int:
    return int(text.rstrip("."))


def _capitals(pieces: Sequence[Piece]) -> list[Mark]:
    """Single lines in capitals with more white space before them than paragraphs have."""
    found = []
    blanks = Counter(piece.blanks for piece in pieces if isinstance(piece, Chunk))
    usual = blanks.most_common(1)[0][0] if blanks else 0
    for index, piece in enumerate(pieces):
        text = candidate(piece, 80)
        letters = sum(map(str.isalpha, text))
        if isinstance(piece, Chunk) and letters > 3 and text.isupper() and len(piece.lines) == 1:
            stands_apart = piece.blanks > usual or piece.bold
            if stands_apart and not re.search(r"[,;?!]$", text) and text.rstrip(".") != "THE END":
                found.append(Mark(index, index + 1, text, "capitals"))
    return found if len(found) >= MIN_CAPS and _spread(found, pieces) >= MIN_CAPS_BETWEEN else []


def lone_numbers_or_capitals(pieces: Sequence[Piece]) -> list[Mark]:
    """Return headings of texts without labels: I, II, III; 1, 2, 3; lines in capitals."""
    romans = _alone(pieces, ROMAN_ALONE, _roman)
    return romans or _alone(pieces, ARABIC_ALONE, _arabic) or _capitals(pieces)
