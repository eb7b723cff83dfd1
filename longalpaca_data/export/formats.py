"""The formats that a data set is exported in: how a row looks, how rows are laid out in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.core.storage import write_json_array, write_jsonl
from longalpaca_data.rowfiles import ALPACA_KEYS, SHAPES, Shape

Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Format:
    """One format. ``suffixes`` are those that its file may have, the usual one first: ``.json`` is
    a list, ``.jsonl`` one row a line; none: a folder of Parquet in the Hub's layout.

    ``llama_factory`` is what LLaMA-Factory's ``dataset_info.json`` says of such a file, see its
    data/README.md; columns that are not listed there count as absent.
    """

    name: str
    shape: Shape
    suffixes: tuple[str, ...]
    llama_factory: Mapping[str, Any]


_ALPACA_INFO = {
    "formatting": "alpaca",
    "columns": {"prompt": "instruction", "query": "input", "response": "output"},
}
_SHAREGPT_INFO = {
    "formatting": "sharegpt",
    "columns": {"messages": "conversations"},
    "tags": {
        "role_tag": "from",
        "content_tag": "value",
        "user_tag": "human",
        "assistant_tag": "gpt",
        "system_tag": "system",
    },
}
_MESSAGES_INFO = {
    "formatting": "sharegpt",
    "columns": {"messages": "messages"},
    "tags": {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "system_tag": "system",
    },
}
_PAIR_INFO = {
    "formatting": "alpaca",
    "columns": {"prompt": "prompt", "response": "completion"},
}

FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format("alpaca", SHAPES["alpaca"], (".json",), _ALPACA_INFO),
        Format("alpaca-jsonl", SHAPES["alpaca"], (".jsonl",), _ALPACA_INFO),
        Format("sharegpt", SHAPES["sharegpt"], (".jsonl", ".json"), _SHAREGPT_INFO),
        Format("messages", SHAPES["messages"], (".jsonl", ".json"), _MESSAGES_INFO),
        Format("prompt-completion", SHAPES["prompt-completion"], (".jsonl", ".json"), _PAIR_INFO),
        Format("parquet", SHAPES["alpaca"], (), {}),
    )
}

_LAYOUTS: dict[str, Callable[[Path, Rows], int]] = {
    ".json": write_json_array,
    ".jsonl": write_jsonl,
}


def find_format(name: str) -> Format:
    """Return a format by its name. DatasetError lists the known ones."""
    if name not in FORMATS:
        raise DatasetError(f"unknown format {name!r}; known are {', '.join(FORMATS)}")
    return FORMATS[name]


def write_file(path: Path, shape: Shape, rows: Rows) -> int:
    """Write Alpaca rows in a shape, as a list or as lines by the file's suffix, in constant memory
    and atomically; return their number.
    """
    return _LAYOUTS[path.suffix](path, map(shape.write, rows))


def write_alpaca(path: Path, rows: Rows) -> int:
    """Write rows as one Alpaca JSON list with the four keys of LongAlpaca-12k; return their number.

    Whatever the file's name ends with, it is a list.
    """
    return write_json_array(path, ({key: row[key] for key in ALPACA_KEYS} for row in rows))
