"""``review.jsonl``: what a person decided about rows. Written by ``review``, honoured by the mix.

One JSON object per line, appended and synced at once, so that a ``kill -9`` loses nothing; of
several lines about one row the later ones win, key by key. A torn last line is passed over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import msgspec

from longalpaca_data.errors import DatasetError, OutputError

REVIEWS = "review.jsonl"
Decision = Literal["accept", "reject", ""]


@dataclass(frozen=True, slots=True)
class Review:
    """One row's standing: ``decision`` is empty while undecided; ``question`` and ``output`` are
    the edited texts, None where the row's own text stands.
    """

    id: str
    decision: Decision = ""
    question: str | None = None
    output: str | None = None
    note: str = ""

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
            entry = json.loads(line)
            review = msgspec.convert(entry, Review)
        except (ValueError, msgspec.ValidationError) as error:
            if number == len(lines):
                break  # no line end: the write was cut off, and its sender never got an answer
            raise DatasetError(
                f"{file}, line {number}: not a review ({error})", do="mend or remove the line"
            ) from error
        merged[review.id] = {**merged.get(review.id, {}), **entry}
    return {row_id: msgspec.convert(entry, Review) for row_id, entry in merged.items()}


def append_review(folder: Path, changes: Mapping[str, Any]) -> None:
    """Append one decision, checked; durable when this returns. ``changes`` holds ``id`` and the
    keys of :class:`Review` that change.
    """
    msgspec.convert(dict(changes), Review)
    line = json.dumps(dict(changes), ensure_ascii=False).encode() + b"\n"
    file = folder / REVIEWS
    try:
        with file.open("ab+") as stream:
            _close_torn_line(stream)
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise OutputError(
            f"can't write {file}: {error.strerror}", do="free space there, then decide again"
        ) from error


def _close_torn_line(stream: IO[bytes]) -> None:
    """Cut off a write that was interrupted; end a last line that only lacks its line end."""
    stream.seek(0)
    text = stream.read()
    last = text[text.rfind(b"\n") + 1 :]
    if not last:
        return
    try:
        msgspec.json.decode(last, type=Review)
    except (ValueError, msgspec.ValidationError):
        stream.truncate(len(text) - len(last))
    else:
        stream.write(b"\n")
