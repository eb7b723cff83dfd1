"""Small finished data sets, written row by row where a test has to choose every word of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from longalpaca_data.core.recipe import Recipe
from longalpaca_data.core.records import content_id
from longalpaca_data.core.storage import write_parquet
from longalpaca_data.dataset.manifest import MANIFEST, Manifest, manifest_of
from longalpaca_data.export import SCHEMA


def long_row(text: str, *quotes: str, **changes: Any) -> dict[str, Any]:
    """Build a long row about a text; each quote must stand in it, its first place counts."""
    opening = "Below is a document.\n\n"
    spans = [(text.index(quote), text.index(quote) + len(quote)) for quote in quotes]
    row = {
        "instruction": f"{opening}{text}\n\nIt ends here.\nWhat does it say?",
        "input": "",
        "output": "What it says.",
        "file": "test.txt",
        "task": "book_qa",
        "family": "multi_hop",
        "language": "en",
        "document_ids": ["d1"],
        "titles": ["A Test"],
        "licences": ["CC0-1.0"],
        "n_tokens": len(text) // 4,
        "question": "What does it say?",
        "evidence": [
            {
                "quote": text[start:end],
                "start": start + len(opening),
                "end": end + len(opening),
                "depth": round((start + end) / 2 / len(text), 4),
            }
            for start, end in spans
        ],
        "generator": "extractive",
        "scores": [],
    }
    return {"id": content_id(text, quotes, sorted(changes)), **row, **changes}


def short_row(**changes: Any) -> dict[str, Any]:
    """Build a short row."""
    row = long_row("-", task="short", family="short", document_ids=[], titles=[], file="")
    row |= {"instruction": "Say yes.", "question": "Say yes.", "output": "Yes.", "n_tokens": 7}
    return {**row, **changes}


def write_set(
    folder: Path, rows: Iterable[Mapping[str, Any]], row_group: int = 100, **changes: Any
) -> Path:
    """Write rows and a manifest; ``changes`` replace entries of the manifest."""
    rows = list(rows)
    write_parquet(folder / "data" / "train-00000-of-00001.parquet", rows, SCHEMA, row_group)
    long = sum(row["task"] != "short" for row in rows)
    part = {"long": long, "short": len(rows) - long}
    values = manifest_values(
        stages=[stage("collect", 1, 1), stage("mix", len(rows), len(rows))],
        mix={"target": part, "realised": {**part, "validation": 0}, "note": ""},
        tokens={"train": sum(row["n_tokens"] for row in rows), "longest_row": 0},
        documents=[document(rows=len(rows))],
    )
    text = json.dumps({**values, **changes}, ensure_ascii=False)
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return folder


def manifest_values(**changes: Any) -> dict[str, Any]:
    """Build a whole manifest as its file has it; ``changes`` replace its entries."""
    recipe = {"name": "small", "documents": ["a.txt"], "windows": {"lengths": [4000, 8000]}}
    values = {
        "name": "small",
        "recipe": Recipe.model_validate(recipe).model_dump(mode="json"),
        "seed": 1,
        "versions": {"longalpaca-data": "0"},
        "tokenizer": {"name": "cl100k_base", "exact": True},
        "stages": [stage("collect", 1, 1)],
        "mix": {"target": {"long": 1, "short": 0},
                "realised": {"long": 1, "short": 0, "validation": 0}, "note": ""},
        "tokens": {"train": 0, "longest_row": 0},
        "costs": {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "cached_tokens": 0,
                  "money": 0.0},
        "documents": [document()],
        "short": [],
        "files": {},
    }  # fmt: skip
    return {**values, **changes}


def manifest(**changes: Any) -> Manifest:
    """Build a manifest; ``changes`` are plain values that replace its entries."""
    return manifest_of(manifest_values(**changes))


def stage(name: str, taken: int, given: int, **dropped: int) -> dict[str, Any]:
    """Build a manifest's stage; underscores in a reason stand for blanks."""
    reasons = {reason.replace("_", " "): count for reason, count in dropped.items()}
    return {"stage": name, "in": taken, "out": given, "dropped": reasons, "counts": {}}


def document(**changes: Any) -> dict[str, Any]:
    """Build what a manifest says of a document."""
    about = {"id": "d1", "path": "test.txt", "title": "A Test", "kind": "book", "language": "en",
             "licence": "CC0-1.0", "author": "", "n_tokens": 5000, "rows": 1}  # fmt: skip
    return {**about, **changes}
