"""The columns of a data set: Alpaca's four and where each row comes from."""

from __future__ import annotations

from typing import TypedDict

import pyarrow as pa


class EvidenceSpan(TypedDict):
    """A verbatim quote that an answer rests on: ``start`` and ``end`` are code points within the
    instruction, ``depth`` is where it lies in the material, 0-1.
    """

    quote: str
    start: int
    end: int
    depth: float


class Score(TypedDict):
    """What a filter said of a row; which values are good is the filter's business."""

    name: str
    value: float


class DatasetRow(TypedDict):
    """A row of a data set: Alpaca's four columns, and where it comes from.

    ``instruction`` holds the material of a long row and closes with the ``question``; ``n_tokens``
    are those of instruction, input and output. ``document_ids``, ``titles`` and ``licences`` go
    together, one of each for every document; a short row has a licence alone.
    """

    id: str
    instruction: str
    input: str
    output: str
    file: str
    task: str
    family: str
    language: str
    document_ids: list[str]
    titles: list[str]
    licences: list[str]
    n_tokens: int
    question: str
    evidence: list[EvidenceSpan]
    generator: str
    scores: list[Score]


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
"""The same columns in Arrow's types; texts that may be megabytes have offsets of 64 bits."""
