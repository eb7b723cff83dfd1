"""One person's review of one data set: what is listed, shown and decided. Knows no HTTP."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from longalpaca_data.dataset.manifest import MANIFEST, read_manifest
from longalpaca_data.mix.reviews import Review
from longalpaca_data.review.apply import apply_command
from longalpaca_data.review.decisions import Decisions
from longalpaca_data.review.query import Query, Selector
from longalpaca_data.review.rows import SNIPPET, Rows
from longalpaca_data.review.show import TEXTS, original, shown

_SHOWN_AS = {"question": "question", "output": "answer", "note": "note"}


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page sends: a row, and what is new about it. A text of None is the row's own."""

    id: str
    decision: Literal["accept", "reject", ""] | msgspec.UnsetType = msgspec.UNSET
    question: str | msgspec.UnsetType | None = msgspec.UNSET
    output: str | msgspec.UnsetType | None = msgspec.UNSET
    note: str | msgspec.UnsetType = msgspec.UNSET


class NotInSetError(Exception):
    """No row of the set has the id asked for."""


class ChangeError(Exception):
    """A change that would make a bad row. ``str(error)`` is a line for the page."""


class ReviewSession:
    """A data set open for review, for one thread at a time.

    DatasetError where there is no finished data set, or where ``review.jsonl`` has a bad line.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.decisions = Decisions(folder)
        self._open()

    def _open(self) -> None:
        self._built = self._manifest_time()
        self.manifest = read_manifest(self.folder)
        self.rows = Rows(self.folder)
        self.selector = Selector(self.rows)

    def close(self) -> None:
        """Close the files."""
        self.rows.close()

    def refresh(self) -> None:
        """See what a build or another hand has changed since."""
        built = self._manifest_time()
        if built and built != self._built:  # none: a build is at work, and the old rows stay open
            self.rows.close()
            self._open()
        self.decisions.refresh()

    @property
    def command(self) -> str:
        """The command that puts the decisions into the data set."""
        return apply_command(self.folder, self.manifest)

    def about(self) -> dict[str, Any]:
        """Return what the page shows of the set as a whole."""
        self.refresh()
        rows = self.rows
        return {
            "name": self.manifest.name,
            "folder": str(self.folder),
            "tokens": [int(rows.tokens.min()), int(rows.tokens.max())],
            "scores": {
                name: [float(np.nanmin(column)), float(np.nanmax(column))]
                for name, column in sorted(rows.scores.items())
            },
            "command": self.command,
            "progress": self.progress(),
        }

    def progress(self) -> dict[str, int]:
        """Count the rows by what was decided; ``elsewhere`` are decisions about rows that the set
        doesn't hold, as those that a rejection took out of it.
        """
        reviews = self.decisions.standing
        counts = {name: int(rows.sum()) for name, rows in self.selector.states(reviews).items()}
        elsewhere = sum(self.rows.position(row_id) is None for row_id in reviews)
        return {"rows": len(self.rows), **counts, "elsewhere": elsewhere}

    def select(self, query: Query) -> dict[str, Any]:
        """Return the ids of the rows asked for, and what each facet's values would give."""
        self.refresh()
        ids, facets = self.selector.select(query, self.decisions.standing)
        return {"ids": ids, "facets": facets, "progress": self.progress()}

    def lines(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """Return the list's lines of some rows; ids that the set doesn't hold are passed over."""
        return [self._line(at) for at in map(self.rows.position, ids) if at is not None]

    def row(self, row_id: str) -> tuple[dict[str, Any], str]:
        """Return what the page shows of a row, and its material. NotInSetError."""
        self.decisions.refresh()
        at = self._position(row_id)
        about, material = shown(self.rows.row(at), self.decisions.of(row_id))
        return {**self._line(at), **about}, material

    def decide(self, change: Change) -> dict[str, Any]:
        """Write a decision to disk; return the row's line and the counts.

        NotInSetError, ChangeError; OutputError where the disk refuses, and nothing has changed.
        """
        at = self._position(change.id)
        given = msgspec.to_builtins(change)
        edits = [key for key in TEXTS if key in given]
        self.decisions.refresh()
        own = self.rows.row(at, TEXTS) if edits else {}
        self.decisions.decide(_checked(given, edits, own, self.decisions.of(change.id)))
        return {"line": self._line(at), "progress": self.progress()}

    def _line(self, at: int) -> dict[str, Any]:
        rows = self.rows
        review = self.decisions.of(rows.ids[at])
        snippet = rows.snippets[at] if review.question is None else review.question[:SNIPPET]
        facets = {name: column.names[column.codes[at]] for name, column in rows.facets.items()}
        return {
            "id": rows.ids[at],
            "snippet": " ".join(snippet.split()),
            "tokens": int(rows.tokens[at]),
            "review": msgspec.to_builtins(review),
            **facets,
        }

    def _position(self, row_id: str) -> int:
        at = self.rows.position(row_id)
        if at is None:
            raise NotInSetError(row_id)
        return at

    def _manifest_time(self) -> tuple[int, int] | None:
        try:
            status = (self.folder / MANIFEST).stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns


def _checked(
    given: dict[str, Any], edits: list[str], own: Mapping[str, Any], review: Review
) -> dict[str, Any]:
    """Return the changes to write. An edit that says what the row says is none."""
    changes = {
        key: _clean(key, value) if key in _SHOWN_AS and value is not None else value
        for key, value in given.items()
    }
    for key in edits:
        first = original(key, own, review)
        if changes[key] == first:
            changes[key] = None
        if changes[key] is not None and not changes[key].strip():
            raise ChangeError(f"the {_SHOWN_AS[key]} is empty")
        known_by_the_row = changes[key] is None and (own[key] or "") == first
        changes[f"{key}_was"] = None if known_by_the_row else first
    return changes


def _clean(key: str, text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cs") for c in text):
        raise ChangeError(f"the {_SHOWN_AS[key]} holds a control character or half a character")
    return text
