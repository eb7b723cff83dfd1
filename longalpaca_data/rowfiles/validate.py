"""Checks rows against the schema, naming row and key, in every format that is exported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longalpaca_data.rowfiles import (
    SPLITS,
    Row,
    RowError,
    Shape,
    as_alpaca,
    layout,
    read_values,
    shape_of,
    split_files,
)

MAX_PROBLEMS = 20
_KEYS = {"instruction": True, "input": False, "output": True, "file": False}  # True: not empty

_EVIDENCE: dict[str, Any] = {"quote": str, "start": int, "end": int, "depth": (int, float)}


@dataclass
class Findings:
    """What was found: the format's name as in ``export --format``, the number of rows, the first
    :data:`MAX_PROBLEMS` problems and how many more there are.
    """

    format: str = "empty"
    rows: int = 0
    problems: list[str] = field(default_factory=list)
    more: int = 0

    def add(self, problem: str) -> None:
        """Keep a problem, or count it."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)
        else:
            self.more += 1


def validate(path: Path) -> Findings:
    """Check the rows of a file, or of all splits in a data set's folder.

    Raises :class:`DatasetError` for what can't be read as rows at all, naming the line.
    """
    found = Findings()
    shape: Shape | None = None
    for split in SPLITS:
        for place, value in read_values(path, split):
            found.rows += 1
            here = f"{place.path.name} {place.within}"
            if isinstance(value, dict):
                of_row = shape_of(value)
                shape = shape or of_row
                if of_row is not shape:
                    found.add(f"{here}: is {of_row.name}, where others are {shape.name}")
            for problem in _problems(value):
                found.add(f"{here}: {problem}")
    if shape:
        found.format = _format(split_files(path)[0], shape)
    if found.rows == 0:
        found.add(f"{path}: no rows")
    return found


def _format(file: Path, shape: Shape) -> str:
    laid = layout(file)
    if laid == "parquet":
        return laid if shape.name == "alpaca" else f"{laid} ({shape.name})"
    return "alpaca-jsonl" if (shape.name, laid) == ("alpaca", "lines") else shape.name


def _problems(value: object) -> Iterator[str]:
    try:
        row = as_alpaca(value)
    except RowError as error:
        yield str(error)
        return
    for key, needed in _KEYS.items():
        text = row.get(key)
        if key not in row:
            yield f"key `{key}` is missing"
        elif not isinstance(text, str):
            yield f"key `{key}` is no text but {type(text).__name__}"
        elif needed and not text.strip():
            yield f"key `{key}` is empty"
    if isinstance(row.get("instruction"), str) and row.get("evidence") is not None:
        yield from _evidence_problems(row)


def _evidence_problems(row: Row) -> Iterator[str]:
    if not isinstance(row["evidence"], list):
        yield f"key `evidence` is no list but {type(row['evidence']).__name__}"
        return
    for number, evidence in enumerate(row["evidence"], 1):
        if not isinstance(evidence, dict) or not _is_evidence(evidence):
            yield f"key `evidence` {number} has no `quote`, `start`, `end` and `depth`"
            continue
        found = row["instruction"][evidence["start"] : evidence["end"]]
        if found != evidence["quote"]:
            yield f"key `evidence` {number}: the instruction has {found[:40]!r} at its offsets"
        if not 0 <= evidence["depth"] <= 1:
            yield f"key `evidence` {number}: depth {evidence['depth']} is not within 0-1"


def _is_evidence(evidence: Mapping[str, Any]) -> bool:
    return all(isinstance(evidence.get(key), kind) for key, kind in _EVIDENCE.items())
