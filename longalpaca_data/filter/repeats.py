"""Repeats over the whole corpus: ambiguous and repeated questions, near-duplicate rows.

Similarity is ROUGE-L over words (Han characters for Chinese), computed as the normalised Indel
distance of rapidfuzz over word ids, which is the same figure at a thousandth of the time.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
from rapidfuzz.distance import Indel
from rapidfuzz.process import cdist

from longalpaca_data.core.language import HAN_CHARACTERS
from longalpaca_data.core.recipe import FilterSpec
from longalpaca_data.core.records import Sample, content_id
from longalpaca_data.pipeline.stage import Context, Stage

_VERSION = 3
_WORD = re.compile(rf"[a-z0-9]+|[{HAN_CHARACTERS}]")


def repeats_stage(spec: FilterSpec) -> Stage[Sample, Sample]:
    """Return the corpus-wise stage ``repeats``: Sample → Sample."""
    run = partial(_repeats, threshold=spec.near_duplicate)
    return Stage("repeats", run, Sample, (_VERSION, spec.near_duplicate), shard=None)


def _repeats(samples: Iterable[Sample], context: Context, threshold: float) -> Iterator[Sample]:
    everything = list(samples)
    ambiguous = _ambiguous(everything)
    asked: set[str] = set()
    facts: set[str] = set()
    kept: list[Sample] = []
    # In the order of the ids, which is random but stable: which of two repeats stays must not
    # depend on which window came first, or early windows would win every time.
    for sample in sorted(everything, key=lambda sample: sample.id):
        example = sample.example
        pair = content_id(_plain(example.question), _plain(example.answer))
        fact = _fact(sample)
        if sample.id in ambiguous:
            context.drop(sample, "ambiguous", "asked twice of one window, with two answers")
        elif pair in asked:
            context.drop(sample, "repeated question", example.question[:200])
        elif fact in facts:
            context.drop(sample, "repeated fact", "another window's row rests on the same passages")
        else:
            asked.add(pair)
            facts.add(fact)
            kept.append(sample)
    near = _near_duplicates(kept, threshold)
    stays = {sample.id for sample in kept} - set(near)
    for sample in everything:
        if sample.id in stays:
            yield sample
        elif sample.id in near:
            context.drop(sample, "near-duplicate row", f"like {near[sample.id]}")


def _fact(sample: Sample) -> str:
    """What a row is about: its family and the passages it rests on. Windows overlap, and a set
    that asks for one fact in each of them is smaller than it looks.
    """
    example = sample.example
    passages = [
        (example.window.parts[evidence.part].document_id, evidence.start, evidence.end)
        for evidence in example.evidence
    ]
    return content_id(example.family, passages)


def _ambiguous(samples: list[Sample]) -> set[str]:
    """Return the samples whose question is asked of the same window with another answer."""
    groups: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.example.window.id, _plain(sample.example.question)].append(sample)
    return {
        sample.id
        for group in groups.values()
        if len({_plain(sample.example.answer) for sample in group}) > 1
        for sample in group
    }


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))


def _near_duplicates(samples: list[Sample], threshold: float) -> dict[str, str]:
    """Return dropped id → the id it resembles. Only rows of one family and document can."""
    groups: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    for sample in samples:
        example = sample.example
        groups[example.family, example.window.parts[0].document_id].append(sample)
    dropped: dict[str, str] = {}
    for group in groups.values():
        dropped.update(_near_in_group(group, threshold))
    return dropped


def _near_in_group(group: list[Sample], threshold: float) -> dict[str, str]:
    vocabulary: dict[str, int] = {}
    rows = [
        [
            vocabulary.setdefault(word, len(vocabulary))
            for word in _WORD.findall((s.example.question + " " + s.example.answer).lower())
        ]
        for s in group
    ]
    similar = cdist(
        rows, rows, scorer=Indel.normalized_similarity, score_cutoff=threshold, dtype=np.float32
    )
    dropped: dict[str, str] = {}
    for second, first in np.argwhere(np.tril(similar, -1) >= threshold):
        if group[first].id not in dropped:
            dropped[group[second].id] = group[first].id
    return dropped
