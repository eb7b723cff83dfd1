"""One call, from the ledger or from the model: the asynchronous half of a session."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from longalpaca_data.core.errors import CallFailedError, ModelUnavailableError, RecipeError
from longalpaca_data.llm.health import HealthCheck
from longalpaca_data.llm.limits import Limits, Price
from longalpaca_data.llm.prompt import Completion, Message, Prompt
from longalpaca_data.llm.protocol import Model, StopAskingError, TryAgainError
from longalpaca_data.llm.rates import Rates, TokenEstimator
from longalpaca_data.llm.retry import CircuitBreaker, RetryPolicy
from longalpaca_data.llm.usage import Usage
from longalpaca_data.pipeline.calls import Call, Calls, CallWriter

_REFUSED = frozenset({"content_filter", "refusal"})
"""Finish reasons of an answer that is none; it is kept all the same, since it was paid for."""

_PROBE = Prompt((Message("user", "Reply with the word ok."),), max_tokens=16)
_PROBE_SECONDS = 15.0

_MOST_BYTES_PER_TOKEN = 12
"""No tokenizer puts more of a language into one token on average. A server that counts fewer tokens
has cut the prompt short and said nothing, as Ollama does beyond its ``num_ctx``.
"""


class Budget:
    """Calls and money for one run. Money is reserved at a call's worst case, so that it holds."""

    def __init__(self, limits: Limits, price: Price | None, model: str) -> None:
        if limits.max_cost is not None and price is None:
            raise RecipeError(
                f"a limit on costs needs the price of {model}", do="add its price to the recipe"
            )
        self._max_calls, self._max_cost = limits.max_calls, limits.max_cost
        self._price = price or Price()
        self._calls = self._open = 0
        self._spent = self._reserved = 0.0
        self._released = asyncio.Event()
        self.stopped = ""

    def max_cost_of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Return the most that a call may cost."""
        return self._price.of(prompt_tokens, completion_tokens)

    async def reserve(self, cost: float) -> None:
        """Wait until a call fits the budget; StopAskingError where it never will."""
        while True:
            if self._max_calls is not None and self._calls >= self._max_calls:
                self._stop(f"the budget of {self._max_calls} calls is spent")
            if self._max_cost is None or self._spent + self._reserved + cost <= self._max_cost:
                break
            if not self._open:  # not by the sum: what was added and taken away may leave a rest
                self._stop(f"the budget of {self._max_cost:g} for calls is spent")
            await self._released.wait()  # calls in flight may turn out cheaper than they might have
        self._calls += 1
        self._open += 1
        self._reserved += cost

    def charge(self, reserved: float, completion: Completion | None) -> float:
        """Replace a reservation by what the call cost, None where it came to nothing."""
        cost = self._price.cost(completion) if completion else 0.0
        self._open -= 1
        self._reserved = max(0.0, self._reserved - reserved)
        self._spent += cost
        self._released.set()
        self._released = asyncio.Event()
        return cost

    def _stop(self, why: str) -> None:
        self.stopped = self.stopped or why
        raise StopAskingError(why)


class CachedClient:
    """Answers prompts: from the ledger where it has the answer, from the model else.

    Lives on one event loop. An answer is on disk before anybody gets it.
    """

    def __init__(
        self,
        model: Model,
        ledger: Path,
        limits: Limits,
        price: Price | None,
        retry_policy: RetryPolicy | None,
        say: Callable[[str], None],
    ) -> None:
        self.usage = Usage()
        self.budget = Budget(limits, price, model.name)
        self._model = model
        self._cached = Calls(ledger)
        self._writer = CallWriter(ledger)
        self._commit: Future[None] | None = None
        self._committed: asyncio.Event
        self._breaker = CircuitBreaker(retry_policy, self._probe, say)
        self._health = HealthCheck(model)
        self._slots = asyncio.Semaphore(limits.concurrency)
        self._rates = Rates(limits.requests_per_minute, limits.tokens_per_minute)
        self._estimator = TokenEstimator()
        self._enough_failures = max(20, 2 * limits.concurrency)
        self._asking: dict[str, asyncio.Task[Completion]] = {}
        self._in_flight: set[asyncio.Task[Completion]] = set()
        self._closing = False
        self._say = say
        self._warned_of_truncation = False

    async def ask(self, prompt: Prompt) -> Completion:
        """Return a prompt's answer. Equal prompts that are asked at once are one call.

        Raises CallFailedError where this prompt can't be answered, StopAskingError where the
        budget is spent, ModelUnavailableError where nothing can be answered any more.
        """
        if self._closing:
            raise asyncio.CancelledError
        key = prompt.key(self._model.name)
        task = self._asking.get(key)
        if task is None:
            task = asyncio.ensure_future(self._answer(key, prompt))
            self._asking[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        # Whoever waits may be cancelled; the call goes on, for it is paid for.
        return _answered(await asyncio.shield(task))

    def in_flight(self) -> int:
        """Return how many calls the model is at work on."""
        return len(self._in_flight)

    async def drain(self, seconds: float) -> None:
        """Start no more calls, and wait so long at most for those in flight to reach the disk."""
        self._closing = True
        for task in set(self._asking.values()) - self._in_flight:
            task.cancel()
        if tasks := set(self._asking.values()):
            await asyncio.wait(tasks, timeout=seconds)

    async def cancel(self) -> None:
        """Drop what is still in flight and let go of the model."""
        self._closing = True
        tasks = set(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._model.aclose()

    def close(self) -> None:
        """Bring to disk what has been answered, and close the ledger."""
        self._writer.close()
        self._cached.close()

    def _forget(self, key: str, task: asyncio.Task[Completion]) -> None:
        del self._asking[key]
        self._in_flight.discard(task)
        if not task.cancelled():
            task.exception()  # seen: nobody may be waiting for it any more

    async def _answer(self, key: str, prompt: Prompt) -> Completion:
        if call := self._cached.get(key):
            completion = _completion(call)
            self.usage.kept.add(completion, call.cost)
            return completion
        tokens = self._estimator.estimate(prompt)
        most = self.budget.max_cost_of(tokens, prompt.max_tokens)
        await self.budget.reserve(most)
        answered: Completion | None = None
        try:
            completion, seconds = await self._breaker.retry(
                lambda: self._attempt(prompt, tokens + prompt.max_tokens)
            )
            answered = completion
        except CallFailedError as error:
            self.usage.failed[error.reason] += 1
            self._stop_if_all_fail(error)
            raise
        finally:
            cost = self.budget.charge(most, answered)
        self._estimator.learn(prompt, completion)
        self._warn_if_truncated(prompt, completion)
        self.usage.made.add(completion, cost)
        about = _call(key, prompt, completion, self._model.name, cost, seconds)
        await self._wait_for_commit(self._writer.put(about))
        return completion

    def _warn_if_truncated(self, prompt: Prompt, completion: Completion) -> None:
        """Tell the user, once, of a server that reads only a part of what it is sent."""
        read = completion.prompt_tokens
        readable = _MOST_BYTES_PER_TOKEN * max(read, 100)
        if not self._warned_of_truncation and prompt.n_bytes > readable:
            self._warned_of_truncation = True
            self._say(
                f"the server says that it read {read} tokens of a prompt of {prompt.n_bytes:,} "
                "bytes: it seems to cut prompts short; raise its context length (Ollama: num_ctx)"
            )

    async def _wait_for_commit(self, commit: Future[None]) -> None:
        """Wait for a commit. The calls that share it share one event, too: a future for each on
        this loop would cost more than the call's row.
        """
        if commit is not self._commit:
            loop, event = asyncio.get_running_loop(), asyncio.Event()
            commit.add_done_callback(lambda _: loop.call_soon_threadsafe(event.set))
            self._commit, self._committed = commit, event
        await self._committed.wait()
        commit.result()

    def _stop_if_all_fail(self, error: CallFailedError) -> None:
        """Raise ModelUnavailableError where one call after another fails and none succeeds."""
        failed = self.usage.failed.total()
        if not self.usage.made.calls and failed >= self._enough_failures:
            raise ModelUnavailableError(
                f"the model {self._model.name} refused all of the first {failed} calls ({error})",
                do="check the model's parameters and context length in the recipe",
            ) from error

    async def _attempt(self, prompt: Prompt, tokens: int) -> tuple[Completion, float]:
        """Make one attempt within the limits; return the answer and the seconds that the model
        took. The slot is free again before the disk is waited for.
        """
        task = asyncio.current_task()
        assert task is not None, "calls run as tasks"
        async with self._slots:
            await self._rates.admit(tokens)
            await self._breaker.pause()
            self._in_flight.add(task)
            used = 0
            started = time.monotonic()
            try:
                completion = await self._health.watch(self._model.complete(prompt))
                used = completion.prompt_tokens + completion.completion_tokens
            except TryAgainError as error:
                self.usage.retries[error.kind] += 1
                if self._closing:  # it won't be tried again
                    raise asyncio.CancelledError from error
                self._in_flight.discard(task)
                raise
            finally:
                self._rates.refund(tokens, used)
            return completion, time.monotonic() - started

    async def _probe(self) -> bool:
        """Ask what any model can answer, past all limits; say whether there was an answer."""
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await self._model.complete(_PROBE)
        except CallFailedError:
            return True
        except (TryAgainError, TimeoutError):
            return False
        return True


def _answered(completion: Completion) -> Completion:
    if completion.finish_reason in _REFUSED:
        raise CallFailedError("content filter", completion.text)
    return completion


def _completion(call: Call) -> Completion:
    return Completion(
        call.text,
        call.finish_reason,
        call.prompt_tokens,
        call.completion_tokens,
        call.cached_tokens,
        call.served,
    )


def _call(
    key: str, prompt: Prompt, answer: Completion, model: str, cost: float, seconds: float
) -> Call:
    metadata = prompt.metadata
    return Call(
        key,
        answer.text,
        model,
        answer.model,
        metadata.task,
        metadata.template,
        metadata.language,
        metadata.source,
        answer.finish_reason,
        answer.prompt_tokens,
        answer.completion_tokens,
        answer.cached_tokens,
        cost,
        seconds,
    )
