"""Evidence → character offsets. A quote that isn't in the material makes its row worthless.

A quote holds when its words stand in the material in this order, whatever white space, quotation
marks, dashes or case they were copied with. One that a model changed is looked for too, so that
the row can show what the document really says, but it counts against the row, and one that isn't
to be found at all counts more: it is gone.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from rapidfuzz import fuzz

from longalpaca_data.core.language import HAN
from longalpaca_data.core.records import ANY_PART, Evidence, Example, Part
from longalpaca_data.pipeline.stage import Context, Stage, by_window
from longalpaca_data.windows.documents import Documents

_VERSION = 3
_FUZZY = 88.0  # of 100 (normalised Indel similarity of the best place): a few words differ
_FUZZY_CHARACTERS = 24  # shorter quotes resemble something everywhere
_FUZZY_LIMIT = 2_000  # characters of a quote that is looked for: longer ones are not quotes
_EQUAL = ("'’‘`´", '"“”„«»″', "-‐‑‒–—―", "，,", "。．.", "：:", "；;", "？?", "！!", "（(", "）)")
_CLASS = {
    character: "[" + "".join(map(re.escape, group)) + "]" for group in _EQUAL for character in group
}
"""Characters that a copy may take for one another, each with its group as a pattern."""


def ground_stage(documents: Documents) -> Stage[Example, Example]:
    """Return the stage ``ground``: Example → Example whose evidence is verbatim at its offsets."""
    run = partial(_ground, documents=documents)
    return Stage("ground", run, Example, (_VERSION,), shard=by_window)


def _ground(
    examples: Iterable[Example], context: Context, documents: Documents
) -> Iterator[Example]:
    for example in examples:
        if not example.evidence:
            context.drop(example, "no evidence", example.family)
            continue
        placed = [_place(evidence, example, documents) for evidence in example.evidence]
        held = sum(exact for _, exact in placed)
        found = _distinct(evidence for evidence, _ in placed if evidence is not None)
        lost = [e for e, (p, _) in zip(example.evidence, placed, strict=True) if p is None]
        context.count("quotes", len(placed))
        context.count("quotes changed", len(placed) - len(lost) - held)
        context.count("quotes not found", len(lost))
        if not found or any(evidence.part != ANY_PART for evidence in lost):
            context.drop(example, "evidence not in the material", lost[0].quote[:200])
            continue
        grounding = round(held / len(placed), 4)
        if found != example.evidence or grounding != example.grounding:
            yield dataclasses.replace(example, evidence=found, grounding=grounding)
        else:
            yield example


def _distinct(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple({(e.part, e.start, e.end): e for e in evidence}.values())


def _place(
    evidence: Evidence, example: Example, documents: Documents
) -> tuple[Evidence | None, bool]:
    """Return the evidence with offsets that hold, and whether it stood there as it was given."""
    parts = example.window.parts
    chosen: Sequence[int] = range(len(parts)) if evidence.part == ANY_PART else (evidence.part,)
    texts = {index: documents[parts[index].document_id].text for index in chosen}
    if evidence.part != ANY_PART:
        part, text = parts[evidence.part], texts[evidence.part]
        inside = part.start <= evidence.start <= evidence.end <= part.end
        if inside and evidence.quote and text[evidence.start : evidence.end] == evidence.quote:
            return evidence, True
    for index in chosen:
        span = _search(evidence.quote, parts[index], texts[index])
        if span is not None:
            return Evidence(texts[index][span[0] : span[1]], index, *span), True
    if evidence.part != ANY_PART:  # our own generators copy: what they changed is a fault
        return None, False
    return _nearest(evidence.quote, parts, texts), False


def _search(quote: str, part: Part, text: str) -> tuple[int, int] | None:
    """Find a quote word for word; punctuation may be of another kind, white space any."""
    words = quote.split()
    if not words or len(quote) > 20 * _FUZZY_LIMIT:
        return None
    exact = text.find(quote, part.start, part.end)
    if exact >= 0:
        return exact, exact + len(quote)
    if _joined(quote):
        pattern = r"\s*".join(map(_character, "".join(words)))
    else:
        pattern = r"\s+".join("".join(map(_character, word)) for word in words)
    found = re.compile(pattern, re.IGNORECASE).search(text, part.start, part.end)
    return found.span() if found else None


def _joined(quote: str) -> bool:
    """Whether white space means nothing in this script: Chinese has none between words."""
    return bool(HAN.search(quote))


def _character(character: str) -> str:
    return _CLASS.get(character) or re.escape(character)


def _nearest(quote: str, parts: Sequence[Part], texts: dict[int, str]) -> Evidence | None:
    """Return what the document says where the changed quote fits best, None where nowhere well."""
    quote = quote[:_FUZZY_LIMIT]
    if len(quote) < _FUZZY_CHARACTERS:
        return None
    best: tuple[float, Evidence] | None = None
    for index, text in texts.items():
        part = parts[index]
        shown = text[part.start : part.end]
        found = fuzz.partial_ratio_alignment(quote, shown, score_cutoff=_FUZZY)
        if found is not None and (best is None or found.score > best[0]):
            start, end = part.start + found.dest_start, part.start + found.dest_end
            best = found.score, Evidence(text[start:end], index, start, end)
    return best[1] if best else None
