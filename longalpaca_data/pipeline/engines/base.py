"""What an engine is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from longalpaca_data.pipeline.stage import Outcome, ResponseCache, Stage


class Engine(Protocol):
    """Runs units of work somewhere."""

    def perform(
        self,
        stage: Stage[Any, Any],
        units: Iterable[tuple[str, list[Any]]],
        seed: int,
        calls: ResponseCache | None = None,
    ) -> Iterator[tuple[str, Outcome[Any]]]:
        """Yield each unit's key and outcome as it finishes, in any order.

        ``calls`` keeps answers that were paid for; it travels to wherever the units run. Units
        are pulled a bounded number ahead, so that a corpus never stands in memory.
        """
        ...

    def close(self) -> None:
        """Give back processes and memory; without waiting for work under way."""
        ...
