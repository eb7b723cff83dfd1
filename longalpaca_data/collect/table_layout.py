"""Tables that aren't tables: frames around pieces of a page, and lists set in two columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from longalpaca_data.collect.tables import SourceCell, is_layout
from longalpaca_data.core.records import Block

MAX_CELL = 2_000  # characters; a cell that holds more is a piece of a page
MAX_CELL_BLOCKS = 12
STRUCTURED = frozenset({"heading", "code", "table"})
SIMPLE_SHARE = 0.6
# Filings and old pages set lists as tables: a sign or a number in one column, text in the other.
BULLET = re.compile(r"[•●○▪■◦·∙*–—o☐☑☒✓✔-]\Z")
NUMBER = re.compile(r"\(?(?:\d{1,3}|[a-z]{1,4})[.)]\Z")
BOXES = "☐☑☒✓✔"
MIN_ITEM = 40  # characters on average; shorter texts beside a number are a table


def cell_text(blocks: Sequence[Block]) -> str:
    """Return a cell's text in one line; tables within it stand apart."""
    texts = (block.text for block in blocks if block.kind != "table")
    return " ".join(" ".join(texts).split())


def is_frame(
    rows: Sequence[Sequence[Sequence[Block]]], grid: Sequence[Sequence[SourceCell]]
) -> bool:
    """Whether a table stands around pieces of a page: its cells' blocks are to be read in order."""
    if is_layout(grid):
        return True
    filled = [cell for row in rows for cell in row if cell]
    simple = sum(map(_is_simple, filled))
    if simple == len(filled):
        return False
    pairs = sum(sum(_is_simple(cell) for cell in row if cell) > 1 for row in rows)
    return simple < SIMPLE_SHARE * len(filled) or pairs < 2


def _is_simple(blocks: Sequence[Block]) -> bool:
    return (
        len(blocks) <= MAX_CELL_BLOCKS
        and not any(block.kind in STRUCTURED for block in blocks)
        and sum(len(block.text) for block in blocks) <= MAX_CELL
    )


def items(grid: Sequence[Sequence[SourceCell]]) -> list[Block]:
    """Return the items of a list that was set as a table, nothing for other tables."""
    pairs = [pair for row in grid if (pair := [cell.text for cell in row if cell.text])]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        return []
    numbers = all(NUMBER.match(marker) for marker, _ in pairs)
    if numbers and sum(len(text) for _, text in pairs) < MIN_ITEM * len(pairs):
        return []
    if not numbers and not all(BULLET.match(marker) for marker, _ in pairs):
        return []
    return [
        Block("item", f"{marker if numbers or marker in BOXES else '-'} {text}", 1)
        for marker, text in pairs
    ]
