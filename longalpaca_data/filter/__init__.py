"""5 of 7: Example → Sample. Each filter says a Verdict of an example; scores are
kept, what failed is a counted drop.
"""

from __future__ import annotations

from longalpaca_data.filter.repeats import repeats_stage
from longalpaca_data.filter.rules import rules_stage

__all__ = ["repeats_stage", "rules_stage"]
