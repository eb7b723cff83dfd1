"""Candidates for headings: short chunks that stand alone, and the sequences that they make up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from longalpaca_data.clean.chunks import Chunk, Piece
from longalpaca_data.clean.counting import DOUBTFUL, Numbered, counting_up
from longalpaca_data.clean.labels import (
    ARABIC_ALONE,
    DIVISIONS,
    LETTERED,
    NUMBERED,
    ROMAN_ALONE,
    ROMAN_TITLED,
    WORD_ALONE,
    ZH_ALONE,
    ZH_LIST,
    label_of,
)
from longalpaca_data.core import numerals
from longalpaca_data.core.language import HAN

MAX_LINES = 5
MAX_TITLE = 100
MIN_SEQUENCE = 3
MIN_TEXT_BETWEEN = 300  # characters, on average: a list's items follow each other closely
MIN_CAPS = 3
MIN_CAPS_BETWEEN = 1_500
LARGER = 0.5  # points above the text's size
MUCH_LARGER = 2.0  # points: 12 over 10, or 11 in bold
MIN_LETTERS = 3
SENTENCE = re.compile(r"[.!?。！？；;,，:：]$")
MIN_STEPS = 0.6  # of the numbers follow the one before
WHOLE_BEFORE = 0.8  # of the numbers alone have a finished sentence above: page numbers interrupt
MAX_TITLE_LINES = 3  # below a number
MIN_STORIES = 3
LONG_STORIES = 0.8
MIN_STORY = 500  # characters: what bare titles stand over
INDENTED = 0.5  # of the chunks: paragraphs begin with blanks, titles don't
MAX_BARE = 60
MAX_NUMBERED = 130  # of a number with the title below it
FINISHED = re.compile(r"[.!?。！？．…:：;—*_\-][”’\"')\]」』]*$")


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
        and steps >= MIN_STEPS * (len(numbers) - 1)
        and len(pieces) > len(numbers)
    )


def _number(text: str) -> int:
    first = re.split(r"[.．\s、]", text, maxsplit=1)[0]
    return numerals.value(first) or 0


def _spread(marks: Sequence[Mark], pieces: Sequence[Piece]) -> float:
    """Characters of text per heading, from the first to the document's end."""
    if not marks:
        return 0.0
    return sum(len(piece.text) for piece in pieces[marks[0].start :]) / len(marks)


def numbers_alone(pieces: Sequence[Piece]) -> list[Mark]:
    """Numbers that stand on a line of their own and count up: I, II, III; 1, 2; One, Two; 一, 二.

    A title may stand on the next line or two of the same chunk.
    """
    for pattern in (ROMAN_ALONE, WORD_ALONE, ZH_ALONE, ARABIC_ALONE):
        if marks := _alone(pieces, pattern):
            return marks
    return []


def _alone(pieces: Sequence[Piece], pattern: re.Pattern[str]) -> list[Mark]:
    found: list[Mark] = []
    numbers: list[Numbered] = []
    divided = False
    for index, piece in enumerate(pieces):
        text = _number_and_title(piece, pattern)
        if text:
            number = numerals.value(text.split(maxsplit=1)[0].strip(".（()）"))
            found.append(Mark(index, index + 1, text, "number"))
            value = -1 if number is None else number
            numbers.append(Numbered(value, DOUBTFUL, fresh=divided))
            divided = False
        elif (label := label_of(candidate(piece))) and label.group in DIVISIONS:
            divided = True
    marks = [found[index] for index in counting_up(numbers, min_run=0)]
    if len(marks) < MIN_SEQUENCE or _spread(marks, pieces) < MIN_TEXT_BETWEEN:
        return []
    whole = sum(_is_finished(pieces, mark.start - 1) for mark in marks)
    return marks if whole >= WHOLE_BEFORE * len(marks) else []


def _number_and_title(piece: Piece, pattern: re.Pattern[str]) -> str:
    if not isinstance(piece, Chunk) or len(piece.lines) > 1 + MAX_TITLE_LINES:
        return ""
    number, *title = (" ".join(line.split()) for line in piece.lines)
    if not pattern.match(number) or len(piece.text) > MAX_NUMBERED:
        return ""
    if title and (SENTENCE.search(title[-1]) or not _begins_title(title[0])):
        return ""
    return " ".join([number, *title])


def _begins_title(text: str) -> bool:
    return bool(HAN.match(text)) or text[:1].isupper() or text[:1] in "“‘\"'"


def _is_finished(pieces: Sequence[Piece], index: int) -> bool:
    """Whether the piece ends a sentence, or is no prose at all (a title, the start)."""
    if index < 0 or not isinstance(pieces[index], Chunk):
        return True
    text = pieces[index].text
    return bool(FINISHED.search(text)) or len(text) < MAX_BARE


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


def set_larger(pieces: Sequence[Piece]) -> list[Mark]:
    """Return short chunks in larger letters than the text's, of typeset pages without numbers."""
    body = body_size(pieces)
    found: list[Mark] = []
    for index, piece in enumerate(pieces):
        text = candidate(piece)
        larger = body and piece.size >= body + MUCH_LARGER - piece.bold
        if larger and sum(map(str.isalpha, text)) >= MIN_LETTERS and not SENTENCE.search(text):
            found.append(Mark(index, index + 1, text, f"size {round(piece.size)}"))
    enough = len(found) >= MIN_SEQUENCE and _spread(found, pieces) >= MIN_TEXT_BETWEEN
    return found if enough else []


def bare_titles(pieces: Sequence[Piece]) -> list[Mark]:
    """Return titles without a number: in larger letters, in capitals, or, in a collection of
    stories, short lines with more white space above than paragraphs have and much text below.
    """
    return set_larger(pieces) or _capitals(pieces) or _stories(pieces)


def _stories(pieces: Sequence[Piece]) -> list[Mark]:
    chunks = [piece for piece in pieces if isinstance(piece, Chunk)]
    blanks = Counter(piece.blanks for piece in chunks)
    usual = blanks.most_common(1)[0][0] if blanks else 0
    indented = sum(piece.lines[0][:1].isspace() for piece in chunks) >= INDENTED * len(chunks)
    found = []
    for index, piece in enumerate(pieces[:-1]):
        if not isinstance(piece, Chunk) or len(piece.lines) > 1:
            continue
        text = candidate(piece, MAX_BARE)
        apart = piece.blanks > max(usual, 1) or (indented and not piece.lines[0][:1].isspace())
        if apart and _is_bare_title(text) and len(pieces[index + 1].text) > len(text):
            found.append(Mark(index, index + 1, text, "story"))
    if found and found[0].start > 1 and _is_bare_title(text := candidate(pieces[0], MAX_BARE)):
        found.insert(0, Mark(0, 1, text, "story"))
    starts = [mark.start for mark in found] + [len(pieces)]
    long = [_text_length(pieces, a, b) >= MIN_STORY for a, b in pairwise(starts)]
    front = next((index for index, is_long in enumerate(long) if is_long), 0)  # title, author
    found, long = found[front:], long[front:]
    # One short stretch in five is a dedication, a date, a poem's title; more are no stories.
    enough = len(found) >= MIN_STORIES and sum(long) >= LONG_STORIES * len(found)
    return found if enough else []


def _is_bare_title(text: str) -> bool:
    if not text or SENTENCE.search(text) or text[:1] in "“‘\"'「『(（*-—[":
        return False
    if HAN.search(text):
        return len(text) <= MAX_BARE // 2
    words = [word for word in text.split() if len(word) > 3]
    return bool(words) and all(word[:1].isupper() for word in words)


def _text_length(pieces: Sequence[Piece], start: int, stop: int) -> int:
    return sum(len(piece.text) for piece in pieces[start:stop])
