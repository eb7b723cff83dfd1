"""A small integer program: whole numbers near an aim, under goals that may be missed at a price.

    minimise   Σ price · missed  +  ε Σ |x - aim|     subject to   A x + under - over = goal,
                                                                    0 ≤ x ≤ upper, x whole

Bounded primal simplex on a dense tableau, and branch and bound for what comes out broken. The
programs of the mix have some hundred columns (cells) and a few dozen rows (shares and caps), and
nearly always a whole-numbered vertex, so nothing larger is worth depending on. Prices and the
matrix are sums of powers of two and every step is elementwise: the same numbers on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_ERROR = 1e-9
_MAX_NODES = 2000  # of branch and bound; the feasible programs of the tests need below a hundred
_PATIENCE = 50  # pivots without progress until Bland's rule, which can't go round in circles

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Program:
    """``matrix`` is m goals × n numbers, of 0 and 1. ``under`` and ``over`` are the m prices of
    one unit below and above each goal; ``aim`` and ``upper`` have length n, aim ≤ upper.
    """

    matrix: Whole
    goal: Whole
    under: Floats
    over: Floats
    aim: Whole
    upper: Whole

    def missed(self, x: Whole) -> float:
        """Return the price of what a solution misses."""
        left = self.goal - self.matrix @ x
        return float((self.under * np.maximum(left, 0) + self.over * np.maximum(-left, 0)).sum())


def solve(program: Program) -> Whole:
    """Return n whole numbers that miss as little as can be, the nearest to the aim among those.

    The least price is certain unless branch and bound gives up (after 2,000 nodes).
    """
    n = len(program.aim)
    # The columns are corrections of the aim: up, down, then what is missed below and above.
    slack = np.eye(len(program.goal))
    columns = np.hstack([program.matrix, -program.matrix, slack, -slack]).astype(np.float64)
    rest = (program.goal - program.matrix @ program.aim).astype(np.float64)
    near = 2.0 ** -int(4 * program.upper.sum() + 4).bit_length()  # all corrections cost < 1/2
    price = np.concatenate([np.full(2 * n, near), program.under, program.over])
    low = np.zeros(len(price))
    high = np.concatenate(
        [program.upper - program.aim, program.aim, np.full(2 * len(program.goal), np.inf)]
    ).astype(np.float64)
    best, least = program.aim, program.missed(program.aim)
    nodes = [(low, high)]
    for _ in range(_MAX_NODES):
        if not nodes or least == 0:
            break
        low, high = nodes.pop()
        values, cost = _simplex(columns, rest, price, low, high)
        if np.ceil(cost - 0.5 - _ERROR) >= least:
            continue  # no whole solution below this node misses less than the best one known
        broken = np.abs(values[: 2 * n] - np.rint(values[: 2 * n]))
        if broken.max(initial=0) < 1e-6:  # far above the tableau's error
            x = program.aim + np.rint(values[:n] - values[n : 2 * n]).astype(np.int64)
            if program.missed(x) < least or best is program.aim:
                best, least = x, program.missed(x)
            continue
        nodes.extend(_branches(int(broken.argmax()), values, low, high))
    return best


def _branches(
    column: int, values: Floats, low: Floats, high: Floats
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Round one number down in one branch and up in the other; the nearer one comes out first."""
    down, up = high.copy(), low.copy()
    down[column] = np.floor(values[column])
    up[column] = np.ceil(values[column])
    below, above = (low, down), (up, high)
    nearer_below = values[column] - down[column] <= 0.5
    return (above, below) if nearer_below else (below, above)


def _simplex(
    columns: Floats, rest: Floats, price: Floats, low: Floats, high: Floats
) -> tuple[Floats, float]:
    """Return the cheapest values with low ≤ values ≤ high and columns · values = rest."""
    m, n = columns.shape
    span = high - low
    values = rest - (columns * low).sum(axis=1)
    sign = np.where(values >= 0, 1.0, -1.0)
    # What is missed stands in the first basis, so that there is no search for a feasible one.
    basis = np.where(values >= 0, n - 2 * m, n - m) + np.arange(m)
    tableau, values = columns * sign[:, None], np.abs(values)
    reduced = price - (price[basis][:, None] * tableau).sum(axis=0)
    full = np.zeros(n, dtype=bool)  # not in the basis, and at the upper bound
    idle = 0
    while True:
        gain = np.where(full, reduced, -reduced)
        gain[basis] = 0.0
        gain[span <= 0] = 0.0
        useful = gain > _ERROR
        if not useful.any():
            break
        enter = int(useful.argmax()) if idle > _PATIENCE else int(gain.argmax())
        step, row = _ratio(tableau[:, enter], values, span[basis], -1.0 if full[enter] else 1.0)
        moved = min(step, span[enter])
        idle = 0 if moved > _ERROR else idle + 1
        direction = -moved if full[enter] else moved
        values = values - direction * tableau[:, enter]
        if span[enter] <= step:
            full[enter] = not full[enter]
            continue
        leaves = basis[row]
        full[leaves] = bool(values[row] > 0.5 * span[leaves]) if span[leaves] < np.inf else False
        values[row] = (span[enter] if full[enter] else 0.0) + direction
        full[enter] = False
        basis[row] = enter
        tableau[row] /= tableau[row, enter]
        others = tableau[:, enter].copy()
        others[row] = 0.0
        tableau -= others[:, None] * tableau[row]
        reduced = reduced - reduced[enter] * tableau[row]
    found = np.where(full, span, 0.0)
    found[basis] = values
    found += low
    return found, float((price * found).sum())


def _ratio(column: Floats, values: Floats, span: Floats, way: float) -> tuple[float, int]:
    """Return how far a number may move until one of the basis meets a bound, and that one's row."""
    slope = way * column
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.where(slope > _ERROR, values / slope, np.inf)
        steps = np.where(slope < -_ERROR, (span - values) / -slope, steps)
    steps = np.maximum(steps, 0.0)
    nearest = steps.min(initial=np.inf)
    ties = np.flatnonzero(steps <= nearest + _ERROR)
    return float(nearest), int(ties[0]) if len(ties) else -1
