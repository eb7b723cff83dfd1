"""Shortening a row to the context: inside the material, never in the question or the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

GAP = "\n[…]\n"
"""Stands where material was left out."""

LONGEST_OPENING = 1000
"""Characters: a longer first line is material, not an opening line."""

LONGEST_QUESTION = 4000
"""Characters: a longer last line is material, not a question."""

TRIES = 8
"""Tokens don't add up exactly when text is cut; each further try cuts a little more."""


@dataclass(frozen=True, slots=True)
class Shortened:
    """A prompt's text that fits, and whether a quoted piece of evidence was lost on the way."""

    text: str
    tokens: list[int]
    cut_evidence: bool


def material_span(instruction: str, question: str) -> tuple[int, int]:
    """Return where the material lies: after the opening line, before the closing line.

    ``question`` is what the instruction ends with; where it is empty the last line is taken for it
    (rows of LongAlpaca-12k end like this). The line before the question closes the material.
    """
    text = instruction.rstrip()
    asked = question.strip()
    if asked and text.endswith(asked):
        end = len(text) - len(asked)
    else:
        end = text.rfind("\n") + 1
        if len(text) - end > LONGEST_QUESTION or end == 0:
            end = max(0, len(text) - LONGEST_QUESTION)
    body = text[:end].rstrip()
    closing = body.rfind("\n") + 1
    if closing and len(body) - closing <= LONGEST_OPENING:
        end = closing
    opening = text.find("\n") + 1
    start = opening if 0 < opening <= min(LONGEST_OPENING, end) else 0
    return start, end


def place_of_cut(
    span: tuple[int, int], length: int, evidence: Sequence[tuple[int, int]]
) -> tuple[int, bool]:
    """Choose where to cut ``length`` characters out of ``span``; tell whether evidence is lost.

    The last stretch without evidence that is long enough is taken, from its end backwards; where
    there is none, the end of the material.
    """
    start, end = span
    kept = sorted((max(a, start), min(b, end)) for a, b in evidence if b > start and a < end)
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
    """Cut material from ``text`` until it has at most ``limit`` tokens.

    None where the rest alone is longer than that.
    """
    tokens = tokenize(text)
    if len(tokens) <= limit:
        return Shortened(text, tokens, cut_evidence=False)
    start, end = span
    per_character = max(len(tokenize(text[start:end])), 1) / max(end - start, 1)
    length = 0
    spare = len(tokenize(GAP))
    for _ in range(TRIES):
        excess = len(tokens) - limit + spare
        length = min(end - start, length + max(8, int(excess / per_character * 1.02) + 1))
        at, lost = place_of_cut(span, length, evidence)
        shorter = text[:at].rstrip() + GAP + text[at + length :].lstrip()
        tokens = tokenize(shorter)
        if len(tokens) <= limit:
            return Shortened(shorter, tokens, cut_evidence=lost)
        if length == end - start:
            return None
    return None
