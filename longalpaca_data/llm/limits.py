"""What a session may use: calls at once, per minute, and in all."""

from __future__ import annotations

from dataclasses import dataclass

from longalpaca_data.core.recipe import ModelSpec
from longalpaca_data.llm.prompt import Completion


@dataclass(frozen=True, slots=True)
class Price:
    """Money per million tokens. ``cached`` is what a prompt token from the server's prefix cache
    costs; None: as much as any other.
    """

    prompt: float = 0.0
    completion: float = 0.0
    cached: float | None = None

    @classmethod
    def of_recipe(cls, model: ModelSpec) -> Price | None:
        """Return the recipe's price table, None where it has none."""
        prices = model.prices
        if not prices.prompt and not prices.completion:
            return None
        return cls(prices.prompt, prices.completion, prices.cached)

    def of(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """Return what a call costs."""
        cached = self.prompt if self.cached is None else self.cached
        return (
            (prompt_tokens - cached_tokens) * self.prompt
            + cached_tokens * cached
            + completion_tokens * self.completion
        ) / 1e6

    def cost(self, completion: Completion) -> float:
        """Return what an answer cost."""
        return self.of(
            completion.prompt_tokens, completion.completion_tokens, completion.cached_tokens
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """``concurrency`` calls are in flight at once. 0 per minute means no such limit.

    ``max_calls`` and ``max_cost`` (in the price table's money) hold for one run; None means no
    limit. With ``max_calls=0`` only the ledger answers. Costs are reserved at their worst case
    before a call is made, so ``max_cost`` is not exceeded.
    """

    concurrency: int = 16
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    max_calls: int | None = None
    max_cost: float | None = None

    @classmethod
    def of_recipe(cls, model: ModelSpec) -> Limits:
        """Return the recipe's limits."""
        return cls(
            model.concurrency,
            model.requests_per_minute,
            model.tokens_per_minute,
            model.max_calls,
            model.max_cost,
        )
