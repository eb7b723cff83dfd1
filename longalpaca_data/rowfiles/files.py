"""Instruction rows from files: JSON lists, JSON lines, Parquet, the folder of a data set."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.rowfiles.json_values import json_values
from longalpaca_data.rowfiles.shapes import Row, RowError, as_alpaca

Split = Literal["train", "validation"]
SPLITS: tuple[Split, ...] = ("train", "validation")

_BATCH_BYTES = 4 << 20  # of a Parquet file, uncompressed: what is turned into Python at a time
_MOST_ROWS = 1024
_NO_ROWS = ("manifest.json", "dataset_info.json", "review.jsonl")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands, for error messages. ``row`` counts from 1, as does ``line`` (0: none)."""

    path: Path
    row: int
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path} {self.within}"

    @property
    def within(self) -> str:
        """The place within its file."""
        return f"line {self.line}, row {self.row}" if self.line else f"row {self.row}"


def split_files(path: Path, split: Split = "train") -> list[Path]:
    """Return the files that hold a split: a file is its own train split; of a folder its Parquet
    in the Hub's layout, else whatever files of rows lie in it. Empty for a split that is not there.

    Raises :class:`DatasetError` for a path that is not there and a folder without rows.
    """
    if path.is_file():
        return [path] if split == "train" else []
    if not path.is_dir():
        raise DatasetError(f"no data set at {path}", do="check the path")
    for folder in (path / "data", path):
        parts = sorted(folder.glob(f"{split}-*.parquet")) or sorted(folder.glob(f"{split}.parquet"))
        if parts:
            return parts
    if split != "train":
        return []
    files = [p for p in path.iterdir() if p.suffix in READERS and p.name not in _NO_ROWS]
    if not files:
        raise DatasetError(f"no rows in {path}", do="run `build` first, or name a JSON file")
    return sorted(files)


def layout(file: Path) -> Literal["parquet", "list", "lines"]:
    """Return how rows lie in a file that can be read."""
    if file.suffix == ".parquet":
        return "parquet"
    with file.open("rb") as stream:
        start = stream.read(1 << 16).removeprefix(codecs.BOM_UTF8).lstrip()
    return "list" if start.startswith(b"[") else "lines"


def read_values(
    path: Path, split: Split = "train", columns: Sequence[str] | None = None
) -> Iterator[tuple[Place, Any]]:
    """Yield the rows of a file or of a folder's split as they stand there, with their places.

    ``columns`` are those wanted of Parquet; what a file doesn't have of them is left out. Raises
    :class:`DatasetError` naming file and line or row.
    """
    for file in split_files(path, split):
        reader = READERS.get(file.suffix)
        if reader is None:
            known = ", ".join(READERS)
            raise DatasetError(f"can't read {file}: unknown suffix", do=f"give one of {known}")
        row = 0
        try:
            for row, (line, value) in enumerate(reader(file, columns), 1):
                yield Place(file, row, line), value
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            where = f"{file} after row {row}" if row else str(file)
            raise DatasetError(f"can't read {where}: {_first_line(reason or error)}") from error


def read_rows(
    path: Path, split: Split = "train", columns: Sequence[str] | None = None
) -> Iterator[tuple[Place, Row]]:
    """Yield rows of any shape with Alpaca's keys, see :func:`as_alpaca`, with their places.

    Raises :class:`DatasetError` naming file, row and key.
    """
    for place, value in read_values(path, split, columns):
        try:
            row = as_alpaca(value)
        except RowError as error:
            raise DatasetError(f"{place}: {error}", do="mend or remove the row") from error
        yield place, row


def parquet_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[Row]:
    """Yield a Parquet file's rows; a few megabytes at a time, however large its row groups are.

    Raises what pyarrow raises.
    """
    with pq.ParquetFile(path) as file:
        names = [n for n in file.schema_arrow.names if columns is None or n in columns]
        for number in range(file.num_row_groups):
            group = file.metadata.row_group(number)
            row_bytes = max(1, group.total_byte_size // max(1, group.num_rows))
            size = max(1, min(_MOST_ROWS, _BATCH_BYTES // row_bytes))
            for batch in file.iter_batches(size, row_groups=[number], columns=names):
                yield from batch.to_pylist()


def _first_line(reason: object) -> str:
    return next(iter(str(reason).splitlines()), "")[:200]


def _parquet(path: Path, columns: Sequence[str] | None) -> Iterator[tuple[int, Any]]:
    for row in parquet_rows(path, columns):
        yield 0, row


def _json(path: Path, columns: Sequence[str] | None) -> Iterator[tuple[int, Any]]:
    del columns  # a JSON row is read whole
    yield from json_values(path)


READERS: dict[str, Callable[[Path, Sequence[str] | None], Iterator[tuple[int, Any]]]] = {
    ".json": _json,
    ".jsonl": _json,
    ".parquet": _parquet,
}
