"""When to try again, when to give one call up, and when the whole endpoint.

A call is given up only while the endpoint answers others: then it is the prompt that it can't take.
While it answers nothing, no call is lost: all keep trying. Where there is nothing else to go by, a
question that any model can answer tells a prompt that can't be taken from an endpoint in trouble.
At last the circuit breaks, which ends the run with everything kept.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from longalpaca_data.core.errors import CallFailedError, ModelUnavailableError
from longalpaca_data.llm.protocol import TryAgainError

T = TypeVar("T")

THROTTLED = "http 429"
TIMEOUT = "timeout"
UNREACHABLE = frozenset({"connection refused", "unknown host", "unreachable"})
"""Kinds of trouble that no prompt can cause."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Times are in seconds.

    ``max_failures`` is how often one call may fail while others are answered, by kind of trouble.
    ``unanswered`` is how long an endpoint that never answered may fail, ``silent`` how long one
    that did, or that says 5xx as if it were loading its model; ``throttled`` how long it may say
    nothing but 429; ``longest_wait`` is the longest Retry-After worth waiting for. Without answers
    the endpoint is probed each ``probe`` seconds, and a call that fails on while ``probes`` pass is
    given up. After ``warn_after`` seconds the user is told. With the last delay and attempt to
    connect a dead endpoint is given up within 60 s.
    """

    first_delay: float = 0.5
    longest_delay: float = 8.0
    longest_throttled_delay: float = 60.0
    max_failures: int = 8
    max_failures_by_kind: dict[str, int] = field(
        default_factory=lambda: {TIMEOUT: 3, THROTTLED: 20}
    )
    unanswered: float = 12.0
    silent: float = 40.0
    throttled: float = 600.0
    longest_wait: float = 600.0
    warn_after: float = 3.0
    probe: float = 8.0
    probes: int = 3


@dataclass(slots=True, eq=False)
class _CallHistory:
    """The attempts of one call. ``failed`` is when the last of them failed, or when it began."""

    failed: float
    attempts: int = 0
    probes: int = 0
    failures: Counter[str] = field(default_factory=Counter)


class CircuitBreaker:
    """The health of one endpoint, shared by all calls to it: when to retry, when to give up.

    ``probe`` makes one small call and says whether the endpoint answered it; ``say`` tells the
    person who waits why nothing happens.
    """

    def __init__(
        self,
        policy: RetryPolicy | None = None,
        probe: Callable[[], Awaitable[bool]] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._policy = policy or RetryPolicy()
        self._probe = probe
        self._say = say
        self._warned = False
        self._probed_at = time.monotonic()
        self._answered_at = -math.inf
        self._failing: dict[_CallHistory, float] = {}  # since the last answer: since when
        self._throttled_since: float | None = None
        self._resume_at = 0.0
        self._broken: ModelUnavailableError | None = None

    async def retry(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Return what an attempt comes to, trying again as long as there is hope.

        Raises CallFailedError where this call, ModelUnavailableError where the endpoint is given
        up.
        """
        history = _CallHistory(time.monotonic())

        async def judged() -> T:
            try:
                result = await attempt()
            except TryAgainError as error:
                trouble = error
            else:
                if self._warned:
                    self._warned = False
                    self._say("the endpoint answers again")
                self._answered()
                return result
            await self._record_failure(history, trouble)
            raise trouble

        def delay(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            assert isinstance(error, TryAgainError), "only these are tried again"
            return self._delay(history, error)

        again = retry_if_exception_type(TryAgainError)
        return await AsyncRetrying(retry=again, wait=delay, sleep=asyncio.sleep)(judged)

    async def pause(self) -> None:
        """Wait as long as the endpoint has asked all to wait. To be awaited right before a request
        is sent; raises ModelUnavailableError where there is no point in sending it.
        """
        if (pause := self._resume_at - time.monotonic()) > 0:
            await asyncio.sleep(pause)
        if self._broken:
            raise self._broken

    def _answered(self) -> None:
        self._answered_at = time.monotonic()
        self._failing.clear()
        self._throttled_since = None

    async def _record_failure(self, history: _CallHistory, error: TryAgainError) -> None:
        """Note a failed attempt; raise the error that there is no next one."""
        now, policy = time.monotonic(), self._policy
        history.attempts += 1
        history.failures[error.kind] += self._answered_at > history.failed
        history.failed = now
        if error.kind != THROTTLED:
            self._failing.setdefault(history, now)
            if self._probe and now - max(self._probed_at, self._failing_since()) > policy.probe:
                await self._probe_endpoint(error)
            if not self._warned and now - self._failing_since() > policy.warn_after:
                self._warned = True
                self._say(f"{_who(error)} does not answer ({error}); trying on")
        if self._broken is None and self._is_dead(error, now):
            self._broken = _dead(error)
        if self._broken:
            raise self._broken
        allowed = policy.max_failures_by_kind.get(error.kind, policy.max_failures)
        if history.failures[error.kind] >= allowed or history.probes >= policy.probes:
            raise CallFailedError("retries exhausted", str(error))

    def _failing_since(self) -> float:
        return min(self._failing.values(), default=math.inf)

    async def _probe_endpoint(self, error: TryAgainError) -> None:
        """Probe the endpoint: if it answers, the calls that fail have themselves to blame."""
        self._probed_at = time.monotonic()
        if error.kind not in UNREACHABLE and self._probe and await self._probe():
            for failing in self._failing:
                failing.probes += 1
            self._answered()

    def _is_dead(self, error: TryAgainError, now: float) -> bool:
        policy = self._policy
        if error.wait is not None and error.wait > policy.longest_wait:
            return True
        if error.kind == THROTTLED:
            self._throttled_since = self._throttled_since or now
            return now - self._throttled_since > policy.throttled
        may_be_loading = error.kind.startswith("http 5") or error.kind == TIMEOUT
        known = self._answered_at > -math.inf or may_be_loading
        return now - self._failing_since() > (policy.silent if known else policy.unanswered)

    def _delay(self, history: _CallHistory, error: TryAgainError) -> float:
        """Return how long to wait before the next attempt."""
        policy, throttled = self._policy, error.kind == THROTTLED
        if error.wait is not None:
            if throttled:
                # The limit is the account's, not the call's: nobody asks before it is over.
                if error.wait > policy.warn_after and time.monotonic() > self._resume_at:
                    self._say(f"{_who(error)} asks for a pause of {error.wait:.0f} s")
                self._resume_at = max(self._resume_at, time.monotonic() + error.wait)
            return error.wait + random.uniform(0, policy.first_delay)
        longest = policy.longest_throttled_delay if throttled else policy.longest_delay
        # Drawn from the whole range ("full jitter"), so that calls which failed together part.
        return random.uniform(0, min(longest, policy.first_delay * 2**history.attempts))


def _who(error: TryAgainError) -> str:
    return f"the endpoint {error.endpoint}" if error.endpoint else "the model"


def _dead(error: TryAgainError) -> ModelUnavailableError:
    return ModelUnavailableError(
        f"{_who(error)} does not answer ({error})",
        do="start it or give another --base-url, then run the same command again: "
        "every answer so far is kept",
    )
