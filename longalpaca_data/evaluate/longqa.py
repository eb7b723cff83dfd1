"""Questions of the validation split: exact match and F1, by length and by depth of the evidence.

Answers are compared as SQuAD does (Rajpurkar et al., arXiv 1606.05250, section 6): lower case,
without punctuation and articles, F1 over words; Chinese characters are words of their own.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

import torch

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.core.language import HAN_CHARACTERS
from longalpaca_data.train.ask import Asker
from longalpaca_data.train.data.rows import Row, read_rows
from longalpaca_data.train.data.templates import content
from longalpaca_data.train.data.truncate import material_of, shorten

WORDS = re.compile(rf"[{HAN_CHARACTERS}]|[^\W_{HAN_CHARACTERS}]+")
ARTICLES = {"a", "an", "the"}
LENGTHS = (2_000, 4_000, 8_000, 16_000, 32_000, 64_000)
"""Upper bounds of the length buckets, in tokens."""
DEPTHS = (0.25, 0.5, 0.75, 1.0)
"""Upper bounds of the depth buckets."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One question: prompt length (tokens), mean depth of its evidence, and the two scores."""

    source: str
    tokens: int
    depth: float | None
    answer: str
    exact: float
    f1: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """Mean scores of the questions in one bucket."""

    name: str
    questions: int
    exact: float
    f1: float


def normalise(text: str) -> list[str]:
    """Return the words that are compared."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = WORDS.findall(folded)
    return [word for word in words if word not in ARTICLES] or words  # "A" may be the answer


def exact_match(answer: str, expected: str) -> float:
    """Return 1 where the words are the same, else 0."""
    return float(normalise(answer) == normalise(expected))


def f1(answer: str, expected: str) -> float:
    """Return the harmonic mean of precision and recall over words."""
    found, wanted = normalise(answer), normalise(expected)
    if not found or not wanted:
        return float(found == wanted)
    common = sum((Counter(found) & Counter(wanted)).values())
    return 2 * common / (len(found) + len(wanted))


def longqa(
    asker: Asker,
    dataset: str,
    *,
    limit: int | None = None,
    answer_tokens: int = 128,
    context: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Answered]:
    """Ask the validation split's questions; rows beyond the context are cut in their material.

    Only rows with material (a ``question`` column) are asked. What fits neither the context nor the
    GPU's memory is left out and said to be. Raises :class:`DatasetError` where nothing remains.
    """
    answered: list[Answered] = []
    longest, skipped, full = context or asker.context, 0, 0
    for row in read_rows(dataset, "validation", empty=True):
        if not row.question or (limit is not None and len(answered) >= limit):
            continue
        tokens = _prompt(asker, row, longest - answer_tokens)
        if tokens is None:
            skipped += 1
            continue
        try:
            answer = asker.complete(tokens, answer=answer_tokens)
        except torch.OutOfMemoryError:
            full += 1
            continue
        depth = fmean(row.depths) if row.depths else None
        scores = exact_match(answer, row.output), f1(answer, row.output)
        answered.append(Answered(row.source, len(tokens), depth, answer, *scores))
        progress(f"question {len(answered)}: F1 {scores[1]:.2f}")
    if skipped:
        progress(f"{skipped} questions do not fit in {longest} tokens and were left out")
    if full:
        progress(f"{full} questions do not fit in the GPU's memory and were left out")
    if (skipped or full) and not answered:
        raise DatasetError(
            f"none of the {skipped + full} questions of {dataset} fits in {longest} tokens"
            + (" and the GPU's memory" if full else ""),
            do="lower --context" if full else "raise --context",
        )
    if not answered:
        raise DatasetError(
            f"{dataset} has no validation rows with questions about documents",
            do="give the output folder of `build` from at least 20 documents",
        )
    return answered


def _prompt(asker: Asker, row: Row, room: int) -> list[int] | None:
    encoder = asker.encoder
    text = content(encoder.template, row.instruction, row.input)
    fitted = shorten(
        text,
        span=material_of(text, row.instruction, row.input, row.question),
        evidence=row.evidence,
        limit=room - len(encoder.prompt("")),
        tokenize=encoder.content,
    )
    return None if fitted is None else encoder.around(fitted.tokens)


def buckets(answered: Sequence[Answered]) -> dict[str, list[Bucket]]:
    """Return mean scores over all questions, by length and by depth; empty buckets are left out."""
    by_length: dict[str, list[Answered]] = {}
    by_depth: dict[str, list[Answered]] = {}
    for one in sorted(answered, key=lambda a: a.tokens):
        bound = next((b for b in LENGTHS if one.tokens <= b), None)
        name = f"≤ {bound:,}" if bound else f"> {LENGTHS[-1]:,}"
        by_length.setdefault(name, []).append(one)
    for one in sorted(answered, key=lambda a: (a.depth is None, a.depth or 0.0)):
        name = "unknown"
        if one.depth is not None:
            bound_depth = next((b for b in DEPTHS if one.depth <= b), DEPTHS[-1])
            name = f"{bound_depth - 0.25:.0%} - {bound_depth:.0%}"
        by_depth.setdefault(name, []).append(one)
    return {
        "all": [_mean("all", answered)],
        "length": [_mean(name, group) for name, group in by_length.items()],
        "depth": [_mean(name, group) for name, group in by_depth.items()],
    }


def _mean(name: str, group: Iterable[Answered]) -> Bucket:
    rows = list(group)
    return Bucket(name, len(rows), fmean(a.exact for a in rows), fmean(a.f1 for a in rows))
