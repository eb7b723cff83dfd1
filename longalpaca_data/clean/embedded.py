"""Headings in the middle of a paragraph, chapters that stand in a file twice, and indexes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from longalpaca_data.clean.contents import key
from longalpaca_data.core.language import HAN_CHARACTERS
from longalpaca_data.core.numerals import CHINESE_NUMBER
from longalpaca_data.core.records import Block

# 「…且聽下回分解。第十三回　蘧駪夫求賢問業　馬純上仗義疏財話說婁府…」
# A title is a couplet of seven or eight characters each, and a storyteller's opening follows it.
EMBEDDED = re.compile(
    rf"(?:(?<=[。！？”」…．])|^)\s*(第{CHINESE_NUMBER}回"
    rf"\s*[{HAN_CHARACTERS}]{{5,9}}\s*"
    rf"[{HAN_CHARACTERS}]{{5,9}}?)\s*(?=(?:話說|话说|卻說|却说|且說|且说|詩曰|诗曰|詞曰|词曰))"
)

INDEX = re.compile(
    r"^(?:[\w.]{1,12}\s+)?"
    r"(?:(?:concept|subject|general|function|variable|author|keyword|command)s?\s+(?:and\s+)?){0,3}index$"
    r"|^索引$",
    re.IGNORECASE,
)
INDEX_LINE = 60  # characters, on average: an index has words and page numbers
ITEM_NUMBER = re.compile(r"^\(?(?:\d{1,3}|[A-Za-z]{1,2}|[ivxlcIVXLC]+)[.)]\s+")
COPY = 4_000  # characters: nobody repeats himself that long


def split_embedded(blocks: Sequence[Block]) -> list[Block]:
    """Cut paragraphs at chapter titles that lost their lines. Levels are those of the others."""
    levels = [block.level for block in blocks if block.kind == "heading"]
    level = max(set(levels), key=levels.count) if levels else 1
    return [part for block in blocks for part in _cut(block, level)]


def _cut(block: Block, level: int) -> Iterator[Block]:
    if block.kind != "paragraph" or "回" not in block.text:
        yield block
        return
    for index, text in enumerate(EMBEDDED.split(block.text)):
        if text.strip():
            yield (
                replace(block, kind="heading", text=text, level=level)
                if index % 2
                else replace(block, text=text)
            )


def without_second_copies(blocks: Sequence[Block]) -> list[Block]:
    """Leave out long runs that say again, word for word, what stood before.

    Punctuation doesn't count: one copy's headings may have lost a dash that the other's still have.
    Nor do the numbers of items: automatic ones go on counting from one copy to the next.

    Files are assembled by hand: a transcription of 儒林外史 has a chapter twice, a handbook of 872
    pages is the same 290 three times. Legal clauses repeat too, but not for pages.
    """
    keys = [key(ITEM_NUMBER.sub("", block.text)) or block.text for block in blocks]
    first: dict[str, int] = {}
    kept: list[Block] = []
    position = 0
    while position < len(blocks):
        earlier = first.setdefault(keys[position], position)
        length = 0
        if earlier < position:
            while (
                position + length < len(blocks)
                and earlier + length < position
                and keys[earlier + length] == keys[position + length]
            ):
                length += 1
            if sum(len(block.text) for block in blocks[position : position + length]) >= COPY:
                position += length
                continue
        kept.append(blocks[position])
        position += 1
    return kept


def without_index(blocks: Sequence[Block]) -> list[Block]:
    """Leave out a back-of-book index: a heading that says so, and short lines below it."""
    kept: list[Block] = []
    position = 0
    while position < len(blocks):
        block = blocks[position]
        stop = position + 1
        if block.kind == "heading" and INDEX.match(block.text):
            while stop < len(blocks) and not _ends_section(blocks[stop], block.level):
                stop += 1
            below = blocks[position + 1 : stop]
            lines = [line for piece in below for line in piece.text.split("\n")]
            if sum(map(len, lines)) <= INDEX_LINE * len(lines):
                position = stop
                continue
        kept.append(block)
        position += 1
    return kept


def _ends_section(block: Block, level: int) -> bool:
    return block.kind == "heading" and block.level <= level
