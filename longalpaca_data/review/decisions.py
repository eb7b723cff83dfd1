"""A folder's decisions as they stand, kept in step with ``review.jsonl``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from longalpaca_data.mix.reviews import REVIEWS, Review, append_review, read_reviews


class Decisions:
    """The reviews by row id. What another process, or a hand, wrote to the file is seen too.

    DatasetError names a bad line of the file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._standing: dict[str, Review] = {}
        self._seen: tuple[int, int, int] | None = None
        self.refresh()

    @property
    def standing(self) -> Mapping[str, Review]:
        """The reviews by row id."""
        return self._standing

    def of(self, row_id: str) -> Review:
        """Return a row's review, an empty one where nothing was decided."""
        return self._standing.get(row_id) or Review(row_id)

    def refresh(self) -> None:
        """Read the file again if it isn't as it was left. DatasetError names a bad line."""
        found = self._look()
        if found != self._seen:
            self._standing, self._seen = read_reviews(self._folder), found

    def decide(self, changes: Mapping[str, Any]) -> Review:
        """Write a change of one row's review and return the review; it is on disk by then.

        OutputError where it can't be written; nothing has changed then.
        """
        self.refresh()
        before, row_id = self._seen or (0, 0, 0), changes["id"]
        written = append_review(self._folder, changes)
        after = self._look()
        if after and after[:2] == (before[0] or after[0], before[1] + written):
            merged = {**msgspec.to_builtins(self.of(row_id)), **changes}
            self._standing[row_id], self._seen = msgspec.convert(merged, Review), after
        else:  # somebody else wrote too
            self.refresh()
        return self.of(row_id)

    def _look(self) -> tuple[int, int, int] | None:
        """Return what tells one state of the file from another: inode, size, time of change."""
        try:
            status = (self._folder / REVIEWS).stat()
        except OSError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns
