"""Documents: found by :func:`discover`, read by :func:`collect_stage`'s stage.

Nothing here cleans: a reader says what it saw, as blocks, and the cleaner decides.
"""

from longalpaca_data.sources.collect import collect_stage, read_reference
from longalpaca_data.sources.discover import Reference, discover
from longalpaca_data.sources.extract import Extract
from longalpaca_data.sources.readers import READERS, read

__all__ = [
    "READERS",
    "Extract",
    "Reference",
    "collect_stage",
    "discover",
    "read",
    "read_reference",
]
