"""Instruction rows for training: build's output folder, a file of any format, a Hub name.

Rows are read one at a time: a data set of long documents does not fit in memory comfortably.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longalpaca_data.core.errors import DatasetError, MissingPackageError
from longalpaca_data.rowfiles import (
    READERS,
    SHAPES,
    RowError,
    Split,
    as_alpaca,
    read_values,
    split_files,
)

__all__ = ["COLUMNS", "Row", "Split", "dataset_files", "read_rows"]

COLUMNS = (
    *("instruction", "input", "output", "system", "question", "evidence", "document_ids", "file"),
    *(key for shape in SHAPES.values() for key in shape.keys),
)
"""What is read of a Parquet file, where it is there."""


@dataclass(frozen=True, slots=True)
class Row:
    """One instruction row. ``evidence`` holds (start, end) code points within ``instruction``.

    ``question`` is the closing text that the instruction ends with, empty where the data set
    doesn't say. ``documents`` names what the row was made from (ids, or else the file), empty where
    the data set doesn't say. ``source`` names file and row for error messages.
    """

    instruction: str
    input: str
    output: str
    question: str
    evidence: tuple[tuple[int, int], ...]
    depths: tuple[float, ...]
    documents: tuple[str, ...]
    source: str


def dataset_files(dataset: str | Path, split: Split) -> list[Path]:
    """Return the files that hold ``split``, none for a Hub name or a split that is not there.

    Raises :class:`DatasetError` for a path that does not exist or holds no rows.
    """
    path = Path(dataset).expanduser()
    if path.exists():
        return split_files(path, split)
    if str(dataset).startswith((".", "/", "~")) or path.suffix in READERS:
        raise DatasetError(f"no data set at {dataset}", do="check the path")
    return []


def read_rows(dataset: str | Path, split: Split = "train", *, empty: bool = False) -> Iterator[Row]:
    """Yield the rows of ``split`` in order.

    ``empty`` allows a data set without rows. Raises :class:`DatasetError` for what can't be read,
    a row without ``instruction`` or ``output``, an empty answer, an empty data set.
    """
    dataset_files(dataset, split)  # a clear error for a path that is not there
    path = Path(dataset).expanduser()
    here = path.exists()
    records = read_values(path, split, COLUMNS) if here else _from_hub(str(dataset), split)
    found = False
    for source, record in records:
        found = True
        yield _row(record, str(source))
    if not found and not empty:
        raise DatasetError(f"the data set {dataset} has no {split} rows", do="run `build` first")


def _row(record: Any, source: str) -> Row:
    try:
        record = as_alpaca(record)
    except RowError as error:
        raise DatasetError(f"{source}: {error}", do="mend or remove the row") from error
    texts = {}
    for key in ("instruction", "input", "output", "question", "system"):
        value = record.get(key) or ""
        if not isinstance(value, str):
            raise DatasetError(f"{source}: {key} is not text", do="mend the row")
        texts[key] = value
    for key in ("instruction", "output"):
        if not texts[key].strip():
            raise DatasetError(f"{source}: {key} is empty or missing", do="mend or remove the row")
    evidence = [piece for piece in _list(record, "evidence") if _is_span(piece)]
    before = _take_system(texts)
    return Row(
        **texts,
        evidence=tuple((before + piece["start"], before + piece["end"]) for piece in evidence),
        depths=tuple(float(piece.get("depth") or 0.0) for piece in evidence),
        documents=tuple(
            str(name) for name in _list(record, "document_ids") or [record.get("file")] if name
        ),
        source=source,
    )


def _take_system(texts: dict[str, str]) -> int:
    """Put a system prompt before the instruction, as every template has a place for it there;
    return by how many characters that moves the instruction.
    """
    system = texts.pop("system")
    if not system:
        return 0
    texts["instruction"] = f"{system}\n\n{texts['instruction']}"
    return len(system) + 2


def _list(record: dict[str, Any], key: str) -> list[Any]:
    """Return a column that other data sets may use for something else."""
    value = record.get(key)
    return value if isinstance(value, list) else []


def _is_span(piece: Any) -> bool:
    if not isinstance(piece, dict) or not isinstance(piece.get("depth") or 0.0, int | float):
        return False
    return isinstance(piece.get("start"), int) and isinstance(piece.get("end"), int)


def _from_hub(name: str, split: Split) -> Iterator[tuple[str, Any]]:
    try:
        import datasets  # noqa: PLC0415 - optional package, heavy
    except ImportError as error:
        raise MissingPackageError("datasets", extra="hub", purpose="a Hub data set") from error
    try:
        rows = datasets.load_dataset(name, split=split, streaming=True)
        for number, record in enumerate(rows, start=1):
            yield f"{name} row {number}", record
    except DatasetError:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        if split == "validation" and "split" in str(error).lower():
            return
        first = " ".join(str(error).split())[:200]
        raise DatasetError(
            f"can't read {name}: no such file or folder, and the Hub says: {first}",
            do="check the path or the name",
        ) from error
