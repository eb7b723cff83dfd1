"""How shifted sparse attention splits the heads: plain integers, no tensors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HeadHalf:
    """One half of the heads: which query heads, and which key-value heads they read."""

    query: slice
    key: slice
    shifted: bool


def head_halves(n_query: int, n_key: int) -> list[HeadHalf]:
    """Split heads into a plain and a shifted half.

    The cut follows key-value heads, so that no key is repeated (9 query over 3 key-value heads: 3
    plain and 6 shifted). With one key-value head the query heads are split and share it. A half
    without heads (a model with one head) is left out.
    """
    shared = n_query // n_key
    if n_key == 1:
        middle = n_query // 2
        halves = [
            HeadHalf(slice(0, middle), slice(0, 1), shifted=False),
            HeadHalf(slice(middle, n_query), slice(0, 1), shifted=True),
        ]
    else:
        middle = n_key // 2
        halves = [
            HeadHalf(slice(0, middle * shared), slice(0, middle), shifted=False),
            HeadHalf(slice(middle * shared, n_query), slice(middle, n_key), shifted=True),
        ]
    return [half for half in halves if half.query.stop > half.query.start]
