"""Where units of work run. A table, so that a cluster is one more row."""

from __future__ import annotations

from collections.abc import Callable

from longalpaca_data.core.errors import RecipeError
from longalpaca_data.pipeline.engines.base import Engine
from longalpaca_data.pipeline.engines.local import LocalEngine

ENGINES: dict[str, Callable[[int], Engine]] = {"local": LocalEngine}


def engine_named(name: str, workers: int) -> Engine:
    """Return an engine. RecipeError for a name that the table doesn't have."""
    if name not in ENGINES:
        raise RecipeError(f"unknown engine {name!r}; known are {', '.join(sorted(ENGINES))}")
    return ENGINES[name](workers)


__all__ = ["ENGINES", "Engine", "LocalEngine", "engine_named"]
