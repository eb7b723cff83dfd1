"""7 of 7: chosen rows → files. Parquet, the Alpaca list, and from them any format."""

from longalpaca_data.export.formats import FORMATS, Format, find_format, write_alpaca
from longalpaca_data.export.layout import Parts, Template, built_in, parts_of
from longalpaca_data.export.rows import RowWriter
from longalpaca_data.export.schema import SCHEMA, DatasetRow, EvidenceSpan, Score
from longalpaca_data.export.splits import count_rows, read_rows, write_split
from longalpaca_data.export.write import Exported, Options, export
from longalpaca_data.rowfiles import ALPACA_KEYS

__all__ = [
    "ALPACA_KEYS",
    "FORMATS",
    "SCHEMA",
    "DatasetRow",
    "EvidenceSpan",
    "Exported",
    "Format",
    "Options",
    "Parts",
    "RowWriter",
    "Score",
    "Template",
    "built_in",
    "count_rows",
    "export",
    "find_format",
    "parts_of",
    "read_rows",
    "write_alpaca",
    "write_split",
]
