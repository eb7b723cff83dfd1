"""Token buckets let through what they promise, and no more."""

from __future__ import annotations

import asyncio
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from longalpaca_data.llm import Completion
from longalpaca_data.llm.rates import Rates, TokenEstimator
from tests.llm.asking import question


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def admitted(costs: list[int], requests: int, tokens: int) -> list[float]:
    """Return when each of the attempts was let through."""

    async def run() -> list[float]:
        clock = Clock()
        rates = Rates(requests, tokens, clock, clock.sleep)
        times = []
        for cost in costs:
            await rates.admit(cost)
            times.append(clock.now)
        return times

    return asyncio.run(run())


COSTS = st.lists(st.integers(0, 5000), max_size=40)


@settings(max_examples=40)
@given(COSTS, st.integers(1, 3000), st.integers(60, 100_000))
def test_no_minute_gets_more_than_its_share(costs: list[int], requests: int, tokens: int) -> None:
    times = admitted(costs, requests, tokens)
    for first, last in itertools.combinations(range(len(times)), 2):
        seconds = times[last] - times[first]
        assert last - first <= requests / 60 * seconds + 1e-4
        # A second's worth may go at once, and the last one may leave a debt.
        within = sum(costs[first:last])
        assert within <= tokens / 60 * (seconds + 1) + 1e-3 + max(costs[first : last + 1])


@settings(max_examples=20)
@given(COSTS)
def test_no_limit_is_no_wait(costs: list[int]) -> None:
    assert set(admitted(costs, 0, 0)) <= {0.0}


def test_what_was_not_used_is_given_back() -> None:
    async def run() -> float:
        clock = Clock()
        rates = Rates(0, 600, clock, clock.sleep)
        for _ in range(10):
            await rates.admit(10)
            rates.refund(10, 1)
        return clock.now

    assert asyncio.run(run()) < 1


def test_the_gauge_learns_the_server_s_tokens() -> None:
    estimator, prompt = TokenEstimator(), question("字" * 3000)
    before = estimator.estimate(prompt)
    estimator.learn(prompt, Completion("", prompt_tokens=2300))
    assert estimator.estimate(prompt) == 2300 < before
    estimator.learn(question("x"), Completion("", prompt_tokens=900))
    assert estimator.estimate(prompt) == 2300
