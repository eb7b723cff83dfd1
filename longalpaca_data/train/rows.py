"""Reading instruction rows: build's output folder, Alpaca JSON or JSONL, Parquet, a Hub name.

Rows are read one at a time: a data set of long documents does not fit in memory comfortably.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from longalpaca_data.errors import DatasetError, MissingPackageError

Split = Literal["train", "validation"]

CHUNK = 1 << 20
"""Characters read at a time from a JSON list."""

COLUMNS = ("instruction", "input", "output", "question", "evidence")


@dataclass(frozen=True, slots=True)
class Row:
    """One instruction row. ``evidence`` holds (start, end) code points within ``instruction``.

    ``question`` is the closing text that the instruction ends with, empty where the data set
    doesn't say. ``source`` names file and row for error messages.
    """

    instruction: str
    input: str
    output: str
    question: str
    evidence: tuple[tuple[int, int], ...]
    depths: tuple[float, ...]
    source: str


def dataset_files(dataset: str | Path, split: Split) -> list[Path]:
    """Return the files that hold ``split``, none for a Hub name or a split that is not there.

    Raises :class:`DatasetError` for a path that does not exist or holds no rows.
    """
    path = Path(dataset).expanduser()
    if path.is_file():
        return [path] if split == "train" else []
    if path.is_dir():
        for folder in (path / "data", path):
            parts = sorted(folder.glob(f"{split}-*.parquet")) or sorted(
                folder.glob(f"{split}.parquet")
            )
            if parts:
                return parts
        if split == "validation":
            return []
        files = [*path.glob("*.parquet"), *path.glob("*.jsonl")]
        files += [p for p in path.glob("*.json") if p.name != "manifest.json"]
        if not files:
            raise DatasetError(f"no rows in {path}", do="run `build` first, or name a JSON file")
        return sorted(files)
    if str(dataset).startswith((".", "/", "~")) or path.suffix in READERS:
        raise DatasetError(f"no data set at {dataset}", do="check the path")
    return []


def read_rows(dataset: str | Path, split: Split = "train", *, empty: bool = False) -> Iterator[Row]:
    """Yield the rows of ``split`` in order.

    ``empty`` allows a data set without rows. Raises :class:`DatasetError` for what can't be read,
    a row without ``instruction`` or ``output``, an empty answer, an empty data set.
    """
    files = dataset_files(dataset, split)
    here = Path(dataset).expanduser().exists()
    records = _from_files(files) if files or here else _from_hub(str(dataset), split)
    found = False
    for source, record in records:
        found = True
        yield _row(record, source)
    if not found and not empty:
        raise DatasetError(f"the data set {dataset} has no {split} rows", do="run `build` first")


def _row(record: Any, source: str) -> Row:
    if not isinstance(record, dict):
        raise DatasetError(f"{source} is not a JSON object", do="give Alpaca rows")
    texts = {}
    for key in ("instruction", "input", "output", "question"):
        value = record.get(key) or ""
        if not isinstance(value, str):
            raise DatasetError(f"{source}: {key} is not text", do="mend the row")
        texts[key] = value
    for key in ("instruction", "output"):
        if not texts[key].strip():
            raise DatasetError(f"{source}: {key} is empty or missing", do="mend or remove the row")
    evidence = [e for e in record.get("evidence") or [] if e.get("start") is not None]
    return Row(
        **texts,
        evidence=tuple((int(e["start"]), int(e["end"])) for e in evidence),
        depths=tuple(float(e.get("depth") or 0.0) for e in evidence),
        source=source,
    )


def _from_files(files: list[Path]) -> Iterator[tuple[str, Any]]:
    for path in files:
        reader = READERS.get(path.suffix)
        if reader is None:
            known = ", ".join(READERS)
            raise DatasetError(f"can't read {path}: unknown suffix", do=f"give one of {known}")
        try:
            for number, record in enumerate(reader(path), start=1):
                yield f"{path} row {number}", record
        except (OSError, UnicodeDecodeError, json.JSONDecodeError, pa.ArrowException) as error:
            raise DatasetError(f"can't read {path}: {error}", do="check the file") from error


def _parquet(path: Path) -> Iterator[Any]:
    with pq.ParquetFile(path) as file:
        columns = [name for name in COLUMNS if name in file.schema_arrow.names]
        for batch in file.iter_batches(batch_size=32, columns=columns):
            yield from batch.to_pylist()


def _jsonl(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def _json(path: Path) -> Iterator[Any]:
    """Yield the objects of a JSON list without holding the list (a gigabyte for 12k books)."""
    decoder = json.JSONDecoder()
    with path.open(encoding="utf-8") as file:
        rest = file.read(CHUNK).lstrip("\ufeff \t\r\n")
        if not rest.startswith("["):
            raise DatasetError(f"{path} is not a JSON list", do="give Alpaca rows as [{…}, {…}]")
        rest = rest[1:]
        while True:
            rest = rest.lstrip(" \t\r\n,")
            if rest.startswith("]"):
                return
            try:
                record, end = decoder.raw_decode(rest)
            except json.JSONDecodeError:
                more = file.read(max(CHUNK, len(rest)))
                if not more:
                    raise
                rest += more
                continue
            yield record
            rest = rest[end:]


READERS: dict[str, Callable[[Path], Iterator[Any]]] = {
    ".parquet": _parquet,
    ".json": _json,
    ".jsonl": _jsonl,
}


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
