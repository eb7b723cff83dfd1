"""The integer program beside the best of all solutions, and shares as whole numbers."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longalpaca_data.mix.program import _OPTIONS, Program, solve
from longalpaca_data.mix.targets import apportion
from tests.conftest import ROOT


def random_program(numbers: Callable[[int, int, int], list[int]], n: int, m: int) -> Program:
    """Make a program of n numbers and m goals from whole numbers drawn between two bounds."""
    upper = np.array(numbers(0, 3, n), dtype=np.int64)
    return Program(
        np.array([numbers(0, 1, n) for _ in range(m)], dtype=np.int64),
        np.array(numbers(0, 8, m), dtype=np.int64),
        np.array([2.0 ** p if p else 0.0 for p in numbers(0, 4, m)]),
        np.array([2.0 ** p if p else 0.0 for p in numbers(0, 4, m)]),
        np.minimum(np.array(numbers(0, 3, n), dtype=np.int64), upper),
        upper,
    )  # fmt: skip


@given(data=st.data(), n=st.integers(1, 5), m=st.integers(1, 5))
@settings(max_examples=80, deadline=None)
def test_nothing_misses_less_than_the_solution(data: st.DataObject, n: int, m: int) -> None:
    def numbers(low: int, high: int, size: int) -> list[int]:
        return data.draw(st.lists(st.integers(low, high), min_size=size, max_size=size))

    program = random_program(numbers, n, m)
    found = solve(program)
    assert ((found >= 0) & (found <= program.upper)).all()
    every = [np.array(x) for x in itertools.product(*(range(u + 1) for u in program.upper))]
    least = min(program.missed(x) for x in every)
    assert program.missed(found) == least
    nearest = min(abs(x - program.aim).sum() for x in every if program.missed(x) == least)
    assert abs(found - program.aim).sum() == nearest


@pytest.mark.parametrize("number", range(6))
def test_the_answer_does_not_depend_on_how_the_solver_goes(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(number)
    program = random_program(
        lambda low, high, size: [int(x) for x in rng.integers(low, high + 1, size)], 40, 12
    )
    found = solve(program)
    for options in ({"random_seed": 7}, {"presolve": "off"}, {"simplex_strategy": 4}):
        monkeypatch.setattr("longalpaca_data.mix.program._OPTIONS", {**_OPTIONS, **options})
        assert (solve(program) == found).all(), options


def test_the_solver_prints_nothing() -> None:
    program = "import tests.mix.test_program as t; t.test_an_aim_is_corrected()"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_an_aim_is_corrected() -> None:
    aim, upper = np.array([1, 2]), np.array([9, 9])
    program = Program(np.array([[1, 1]]), np.array([5]), np.ones(1), np.ones(1), aim, upper)
    assert solve(program).sum() == 5


def test_an_aim_that_misses_nothing_is_kept() -> None:
    matrix = np.array([[1, 1, 0], [0, 1, 1]])
    aim = np.array([1, 2, 3])
    program = Program(matrix, matrix @ aim, np.ones(2), np.ones(2), aim, aim + 5)
    assert (solve(program) == aim).all()


@given(
    shares=st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1), max_size=6),
    limits=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 50), min_size=1),
    total=st.integers(0, 200),
)
def test_shares_become_whole_numbers(
    shares: dict[str, float], limits: dict[str, int], total: int
) -> None:
    given_ = apportion(shares, total, limits)
    assert sum(given_.values()) == min(total, sum(limits.values()))
    assert all(0 <= given_[name] <= limits[name] for name in limits)
    if any(given_[name] for name in limits if not shares.get(name)):
        assert all(given_[name] == limits[name] for name in limits if shares.get(name))


def test_what_one_cannot_take_goes_to_the_others_in_proportion() -> None:
    limits = {"a": 5, "b": 100, "c": 100, "d": 100}
    assert apportion({"a": 0.4, "b": 0.2, "c": 0.4}, 65, limits) == {
        "a": 5,
        "b": 20,
        "c": 40,
        "d": 0,
    }
    assert apportion({"a": 1.0}, 10, {"a": 4, "b": 10}) == {"a": 4, "b": 6}
