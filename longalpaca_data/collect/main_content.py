"""Which blocks of a web page are its article: trafilatura judges, this module matches.

The judge's text is another reading of the same page: it keeps citation marks, drops captions, joins
lines otherwise. So a block counts as content where most of its short stretches of letters stand in
the judge's text; short ones have to be a line there. Prose that the judge has overlooked is added
by where it stands. Measured by ``bench/reading/web_pages.py``.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Sequence

import trafilatura
from resiliparse.extract.html2text import extract_plain_text

from longalpaca_data.collect.html_walk import Mark
from longalpaca_data.core.records import Block

LETTERS = re.compile(r"[^\W_]+")
STRETCH = 12  # letters
SHORT = 30  # letters; shorter blocks ("Share", "More") stand within other text by chance
MIN_MATCHED = 0.5
MAX_SAMPLES = 400  # stretches looked at per block
# A judge that finds fewer letters than this has found nothing.
MIN_JUDGED = 200
PROSE = 100  # letters of a paragraph that is no teaser and no button
MAX_LINKED = 0.3
MIN_PART = 800  # letters of prose in a container that the judge has missed and another one kept
# Where nearly all of a container is content (an encyclopedia's article), the rest is, too.
MOSTLY = 0.8


def article(blocks: Sequence[Block], marks: Sequence[Mark], page: str) -> list[bool]:
    """Say of each block whether it is part of the page's article."""
    letters = [_letters(block.text) for block in blocks]
    second = _matches(letters, _second_judge(page))
    kept = _matches(letters, _judge(page))
    if sum(len(own) for own, keep in zip(letters, kept, strict=True) if keep) < MIN_JUDGED:
        kept = list(second)
    if not any(kept):
        return [True] * len(blocks)
    sizes = [len(own) for own in letters]
    prose = [
        size >= PROSE
        and block.kind in ("paragraph", "item")
        and not mark.furniture
        and mark.linked < MAX_LINKED * mark.chars
        for size, block, mark in zip(sizes, blocks, marks, strict=True)
    ]
    _add_parts(kept, second, prose, sizes, marks)
    _add_between(kept, second, prose, marks)
    _add_rest(kept, blocks, sizes, marks)
    return kept


def _judge(page: str) -> str:
    return trafilatura.extract(page, include_comments=False, fast=True) or ""


def _second_judge(page: str) -> str:
    return str(extract_plain_text(page, main_content=True, alt_texts=False, comments=False))


def _letters(text: str) -> str:
    return "".join(LETTERS.findall(text)).lower()


def _matches(letters: Sequence[str], judged: str) -> list[bool]:
    """Say of each block whether it stands in a judge's text, as often as it stands there."""
    lines = Counter(filter(None, map(_letters, judged.split("\n"))))
    text = "".join(lines.elements())
    stretches = {text[at : at + STRETCH] for at in range(max(1, len(text) - STRETCH + 1))}
    kept = [len(own) > SHORT and _is_in(own, stretches) for own in letters]
    places: dict[str, list[int]] = {}
    for index, own in enumerate(letters):
        if own:
            places.setdefault(own, []).append(index)
    sure = [at for at, keep in enumerate(kept) if keep and len(places[letters[at]]) == 1]
    for own, found in places.items():
        if len(own) <= SHORT:
            times = lines[own]
        elif len(found) > 1 and kept[found[0]]:
            times = max(1, text.count(own))
        else:
            continue
        nearest = set(sorted(found, key=lambda at: _distance(at, sure))[:times])
        for at in found:
            kept[at] = at in nearest
    return kept


def _is_in(letters: str, stretches: set[str]) -> bool:
    starts = range(0, len(letters) - STRETCH + 1, 1 + len(letters) // MAX_SAMPLES)
    found = sum(letters[at : at + STRETCH] in stretches for at in starts)
    return found >= MIN_MATCHED * len(starts)


def _distance(index: int, sure: Sequence[int]) -> int:
    """How far a block stands from the nearest one that is surely content."""
    at = bisect(sure, index)
    return min((abs(index - near) for near in sure[max(0, at - 1) : at + 1]), default=0)


def _add_parts(
    kept: list[bool],
    second: Sequence[bool],
    prose: Sequence[bool],
    sizes: Sequence[int],
    marks: Sequence[Mark],
) -> None:
    """Add containers of much prose that only the second judge saw: articles cut by an advert."""
    missed = [
        is_prose and other and not keep
        for is_prose, other, keep in zip(prose, second, kept, strict=True)
    ]
    size: Counter[int] = Counter()
    for at, is_missed in enumerate(missed):
        size[marks[at].container] += is_missed * sizes[at]
    for at, is_missed in enumerate(missed):
        if is_missed and size[marks[at].container] >= MIN_PART:
            kept[at] = True


def _add_between(
    kept: list[bool], second: Sequence[bool], prose: Sequence[bool], marks: Sequence[Mark]
) -> None:
    """Add prose between content, and what the second judge keeps right between two pieces of it."""
    content = [at for at, keep in enumerate(kept) if keep]
    before = list(kept)
    for at in range(content[0] + 1, content[-1]):
        alone = before[at - 1] and before[at + 1]
        few_links = marks[at].linked <= 0.5 * marks[at].chars
        if prose[at] or (second[at] and alone and few_links):
            kept[at] = True


def _add_rest(
    kept: list[bool], blocks: Sequence[Block], sizes: Sequence[int], marks: Sequence[Mark]
) -> None:
    """Add what stands between content in a container that is nearly all content."""
    whole: Counter[int] = Counter()
    inside: Counter[int] = Counter()
    span: dict[int, tuple[int, int]] = {}
    for at, (keep, size, mark) in enumerate(zip(kept, sizes, marks, strict=True)):
        whole[mark.container] += size
        if keep:
            inside[mark.container] += size
            span[mark.container] = (span.get(mark.container, (at, at))[0], at)
    for at, mark in enumerate(marks):
        first, last = span.get(mark.container, (at, at))
        mostly = inside[mark.container] >= max(MOSTLY * whole[mark.container], MIN_PART)
        if mostly and (first < at < last or blocks[at].kind in ("table", "reference")):
            kept[at] = True
