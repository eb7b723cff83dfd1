"""From packed rows of indices to a batch: tokens, labels, positions, documents, loss weights.

Ranks take the same number of rows in every epoch: empty ones fill the last batch up, one token of
padding each, which counts as no document. accelerate would train some rows twice instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import datasets
import torch

from longalpaca_data.train.recipe import Weighting

IGNORED = -100
"""torch's label for "no target here"."""

RECORD = datasets.Features(
    {"documents": datasets.List(datasets.Value("int64")), "split": datasets.Value("string")}
)
"""A row of the trainer's data set: numbers of documents in a table, and which table."""


@dataclass(frozen=True, slots=True)
class PackedRows:
    """What the trainer's data set holds: which documents share a row. Tokens stay on disk."""

    rows: list[list[int]]
    split: str = "train"

    def dataset(self, multiple: int = 1) -> datasets.Dataset:
        """Return one record per row: its document indices, and the split they are from.

        Empty rows at the end make it a ``multiple`` of rows.
        """
        rows = [*self.rows, *[[]] * (-len(self.rows) % multiple)]
        records = {"documents": rows, "split": [self.split] * len(rows)}
        return datasets.Dataset.from_dict(records, features=RECORD)


@dataclass(frozen=True, slots=True)
class Collator:
    """Builds a batch from records of :class:`PackedRows`, reading tokens from ``tables``.

    Gives ``input_ids``, ``labels`` and ``position_ids`` (batch, tokens) padded on the right,
    ``loss_weights`` (batch, tokens, float64), ``document_lengths`` (nested lists, for attention)
    and ``n_items``: what the weights' sum must be divided by, over accumulation and ranks.
    """

    tables: Mapping[str, datasets.Dataset]
    pad: int
    weighting: Weighting = "document"

    def __call__(self, records: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Build the batch of some records, one row each."""
        rows = [self.tables[r["split"]][[int(i) for i in r["documents"]]] for r in records]
        width = max(1, *(sum(row["length"]) for row in rows))
        shape = (len(rows), width)
        ids = torch.full(shape, self.pad, dtype=torch.long)
        labels = torch.full(shape, IGNORED, dtype=torch.long)
        positions = torch.zeros(shape, dtype=torch.long)
        weights = torch.zeros(shape, dtype=torch.float64)
        items = 0
        for line, row in enumerate(rows):
            at = 0
            for tokens, prompt in zip(row["input_ids"], row["prompt"], strict=True):
                end, first = at + len(tokens), at + max(int(prompt), 1)
                ids[line, at:end] = torch.tensor(tokens)
                positions[line, at:end] = torch.arange(len(tokens))
                labels[line, first:end] = ids[line, first:end]
                targets = end - first
                weights[line, first:end] = 1.0 / targets if self.weighting == "document" else 1.0
                items += 1 if self.weighting == "document" else targets
                at = end
        return {
            "input_ids": ids,
            "labels": labels,
            "position_ids": positions,
            "loss_weights": weights,
            "document_lengths": [[int(n) for n in row["length"]] for row in rows],
            "n_items": items,
        }
