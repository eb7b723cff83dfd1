"""A chapter's first words in capitals (HAD Elizabeth’s opinion …), set as the others are."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from longalpaca_data.core.records import Block

WORD = re.compile(r"[A-Za-zÀ-ÿ]+(?:[’'][A-Za-zÀ-ÿ]+)?")
CAPITALS = r"[A-ZÀ-Þ]+(?:[’'][A-ZÀ-Þ]+)?"
OPENING = re.compile(
    rf"(?P<quote>[“‘\"']?)(?P<words>{CAPITALS}(?:[.,]? +{CAPITALS})*)(?![A-Za-zÀ-ÿ’'])"
    r"(?=[^A-Za-zÀ-ÿ]{1,4}[A-Za-zÀ-ÿ]?[a-zà-ÿ])"
)
MAX_WORDS = 8
MIN_OPENINGS = 3
MIN_SHARE = 0.3  # of the chapters: it is the typesetter's habit, not an author's shout


def in_small_letters(blocks: list[Block]) -> list[Block]:
    """Return the blocks with openings mended, where most of the words are known to the document."""
    places = [
        index + 1
        for index, block in enumerate(blocks[:-1])
        if block.kind == "heading" and blocks[index + 1].kind == "paragraph"
    ]
    found = [index for index in places if _opening(blocks[index].text)]
    if len(found) < max(MIN_OPENINGS, MIN_SHARE * len(places)):
        return blocks
    counts: Counter[str] = Counter()
    for block in blocks:
        if block.kind != "heading":
            counts.update(WORD.findall(block.text))
    result = list(blocks)
    for index in found:
        result[index] = replace(blocks[index], text=_mended(blocks[index].text, counts))
    return result


def _opening(text: str) -> re.Match[str] | None:
    match = OPENING.match(text)
    if match is None:
        return None
    words = match["words"].split()
    is_opening = len(words) <= MAX_WORDS and any(len(word) > 1 for word in words)
    return match if is_opening else None


def _mended(text: str, counts: Counter[str]) -> str:
    match = _opening(text)
    if match is None:
        return text
    words = WORD.findall(match["words"])
    written = [_as_elsewhere(word, counts) for word in words]
    if not all(written):
        return text
    iterator = iter(written)
    opening = WORD.sub(lambda _: next(iterator), match["words"])
    opening = opening[:1].upper() + opening[1:]
    return match["quote"] + opening + text[match.end() :]


def _as_elsewhere(word: str, counts: Counter[str]) -> str:
    """The writing that the document uses; nothing where it has none."""
    if word == "I":
        return word
    lower, title = word.lower(), word[:1] + word[1:].lower()
    stem = re.sub(r"[’'][Ss]$", "", title)
    small, named = counts[lower], counts[title] + counts[stem] * (stem != title)
    if counts[word] - 1 > small + named:
        return word
    if small:
        return lower if small >= named / 4 or not named else title
    return title if named else ""
