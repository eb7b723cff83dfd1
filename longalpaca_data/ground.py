"""Evidence → character offsets. A quote that isn't in the material makes its row worthless."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from functools import partial

from longalpaca_data.documents import Documents
from longalpaca_data.records import Evidence, Example, Part
from longalpaca_data.stage import Context, Stage, by_window

_VERSION = 1


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
        lost = [e.quote for e, p in zip(example.evidence, placed, strict=True) if p is None]
        if lost:
            context.drop(example, "evidence not in the material", lost[0][:200])
            continue
        found = tuple(evidence for evidence in placed if evidence is not None)
        moved = found != example.evidence
        yield dataclasses.replace(example, evidence=found) if moved else example


def _place(evidence: Evidence, example: Example, documents: Documents) -> Evidence | None:
    """Return the evidence with offsets that hold, None where its quote isn't in its part."""
    part = example.window.parts[evidence.part]
    text = documents[part.document_id].text
    inside = part.start <= evidence.start <= evidence.end <= part.end
    if inside and evidence.quote and text[evidence.start : evidence.end] == evidence.quote:
        return evidence
    return _search(evidence, part, text)


def _search(evidence: Evidence, part: Part, text: str) -> Evidence | None:
    """Find a quote word for word, whatever white space stands between its words."""
    words = evidence.quote.split()
    if not words:
        return None
    pattern = re.compile(r"\s+".join(re.escape(word) for word in words))
    found = pattern.search(text, part.start, part.end)
    if found is None:
        return None
    return Evidence(found.group(), evidence.part, found.start(), found.end())
