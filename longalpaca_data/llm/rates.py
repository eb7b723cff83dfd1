"""Requests and tokens per minute, as token buckets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from longalpaca_data.llm.prompt import Completion, Prompt

_FRAME = 50  # tokens that a chat template adds at most to a short conversation
_CALIBRATES = 500  # tokens; shorter prompts say little about a tokenizer
_NOTHING = 1e-6  # of a token; a wait for less would be too short to move a clock
_MARGIN = 1.3
"""Enough until a server tells: English was seen to have 0.22-0.25 tokens a byte, Chinese 0.25-0.40,
which is 0.9-1.05 and 0.55-0.9 of the estimate.
"""
_MOST_RATIO = 4.0  # about a token per byte of English: no tokenizer makes more


class TokenEstimator:
    """Estimates a prompt's tokens before it is sent: :func:`core.tokens.estimate` times the most
    that this model's server has counted for each estimated token so far.
    """

    def __init__(self) -> None:
        self._ratio = 0.0

    def estimate(self, prompt: Prompt) -> int:
        """Return about how many tokens a prompt has; rather more than less."""
        return _FRAME + round(prompt.estimated_tokens * (self._ratio or _MARGIN))

    def learn(self, prompt: Prompt, completion: Completion) -> None:
        """Take in what a server says of a prompt."""
        if (size := prompt.estimated_tokens) >= _CALIBRATES:
            ratio = (completion.prompt_tokens - _FRAME) / size
            self._ratio = min(_MOST_RATIO, max(self._ratio, ratio))


class TokenBucket:
    """Holds ``capacity`` at most and fills by ``per_minute``. What costs more than it can hold
    goes when it is full, and leaves a debt.
    """

    def __init__(
        self, per_minute: float, capacity: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = per_minute / 60
        self._capacity = capacity
        self._clock = clock
        self._level = capacity
        self._filled = clock()

    def delay(self, cost: float) -> float:
        """Return the seconds until ``cost`` can be taken, 0 for at once."""
        now = self._clock()
        self._level = min(self._capacity, self._level + (now - self._filled) * self._rate)
        self._filled = now
        lacking = min(cost, self._capacity) - self._level
        return lacking / self._rate if lacking > _NOTHING else 0.0

    def take(self, cost: float) -> None:
        """Take what may be taken; a negative cost gives back."""
        self._level = min(self._capacity, self._level - cost)


class Rates:
    """Lets attempts pass at a limited rate, first come, first served. 0 means no limit.

    Requests are spaced evenly; of tokens a second's worth may go at once.
    """

    def __init__(
        self,
        requests_per_minute: int = 0,
        tokens_per_minute: int = 0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._requests = TokenBucket(requests_per_minute, 1, clock) if requests_per_minute else None
        second = tokens_per_minute / 60
        self._tokens = TokenBucket(tokens_per_minute, second, clock) if tokens_per_minute else None
        self._sleep = sleep
        self._queue = asyncio.Lock()

    async def admit(self, tokens: int) -> None:
        """Wait until an attempt that may use so many tokens fits the limits."""
        buckets = ((self._requests, 1), (self._tokens, tokens))
        limited = [(bucket, cost) for bucket, cost in buckets if bucket]
        if not limited:
            return
        async with self._queue:
            while delay := max(bucket.delay(cost) for bucket, cost in limited):
                await self._sleep(delay)
            for bucket, cost in limited:
                bucket.take(cost)

    def refund(self, reserved: int, used: int) -> None:
        """Give back what was reserved and not used."""
        if self._tokens:
            self._tokens.take(used - reserved)
