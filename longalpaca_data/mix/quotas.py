"""How many rows each cell gives: shares of task, length and language, caps of family and document.

Three steps: an aim (iterative proportional fitting: families even within a task, the rest in
proportion to what there is), an integer program that corrects the aim where goals are missed, and
a flow that finds documents for it. Where documents can't serve the cells together, the flow says
which cells compete, the program learns that bound as a new row, and both run again.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from longalpaca_data.core.recipe import MixSpec
from longalpaca_data.mix.max_flow import MaxFlow
from longalpaca_data.mix.pool import Cell, Pool
from longalpaca_data.mix.program import Floats, Program, Whole, solve
from longalpaca_data.mix.targets import apportion

# The price of one row missed: a cap is never broken, the count comes before the shares.
_CAP, _COUNT, _SHARE = 2.0**16, 2.0**8, 1.0
_FITTING_ROUNDS = 60
_NEARBY_TRIES = 8
_EFFORT = 10_000_000  # cells × documents × rounds until a good choice is as good as the best one

DIMENSIONS: Mapping[str, Callable[[Cell], str]] = {
    "task": lambda cell: cell.task,
    "length": lambda cell: cell.length,
    "language": lambda cell: cell.language,
}


def wanted_shares(spec: MixSpec) -> dict[str, dict[str, float]]:
    """Return the shares asked for per dimension, adding up to 1; what isn't asked for is absent."""
    asked: dict[str, Mapping[str, float]] = {
        "task": spec.tasks,
        "length": {str(bound): share for bound, share in spec.lengths.items()},
        "language": spec.languages,
    }
    return {
        name: {value: share / sum(shares.values()) for value, share in shares.items()}
        for name, shares in asked.items()
        if shares
    }


@dataclass(frozen=True, slots=True)
class Caps:
    """The most rows of one family and of one document in a set of ``total`` rows."""

    total: int
    family: int
    document: int

    @classmethod
    def of(cls, pool: Pool, total: int, spec: MixSpec) -> Caps:
        """Work out the caps for a set of this size."""
        families = {name: sum(counts.values()) for name, counts in pool.families.items()}
        return cls(
            total,
            _cap(spec.max_family_share, families, total),
            _cap(spec.max_document_share, pool.documents, total),
        )


def _cap(share: float, rows: Mapping[str, int], total: int) -> int:
    """Return the most rows of one family or document.

    Three documents can't keep a cap of 30 %. Where there are too few for the cap to be met at any
    size, it is twice the lowest that costs no rows: a set from one large and two small documents
    is not cut down to the small ones.
    """
    if share * len(rows) >= 1 - 1e-9:
        return max(1, -(-total // len(rows)), int(share * total + 1e-9))
    left, level = total, 0
    for rank, count in enumerate(sorted(rows.values())):
        level = -(-left // (len(rows) - rank))
        if level <= count:
            break
        left -= count
    return min(total, 2 * level)


def attainable(pool: Pool, wanted: int, spec: MixSpec) -> int:
    """Return the most rows up to ``wanted`` that the caps allow. Caps are shares of what comes
    out, so a smaller set tightens them: the largest set that holds its own caps is the answer.
    """
    total = min(wanted, len(pool))
    supply = pool.families
    while total:
        caps = Caps.of(pool, total, spec)
        flow = MaxFlow(supply, caps.document)
        flow.meet(dict.fromkeys(supply, caps.family))
        if flow.total() >= total:
            return total
        total = flow.total()
    return 0


def quotas(pool: Pool, total: int, spec: MixSpec) -> dict[Cell, int]:
    """Return rows per cell, ``total`` in all, that the documents can serve under their cap.

    ``total`` must be attainable. Shares are met exactly where that is possible; otherwise as few
    rows as can be stand where they weren't asked for.
    """
    if not total:
        return dict.fromkeys(pool.cells, 0)
    caps = Caps.of(pool, total, spec)
    flow = MaxFlow(pool.supply, caps.document)
    goals = _goals(pool, caps, spec, flow)
    cells = list(pool.cells)
    upper = np.array([min(total, flow.bound(frozenset([cell]))) for cell in cells], dtype=np.int64)
    aim = _aim(pool, goals, upper)
    best, least = aim, np.inf
    for effort in itertools.count(1):
        program = _program(cells, goals, aim, upper)
        numbers = solve(program)
        competing = flow.meet(_named(cells, numbers))
        if not competing:
            return _named(cells, numbers)
        goals += [_Goal(keys, flow.bound(keys), 0.0, _CAP) for keys in competing]
        nearby = _beside(flow, cells, _program(cells, goals, aim, upper), competing)
        if nearby is not None and program.missed(nearby) < least:
            best, least = nearby, program.missed(nearby)
        # What the program without the new bounds misses can't be beaten.
        given_up = effort * flow.supply.size > _EFFORT and least < _COUNT
        if least <= program.missed(numbers) or given_up:
            break
    return _named(cells, best)


def _beside(
    flow: MaxFlow[Cell], cells: list[Cell], program: Program, competing: list[frozenset[Cell]]
) -> Whole | None:
    """Look for quotas that documents can serve near what they served so far, adding to no cell
    whose documents are used up. That is a guess, but it spares many rounds of new bounds.
    """
    full: set[Cell] = set()
    for _ in range(_NEARBY_TRIES):
        full.update(*competing)
        served = flow.taken.sum(axis=1).astype(np.int64)
        upper = np.where([cell in full for cell in cells], served, program.upper)
        numbers = solve(replace(program, aim=served, upper=upper))
        competing = flow.meet(_named(cells, numbers))
        if not competing:
            return numbers
    return None


def _named(cells: list[Cell], numbers: Whole) -> dict[Cell, int]:
    return dict(zip(cells, map(int, numbers), strict=True))


@dataclass(frozen=True, slots=True)
class _Goal:
    """Rows wanted of some cells together, and the price of each row below and above."""

    cells: frozenset[Cell]
    rows: int
    under: float
    over: float


def _goals(pool: Pool, caps: Caps, spec: MixSpec, flow: MaxFlow[Cell]) -> list[_Goal]:
    goals = [_Goal(frozenset(pool.cells), caps.total, _COUNT, _COUNT)]
    for name, shares in wanted_shares(spec).items():
        groups = _groups(pool, DIMENSIONS[name])
        limits = {value: most_rows(pool, flow, cells, caps) for value, cells in groups.items()}
        rows = apportion(shares, caps.total, limits)
        goals += [_Goal(groups[value], rows[value], _SHARE, _SHARE) for value in groups]
        goals += [_Goal(groups[value], limits[value], 0.0, _CAP) for value in groups]
    families = _groups(pool, lambda cell: cell.family)
    return goals + [_Goal(cells, caps.family, 0.0, _CAP) for cells in families.values()]


def _groups(pool: Pool, name: Callable[[Cell], str]) -> dict[str, frozenset[Cell]]:
    values = sorted({name(cell) for cell in pool.cells})
    return {v: frozenset(cell for cell in pool.cells if name(cell) == v) for v in values}


def most_rows(pool: Pool, flow: MaxFlow[Cell], cells: frozenset[Cell], caps: Caps) -> int:
    """Return a bound on the rows that these cells can give together under either cap."""
    rows: Counter[str] = Counter()
    for cell in cells:
        rows[cell.family] += len(pool.cells[cell])
    return min(flow.bound(cells), sum(min(caps.family, count) for count in rows.values()))


def _matrix(cells: list[Cell], goals: list[_Goal]) -> Whole:
    return np.array([[cell in goal.cells for cell in cells] for goal in goals], dtype=np.int64)


def _program(cells: list[Cell], goals: list[_Goal], aim: Whole, upper: Whole) -> Program:
    return Program(
        _matrix(cells, goals),
        np.array([goal.rows for goal in goals], dtype=np.int64),
        np.array([goal.under for goal in goals]),
        np.array([goal.over for goal in goals]),
        aim,
        upper,
    )


def _aim(pool: Pool, goals: list[_Goal], upper: Whole) -> Whole:
    """Fit the natural mixture to the goals, then round it so that running totals stay right."""
    cells = list(pool.cells)
    rows: Counter[tuple[str, str]] = Counter()
    for cell in cells:
        rows[cell.task, cell.family] += len(pool.cells[cell])
    fitted: Floats = np.array([len(pool.cells[c]) / rows[c.task, c.family] for c in cells])
    matrix = _matrix(cells, goals).astype(bool)
    for _ in range(_FITTING_ROUNDS):
        for members, goal in zip(matrix[::-1], goals[::-1], strict=True):  # the count comes last
            have = float(fitted[members].sum())
            if have > goal.rows or (have and goal.under):
                fitted[members] *= goal.rows / have
        fitted = np.minimum(fitted, upper)
    running = np.rint(np.add.accumulate(fitted)).astype(np.int64)
    return np.minimum(np.diff(running, prepend=0), upper)
