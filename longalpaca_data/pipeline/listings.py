"""Records as a person reads them between two stages: one JSON object a line under ``work/``."""

from __future__ import annotations

from typing import Any

from longalpaca_data.core.records import Example, RawDocument, Sample, ShortPair
from longalpaca_data.pipeline.stage import Drop


def drop_line(drop: Drop) -> dict[str, Any]:
    """Return a line of ``dropped.jsonl``."""
    return {
        "stage": drop.stage,
        "item": drop.item,
        "source": drop.source,
        "reason": drop.reason,
        "detail": drop.detail,
    }


def raw_line(raw: RawDocument) -> dict[str, Any]:
    """Return a line of ``collected.jsonl``: what was read, and how it begins."""
    return {
        "path": raw.path,
        "format": raw.format,
        "title": raw.title,
        "licence": raw.licence,
        "blocks": len(raw.blocks),
        "characters": sum(len(block.text) for block in raw.blocks),
        "begins": " ".join(block.text for block in raw.blocks[:20])[:200],
    }


def example_line(example: Example) -> dict[str, Any]:
    """Return a line of ``examples.jsonl``."""
    return {
        "id": example.id,
        "source": example.source,
        "family": example.family,
        "question": example.question,
        "answer": example.answer,
        "evidence": [evidence.quote for evidence in example.evidence],
    }


def sample_line(sample: Sample) -> dict[str, Any]:
    """Return a line of ``samples.jsonl``: an example with what the filters found."""
    return {**example_line(sample.example), "depths": sample.depths, "scores": sample.scores}


def chosen_line(row: Sample | ShortPair) -> dict[str, Any]:
    """Return a line of ``mix.jsonl``."""
    return {
        "id": row.id,
        "part": "long" if isinstance(row, Sample) else "short",
        "source": row.source,
    }
