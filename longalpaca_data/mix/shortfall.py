"""What a mix asked for and did not get, in figures and in words."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from longalpaca_data.core.recipe import MixSpec
from longalpaca_data.mix.max_flow import MaxFlow
from longalpaca_data.mix.pool import Cell, Pool
from longalpaca_data.mix.quotas import DIMENSIONS, Caps, attainable, most_rows, wanted_shares
from longalpaca_data.mix.targets import apportion

_NAMED = 5  # cells that a message names
Shares = dict[str, dict[str, dict[str, float]]]


def realised_shares(cells: Sequence[Cell], spec: MixSpec) -> Shares:
    """Return dimension → value → ``target`` and ``realised`` share of the long rows. A dimension
    for which the recipe asks nothing is absent.
    """
    found: Shares = {}
    for name, asked in wanted_shares(spec).items():
        have = Counter(map(DIMENSIONS[name], cells))
        values = [*asked, *sorted(have.keys() - asked.keys())]
        found[name] = {
            value: {
                "target": round(asked.get(value, 0.0), 4),
                "realised": round(have[value] / len(cells), 4) if cells else 0.0,
            }
            for value in values
        }
    return found


def lacking_cells(
    pool: Pool, cells: Sequence[Cell], caps: Caps, spec: MixSpec
) -> list[dict[str, Any]]:
    """Return where rows lack: ``task``, ``length``, ``language`` (as far as the recipe asks for
    shares of them) and ``rows``, most rows first.

    A value that gives all it can (under the caps) is one entry. Otherwise the shares contradict
    one another in what there is: the missing rows are laid on the value's cells whose candidates
    are used up, or where that explains too little on all that stay below the product of their
    shares.
    """
    asked = wanted_shares(spec)
    have = Counter(_key(cell, asked) for cell in cells)
    there: Counter[tuple[str, ...]] = Counter()
    for cell, candidates in pool.cells.items():
        there[_key(cell, asked)] += len(candidates)
    flow = MaxFlow(pool.supply, caps.document)
    found: dict[tuple[tuple[str, str], ...], int] = {}
    for at, (name, value, given, missing) in _missed(asked, cells):
        members = frozenset(cell for cell in pool.cells if DIMENSIONS[name](cell) == value)
        if given >= most_rows(pool, flow, members, caps):
            found[((name, value),)] = missing
            continue
        combined = [key for key in itertools.product(*asked.values()) if key[at] == value]
        below = {key: len(cells) * _product(asked, key) - have[key] for key in combined}
        below = {key: rows for key, rows in below.items() if rows > 0}
        used_up = {key: rows for key, rows in below.items() if there[key] <= have[key]}
        enough = sum(used_up.values()) >= missing
        for key, rows in _laid_on(used_up if enough else below, missing).items():
            where = tuple(zip(asked, key, strict=True))
            found[where] = max(rows, found.get(where, 0))
    entries = [{**dict(where), "rows": rows} for where, rows in found.items() if rows]
    return sorted(entries, key=lambda entry: (-entry["rows"], str(entry)))


def _laid_on(weights: Mapping[tuple[str, ...], float], rows: int) -> dict[tuple[str, ...], int]:
    names = {"\0".join(key): key for key in weights}
    shares = {name: weights[key] for name, key in names.items()}
    laid = apportion(shares, rows, dict.fromkeys(names, rows))
    return {names[name]: count for name, count in laid.items()}


def _missed(
    asked: Mapping[str, Mapping[str, float]], cells: Sequence[Cell]
) -> Iterator[tuple[int, tuple[str, str, int, int]]]:
    """Yield the dimension's position, its name, the value, the rows it has and those it lacks."""
    for at, (name, shares) in enumerate(asked.items()):
        have = Counter(map(DIMENSIONS[name], cells))
        target = apportion(shares, len(cells), dict.fromkeys(shares, len(cells)))
        for value, rows in target.items():
            if rows > have[value]:
                yield at, (name, value, have[value], rows - have[value])


def _key(cell: Cell, asked: Iterable[str]) -> tuple[str, ...]:
    return tuple(DIMENSIONS[name](cell) for name in asked)


def _product(asked: Mapping[str, Mapping[str, float]], key: tuple[str, ...]) -> float:
    share = 1.0
    for shares, value in zip(asked.values(), key, strict=True):
        share *= shares[value]
    return share


def in_words(entry: Mapping[str, Any]) -> str:
    """Say one lacking cell: `243 rows of task paper_review, length 4000`."""
    where = ", ".join(f"{name} {value}" for name, value in entry.items() if name != "rows")
    return f"{entry['rows']} rows of {where}"


def listed(entries: Sequence[Mapping[str, Any]]) -> str:
    """Say the cells that lack most; the manifest has all of them."""
    more = len(entries) - _NAMED
    named = "; ".join(map(in_words, entries[:_NAMED]))
    return f"{named}; and {more} more cells" if more > 0 else named


def why_fewer(pool: Pool, shorts: int, spec: MixSpec, available: int) -> str:
    """Say what keeps a set smaller than asked: too few rows, a cap, too few short pairs."""
    reasons = []
    if len(pool) < spec.long:
        reasons.append(f"{len(pool)} long rows to choose from")
    if available < min(len(pool), spec.long):
        caps = ("max_document_share", "max_family_share")
        binding = [
            f"{cap} {getattr(spec, cap):g}"
            for cap in caps
            if attainable(pool, spec.long, spec.model_copy(update={cap: 1.0})) > available
        ]
        reasons.append(f"{' and '.join(binding) or 'the caps'} leave {available} of them")
    if shorts < spec.short:
        reasons.append(f"{shorts} short pairs at hand")
    return ", ".join(reasons)


def missed_shares(shares: Shares) -> str:
    """Say the shares that fell short: `task paper_review 0 % instead of 27 %`."""
    missed = [
        f"{dimension} {value} {100 * share['realised']:.3g} % instead of "
        f"{100 * share['target']:.3g} %"
        for dimension, values in shares.items()
        for value, share in values.items()
        if share["realised"] < share["target"] - 0.015  # less is not worth a line
    ]
    return ", ".join(missed)
