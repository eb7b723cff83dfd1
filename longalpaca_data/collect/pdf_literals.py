"""Literals that a row's end broke: /usr/share/doc/ + PACKAGE, package- + dev.

A text's lines are joined by the cleaner, which sees no fonts. What stands in a fixed pitch on both
sides of a row's end is one name or path, so its rest moves up to the row where it began.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import replace
from itertools import pairwise

from longalpaca_data.collect.pdf_chars import Piece

WORD = re.compile(r"[^\W\d_]+")
BROKEN_WORD = re.compile(r"([^\W\d_]+)-$")
FOLDER = re.compile(r"\w/$")
NAME = re.compile(r"[\w<]")
MAX_SIZE_STEP = 0.6  # points


def words_of(rows: Sequence[Piece]) -> frozenset[str]:
    """Return all words of the rows, halves of broken ones included."""
    return frozenset(word.lower() for row in rows for word in WORD.findall(row.text))


def whole_literals(rows: Sequence[Piece], words: Set[str]) -> list[Piece]:
    """Put broken literals together; the number of rows stays."""
    result = list(rows)
    for index, (a, b) in enumerate(pairwise(rows)):
        head, _, tail = b.text.partition(" ")
        literal = a.ends_mono and b.starts_mono and not (a.mono and b.mono)
        same_size = abs(a.size - b.size) < MAX_SIZE_STEP
        if literal and tail and same_size and _is_broken(a.text, head, words):
            result[index] = replace(result[index], text=result[index].text + head)
            result[index + 1] = replace(b, text=tail)
    return result


def _is_broken(text: str, head: str, words: Set[str]) -> bool:
    """After a slash, yes. After a hyphen, unless both halves make up a word that is known."""
    if FOLDER.search(text):
        return bool(NAME.match(head))
    first, second = BROKEN_WORD.search(text), WORD.match(head)
    if first is None or second is None:
        return False
    return (first.group(1) + second.group()).lower() not in words and first.group(1) in words
