"""Shortening a row to the context: inside the material, never in the question or the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

GAP = "\n[…]\n"
"""Stands where material was left out."""

LONGEST_OPENING = 1000
"""Characters: a longer first line is material, not an opening line."""

LONGEST_QUESTION = 4000
"""Characters: a longer last line is material, not a question."""

CLOSING = re.compile(
    r"\b(?:papers?|material|books?|documents?|reports?|articles?|texts?|excerpt)\b.{0,40}\bends?\b"
    r"|\bend of (?:the|this)\b|到此.{0,6}结束|^以上是",
    re.IGNORECASE,
)
"""Lines that close a material, in LongAlpaca's wording and in ours."""

LONGEST_CLOSING = 200
"""Characters: a longer line that matches is prose."""

TRIES = 12
"""Tokens are not spread evenly (Chinese, tables, code): the length of the cut is searched for."""

FINE = 100
"""A cut is good enough when less than this part of the context is left empty."""


@dataclass(frozen=True, slots=True)
class Shortened:
    """A prompt's text that fits, and whether a quoted piece of evidence was lost on the way."""

    text: str
    tokens: list[int]
    cut_evidence: bool


def material_span(instruction: str, question: str) -> tuple[int, int]:
    """Return where the material lies: after the opening line, before the closing line.

    ``question`` is what the instruction ends with; where it is empty, all that follows a closing
    line is taken for it, or else the last line. The line before the question closes the material.
    """
    text = instruction.rstrip()
    asked = question.strip()
    if asked and text.endswith(asked):
        end = len(text) - len(asked)
    else:
        end = _after_closing(text) or text.rfind("\n") + 1
        if len(text) - end > LONGEST_QUESTION or end == 0:
            end = max(0, len(text) - LONGEST_QUESTION)
    body = text[:end].rstrip()
    closing = body.rfind("\n") + 1
    if closing and len(body) - closing <= LONGEST_OPENING:
        end = closing
    opening = text.find("\n") + 1
    start = opening if 0 < opening <= min(LONGEST_OPENING, end) else 0
    return start, end


def material_of(text: str, instruction: str, more: str, question: str) -> tuple[int, int]:
    """Return where the material lies in ``text``, which joins an instruction and its ``input``.

    Alpaca rows with a long input have their material there, and the question before it.
    """
    if len(more) > len(instruction) and text.endswith(more):
        return len(text) - len(more), len(text)
    return material_span(instruction, question)


def _after_closing(text: str) -> int:
    """Return where the line after the last closing line begins, 0 where there is none nearby.

    A question of several lines is kept whole this way.
    """
    at = text.rfind("\n") + 1  # the last line is the question's
    while at > max(1, len(text) - LONGEST_QUESTION):
        before = text.rfind("\n", 0, at - 1) + 1
        line = text[before : at - 1]
        if before and len(line) <= LONGEST_CLOSING and CLOSING.search(line):
            return at
        at = before
    return 0


def place_of_cut(
    span: tuple[int, int], length: int, evidence: Sequence[tuple[int, int]]
) -> tuple[int, bool]:
    """Choose where to cut ``length`` characters out of ``span``; tell whether evidence is lost.

    The last stretch without evidence that is long enough is taken, from its end backwards; where
    there is none, the end of the material.
    """
    start, end = span
    kept: list[tuple[int, int]] = []
    for a, b in sorted((max(a, start), min(b, end)) for a, b in evidence if b > start and a < end):
        if kept and a <= kept[-1][1]:  # overlapping pieces are one
            kept[-1] = (kept[-1][0], max(b, kept[-1][1]))
        else:
            kept.append((a, b))
    edges = [start, *[point for piece in kept for point in piece], end]
    for a, b in reversed(list(zip(edges[::2], edges[1::2], strict=True))):
        if b - a >= length:
            return b - length, False
    return end - length, bool(kept)


def shorten(
    text: str,
    *,
    span: tuple[int, int],
    evidence: Sequence[tuple[int, int]],
    limit: int,
    tokenize: Callable[[str], list[int]],
) -> Shortened | None:
    """Cut as little material from ``text`` as makes it have at most ``limit`` tokens.

    None where the rest alone is longer than that.
    """
    tokens = tokenize(text)
    if len(tokens) <= limit:
        return Shortened(text, tokens, cut_evidence=False)
    # The search is between two lengths of the cut (characters): too short, and long enough.
    short, long = 0, span[1] - span[0]
    above = len(tokens)
    best = _without(text, span, long, evidence, tokenize)
    if len(best.tokens) > limit:
        return None
    spare = max(16, limit // FINE)
    for attempt in range(TRIES):
        below = len(best.tokens)
        if limit - below <= spare or long - short <= 1:
            break
        share = (above - max(below, limit - spare // 2)) / (above - below)
        if attempt % 3 == 2:  # interpolation alone creeps where the density changes
            share = 0.5
        length = min(long - 1, max(short + 1, short + round((long - short) * share)))
        found = _without(text, span, length, evidence, tokenize)
        if len(found.tokens) <= limit:
            long, best = length, found
        else:
            short, above = length, len(found.tokens)
    return best


def _without(
    text: str,
    span: tuple[int, int],
    length: int,
    evidence: Sequence[tuple[int, int]],
    tokenize: Callable[[str], list[int]],
) -> Shortened:
    """Return ``text`` without ``length`` characters of its material."""
    at, lost = place_of_cut(span, length, evidence)
    shorter = text[:at].rstrip() + GAP + text[at + length :].lstrip()
    return Shortened(shorter, tokenize(shorter), cut_evidence=lost)
