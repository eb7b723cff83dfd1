"""Shares → whole numbers of rows."""

from __future__ import annotations

from collections.abc import Mapping


def apportion(shares: Mapping[str, float], total: int, limits: Mapping[str, int]) -> dict[str, int]:
    """Divide ``total`` rows among names: in proportion to the shares, none above its limit.

    What a name can't take goes to the others in proportion; names without a share take only what
    nobody else can. The result has every name of ``limits`` and adds up to ``total``, or to the
    sum of the limits where that is less.
    """
    given = dict.fromkeys(sorted(limits), 0)
    wanted = {name: shares.get(name, 0.0) for name in given}
    without = {name: float(limits[name]) for name in given if not wanted[name]}
    for weights in ({name: share for name, share in wanted.items() if share}, without):
        left = min(total - sum(given.values()), sum(limits[name] for name in weights))
        given |= _divide(weights, left, limits)
    return given


def _divide(weights: Mapping[str, float], total: int, limits: Mapping[str, int]) -> dict[str, int]:
    open_, given, left = dict(weights), {}, total
    while open_:
        scale = left / sum(open_.values()) if sum(open_.values()) else 0.0
        full = [name for name, weight in open_.items() if weight * scale >= limits[name]]
        if not full:
            break
        for name in full:
            given[name] = min(limits[name], left)
            left -= given[name]
            del open_[name]
    return given | _largest_remainder(open_, left)


def _largest_remainder(weights: Mapping[str, float], total: int) -> dict[str, int]:
    if not weights:
        return {}
    scale = total / sum(weights.values())
    given = {name: int(weight * scale) for name, weight in weights.items()}
    remainders = sorted(weights, key=lambda name: (given[name] - weights[name] * scale, name))
    for name in remainders[: total - sum(given.values())]:
        given[name] += 1
    return given
