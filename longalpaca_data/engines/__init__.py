"""Where units of work run. A table, so that a cluster is one more row."""

from __future__ import annotations

from collections.abc import Callable

from longalpaca_data.engines.base import Engine
from longalpaca_data.engines.local import LocalEngine

ENGINES: dict[str, Callable[[int], Engine]] = {"local": LocalEngine}

__all__ = ["ENGINES", "Engine", "LocalEngine"]
