"""Raw documents made from a few lines."""

from __future__ import annotations

from collections.abc import Sequence

from longalpaca_data.clean import clean_document
from longalpaca_data.core.records import Block, Document, RawDocument


def raw(
    blocks: Sequence[Block],
    *,
    file_format: str = "text",
    title: str = "",
    path: str = "a_small-text.txt",
) -> RawDocument:
    return RawDocument("id", path, file_format, title, "", "", "", "", "", tuple(blocks))


def lines(text: str, page: int = 0) -> list[Block]:
    return [Block("line", line, page=page) for line in text.split("\n")]


def cleaned(text: str, **options: str) -> Document:
    return clean_document(raw(lines(text), **options), len)


def titles(document: Document) -> list[tuple[int, str]]:
    return [(section.level, section.title) for section in document.sections]


def prose(words: int = 80, seed: str = "the grey ship came slowly into the harbour") -> str:
    """English in lines of about 70 characters, ending like a sentence."""
    parts = (seed.split() * (words // 8 + 1))[:words]
    rows, row = [], ""
    for part in parts:
        if len(row) + len(part) > 70:
            rows.append(row)
            row = ""
        row = f"{row} {part}".strip()
    return "\n".join([*rows, row + "."])
