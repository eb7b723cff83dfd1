"""The generator that needs no model: exact questions about what a window says, and where.

For every window each family lists what it is sure of; of these a few are picked, spread over the
whole depth of the window, and put into words.
"""

from __future__ import annotations

from longalpaca_data.generate.extractive.generate import extractive_stage

__all__ = ["extractive_stage"]
