"""A small text becomes a ParsedPart: blocks between blank lines, headings begin with ``#``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from longalpaca_data.core.records import Document, DocumentKind, Part, Section
from longalpaca_data.generate.extractive.parsed_part import ParsedPart

Read = Callable[..., ParsedPart]


@pytest.fixture
def read() -> Read:
    return _read


def _read(
    text: str,
    language: str = "en",
    kind: DocumentKind = "book",
    title: str = "The Harbour Book",
    *,
    whole: bool = True,
) -> ParsedPart:
    plain, headings = "", []
    for block in text.strip().split("\n\n"):
        level = len(block) - len(block.lstrip("#"))
        body = block.lstrip("# ").strip()
        if level:
            headings.append((body, level, len(plain), len(plain) + len(body) + 2))
        plain += body + "\n\n"
    plain = plain.rstrip()
    sections = []
    for index, (heading, level, start, body_start) in enumerate(headings):
        ends = (h[2] - 2 for h in headings[index + 1 :] if h[1] <= level)
        sections.append(Section(heading, level, start, body_start, next(ends, len(plain))))
    document = Document(
        "d", "d.txt", title, kind, language, "CC0-1.0", "", "", tuple(sections), plain, 0
    )
    part = Part("d", "d.txt", title, kind, "CC0-1.0", 0, len(plain), whole)
    return ParsedPart(document, part)
