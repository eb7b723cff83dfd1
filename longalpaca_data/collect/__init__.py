"""1 of 7: references → RawDocument. Found by :func:`discover`, read by :func:`collect_stage`.

Nothing here cleans: a reader says what it saw, as blocks, and the cleaner decides.
"""

from longalpaca_data.collect.collect import collect_stage, read_reference
from longalpaca_data.collect.discover import Reference, discover
from longalpaca_data.collect.extract import Extract
from longalpaca_data.collect.readers import READERS, read

__all__ = [
    "READERS",
    "Extract",
    "Reference",
    "collect_stage",
    "discover",
    "read",
    "read_reference",
]
