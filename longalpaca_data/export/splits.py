"""A data set's splits as Parquet in the Hub's layout: ``data/SPLIT-00000-of-0000N.parquet``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.core.storage import ROW_GROUP, atomic
from longalpaca_data.export.schema import SCHEMA, DatasetRow
from longalpaca_data.rowfiles import parquet_rows

_ROWS_PER_FILE = 2000  # some 60-250 MB of long rows: a size that hubs and loaders like
_GROUP_CHARACTERS = 8_000_000
"""Of a row group, which is written and decoded whole: 100 rows of 64k tokens would be 40 MB, and
several times that in memory."""


def write_split(
    folder: Path,
    split: str,
    rows: Iterable[Mapping[str, Any]],
    total: int,
    schema: pa.Schema = SCHEMA,
) -> list[Path]:
    """Write a split of ``total`` rows, in constant memory; return the files written."""
    iterator = iter(rows)
    n_files = max(1, -(-total // _ROWS_PER_FILE))
    files = []
    for number in range(n_files):
        file = folder / "data" / f"{split}-{number:05d}-of-{n_files:05d}.parquet"
        _write(file, _take(iterator, -(-total // n_files)), schema)
        files.append(file)
    return files


def _write(file: Path, rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> None:
    with (
        atomic(file) as out,
        pq.ParquetWriter(out, schema, compression="zstd", use_dictionary=False) as writer,
    ):
        for group in _row_groups(rows):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


def _row_groups(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    group: list[Mapping[str, Any]] = []
    characters = 0
    for row in rows:
        group.append(row)
        characters += len(row["instruction"])
        if len(group) == ROW_GROUP or characters >= _GROUP_CHARACTERS:
            yield group
            group, characters = [], 0
    if group:
        yield group


def _take(iterator: Iterator[Mapping[str, Any]], count: int) -> Iterator[Mapping[str, Any]]:
    for _, row in zip(range(count), iterator, strict=False):
        yield row


def split_parquet(folder: Path, split: str) -> list[Path]:
    """Return a split's files. DatasetError for a folder without a train split."""
    files = sorted((folder / "data").glob(f"{split}-*.parquet"))
    if not files and split == "train":
        raise DatasetError(
            f"no data set in {folder}: data/train-*.parquet is missing",
            do="name the folder that `build` wrote",
        )
    return files


def read_rows(
    folder: Path, split: str = "train", columns: Sequence[str] | None = None
) -> Iterator[DatasetRow]:
    """Yield a split's rows from a data set's folder, in file order, in constant memory; of each
    the ``columns`` alone where some are named.
    """
    for file in split_parquet(folder, split):
        try:
            for row in parquet_rows(file, columns):
                yield cast("DatasetRow", row)
        except (OSError, pa.ArrowException) as error:
            reason = next(iter(str(error).splitlines()), "")
            raise DatasetError(
                f"can't read {file}: {reason}", do="build the data set anew"
            ) from error


def count_rows(folder: Path, split: str) -> int:
    """Return the number of a split's rows, from the files' footers."""
    return sum(pq.read_metadata(file).num_rows for file in split_parquet(folder, split))
