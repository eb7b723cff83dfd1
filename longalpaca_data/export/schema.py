"""The columns of a data set: Alpaca's four and where each row comes from."""

from __future__ import annotations

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("instruction", pa.large_string()),
        ("input", pa.large_string()),
        ("output", pa.large_string()),
        ("file", pa.string()),
        ("task", pa.string()),
        ("family", pa.string()),
        ("language", pa.string()),
        ("document_ids", pa.list_(pa.string())),
        ("titles", pa.list_(pa.string())),
        ("licences", pa.list_(pa.string())),
        ("n_tokens", pa.int64()),
        ("question", pa.string()),
        (
            "evidence",
            pa.list_(
                pa.struct(
                    [
                        ("quote", pa.string()),
                        ("start", pa.int64()),
                        ("end", pa.int64()),
                        ("depth", pa.float64()),
                    ]
                )
            ),
        ),
        ("generator", pa.string()),
        ("scores", pa.list_(pa.struct([("name", pa.string()), ("value", pa.float64())]))),
    ]
)
