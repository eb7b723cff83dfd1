"""Chosen rows → files: the Alpaca list and the Parquet in the Hub's layout."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from longalpaca_data.documents import Documents
from longalpaca_data.errors import DatasetError
from longalpaca_data.instruction import Instruction, assemble
from longalpaca_data.records import Sample, ShortPair
from longalpaca_data.storage import write_json_array, write_jsonl, write_parquet

ALPACA_KEYS = ("instruction", "input", "output", "file")

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
_ROWS_PER_FILE = 2000  # some 60-250 MB of long rows: a size that hubs and loaders like


class RowWriter:
    """Turns chosen samples and pairs into rows; counts a window's tokens once for all its rows."""

    def __init__(self, documents: Documents, seed: int, count_tokens: Callable[[str], int]) -> None:
        self._documents = documents
        self._seed = seed
        self._count = count_tokens
        self._window_tokens: dict[str, int] = {}

    def row(self, chosen: Sample | ShortPair) -> dict[str, Any]:
        """Return one row with the keys of :data:`SCHEMA`."""
        return self._long(chosen) if isinstance(chosen, Sample) else self._short(chosen)

    def _long(self, sample: Sample) -> dict[str, Any]:
        example = sample.example
        parts = example.window.parts
        texts = self._documents.texts(example.window)
        instruction = assemble(example, texts, self._seed)
        return {
            "id": sample.id,
            "instruction": instruction.text,
            "input": "",
            "output": example.answer,
            "file": "; ".join(part.path for part in parts),
            "task": example.task,
            "family": example.family,
            "language": example.language,
            "document_ids": [part.document_id for part in parts],
            "titles": [part.title for part in parts],
            "licences": [part.licence for part in parts],
            "n_tokens": self._tokens(sample, instruction, texts),
            "question": example.question,
            "evidence": list(_evidence(sample, instruction)),
            "generator": example.generator,
            "scores": [{"name": k, "value": v} for k, v in sorted(sample.scores.items())],
        }

    def _tokens(self, sample: Sample, instruction: Instruction, texts: Sequence[str]) -> int:
        """Count instruction and output. Pieces are cut after line ends, where BPE vocabularies
        never merge across, so their counts add up to the count of the whole.
        """
        window = sample.example.window
        if window.id not in self._window_tokens:
            self._window_tokens[window.id] = sum(self._count(text + "\n\n") for text in texts)
        around, at = [], 0
        for offset, text in zip(instruction.offsets, texts, strict=True):
            around.append(instruction.text[at:offset])
            at = offset + len(text) + 2
        around.extend((instruction.text[at:], sample.example.answer))
        return self._window_tokens[window.id] + sum(self._count(piece) for piece in around)

    def _short(self, pair: ShortPair) -> dict[str, Any]:
        return {
            "id": pair.id,
            "instruction": pair.instruction,
            "input": pair.input,
            "output": pair.output,
            "file": "",
            "task": "short",
            "family": "short",
            "language": pair.language,
            "document_ids": [],
            "titles": [],
            "licences": [pair.licence],
            "n_tokens": sum(self._count(t) for t in (pair.instruction, pair.input, pair.output)),
            "question": pair.instruction,
            "evidence": [],
            "generator": "given",
            "scores": [],
        }


def _evidence(sample: Sample, instruction: Instruction) -> Iterator[dict[str, Any]]:
    window = sample.example.window
    for evidence in sample.example.evidence:
        start = instruction.place(window, evidence.part, evidence.start)
        end = instruction.place(window, evidence.part, evidence.end)
        depth = round(instruction.depth(start, end), 4)
        yield {"quote": evidence.quote, "start": start, "end": end, "depth": depth}


def write_split(folder: Path, split: str, rows: Iterable[dict[str, Any]], total: int) -> list[Path]:
    """Write a split as ``data/SPLIT-00000-of-0000N.parquet``; return the files written."""
    iterator = iter(rows)
    n_files = max(1, -(-total // _ROWS_PER_FILE))
    files = []
    for number in range(n_files):
        file = folder / "data" / f"{split}-{number:05d}-of-{n_files:05d}.parquet"
        write_parquet(file, _take(iterator, -(-total // n_files)), SCHEMA)
        files.append(file)
    return files


def _take(iterator: Iterator[dict[str, Any]], count: int) -> Iterator[dict[str, Any]]:
    for _, row in zip(range(count), iterator, strict=False):
        yield row


def read_rows(
    folder: Path, split: str = "train", columns: Sequence[str] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield a split's rows from a data set's folder, in file order, a row group at a time."""
    files = sorted((folder / "data").glob(f"{split}-*.parquet"))
    if not files and split == "train":
        raise DatasetError(
            f"no data set in {folder}: data/train-*.parquet is missing",
            do="name the folder that `build` wrote",
        )
    for file in files:
        with pq.ParquetFile(file) as parquet:
            for group in range(parquet.num_row_groups):
                yield from parquet.read_row_group(
                    group, columns=list(columns) if columns else None
                ).to_pylist()


def alpaca(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row in Alpaca form: the four keys that LongAlpaca-12k has."""
    return {key: row[key] for key in ALPACA_KEYS}


def write_alpaca(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as one Alpaca JSON list; return their number."""
    return write_json_array(path, map(alpaca, rows))


FORMATS: dict[str, tuple[str, Callable[[Path, Iterable[Mapping[str, Any]]], int]]] = {
    # name: (suffix, writer)
    "alpaca": (".json", write_alpaca),
    "alpaca-jsonl": (".jsonl", lambda path, rows: write_jsonl(path, map(alpaca, rows))),
}


def export(folder: Path, name: str, target: Path | None = None) -> tuple[Path, int]:
    """Write a data set's train rows in another format; return the file and its number of rows."""
    if name not in FORMATS:
        raise DatasetError(f"unknown format {name!r}; known are {', '.join(sorted(FORMATS))}")
    suffix, write = FORMATS[name]
    file = target or folder / f"{folder.name}.{name}{suffix}"
    return file, write(file, read_rows(folder, columns=ALPACA_KEYS))
