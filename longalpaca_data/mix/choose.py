"""Which rows fill the cells: even over depth in each length bucket, the best scores first."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence

from longalpaca_data.mix.max_flow import MaxFlow
from longalpaca_data.mix.pool import DECILES, Candidate, Cell, Pool

_Swap = tuple[Cell, str, str]  # within a cell: the document that gives a row up, the one that takes


def choose(pool: Pool, quota: Mapping[Cell, int], document_cap: int) -> list[Candidate]:
    """Return the rows of every cell's quota, no document giving more than its cap.

    The quotas must be such that documents can serve them (see :func:`quotas`). Within a cell,
    depth decile and document the best-scored rows are taken; which decile comes next is decided
    by what the length bucket has least of, which document by score, then by what it gave so far.
    """
    choice = _Choice(pool, document_cap)
    lengths = sorted({cell.length for cell in pool.cells}, key=lambda b: _ease(pool, quota, b))
    for length in lengths:
        choice.fill(length, {c: n for c, n in quota.items() if c.length == length and n})
    flow = MaxFlow(pool.supply, document_cap)
    stuck = flow.meet(quota, choice.per_document())
    assert not stuck, "quotas are made so that documents can serve them"
    choice.adopt(flow.per_document())
    for length in lengths:
        choice.level(length)
    return choice.rows()


def _ease(pool: Pool, quota: Mapping[Cell, int], length: str) -> tuple[float, str]:
    """Sort the buckets with the fewest rows to choose from first."""
    cells = [cell for cell in pool.cells if cell.length == length]
    wanted = sum(quota[cell] for cell in cells)
    return sum(len(pool.cells[cell]) for cell in cells) / max(1, wanted), length


class _Choice:
    """How many of the best rows are taken of each cell, depth decile and document."""

    def __init__(self, pool: Pool, cap: int) -> None:
        self.cap = cap
        self.load: Counter[str] = Counter()
        self.depth: dict[str, Counter[int]] = defaultdict(Counter)  # pieces, per length bucket
        self.groups: dict[tuple[Cell, int], dict[str, list[Candidate]]] = {}
        self.taken: dict[tuple[Cell, int], Counter[str]] = defaultdict(Counter)
        for cell, rows in pool.cells.items():
            for row in rows:
                group = self.groups.setdefault((cell, row.decile), {})
                group.setdefault(row.document, []).append(row)
        self.cells = {
            length: [cell for cell in pool.cells if cell.length == length]
            for length in {cell.length for cell in pool.cells}
        }

    def rows(self) -> list[Candidate]:
        """Return the chosen rows."""
        return [
            row
            for key, group in self.groups.items()
            for document, rows in group.items()
            for row in rows[: self.taken[key][document]]
        ]

    def per_document(self) -> dict[Cell, Counter[str]]:
        """Return the rows taken per cell and document."""
        counts: dict[Cell, Counter[str]] = defaultdict(Counter)
        for (cell, _), taken in self.taken.items():
            counts[cell].update(taken)
        return counts

    def fill(self, length: str, quota: Mapping[Cell, int]) -> None:
        """Fill the cells of one bucket as far as documents have room, emptiest decile first."""
        left = Counter(quota)
        heaps = {
            (cell, decile): self._heap(cell, decile) for cell in quota for decile in range(DECILES)
        }
        open_ = {decile: list(quota) for decile in range(DECILES)}
        depth = self.depth[length]
        while any(open_.values()):
            decile = min((d for d in open_ if open_[d]), key=lambda d: (depth[d], d))
            cell = max(open_[decile], key=lambda c: left[c] / quota[c])
            if not left[cell] or not self._take_next(cell, decile, heaps[cell, decile]):
                open_[decile].remove(cell)
            else:
                left[cell] -= 1

    def _heap(self, cell: Cell, decile: int) -> list[tuple[float, int, str, str]]:
        """Return (minus score, rows the document gave, order, document) of each document's next."""
        group = self.groups.get((cell, decile), {})
        heap = [(-rows[0].score, 0, rows[0].order, document) for document, rows in group.items()]
        heapq.heapify(heap)
        return heap

    def _take_next(self, cell: Cell, decile: int, heap: list[tuple[float, int, str, str]]) -> bool:
        while heap:
            score, given, order, document = heap[0]
            if self.load[document] >= self.cap:
                heapq.heappop(heap)
            elif given < self.load[document]:
                heapq.heapreplace(heap, (score, self.load[document], order, document))
            else:
                self._move(cell, decile, document, 1)
                rows = self.groups[cell, decile][document]
                at = self.taken[cell, decile][document]
                if at < len(rows):
                    following = (-rows[at].score, self.load[document], rows[at].order, document)
                    heapq.heapreplace(heap, following)
                else:
                    heapq.heappop(heap)
                return True
        return False

    def adopt(self, wanted: Mapping[Cell, Mapping[str, int]]) -> None:
        """Change the rows per cell and document to these numbers, evening out depth as it goes."""
        now = self.per_document()
        changes = [
            (cell, document, counts.get(document, 0) - now[cell][document])
            for cell, counts in wanted.items()
            for document in sorted(counts.keys() | now[cell].keys())
        ]
        for cell, document, change in sorted(changes, key=lambda found: found[2]):
            for _ in range(abs(change)):
                depth = self.depth[cell.length]
                if change < 0:
                    given = [d for d in range(DECILES) if self.taken[cell, d][document]]
                    self._move(cell, max(given, key=lambda d: depth[d]), document, -1)
                else:
                    free = [d for d in range(DECILES) if self._room(cell, d, document)]
                    self._move(cell, min(free, key=lambda d: depth[d]), document, 1)

    def level(self, length: str) -> None:
        """Swap rows within cells, one for one, until no chain of swaps evens out the depth."""
        depth = self.depth[length]
        for _ in range(depth.total()):
            fullest = sorted(range(DECILES), key=lambda d: (-depth[d], d))
            if not any(self._relieve(length, decile) for decile in fullest):
                return

    def _relieve(self, length: str, source: int) -> bool:
        """Move one row of depth from a decile to one with two fewer, over others if need be."""
        depth = self.depth[length]
        came: dict[int, int] = {source: source}
        queue = deque([source])
        while queue:
            decile = queue.popleft()
            if depth[source] - depth[decile] >= 2:
                return self._swap_along(length, came, decile)
            for following in sorted(set(range(DECILES)) - came.keys(), key=lambda d: depth[d]):
                if next(self._swaps(length, decile, following), None):
                    came[following] = decile
                    queue.append(following)
        return False

    def _swap_along(self, length: str, came: Mapping[int, int], target: int) -> bool:
        """Do the swaps of a path. A later one may need room that an earlier one took, and the
        other pieces of the rows may lie where there are many: then all are undone.
        """
        path = [target]
        while came[path[-1]] != path[-1]:
            path.append(came[path[-1]])
        done: list[tuple[Cell, int, str, int]] = []
        before = self._unevenness(length)
        for into, out_of in itertools.pairwise(path):
            swap = next(self._swaps(length, out_of, into), None)
            if swap is None:
                break
            cell, gives, takes = swap
            for step in ((cell, out_of, gives, -1), (cell, into, takes, 1)):
                self._move(*step)
                done.append(step)
        else:
            if self._unevenness(length) < before:
                return True
        for cell, decile, document, change in reversed(done):
            self._move(cell, decile, document, -change)
        return False

    def _swaps(self, length: str, out_of: int, into: int) -> Iterator[_Swap]:
        """Yield the swaps within a cell that move a row from one decile to another."""
        for cell in self.cells[length]:
            gives = [d for d, count in self.taken[cell, out_of].items() if count]
            if not gives:
                continue
            takes = [
                document
                for document in self.groups.get((cell, into), {})
                if self._room(cell, into, document)
            ]
            free = [document for document in takes if self.load[document] < self.cap]
            if free:
                worst = max(gives, key=lambda d: self._row(cell, out_of, d, -1).rank)
                yield cell, worst, min(free, key=lambda d: self._row(cell, into, d, 0).rank)
            elif both := sorted(set(gives) & set(takes)):
                yield cell, both[0], both[0]

    def _row(self, cell: Cell, decile: int, document: str, step: int) -> Candidate:
        """Return the last row taken of a document (-1) or the next one to take (0)."""
        rows: Sequence[Candidate] = self.groups[cell, decile][document]
        return rows[self.taken[cell, decile][document] + step]

    def _room(self, cell: Cell, decile: int, document: str) -> bool:
        rows = self.groups.get((cell, decile), {}).get(document, ())
        return self.taken[cell, decile][document] < len(rows)

    def _move(self, cell: Cell, decile: int, document: str, change: int) -> None:
        row = self._row(cell, decile, document, min(change, 0))
        self.taken[cell, decile][document] += change
        self.load[document] += change
        for each in row.deciles:
            self.depth[cell.length][each] += change

    def _unevenness(self, length: str) -> int:
        return sum(pieces**2 for pieces in self.depth[length].values())
