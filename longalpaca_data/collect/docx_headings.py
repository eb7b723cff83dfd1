"""Headings of a DOCX that have no heading's style: numbered paragraphs, all in bold type."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from longalpaca_data.core.records import Block

NUMBERED = re.compile(r"^(?:(?P<digit>\d{1,2})|(?P<upper>[A-Z])|(?P<lower>[a-z]))[.)]\s+[A-Z]")
MAX_LENGTH = 120
MAX_LEVEL = 6
SENTENCE_END = re.compile(r"[.,;:!?]$")
# Tab stops that someone set by hand: REFERRAL PROCEDUR⇥E, NON-ATTENDANCE BY DEBTORS -⇥
DETACHED = re.compile(r"(?<=[A-Z]{4})\t+([A-Z])\s*$|(?<=[a-z]{4})\t+([a-z])\s*$")
DANGLING = re.compile(r"[\s\-–—]+$")


def with_last_letter(text: str) -> str:
    """Put a last letter back that a tab stop has torn off."""
    return DETACHED.sub(lambda match: match.group(1) or match.group(2), text)


def heading_text(text: str) -> str:
    """Return a heading in one line, without the dash or tab that it ends in."""
    return DANGLING.sub("", " ".join(text.split()))


def bold_headings(blocks: Sequence[Block]) -> list[Block]:
    """Make headings of bold paragraphs that are numbered: "2. REFERRALS", "a. Audit Report".

    One that is numbered as styled headings are has their level; others stand one level below the
    heading before them. Two in a row are a list.
    """
    levels: dict[str, int] = {}
    for block in blocks:
        if block.kind == "heading" and (kind := _numbering(block.text)):
            levels.setdefault(kind, block.level)
    result: list[Block] = []
    above = 0
    for index, block in enumerate(blocks):
        following = blocks[index + 1] if index + 1 < len(blocks) else None
        kind = _numbering(block.text)
        alone = following is not None and not (following.bold and _numbering(following.text))
        if block.kind == "heading":
            above = block.level
        if above and block.kind == "paragraph" and block.bold and kind and alone:
            level = levels.get(kind, min(MAX_LEVEL, above + 1))
            result.append(
                replace(block, kind="heading", text=heading_text(block.text), level=level)
            )
        else:
            result.append(block)
    return result


def _numbering(text: str) -> str:
    """Return digit, upper or lower for a short title with a number or letter, else nothing."""
    match = NUMBERED.match(text)
    if match is None or len(text) > MAX_LENGTH or SENTENCE_END.search(text.rstrip()):
        return ""
    return match.lastgroup or ""
