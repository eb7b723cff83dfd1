"""A PDF's bookmarks, found again as lines of the page that they point to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from longalpaca_data.collect.pdf_chars import Piece

MAX_BOOKMARKS = 5_000
MAX_TITLE_LINES = 4
MAX_NUMBERING = 30  # characters
LARGER = 0.5  # points above the page's text
NOT_WORD = re.compile(r"[\W_]+")
# What may stand before a bookmark's title on the page: "3.2", "IV.", "A", "Chapter 3:", "第三章".
NUMBERING = re.compile(
    r"(?:(?:chapter|part|appendix|section|annex|附录)?(?:[a-z]?[0-9]+|[ivxlc]+|[a-z]|one|two|three|four|five"
    r"|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen"
    r"|nineteen|twenty)?[0-9]*|第[0-9一二三四五六七八九十百零〇]+[章节回卷篇部])"
)
LABEL_LINE = re.compile(r"^(?:chapter|part|appendix|annex)\s+[\w.]+:?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bookmark:
    """An entry of the outline; ``level`` counts from 1, ``page`` from 0."""

    title: str
    level: int
    page: int


def bookmarks(document: Any) -> list[Bookmark]:
    """Return the outline of a pypdfium2 document, in its order."""
    found: list[Bookmark] = []
    for entry in document.get_toc(max_depth=6):
        if len(found) >= MAX_BOOKMARKS:
            break
        destination = entry.get_dest()
        page = destination.get_index() if destination else None
        title = " ".join(entry.get_title().split())
        if page is not None and title:
            found.append(Bookmark(title, entry.level + 1, page))
    return found


def match_headings(
    rows: Sequence[Piece], marks: Sequence[Bookmark]
) -> tuple[dict[int, tuple[int, int]], list[Bookmark]]:
    """Find bookmarks among a page's rows.

    Returns row index → (rows it takes, level), and the bookmarks that were not found.
    """
    keys = [key(row.text) for row in rows]
    sizes = Counter(round(row.size, 1) for row in rows for _ in row.text)
    usual = sizes.most_common(1)[0][0] if sizes else 0.0
    plain = [not row.bold and row.size < usual + LARGER for row in rows]
    found: dict[int, tuple[int, int]] = {}
    missed = []
    for mark in marks:
        place = _place(keys, plain, key(mark.title), found)
        if place is None:
            missed.append(mark)
            continue
        first, count = place
        for above in (1, 2):  # CHAPTER ONE may take a row or two
            label = " ".join(row.text.strip() for row in rows[max(0, first - above) : first])
            if first >= above and LABEL_LINE.match(label):
                first, count = first - above, count + above
                break
        found[first] = (count, mark.level)
    return found, missed


def key(text: str) -> str:
    """What two writings of one heading have in common."""
    return NOT_WORD.sub("", text).casefold()


def _place(
    keys: list[str], plain: list[bool], title: str, taken: dict[int, tuple[int, int]]
) -> tuple[int, int] | None:
    if not title:
        return None
    # Whether the row looks like text, what stands before the title, rows, first row.
    best: tuple[bool, int, int, int] | None = None
    for first in range(len(keys)):
        if first in taken or not keys[first]:
            continue
        joined = ""
        for count in range(1, min(MAX_TITLE_LINES, len(keys) - first) + 1):
            joined += keys[first + count - 1]
            before = len(joined) - len(title)
            # The title must begin in the first row: "2002)." above it is no numbering.
            if (
                joined.endswith(title)
                and before < len(keys[first])
                and NUMBERING.fullmatch(joined[:before])
            ):
                found = (plain[first], before, count, first)
                better = best is None or plain[first] < best[0] or not before
                best = found if best is None else min(best, found) if better else best
                break
            if len(joined) > len(title) + MAX_NUMBERING:
                break
    return (best[3], best[2]) if best else None
