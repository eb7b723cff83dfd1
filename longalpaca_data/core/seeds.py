"""How large a seed may be, in recipes of either kind and on the command line."""

from __future__ import annotations

SEEDS = 2**63
"""Seeds lie between this and its negative: they go into hashes as 64-bit numbers."""
