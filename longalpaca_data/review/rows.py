"""A finished data set's rows: light columns of all of them, the whole of any one.

Nothing of the long texts is held. A row is read from its Parquet row group a few rows at a time,
and a search streams through the columns that it looks at.
"""

from __future__ import annotations

import bisect
import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.rowfiles import SPLITS, split_files

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Numbers = np.ndarray[Any, np.dtype[np.float64]]

FACETS = ("task", "family", "language", "split")
"""The columns with few values that rows are chosen by."""

SNIPPET = 240
"""Characters of the question that the list shows: two lines of it."""

_TEXTS = ("question", "output", "input", "file", "id")
_LISTS = ("titles",)
_NEEDED = {*_TEXTS, *_LISTS, "instruction", "task", "language", "n_tokens", "evidence"}
_FEW = 4  # rows decoded at a time on the way to one: a row may be megabytes
_MANY = 2_000


@dataclass(frozen=True, slots=True)
class Codes:
    """A column with few values: ``names[codes[row]]`` is a row's value."""

    names: tuple[str, ...]
    codes: np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True, slots=True)
class _Part:
    """One file's rows: ``starts`` are the positions of its row groups' first rows."""

    path: Path
    parquet: pq.ParquetFile
    starts: tuple[int, ...]


class Rows:
    """The rows of a data set's folder by position, in the order of its files.

    The files stay open, so that a build that replaces them leaves these rows readable.
    DatasetError where there is no data set, or one without the columns needed.
    """

    def __init__(self, folder: Path) -> None:
        self._files = contextlib.ExitStack()
        self._parts: list[_Part] = []
        splits: list[str] = []
        for split in SPLITS:
            for path in split_files(folder, split):
                part = self._open(path, len(splits))
                splits.extend([split] * part.parquet.metadata.num_rows)
                self._parts.append(part)
        if not splits:
            raise DatasetError(f"the data set in {folder} has no rows", do="build it anew")
        self._read_columns(splits)

    def __len__(self) -> int:
        return len(self.ids)

    def close(self) -> None:
        """Close the files."""
        self._files.close()

    def position(self, row_id: str) -> int | None:
        """Return where a row stands, None where there is none of that id."""
        return self._positions.get(row_id)

    def row(self, position: int, columns: Sequence[str] | None = None) -> dict[str, Any]:
        """Return one row, or some columns of it, as it stands on disk."""
        part = next(p for p in reversed(self._parts) if p.starts and p.starts[0] <= position)
        group = bisect.bisect_right(part.starts, position) - 1
        skip = position - part.starts[group]
        with _reading(part.path):
            batches = part.parquet.iter_batches(
                _FEW, row_groups=[group], columns=columns, use_threads=False
            )
            for batch in batches:
                if skip < batch.num_rows:
                    found: dict[str, Any] = batch.slice(skip, 1).to_pylist()[0]
                    return found
                skip -= batch.num_rows
        raise DatasetError(f"{part.path} is shorter than it says", do="build the data set anew")

    def holding(self, words: str) -> Mask:
        """Say of each row whether one of its short texts holds the words, in any case."""
        found = [np.zeros(0, dtype=np.bool_)]
        match = partial(pc.match_substring, pattern=words, ignore_case=True)
        for batch in self._batches([*_TEXTS, *_LISTS]):
            held = np.zeros(batch.num_rows, dtype=np.bool_)
            for name in _TEXTS:
                held |= _true(match(batch.column(name)))
            for name in _LISTS:
                parents = pc.list_parent_indices(batch.column(name)).to_numpy()
                held[parents[_true(match(pc.list_flatten(batch.column(name))))]] = True
            found.append(held)
        return np.concatenate(found)

    def _open(self, path: Path, first: int) -> _Part:
        mend = "name the folder that `build` wrote"
        if path.suffix != ".parquet":
            raise DatasetError(f"can't review {path}: it is not Parquet", do=mend)
        with _reading(path):
            parquet = self._files.enter_context(pq.ParquetFile(path))
        lacking = sorted(_NEEDED - set(parquet.schema_arrow.names))
        if lacking:
            raise DatasetError(f"{path} has no column {', '.join(lacking)}", do=mend)
        sizes = [parquet.metadata.row_group(g).num_rows for g in range(parquet.num_row_groups)]
        return _Part(path, parquet, tuple(itertools.accumulate(sizes, initial=first))[:-1])

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for part in self._parts:
            names = [name for name in columns if name in part.parquet.schema_arrow.names]
            with _reading(part.path):
                yield from part.parquet.iter_batches(_MANY, columns=names, use_threads=False)

    def _read_columns(self, splits: list[str]) -> None:
        self.ids: list[str] = []
        self.snippets: list[str] = []
        tokens: list[int] = []
        values: dict[str, list[str]] = {name: [] for name in FACETS if name != "split"}
        scores: dict[str, list[tuple[int, float]]] = {}
        for batch in self._batches(["id", "question", "n_tokens", "scores", *values]):
            columns = set(batch.schema.names)
            first = len(self.ids)
            self.ids.extend(batch.column("id").to_pylist())
            beginnings = pc.utf8_slice_codeunits(batch.column("question"), 0, SNIPPET)
            self.snippets.extend(text or "" for text in beginnings.to_pylist())
            tokens.extend(number or 0 for number in batch.column("n_tokens").to_pylist())
            for name, column in values.items():
                given = batch.column(name).to_pylist() if name in columns else []
                column.extend(value or "" for value in given or [""] * len(batch))
            if "scores" in columns:
                _note_scores(scores, first, batch.column("scores").to_pylist())
        self.tokens = np.array(tokens, dtype=np.int64)
        self.facets = {name: _coded(column) for name, column in values.items()}
        self.facets["split"] = _coded(splits)
        self.scores = {name: _filled(pairs, len(self.ids)) for name, pairs in scores.items()}
        self._positions = {row_id: at for at, row_id in reversed(list(enumerate(self.ids)))}


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what Parquet refuses into one clear line."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = next(iter(str(error).splitlines()), "")[:200]
        raise DatasetError(f"can't read {path}: {reason}", do="build the data set anew") from error


def _coded(values: list[str]) -> Codes:
    names = tuple(sorted(set(values)))
    number = {name: code for code, name in enumerate(names)}
    return Codes(names, np.fromiter((number[v] for v in values), np.int32, len(values)))


def _note_scores(
    scores: dict[str, list[tuple[int, float]]], first: int, rows: list[list[dict[str, Any]] | None]
) -> None:
    for position, row in enumerate(rows, first):
        for score in row or ():
            if score["value"] is not None:
                scores.setdefault(score["name"], []).append((position, score["value"]))


def _filled(pairs: list[tuple[int, float]], length: int) -> Numbers:
    """Return a score of all rows, NaN where a row has none."""
    column = np.full(length, np.nan)
    positions, values = zip(*pairs, strict=True)
    column[list(positions)] = values
    return column


def _true(matches: pa.Array) -> Mask:
    found: Mask = pc.fill_null(matches, False).to_numpy(zero_copy_only=False)
    return found
