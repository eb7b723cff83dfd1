"""``review.jsonl``: what a person decided about rows. Written by ``review``, honoured by the mix.

One JSON object per line, appended and synced at once, so that a ``kill -9`` loses nothing; of
several lines about one row the later ones win, key by key. A torn last line is passed over.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import msgspec

from longalpaca_data.core.errors import DatasetError, OutputError
from longalpaca_data.core.storage import write_text

REVIEWS = "review.jsonl"
Decision = Literal["accept", "reject", ""]
_BLOCK = 1 << 16  # bytes read at a time when looking for the last line's beginning


@dataclass(frozen=True, slots=True)
class Review:
    """One row's standing: ``decision`` is empty while undecided; ``question`` and ``output`` are
    the edited texts, None where the row's own text stands. ``question_was`` and ``output_was``
    keep the texts that were replaced, for whoever looks after the edit went into the data set.
    """

    id: str
    decision: Decision = ""
    question: str | None = None
    output: str | None = None
    note: str = ""
    question_was: str | None = None
    output_was: str | None = None

    @property
    def edited(self) -> bool:
        """Whether a text of the row was changed."""
        return self.question is not None or self.output is not None


def read_reviews(folder: Path) -> dict[str, Review]:
    """Return the reviews of a data set's folder by row id. DatasetError names a bad line."""
    file = folder / REVIEWS
    if not file.is_file():
        return {}
    merged: dict[str, dict[str, Any]] = {}
    lines = file.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = msgspec.json.decode(line)
            review = msgspec.convert(entry, Review)
        except (ValueError, msgspec.ValidationError) as error:
            if number == len(lines):
                break  # no line end: the write was cut off, and its sender never got an answer
            raise DatasetError(
                f"{file}, line {number}: not a review ({error})", do="mend or remove the line"
            ) from error
        merged[review.id] = {**merged.get(review.id, {}), **entry}
    return {row_id: msgspec.convert(entry, Review) for row_id, entry in merged.items()}


def append_review(folder: Path, changes: Mapping[str, Any]) -> int:
    """Append one decision, checked; durable when this returns. ``changes`` holds ``id`` and the
    keys of :class:`Review` that change. Returns the line's length in bytes.

    OutputError where it can't be written; the file is then as it was before.
    """
    msgspec.convert(dict(changes), Review)
    line = json.dumps(dict(changes), ensure_ascii=False).encode() + b"\n"
    file = folder / REVIEWS
    if not file.exists():
        write_text(file, "")  # makes the file's name durable too
    try:
        with file.open("ab+", buffering=0) as stream:
            # Another process may review the same set: its half-written line isn't a torn one.
            fcntl.flock(stream, fcntl.LOCK_EX)
            _close_torn_line(stream)
            _write(stream, line)
    except OSError as error:
        raise OutputError(
            f"can't write {file}: {error.strerror}", do="free space there, then decide again"
        ) from error
    return len(line)


def _write(stream: IO[bytes], line: bytes) -> None:
    """Append and sync a line, or leave the file as it was."""
    before = stream.seek(0, os.SEEK_END)
    try:
        written = 0
        while written < len(line):
            written += stream.write(line[written:])
        os.fsync(stream.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            stream.truncate(before)
        raise


def _close_torn_line(stream: IO[bytes]) -> None:
    """Cut off a write that was interrupted; end a last line that only lacks its line end."""
    end = stream.seek(0, os.SEEK_END)
    last = _last_line(stream, end)
    if not last:
        return
    try:
        msgspec.json.decode(last, type=Review)
    except (ValueError, msgspec.ValidationError):
        stream.truncate(end - len(last))
    else:
        _write(stream, b"\n")


def _last_line(stream: IO[bytes], end: int) -> bytes:
    """Return what stands behind the last line end, reading no more of the file than that."""
    last, at = b"", end
    while at and b"\n" not in last:
        at = max(0, at - _BLOCK)
        stream.seek(at)
        last = stream.read(min(_BLOCK, end - at - len(last))) + last
    return last.rpartition(b"\n")[2]
