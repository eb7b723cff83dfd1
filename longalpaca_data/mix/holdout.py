"""Which documents are kept for validation, so that the splits share none."""

from __future__ import annotations

from collections.abc import Sequence

from longalpaca_data.core.disjoint_sets import DisjointSets
from longalpaca_data.core.recipe import MixSpec
from longalpaca_data.core.records import Sample
from longalpaca_data.mix.pool import documents_of, stable_order

MIN_DOCUMENTS_FOR_VALIDATION = 20
_MOST = 0.2  # of the documents, where all of them share windows with others


def held_out_documents(samples: Sequence[Sample], spec: MixSpec, seed: int) -> set[str]:
    """Choose the documents of the validation split; those that share a window go together. None
    where there are fewer than 20, or where that would be most of them.
    """
    documents = {document for sample in samples for document in documents_of(sample)}
    if not spec.validation or len(documents) < MIN_DOCUMENTS_FOR_VALIDATION:
        return set()
    sets = DisjointSets(sorted(documents))
    for sample in samples:
        sets.join(sorted(documents_of(sample)))
    wanted = max(1, round(spec.validation * len(documents)))
    groups = sorted(sets.groups(), key=lambda group: stable_order(seed, min(group)))
    held_out: set[str] = set()
    for together in groups:
        if len(held_out) + len(together) <= wanted:
            held_out |= together
    smallest = min(groups, key=len)
    if not held_out and len(smallest) <= _MOST * len(documents):
        return smallest
    return held_out
