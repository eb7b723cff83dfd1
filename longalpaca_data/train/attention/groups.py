"""How shifted sparse attention cuts a row into groups: plain integers, no tensors.

LongLoRA (arXiv 2309.12307, section 3.2) splits a row into groups of g tokens; half of the heads
see groups shifted by g/2, so that neighbouring groups overlap. Two things differ from its published
code on purpose. Groups never wrap: there, the last half group attends together with the row's first
tokens. And groups are cut per document, from the document's own start, with a fixed g: there, g
depends on the padded length and packed documents share groups.

For a document of n tokens that starts at s:

- n ≤ g: one group, for every head (full attention);
- plain heads: groups begin at s, s + g, s + 2g, …;
- shifted heads: groups begin at s, s + g/2, s + 3g/2, …
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

Sizes = tuple[int, ...]
"""Lengths of consecutive groups; they add up to the row's width."""


@dataclass(frozen=True, slots=True)
class RowGroups:
    """The groups of one row, for each half of the heads."""

    plain: Sizes
    shifted: Sizes


@dataclass(frozen=True, slots=True)
class Run:
    """``count`` consecutive groups of ``size`` tokens from token ``start``: one attention call."""

    start: int
    count: int
    size: int

    @property
    def stop(self) -> int:
        """The token after the run's last one."""
        return self.start + self.count * self.size


def cut(length: int, group_size: int, *, shifted: bool) -> list[int]:
    """Group lengths for a document longer than one group."""
    head = min(group_size // 2, length) if shifted else 0
    whole, tail = divmod(length - head, group_size)
    sizes = [head, *[group_size] * whole, tail]
    return [size for size in sizes if size]


@lru_cache(maxsize=1024)
def row_groups(
    documents: tuple[int, ...], width: int, group_size: int | None, *, shift: bool = True
) -> RowGroups:
    """Cut a row of ``width`` tokens that holds ``documents`` (lengths, in order), then padding.

    ``group_size`` None is full attention within each document; without ``shift`` every head has the
    plain groups (LongLoRA's short attention). Padding to the right is never seen
    by a document: causal attention keeps it out of the last document's groups, which it continues,
    except behind a document of one group, where it has groups of its own.
    """
    padding = width - sum(documents)
    if padding < 0 or any(length < 1 for length in documents):
        raise ValueError(f"documents of {documents} tokens do not fit in a row of {width}")
    halves = []
    for shifted in (False, True):
        sizes: list[int] = []
        for position, length in enumerate(documents):
            spare = padding if position == len(documents) - 1 else 0
            if group_size is None or length <= group_size:
                sizes += _uncut(length, spare, group_size)
            else:
                sizes += cut(length + spare, group_size, shifted=shifted and shift)
        if not documents:
            sizes = cut(padding, group_size or padding, shifted=False) if padding else []
        halves.append(tuple(sizes))
    return RowGroups(*halves)


def _uncut(length: int, padding: int, group_size: int | None) -> list[int]:
    """Leave a document in one group, and cut the padding behind it."""
    if group_size is None:
        return [length + padding]
    return [length, *cut(padding, group_size, shifted=False)]


def runs(sizes: Iterable[int]) -> list[Run]:
    """Merge neighbouring groups of equal size, so that each run is one attention call.

    One document makes at most two runs for the plain heads and three for the shifted ones.
    """
    found: list[Run] = []
    start = 0
    for size, equal in groupby(sizes):
        run = Run(start, len(list(equal)), size)
        found.append(run)
        start = run.stop
    return found


def documents_of(positions: Sequence[int], length: int) -> tuple[int, ...]:
    """Lengths of the documents in one row, from its position ids.

    A document begins wherever a position is not its predecessor's plus one (transformers' own rule
    for packed rows). Only the row's first ``length`` tokens count; what follows is padding.
    """
    if length == 0:
        return ()
    starts = [0]
    starts += [i for i in range(1, length) if positions[i] != positions[i - 1] + 1]
    return tuple(b - a for a, b in zip(starts, [*starts[1:], length], strict=True))


def default_group_size(target_length: int) -> int:
    """Return a quarter of the target length (LongLoRA, section 3.2: "a group size of L/4")."""
    return max(2, target_length // 4)
