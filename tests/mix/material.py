"""Candidates for the tests of the mix."""

from __future__ import annotations

from collections import Counter
from typing import Any

from longalpaca_data.core.recipe import MixSpec
from longalpaca_data.core.records import Evidence, Example, Part, Sample, ShortPair, Window
from longalpaca_data.mix import Mixture, mix
from longalpaca_data.mix.reviews import Review
from longalpaca_data.pipeline.stage import Context

LENGTHS = (4000, 8000, 16000)


def sample(
    row_id: str,
    *,
    task: str = "t",
    family: str = "f",
    length: int = 4000,
    language: str = "en",
    documents: tuple[str, ...] = ("d",),
    depth: float = 0.5,
    score: float = 0.0,
) -> Sample:
    """Return a candidate; rows of equal documents, length and language share a window."""
    parts = tuple(Part(d, f"{d}.txt", d, "book", "CC0-1.0", 0, 9, True) for d in documents)
    name = f"{'+'.join(documents)} {length} {language}"
    window = Window(name, "single", language, parts, length)
    evidence = (Evidence("x", 0, 0, 1),)
    example = Example(row_id, window, family, task, language, "q", "a", evidence, "g")
    return Sample(example, (depth,), {"spread": score})


def shorts(count: int, language: str = "en") -> list[ShortPair]:
    return [ShortPair(f"s{n:03d}", "i", "", "o", language, "", "x") for n in range(count)]


def run(
    pool: list[Sample], pairs: list[ShortPair], *reviews: Review, seed: int = 7, **spec: Any
) -> Mixture:
    """Mix without a task target, unless one is named."""
    decided = {review.id: review for review in reviews}
    wanted = MixSpec(**{"tasks": {}, **spec})
    return mix(pool, pairs, wanted, seed, Context("mix", seed), decided)


def long_rows(made: Mixture) -> list[Sample]:
    return [row for row in made.train if isinstance(row, Sample)]


def counts(rows: list[Sample]) -> dict[str, Counter[Any]]:
    """Return the rows per task, length, language, family and first document."""
    return {
        "task": Counter(row.example.task for row in rows),
        "length": Counter(row.example.window.n_tokens for row in rows),
        "language": Counter(row.example.language for row in rows),
        "family": Counter(row.example.family for row in rows),
        "document": Counter(row.example.window.parts[0].document_id for row in rows),
    }
