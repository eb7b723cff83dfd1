"""Files that are either whole or not there: written beside their place, synced, then renamed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from longalpaca_data.core.errors import DatasetError, OutputError

ROW_GROUP = 100
"""Rows per Parquet row group: groups of 1,000 long rows make a random read 25 times slower."""

ROWS_BETWEEN_PAGES = 4
"""How often a page's size is looked at. By default a group of 100 rows is one page: reading one row
of 3 MB then takes 510 MB of memory instead of 120."""

PARTIAL = ".partial"
"""What the name of a file ends with until it is whole."""


ANOTHER_FOLDER = "free space there or choose another folder"
"""What to do where a folder takes no more, unless the caller knows better."""


@contextlib.contextmanager
def output_errors(path: str | Path, *, do: str = ANOTHER_FOLDER) -> Iterator[None]:
    """Turn the operating system's refusals (full disk, read-only) into one line: OutputError.

    ``do`` says what mends it.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"can't write {path}: {reason}", do=do) from error


@contextlib.contextmanager
def atomic(path: Path, mode: str = "wb", *, encoding: str | None = None) -> Iterator[IO[Any]]:
    """Open a file for writing that appears under its name only when it is whole and on disk."""
    partial = path.with_name(path.name + PARTIAL)
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open(mode, encoding=encoding) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:  # Ctrl-C too: no half file stays, and the error goes on
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable; not every file system lets a folder be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, UTF-8, line ends as given."""
    with atomic(path) as file:
        file.write(text.encode("utf-8"))


def write_json(path: Path, value: object) -> None:
    """Write one JSON document, indented, keys in the order given."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Read one JSON document. DatasetError where it is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DatasetError(f"can't read {path}: {error}", do="build the data set anew") from error


def write_jsonl(path: Path, rows: Iterable[Mapping[str, object]]) -> int:
    """Write one JSON object per line; return the number of lines."""
    count = 0
    with atomic(path) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False).encode("utf-8") + b"\n")
            count += 1
    return count


def write_json_array(path: Path, rows: Iterable[Mapping[str, object]]) -> int:
    """Write a JSON array row by row, in constant memory; return the number of rows."""
    count = 0
    with atomic(path) as file:
        file.write(b"[")
        for row in rows:
            file.write(b"\n  " if count == 0 else b",\n  ")
            file.write(json.dumps(row, ensure_ascii=False).encode("utf-8"))
            count += 1
        file.write(b"\n]\n")
    return count


def write_parquet(
    path: Path,
    rows: Iterable[Mapping[str, object]],
    schema: pa.Schema,
    row_group: int = ROW_GROUP,
) -> int:
    """Write rows as Parquet (zstd), one row group at a time; return the number of rows."""
    count = 0
    with (
        atomic(path) as file,
        pq.ParquetWriter(
            file,
            schema,
            compression="zstd",
            use_dictionary=False,
            write_batch_size=ROWS_BETWEEN_PAGES,
        ) as writer,
    ):
        group: list[Mapping[str, object]] = []
        for row in rows:
            group.append(row)
            count += 1
            if len(group) == row_group:
                writer.write_table(pa.Table.from_pylist(group, schema=schema))
                group = []
        if group or count == 0:
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
    return count


def file_sha256(path: Path) -> str:
    """Return a file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
