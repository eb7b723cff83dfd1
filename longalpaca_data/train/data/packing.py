"""Which documents share a row, and in which order rows are trained on.

Best-fit packing: several documents in one row, as few rows as possible, none cut.

Best-fit decreasing (Ding et al., "Fewer Truncations Improve Language Modeling", arXiv 2404.10830):
documents from long to short, each into the row where it leaves the least room.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler


def pack(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Return rows of indices into ``lengths`` (tokens) that fit in ``capacity`` tokens each.

    Equal lengths keep their order, so the result is the same everywhere. Takes n·log n time.
    Raises ValueError for a length that does not fit.
    """
    if lengths and max(lengths) > capacity:
        raise ValueError(f"a row of {max(lengths)} tokens does not fit in {capacity}")
    rows: list[list[int]] = []
    with_room: dict[int, list[int]] = {}  # room left → rows
    rooms: list[int] = []  # the keys of with_room, sorted
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        length = lengths[index]
        at = bisect_left(rooms, length)
        if at == len(rooms):
            row, room = len(rows), capacity
            rows.append([])
        else:
            room = rooms[at]
            row = with_room[room].pop()
            if not with_room[room]:
                del with_room[room], rooms[at]
        rows[row].append(index)
        left = room - length
        if left not in with_room:
            with_room[left] = []
            insort(rooms, left)
        with_room[left].append(row)
    return rows


def one_each(lengths: Sequence[int]) -> list[list[int]]:
    """Return one row per document: no packing."""
    return [[index] for index in range(len(lengths))]


class EpochOrder(Sampler[int]):
    """All rows in an order that follows from seed and epoch alone, empty ones at the end.

    Whatever the number of ranks, an epoch has the same rows in the same order: a run can be
    resumed by another number of them.
    """

    def __init__(self, rows: int, total: int, seed: int) -> None:
        self.rows = rows
        self.total = total
        """With empty rows."""
        self.seed = seed
        self.epoch = 0

    def __iter__(self) -> Iterator[int]:
        """Yield the numbers of this epoch's rows in the order in which they are trained on."""
        random = torch.Generator().manual_seed(self.seed + self.epoch)
        yield from torch.randperm(self.rows, generator=random).tolist()
        yield from range(self.rows, self.total)

    def __len__(self) -> int:
        """Return the number of rows, empty ones included."""
        return self.total
