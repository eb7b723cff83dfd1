"""Filters: each says a Verdict of an example; scores are kept, what failed is a counted drop."""

from __future__ import annotations

from longalpaca_data.filters.repeats import repeats_stage
from longalpaca_data.filters.rules import rules_stage

__all__ = ["repeats_stage", "rules_stage"]
