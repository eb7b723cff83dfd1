"""What the page shows of one row: its material, and where in it the evidence lies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from longalpaca_data.mix.reviews import Review

TEXTS = ("question", "output")
"""The texts of a row that a person can edit."""


def shown(row: Mapping[str, Any], review: Review) -> tuple[dict[str, Any], str]:
    """Return a row's facts and its material: the instruction without the question that closes it.

    Offsets are turned from code points into UTF-16 units, in which JavaScript counts.
    """
    material = (row["instruction"] or "").removesuffix(row["question"] or "")
    about = {
        "texts": {
            key: {"original": original(key, row, review), "edit": getattr(review, key)}
            for key in TEXTS
        },
        "input": row["input"] or "",
        "file": row["file"] or "",
        "titles": row["titles"] or [],
        "licences": row.get("licences") or [],
        "generator": row.get("generator") or "",
        "scores": {score["name"]: score["value"] for score in row.get("scores") or ()},
        "evidence": [_placed(piece, material) for piece in row["evidence"] or ()],
    }
    return about, material


def original(key: str, row: Mapping[str, Any], review: Review) -> str:
    """Return a text as it was before a person changed it. Once an edit is in the data set the
    row's own text is that edit, and the review alone knows the one before.
    """
    own: str = row[key] or ""
    was: str | None = getattr(review, f"{key}_was")
    return own if was is None else was


def _placed(piece: Mapping[str, Any], material: str) -> dict[str, Any]:
    """Return a piece of evidence with its place in the page's text, and whether it stands there."""
    start = min(len(material), max(0, piece["start"] or 0))
    end = min(len(material), max(start, piece["end"] or 0))
    first = _utf16(material[:start])
    return {
        "quote": piece["quote"] or "",
        "depth": piece["depth"],
        "from": first,
        "to": first + _utf16(material[start:end]),
        "exact": material[start:end] == piece["quote"],
    }


def _utf16(text: str) -> int:
    """Return how many UTF-16 units a text takes."""
    return len(text.encode("utf-16-le")) // 2
