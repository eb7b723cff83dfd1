"""The blocks of a document's text: which stand in a stretch of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from longalpaca_data.core.records import Document, Span

_PARAGRAPH = re.compile(r"\S.*?(?=\n{2,}|\Z)", re.DOTALL)


def blocks_of(document: Document) -> Sequence[Span]:
    """Return a document's blocks; for a text without any, what stands between blank lines."""
    if document.blocks:
        return document.blocks
    headings = {section.start for section in document.sections}
    return [
        Span("heading" if found.start() in headings else "paragraph", *found.span())
        for found in _PARAGRAPH.finditer(document.text)
    ]


def blocks_within(document: Document, start: int, end: int) -> Iterator[Span]:
    """Yield the blocks that stand in ``text[start:end]``, cut to it; their cells, too."""
    for block in blocks_of(document):
        if block.end <= start or block.start >= end:
            continue
        if start <= block.start and block.end <= end:
            yield block
            continue
        cells = tuple(c for c in block.cells if start <= c.start and c.end <= end)
        yield replace(block, start=max(start, block.start), end=min(end, block.end), cells=cells)
