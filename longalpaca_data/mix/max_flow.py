"""Which documents serve which demand: a maximum flow from cells to documents under their cap."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

Key = TypeVar("Key", bound=Hashable)
Counts = npt.NDArray[np.int32]


class MaxFlow(Generic[Key]):
    """Rows taken per cell and document, as matrices of cells × documents.

    ``supply`` holds the rows that a cell has in each document; ``cap`` is the number of rows that
    one document may give.
    """

    def __init__(self, supply: Mapping[Key, Mapping[str, int]], cap: int) -> None:
        self.cap = cap
        self.keys: Sequence[Key] = list(supply)
        self.documents = sorted({document for counts in supply.values() for document in counts})
        self.supply = self._counts(supply)
        self.taken = np.zeros_like(self.supply)

    def _counts(self, rows: Mapping[Key, Mapping[str, int]]) -> Counts:
        columns = {document: column for column, document in enumerate(self.documents)}
        counts = np.zeros((len(self.keys), len(self.documents)), dtype=np.int32)
        for row, key in enumerate(self.keys):
            for document, count in rows.get(key, {}).items():
                counts[row, columns[document]] = count
        return counts

    def meet(
        self, demand: Mapping[Key, int], taken: Mapping[Key, Mapping[str, int]] | None = None
    ) -> list[frozenset[Key]]:
        """Take rows until every cell has its demand, or no path leads to another row.

        ``taken`` is a choice that was made already, within the demand: it is completed with few
        changes. Returns, for each cell that can't be served, the cells that compete with it for
        the same documents: those ask for more together than the documents may give. An empty
        list: the demand is met.
        """
        self.taken = self._counts(taken or {})
        room = self.cap - self.taken.sum(axis=0)
        stuck: list[frozenset[Key]] = []
        for row, key in enumerate(self.keys):
            missing = demand.get(key, 0) - int(self.taken[row].sum())
            while missing > 0:
                path, seen = self._path(row, room)
                if not path:
                    competing = frozenset(self.keys[other] for other in seen)
                    if competing not in stuck:
                        stuck.append(competing)
                    break
                missing -= self._push(path, missing, room)
        return stuck

    def total(self) -> int:
        """Return the number of rows taken."""
        return int(self.taken.sum())

    def per_document(self) -> dict[Key, dict[str, int]]:
        """Return the rows taken per cell and document, zeros left out."""
        found: dict[Key, dict[str, int]] = {}
        for key, counts in zip(self.keys, self.taken, strict=True):
            found[key] = {self.documents[c]: int(counts[c]) for c in np.flatnonzero(counts)}
        return found

    def bound(self, keys: frozenset[Key]) -> int:
        """Return the most rows that these cells can have together."""
        rows = [row for row, key in enumerate(self.keys) if key in keys]
        return int(np.minimum(self.supply[rows].sum(axis=0), self.cap).sum())

    def _path(self, start: int, room: Counts) -> tuple[list[int], list[int]]:
        """Search breadth first for a cell that can take in a document with room.

        A path of cells says: each takes in documents in which the next one gives way, and the
        last one takes where there is room. Returns the path, or none and all cells it could reach.
        """
        came = {start: start}
        queue = [start]
        for cell in queue:
            spare = self.supply[cell] > self.taken[cell]
            if (spare & (room > 0)).any():
                path = [cell]
                while came[path[-1]] != path[-1]:
                    path.append(came[path[-1]])
                return path[::-1], []
            for other in np.flatnonzero((self.taken[:, spare] > 0).any(axis=1)):
                if int(other) not in came:
                    came[int(other)] = cell
                    queue.append(int(other))
        return [], queue

    def _push(self, path: list[int], missing: int, room: Counts) -> int:
        """Move as many rows along a path as fit through all documents on it.

        The path is a shortest one, so no document serves two of its steps.
        """
        spare = self.supply[path] - self.taken[path]
        steps = [np.minimum(spare[at], self.taken[other]) for at, other in enumerate(path[1:])]
        steps.append(np.minimum(spare[-1], room))
        amount = min(missing, *(int(np.maximum(step, 0).sum()) for step in steps))
        for at, step in enumerate(steps):
            before = np.minimum(np.add.accumulate(np.maximum(step, 0)), amount)
            moved = np.diff(before, prepend=0).astype(np.int32)
            self.taken[path[at]] += moved
            if at + 1 < len(path):
                self.taken[path[at + 1]] -= moved
            else:
                room -= moved
        return amount
