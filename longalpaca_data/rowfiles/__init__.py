"""Instruction rows in files: every layout (JSON list, JSON lines, Parquet, a data set's folder) and
every shape of a row (Alpaca, ShareGPT, messages, prompt and completion) through one reader.
"""

from longalpaca_data.rowfiles.files import (
    READERS,
    SPLITS,
    Place,
    Split,
    layout,
    parquet_rows,
    read_rows,
    read_values,
    split_files,
)
from longalpaca_data.rowfiles.shapes import (
    ALPACA_KEYS,
    SHAPES,
    Row,
    RowError,
    Shape,
    as_alpaca,
    prompt_text,
    shape_of,
)

__all__ = [
    "ALPACA_KEYS",
    "READERS",
    "SHAPES",
    "SPLITS",
    "Place",
    "Row",
    "RowError",
    "Shape",
    "Split",
    "as_alpaca",
    "layout",
    "parquet_rows",
    "prompt_text",
    "read_rows",
    "read_values",
    "shape_of",
    "split_files",
]
