"""A small integer program: whole numbers near an aim, under goals that may be missed at a price.

    minimise   Σ price · missed        subject to   A x + under - over = goal,
                                                    0 ≤ x ≤ upper, x whole

HiGHS solves it (https://highs.dev), exactly: the gaps that it may leave are set to nothing. Many
solutions cost the same, and which of them a solver finds first depends on its version and on the
machine. So the answer is made unique: of the cheapest solutions those nearest to the aim, and of
those the one of the least random weight, which is one alone but for a chance of one in thousands
(isolation lemma: Mulmuley, Vazirani and Vazirani 1987).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import highspy

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

_WEIGHTS = 2**12  # of the last choice: sums stay far below the 2^53 that 64-bit floats hold exactly
_NODES = 5_000  # of branch and bound; the mixes of the tests need below a hundred


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
    """Return n whole numbers that miss as little as can be: the nearest to the aim among those.

    An aim that misses nothing is the answer itself.
    """
    if program.missed(program.aim) == 0:
        return program.aim
    n, m = len(program.aim), len(program.goal)
    prices = np.concatenate([np.zeros(2 * n), program.under, program.over])
    corrections = np.concatenate([np.ones(2 * n), np.zeros(2 * m)])
    weights = np.random.Generator(np.random.PCG64(n)).integers(1, _WEIGHTS, 2 * n)
    last = np.concatenate([weights, np.zeros(2 * m)]).astype(np.float64)
    solver = _solver(program)
    best, least = program.aim, program.missed(program.aim)
    for objective, following in itertools.pairwise((prices, corrections, last, None)):
        assert objective is not None, "only what follows the last one is None"
        values = _minimum(solver, objective)
        if values is None:
            break
        found = program.aim + np.rint(values[:n] - values[n : 2 * n]).astype(np.int64)
        if (missed := program.missed(found)) > least:
            break
        best, least = found, missed
        if following is not None:
            reached = missed if objective is prices else float(np.rint(objective @ values))
            _hold(solver, objective, reached)
    return best


def _solver(program: Program) -> highspy.Highs:
    """Return a solver that knows the program; the columns are corrections of the aim: up, down,
    then what is missed below and above.
    """
    import highspy  # noqa: PLC0415 — loads in 0.1 s, for a mix alone

    n, m = len(program.aim), len(program.goal)
    slack = np.eye(m)
    matrix = np.hstack([program.matrix, -program.matrix, slack, -slack])
    rest = (program.goal - program.matrix @ program.aim).astype(np.float64)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = matrix.shape[1], m
    model.col_cost_ = np.zeros(matrix.shape[1])
    model.col_lower_ = np.zeros(matrix.shape[1])
    unbounded = np.full(2 * m, highspy.kHighsInf)
    model.col_upper_ = np.concatenate([program.upper - program.aim, program.aim, unbounded])
    model.row_lower_ = model.row_upper_ = rest
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    rows, columns = np.nonzero(matrix)
    model.a_matrix_.start_ = np.searchsorted(rows, np.arange(m + 1)).astype(np.int32)
    model.a_matrix_.index_ = columns.astype(np.int32)
    model.a_matrix_.value_ = matrix[rows, columns].astype(np.float64)
    whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    model.integrality_ = [whole] * (2 * n) + [real] * (2 * m)
    solver = highspy.Highs()
    for name, value in _OPTIONS.items():
        solver.setOptionValue(name, value)
    solver.passModel(model)
    return solver


_OPTIONS: dict[str, bool | int | float | str] = {
    "output_flag": False,
    "threads": 1,
    "random_seed": 0,
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 1e-6,
    "mip_max_nodes": _NODES,
}


def _minimum(solver: highspy.Highs, objective: Floats) -> Floats | None:
    """Return the values of the least objective, None where none was found."""
    import highspy  # noqa: PLC0415 — with its user

    solver.changeColsCost(len(objective), np.arange(len(objective), dtype=np.int32), objective)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return np.array(solver.getSolution().col_value)


def _hold(solver: highspy.Highs, objective: Floats, reached: float) -> None:
    """Let no further solution cost more than what was reached; costs are whole."""
    import highspy  # noqa: PLC0415 — with its user

    used = np.flatnonzero(objective).astype(np.int32)
    solver.addRow(-highspy.kHighsInf, reached + 0.5, len(used), used, objective[used])
