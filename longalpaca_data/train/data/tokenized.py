"""Tokenized rows on disk: written once, then memory-mapped, so memory does not grow with the data.

An Arrow stream with a JSON file of counts beside it, named by a hash of everything that the tokens
depend on.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
from transformers import PreTrainedTokenizerBase

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.core.storage import output_errors, write_text
from longalpaca_data.train.data.holdout import HoldOut
from longalpaca_data.train.data.rows import Row, Split, dataset_files, read_rows
from longalpaca_data.train.data.templates import Encoder, Template, content
from longalpaca_data.train.data.truncate import Shortened, material_of, shorten

VERSION = 2
"""Counts up when the same rows would give other tokens."""

SCHEMA = pa.schema(
    [("input_ids", pa.large_list(pa.int32())), ("prompt", pa.int32()), ("length", pa.int32())]
)

ROWS_PER_BATCH = 16
"""A long row is 128 KB of tokens; this is what is held in memory while writing."""

SMALLEST_PROMPT = 16
"""Tokens. A row whose answer leaves less room for its prompt is dropped, and counted."""


@dataclass(slots=True)
class Counts:
    """What became of the rows; tokens are those of the rows kept."""

    rows: int = 0
    tokens: int = 0
    answer_tokens: int = 0
    longest: int = 0
    truncated: int = 0
    evidence_cut: int = 0
    dropped_too_long: int = 0
    dropped_cut_evidence: int = 0
    examples: list[str] = field(default_factory=list)

    def line(self, context: int) -> str:
        """Say what became of the rows."""
        parts = [f"{self.rows:,} rows ({self.tokens:,} tokens)"]
        if self.truncated:
            lost = f", {self.evidence_cut:,} of them in their evidence" if self.evidence_cut else ""
            parts.append(f"{self.truncated:,} cut to {context:,} tokens{lost}")
        if self.dropped_too_long:
            parts.append(f"{self.dropped_too_long:,} left out as too long ({self.examples[0]}, …)")
        if self.dropped_cut_evidence:
            parts.append(f"{self.dropped_cut_evidence:,} left out whose evidence did not fit")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Tokenized:
    """Tokenized rows: a memory-mapped table, the length of each row (tokens), and the counts."""

    table: datasets.Dataset
    lengths: list[int]
    counts: Counts
    path: Path


def tokenize(  # noqa: PLR0913 - what the tokens depend on
    dataset: str | Path,
    split: Split,
    *,
    tokenizer: PreTrainedTokenizerBase,
    template: Template,
    max_length: int,
    cache: Path,
    drop_cut_evidence: bool = False,
    limit: int | None = None,
    hold_out: HoldOut | None = None,
) -> Tokenized:
    """Tokenize a split, or take it from ``cache`` where the same was tokenized before.

    Rows longer than ``max_length`` are shortened inside their material; those that lose evidence
    by it may be dropped. ``hold_out`` makes the two splits out of the train rows. Raises
    :class:`DatasetError` where no row is left.
    """
    settings = (template, max_length, drop_cut_evidence, limit, hold_out)
    key = _fingerprint(dataset, split, tokenizer, *settings)
    path = cache / f"{split}-{key}.arrow"
    if not path.with_suffix(".json").is_file():
        rows = hold_out.rows(dataset, split) if hold_out else read_rows(dataset, split)
        encoder = Encoder(tokenizer, template)
        counts = Counts()
        encoded = _encoded(_first(rows, limit), encoder, max_length, counts, drop_cut_evidence)
        with output_errors(path):
            _write(encoded, counts, max_length, path)
    return open_tokenized(path)


def open_tokenized(path: Path) -> Tokenized:
    """Memory-map what :func:`tokenize` wrote."""
    counts = Counts(**json.loads(path.with_suffix(".json").read_text()))
    table = datasets.Dataset.from_file(str(path))
    lengths = [int(n) for n in table.data.column("length").to_numpy()]
    return Tokenized(table, lengths, counts, path)


def _first(rows: Iterable[Row], limit: int | None) -> Iterator[Row]:
    for number, row in enumerate(rows):
        if limit is not None and number >= limit:
            return
        yield row


def _fingerprint(
    dataset: str | Path,
    split: Split,
    tokenizer: PreTrainedTokenizerBase,
    *settings: object,
) -> str:
    # Held-out rows come from the train files: both splits depend on every file there is.
    files = [*dataset_files(dataset, split), *dataset_files(dataset, "train")]
    stats = [(str(f.resolve()), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    backend = getattr(tokenizer, "backend_tokenizer", None)
    vocabulary = backend.to_str() if backend is not None else str(sorted(tokenizer.get_vocab()))
    parts = [VERSION, stats or str(dataset), tokenizer.chat_template, tokenizer.eos_token]
    text = json.dumps([*parts, vocabulary, *map(str, settings)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def encode_row(row: Row, encoder: Encoder, max_length: int) -> tuple[list[int], int, Any] | None:
    """Return (tokens, length of the prompt, how it was shortened), None where it can't fit."""
    answer = encoder.answer(row.output)
    room = max_length - len(encoder.prompt("")) - len(answer)
    if room < SMALLEST_PROMPT:
        return None
    text = content(encoder.template, row.instruction, row.input)
    fitted: Shortened | None = shorten(
        text,
        span=material_of(text, row.instruction, row.input, row.question),
        evidence=row.evidence,
        limit=room,
        tokenize=encoder.content,
    )
    if fitted is None:
        return None
    prompt = encoder.around(fitted.tokens)
    return [*prompt, *answer], len(prompt), fitted if fitted.text != text else None


def _write(
    rows: Iterable[tuple[list[int], int]], counts: Counts, max_length: int, path: Path
) -> None:
    """Write rows; ``counts`` counts them meanwhile."""
    host = socket.gethostname()  # machines may share the folder, and number their processes alike
    work = path.with_name(f".{path.name}.{host}.{os.getpid()}")
    fresh = [folder for folder in (path.parent, path.parent.parent) if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".*.arrow.{glob.escape(host)}.*"):  # of a run that was killed
            left.unlink(missing_ok=True)
        with pa.OSFile(str(work), "wb") as file, pa.ipc.new_stream(file, SCHEMA) as out:
            for batch in _batches(rows):
                columns = {
                    "input_ids": [ids for ids, _ in batch],
                    "prompt": [prompt for _, prompt in batch],
                    "length": [len(ids) for ids, _ in batch],
                }
                out.write_batch(pa.RecordBatch.from_pydict(columns, schema=SCHEMA))
            if (counts.dropped_too_long or counts.dropped_cut_evidence) and not counts.rows:
                raise DatasetError(
                    f"no row fits in a context of {max_length} tokens", do="raise the context"
                )
        work.rename(path)
        write_text(path.with_suffix(".json"), json.dumps(asdict(counts)))
    finally:
        work.unlink(missing_ok=True)
        for folder in fresh:  # a data set that can't be used leaves no empty folders behind
            if folder.exists() and not any(folder.iterdir()):
                folder.rmdir()


def _encoded(
    rows: Iterable[Row],
    encoder: Encoder,
    max_length: int,
    counts: Counts,
    drop_cut_evidence: bool,
) -> Iterator[tuple[list[int], int]]:
    for row in rows:
        encoded = encode_row(row, encoder, max_length)
        if encoded is None:
            counts.dropped_too_long += 1
            counts.examples = [*counts.examples, row.source][:5]
            continue
        ids, prompt, shortened = encoded
        cut = shortened is not None and shortened.cut_evidence
        if cut and drop_cut_evidence:
            counts.dropped_cut_evidence += 1
            continue
        counts.rows += 1
        counts.tokens += len(ids)
        counts.answer_tokens += len(ids) - prompt
        counts.longest = max(counts.longest, len(ids))
        counts.truncated += shortened is not None
        counts.evidence_cut += cut
        yield ids, prompt


def _batches(
    rows: Iterable[tuple[list[int], int]],
) -> Iterator[Sequence[tuple[list[int], int]]]:
    batch: list[tuple[list[int], int]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == ROWS_PER_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
