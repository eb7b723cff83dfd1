"""6 of 7: Samples and short pairs → the data set's rows.

``pool`` sorts candidates into cells, ``quotas`` decides how many rows each cell gives (``program``,
``flow`` and ``targets`` are its tools), ``choose`` which ones, ``reviewed`` applies a person's
decisions, ``shortfall`` says what could not be met, ``mixture`` puts it together.
"""

from __future__ import annotations

from longalpaca_data.mix.mixture import Mixture, mix

__all__ = ["Mixture", "mix"]
