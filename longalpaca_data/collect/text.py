"""Plain text: one ``line`` block per physical line, blank ones included.

What the lines make up (paragraphs, headings, verse) is decided by the cleaner, which sees the
whole document and does the same for PDF.
"""

from __future__ import annotations

import re

from longalpaca_data.collect.encoding import decode
from longalpaca_data.collect.extract import Extract
from longalpaca_data.core.errors import UnreadableError
from longalpaca_data.core.records import Block

MAX_LINES = 2_000_000  # a book of 60 MB has a million; each is a block of 150 bytes in memory
# Line ends in a row: more of them say no more, and each is a block of 150 bytes in memory.
_GAP = re.compile(r"\n(?:[ \t]*+\n){40,}+")
_LONGEST_GAP = "\n" * 40


def read(data: bytes, name: str) -> Extract:  # noqa: ARG001 — every reader has the same signature
    """Read TXT. Raises UnreadableError: 'empty', 'binary', 'too large'."""
    text = decode(data)
    if not text.strip():
        raise UnreadableError("empty", "only white space")
    # A form feed is a page break: it ends a line, and what follows is a new paragraph.
    text = _GAP.sub(_LONGEST_GAP, text.replace("\f", "\n\n"))
    if (count := text.count("\n")) > MAX_LINES:
        raise UnreadableError("too large", f"{count} lines; at most {MAX_LINES} are read")
    lines = text.split("\n")
    return Extract(tuple(Block("line", line.rstrip()) for line in lines))
