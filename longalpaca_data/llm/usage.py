"""What a session has used, and how fast."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any

from longalpaca_data.llm.prompt import Completion

_RECENT = 30.0  # seconds over which a rate is taken: the ledger's answers at the start pass fast


@dataclass
class CallTotals:
    """Sums over answers. ``cost`` is in the price table's money."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost: float = 0.0

    def add(self, completion: Completion, cost: float) -> None:
        """Count one answer."""
        self.calls += 1
        self.prompt_tokens += completion.prompt_tokens
        self.completion_tokens += completion.completion_tokens
        self.cached_tokens += completion.cached_tokens
        self.cost += cost

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens."""
        return self.prompt_tokens + self.completion_tokens


@dataclass
class Usage:
    """What a session did. ``made`` was asked now, ``kept`` came from the ledger (at the cost of
    back then). ``retries`` counts attempts that were made again, ``failed`` calls that can't
    succeed, both by kind; ``unasked`` counts items left out because the budget was spent.
    """

    made: CallTotals = field(default_factory=CallTotals)
    kept: CallTotals = field(default_factory=CallTotals)
    retries: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    unasked: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self) | {"retries": dict(self.retries), "failed": dict(self.failed)}


class ProgressLine:
    """The line that the user sees during a run: rates, cost, time to go, retries and failures."""

    def __init__(self, usage: Usage, total: int, *, priced: bool) -> None:
        self.rows = 0
        self._priced = priced
        self._usage = usage
        self._total = total
        self._seen = deque([(time.monotonic(), 0, usage.made.tokens)])

    def text(self, rows: int) -> str:
        """Return the line after so many rows."""
        now, made = time.monotonic(), self._usage.made
        self._seen.append((now, rows, made.tokens))
        while len(self._seen) > 2 and now - self._seen[1][0] > _RECENT:
            self._seen.popleft()
        then, rows_then, tokens_then = self._seen[0]
        seconds = max(now - then, 1e-3)
        rate = (rows - rows_then) / seconds
        parts = [
            f"{rate:.1f} rows/s",
            f"{(made.tokens - tokens_then) / seconds:.0f} tokens/s",
        ]
        if self._priced:
            parts.append(f"cost {made.cost:.2f}")
        if made.cached_tokens:
            share = made.cached_tokens / max(1, made.prompt_tokens)
            parts.append(f"{share:.0%} of the prompts cached")
        if self._total > rows and rate > 0:
            parts.append(f"{_clock((self._total - rows) / rate)} to go")
        troubles = self._usage.retries + self._usage.failed
        parts.extend(f"{count}× {kind}" for kind, count in troubles.most_common(4))
        return ", ".join(parts)


def _clock(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
