"""Running headers, footers and page numbers: what repeats at the edges of pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from longalpaca_data.core.records import Block

EDGE_LINES = 3  # deeper than three lines no running header was seen
MIN_PAGES = 3
FEW_PAGES = 6  # below this, half of the pages must agree (and at least two)
INNER_SHARE = 0.3  # of the pages: for lines that are not the very first or last
ANYWHERE_SHARE = 0.5  # of the pages: a stamp in the margin, wherever it was painted
ANYWHERE_LENGTH = 15
EXACT_LENGTH = 8  # characters: "jose.00239." under every page, though it ends like a sentence
SEQUENCE_SHARE = 0.4  # of the pages that show "page number = page + constant"
MAX_LENGTH = 120
DIGITS = re.compile(r"\d+")
ROMAN_NUMBER = re.compile(r"\b[ivxlc]+$|^[ivxlc]+\b")
PAGE_NUMBER = re.compile(
    r"^\W*(?:page|seite|p\.)?\s*(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:/|of)\s*\d{1,4})?\W*$|^第?\s*\d{1,4}\s*页?$",
    re.IGNORECASE,
)
CHAPTER = re.compile(
    r"^(?:chapter|part|book|section|appendix)\s+(?:\d+|[ivxlc]+)\b\D*$"
    r"|^第\s*[〇○零一二三四五六七八九十百千\d]+\s*[章回节節卷部篇]\D*$",
    re.IGNORECASE,
)
EDGE_NUMBER = re.compile(r"^(\d{1,4})\b|\b(\d{1,4})$")


def remove_running_headers(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks without running lines. Blocks without page numbers are left alone."""
    pages: dict[int, list[int]] = {}
    for index, block in enumerate(blocks):
        if block.kind == "line" and block.text.strip() and block.page:
            pages.setdefault(block.page, []).append(index)
    if len(pages) < 2:
        return list(blocks)
    gone = _repeated(blocks, pages) | _numbered(blocks, pages)
    return [block for index, block in enumerate(blocks) if index not in gone]


def _shape(text: str) -> str:
    text = " ".join(text.casefold().split())
    return DIGITS.sub("#", ROMAN_NUMBER.sub("#", text))


def _edges(lines: Sequence[int]) -> Iterable[tuple[str, int, int]]:
    """Yield (top or bottom, distance from the edge, index)."""
    for depth, index in enumerate(lines[:EDGE_LINES]):
        yield "top", depth, index
    for depth, index in enumerate(reversed(lines[-EDGE_LINES:])):
        yield "bottom", depth, index


def _repeated(blocks: Sequence[Block], pages: dict[int, list[int]]) -> set[int]:
    counts: Counter[tuple[str, str]] = Counter()
    exact: Counter[tuple[str, str]] = Counter()
    anywhere: Counter[str] = Counter()
    for lines in pages.values():
        counts.update({(edge, _shape(blocks[index].text)) for edge, _, index in _edges(lines)})
        exact.update({(edge, blocks[index].text.strip()) for edge, _, index in _edges(lines)})
        anywhere.update({blocks[index].text.strip() for index in lines})
    enough = MIN_PAGES if len(pages) >= FEW_PAGES else max(2, (len(pages) + 1) // 2)
    gone = set()
    for lines in pages.values():
        for edge, depth, index in _edges(lines):
            text = blocks[index].text
            if exact[edge, text.strip()] < enough and CHAPTER.match(text.strip()):
                continue  # "Chapter 1", "Chapter 2", each on top of its own page, are headings
            seen = counts[edge, _shape(text)]
            wanted = enough if depth == 0 else max(enough, INNER_SHARE * len(pages))
            same = exact[edge, text.strip()]
            certain = len(text) >= EXACT_LENGTH and same >= max(enough, ANYWHERE_SHARE * len(pages))
            if len(text) <= MAX_LENGTH and seen >= wanted and (certain or _is_running(text)):
                gone.add(index)
        gone |= {
            index
            for index in lines
            if len(blocks[index].text) >= ANYWHERE_LENGTH
            and anywhere[blocks[index].text.strip()] >= max(enough, ANYWHERE_SHARE * len(pages))
        }
    return gone


def _is_running(text: str) -> bool:
    """A line that ends a sentence repeats by chance ("#." is a shape of many)."""
    return not (
        text.rstrip().endswith((".", "。", ";", ",")) and not PAGE_NUMBER.match(text.strip())
    )


def _numbered(blocks: Sequence[Block], pages: dict[int, list[int]]) -> set[int]:
    """Lines at a page's very edge that carry the page's number in sequence with other pages."""
    offsets: Counter[int] = Counter()
    candidates: list[tuple[int, set[int]]] = []
    for page, lines in pages.items():
        for index in {lines[0], lines[-1]}:
            text = blocks[index].text.strip()
            if len(text) > MAX_LENGTH:
                continue
            numbers = {int(a or b) - page for a, b in EDGE_NUMBER.findall(text)}
            candidates.append((index, numbers))
            offsets.update(numbers)
    common = {offset for offset, seen in offsets.items() if seen >= SEQUENCE_SHARE * len(pages)}
    gone = {
        index
        for index, numbers in candidates
        if numbers & common and not CHAPTER.match(blocks[index].text.strip())
    }
    bare = [index for index, _ in candidates if PAGE_NUMBER.match(blocks[index].text.strip())]
    if len(bare) >= SEQUENCE_SHARE * len(pages):
        gone |= set(bare)
    return gone
