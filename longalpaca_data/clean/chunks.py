"""Runs of lines between blank lines: what paragraphs, headings and verse are made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longalpaca_data.core.records import Block


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive lines. ``blanks`` counts the empty lines before them; indentation is kept."""

    lines: tuple[str, ...]
    blanks: int = 0
    page: int = 0
    size: float = 0.0
    bold: bool = False

    @property
    def text(self) -> str:
        """The lines in one, blanks squeezed."""
        return " ".join(" ".join(self.lines).split())


Piece = Chunk | Block
"""Lines still to be joined, or a block that its reader saw whole."""


def chunk(blocks: Sequence[Block]) -> list[Piece]:
    """Gather line blocks into chunks; a blank line or a new page ends one."""
    return list(_chunks(blocks))


def _chunks(blocks: Sequence[Block]) -> Iterator[Piece]:
    lines: list[Block] = []
    blanks = waiting = 0
    for block in blocks:
        is_line = block.kind == "line"
        is_blank = is_line and not block.text.strip()
        if lines and (is_blank or not is_line or block.page != lines[0].page):
            yield _chunk(lines, blanks)
            lines = []
        if is_blank:
            waiting += 1
            continue
        if is_line:
            if not lines:
                blanks = waiting
            lines.append(block)
        else:
            yield block
        waiting = 0
    if lines:
        yield _chunk(lines, blanks)


def _chunk(lines: Sequence[Block], blanks: int) -> Chunk:
    first = lines[0]
    return Chunk(
        tuple(line.text for line in lines),
        blanks,
        first.page,
        first.size,
        all(line.bold for line in lines),
    )
