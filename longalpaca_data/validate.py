"""Checks rows against the schema, naming row and key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from longalpaca_data.errors import DatasetError

MAX_PROBLEMS = 20
_KEYS = {"instruction": True, "input": False, "output": True, "file": False}  # True: not empty


def validate(path: Path) -> tuple[int, list[str]]:
    """Return the number of rows and what is wrong with them, at most :data:`MAX_PROBLEMS` lines.

    ``path`` is an Alpaca JSON or JSONL file, a Parquet file, or the folder of a data set.
    """
    count = 0
    problems: list[str] = []
    for place, row in _rows(path):
        count += 1
        problems.extend(f"{place}: {problem}" for problem in _problems(row))
        if len(problems) >= MAX_PROBLEMS:
            break
    if count == 0:
        problems.append(f"{path}: no rows")
    return count, problems[:MAX_PROBLEMS]


def _rows(path: Path) -> Iterator[tuple[str, object]]:
    if path.is_dir():
        files = sorted((path / "data").glob("*.parquet"))
        if not files:
            raise DatasetError(
                f"{path} holds no data/*.parquet", do="name the folder of a data set"
            )
        for file in files:
            yield from _rows(file)
    elif path.suffix == ".parquet":
        yield from _parquet_rows(path)
    elif path.suffix in (".json", ".jsonl"):
        yield from _json_rows(path)
    else:
        raise DatasetError(f"can't validate {path}", do="name a .json, .jsonl or .parquet file")


def _parquet_rows(path: Path) -> Iterator[tuple[str, object]]:
    try:
        with pq.ParquetFile(path) as file:
            number = 0
            for group in range(file.num_row_groups):
                for row in file.read_row_group(group).to_pylist():
                    number += 1
                    yield f"{path.name} row {number}", row
    except (OSError, ValueError) as error:
        raise DatasetError(f"can't read {path}: {str(error).splitlines()[0]}") from error


def _json_rows(path: Path) -> Iterator[tuple[str, object]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"can't read {path}: {error}") from error
    try:
        if path.suffix == ".jsonl":
            for number, line in enumerate(text.splitlines(), 1):
                if line.strip():
                    yield f"{path.name} line {number}", json.loads(line)
            return
        rows = json.loads(text)
    except json.JSONDecodeError as error:
        raise DatasetError(f"{path}, line {error.lineno}: not JSON ({error.msg})") from error
    if not isinstance(rows, list):
        raise DatasetError(f"{path}: an Alpaca file is a list of rows, this is not")
    for number, row in enumerate(rows, 1):
        yield f"{path.name} row {number}", row


def _problems(row: object) -> Iterator[str]:
    if not isinstance(row, dict):
        yield f"is no object but {type(row).__name__}"
        return
    for key, needed in _KEYS.items():
        value = row.get(key)
        if key not in row:
            yield f"key `{key}` is missing"
        elif not isinstance(value, str):
            yield f"key `{key}` is no text but {type(value).__name__}"
        elif needed and not value.strip():
            yield f"key `{key}` is empty"
    if isinstance(row.get("instruction"), str):
        yield from _evidence_problems(row)


def _evidence_problems(row: Mapping[str, Any]) -> Iterator[str]:
    for number, evidence in enumerate(row.get("evidence") or (), 1):
        found = row["instruction"][evidence["start"] : evidence["end"]]
        if found != evidence["quote"]:
            yield f"key `evidence` {number}: the instruction has {found[:40]!r} at its offsets"
        if not 0 <= evidence["depth"] <= 1:
            yield f"key `evidence` {number}: depth {evidence['depth']} is not within 0-1"
