"""Project Gutenberg's header, licence and transcribers' notes: read for facts, then left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from longalpaca_data.core.records import Block

START = re.compile(
    r"\*\*\*\s*START OF (?:THE|THIS) PROJECT GUTENBERG E(?:BOOK|TEXT)", re.IGNORECASE
)
END = re.compile(
    r"\*\*\*\s*END OF (?:THE|THIS) PROJECT GUTENBERG E(?:BOOK|TEXT)"
    r"|^\s*(?:This is the )?End of (?:the |this )?Project Gutenberg(?:'s|’s)? ",
    re.IGNORECASE,
)
OPENING = re.compile(r"^\s*The Project Gutenberg E(?:Book|text)\b", re.IGNORECASE)
CLOSING = re.compile(
    r"^\s*(?:This is the )?End of (?:the |this )?Project Gutenberg(?:'s|’s)? (?:E(?:Book"
    r"|text) of )?(.+?)(?:, by (.+?))?\s*$",
    re.IGNORECASE,
)
FIELD = re.compile(r"^\s*(Title|Author|Language):\s*(.+?)\s*$", re.IGNORECASE)
CREDIT = re.compile(
    r"^\s*(?:Produced by|E-?text prepared by|Transcribed (?:by|from)|This (?:e-?text|eBook) was"
    r"|HTML version by|Updated editions? will|\[?(?:Original )?Transcriber[’']?s?[’']? ?Notes?\b)",
    re.IGNORECASE,
)
CORRECTION = re.compile(r"""["“][^"”]{1,40}["”] should be ["“][^"”]{1,40}["”]""")
PLACEHOLDER = re.compile(
    r"^\s*(?:cover|\[(?:cover|illustration|frontispiece|image)[^\]]*\])\.?\s*$", re.IGNORECASE
)
COPYRIGHTED = re.compile(r"COPYRIGHTED Project Gutenberg", re.IGNORECASE)
LANGUAGES = {"english": "en", "chinese": "zh"}
HEADER_WITHIN = 600  # blocks; a header is 20-40 lines, old ones carried the licence in front (400)
NOTES_WITHIN = 500  # lines; notes may stand behind a long list of contents
MAX_NOTE_LINES = 15
NOTE = re.compile(r"Project Gutenberg|\be-?texts?\b|Distributed Proofread", re.IGNORECASE)
VOLUME = re.compile(
    r"[,;:.]?\s+(?:vol(?:ume|\.)?|part|book)\s+(?:\d+|[IVXLC]+|one|first)\b.*$", re.IGNORECASE
)
MARK_LINES = 5  # a mark runs over a few lines when the title is long
LICENCE = "Public domain in the USA"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the header or the closing line says. Empty where it says nothing."""

    found: bool = False
    title: str = ""
    closing_title: str = ""
    author: str = ""
    language: str = ""
    licence: str = ""


def strip(blocks: Sequence[Block]) -> tuple[list[Block], Facts]:
    """Return the blocks between Project Gutenberg's marks, and what the first marks say.

    A file may hold several of its books, each between marks of its own.
    """
    start = _start(blocks)
    end = _end(blocks, start)
    found = bool(start) or end < len(blocks)
    facts = _facts(blocks[:start], blocks[end : end + 1]) if found else Facts()
    kept = _without_notes(list(blocks[start:end]), found)
    volumes = 1
    while end < len(blocks):
        start = _next_start(blocks, end + 1)
        end = _end(blocks, start)
        if start < len(blocks):
            kept += [Block("line", ""), *_without_notes(list(blocks[start:end]), found)]
            volumes += 1
    if volumes > 1:
        facts = replace(facts, title=VOLUME.sub("", facts.title))
    return kept, facts


def _start(blocks: Sequence[Block]) -> int:
    for index, block in enumerate(blocks[:HEADER_WITHIN]):
        if START.search(block.text):
            while index < len(blocks) and not blocks[index].text.rstrip().endswith("***"):
                index += 1  # the mark runs over two lines when the title is long  # noqa: PLW2901
                if index > HEADER_WITHIN:
                    return 0
            return index + 1
    return 0


def _next_start(blocks: Sequence[Block], position: int) -> int:
    """Return where the next book begins, the number of blocks where none does."""
    for index in range(position, len(blocks)):
        if START.search(blocks[index].text):
            last = min(index + MARK_LINES, len(blocks))
            ends = (i for i in range(index, last) if blocks[i].text.rstrip().endswith("***"))
            return next(ends, index) + 1
    return len(blocks)


def _end(blocks: Sequence[Block], start: int) -> int:
    for index in range(start, len(blocks)):
        if END.search(blocks[index].text):
            return index
    return len(blocks)


def _facts(head: Sequence[Block], tail: Sequence[Block]) -> Facts:
    fields: dict[str, str] = {}
    lines = [line for block in head for line in block.text.split("\n")]
    for index, line in enumerate(lines):
        if match := FIELD.match(line):
            value = match.group(2)
            following = lines[index + 1] if index + 1 < len(lines) else ""
            if following.startswith("   ") and following.strip():  # a long title goes on, indented
                value = f"{value} {following.strip()}"
            fields.setdefault(match.group(1).lower(), value)
    closing_title = ""
    if tail and (closing := CLOSING.search(tail[0].text)):
        closing_title = closing.group(1)
        fields.setdefault("author", closing.group(2) or "")
    rights = "" if any(COPYRIGHTED.search(line) for line in lines) else LICENCE
    return Facts(
        found=True,
        title=" ".join(fields.get("title", "").split()),
        closing_title=" ".join(closing_title.split()),
        author=" ".join(fields.get("author", "").split()),
        language=LANGUAGES.get(fields.get("language", "").lower(), ""),
        licence=rights,
    )


def _without_notes(body: list[Block], found: bool) -> list[Block]:
    """Leave out credits, notes and picture placeholders; notes stand near the start or the end."""
    kept: list[Block] = []
    skipping = text_seen = False
    for index, block in enumerate(body):
        blank = not block.text.strip()
        if skipping and not blank and block.kind == "line":
            continue
        starts = not kept or not kept[-1].text.strip() or block.kind != "line"
        near_edge = index < NOTES_WITHIN or index > len(body) - NOTES_WITHIN
        skipping = found and near_edge and starts and _is_note(body, index)
        correction = not text_seen and CORRECTION.search(block.text)
        if skipping or correction or PLACEHOLDER.match(block.text):
            continue
        text_seen = text_seen or not blank
        kept.append(block)
    return kept


def _is_note(body: Sequence[Block], index: int) -> bool:
    """Whether the paragraph that begins here speaks of the transcription."""
    if CREDIT.match(body[index].text) or OPENING.match(body[index].text):
        return True
    paragraph = []
    for block in body[index : index + MAX_NOTE_LINES]:
        if not block.text.strip():
            break
        paragraph.append(block.text)
        if block.kind != "line":
            break
    return bool(NOTE.search(" ".join(paragraph)))
