"""Figures about a data set's rows, read once for the card, the report and the command line."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from longalpaca_data.export import DatasetRow, read_rows

# The composition of LongAlpaca-12k, over the long and short rows together.
ORIGINAL_TASKS: Mapping[str, float] = {
    "short": 0.26,
    "paper_review": 0.20,
    "document_analysis": 0.20,
    "comparison": 0.14,  # its "other questions": comparisons, series of reports, style
    "book_qa": 0.13,
    "summarization": 0.07,
}
THIN = 0.5  # a task below this part of its share in the original is called thin
SAMPLES = 10  # rows of each task that a report shows
SHORT = "short"
# No text of a document is among these: 12,000 rows of 16k tokens are 800 MB with the texts and
# 5 MB without them.
_COLUMNS = ("task", "family", "language", "n_tokens", "evidence", "document_ids", "licences")


@dataclass
class Family:
    """What the rows of one family of questions come to: tokens in all, depths of the evidence."""

    rows: int = 0
    tokens: int = 0
    pieces: int = 0
    depths: float = 0.0

    @property
    def mean_tokens(self) -> int:
        """Tokens per row."""
        return round(self.tokens / max(1, self.rows))

    @property
    def mean_depth(self) -> float | None:
        """Where the evidence lies on average, 0-1; None where there is none."""
        return self.depths / self.pieces if self.pieces else None


@dataclass
class Statistics:
    """Counts over a split's rows.

    ``lengths`` (tokens), ``depths`` (of every piece of evidence, with the length of its row),
    families, documents and ``licences`` are those of long rows; a row counts under each licence
    that it carries, "" is an unknown one. ``first`` has the numbers of the first rows of each
    task: the order of a set is random, so they are a fair sample.
    """

    rows: int = 0
    long: int = 0
    short: int = 0
    tokens: int = 0
    longest: int = 0
    tasks: Counter[str] = field(default_factory=Counter)
    families: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    documents: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    short_licences: Counter[str] = field(default_factory=Counter)
    lengths: list[int] = field(default_factory=list)
    depths: list[tuple[float, int]] = field(default_factory=list)
    by_family: dict[str, Family] = field(default_factory=lambda: defaultdict(Family))
    first: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, row: DatasetRow) -> None:
        """Count one row."""
        task, tokens = row["task"], row["n_tokens"]
        if len(self.first[task]) < SAMPLES:
            self.first[task].append(self.rows)
        self.rows += 1
        self.tokens += tokens
        self.longest = max(self.longest, tokens)
        self.tasks[task] += 1
        self.languages[row["language"]] += 1
        if task == SHORT:
            self.short += 1
            self.short_licences.update(set(row["licences"] or [""]))
        else:
            self._add_long(row, tokens)

    def _add_long(self, row: DatasetRow, tokens: int) -> None:
        depths = [evidence["depth"] for evidence in row["evidence"]]
        self.long += 1
        self.families[row["family"]] += 1
        self.lengths.append(tokens)
        self.documents.update(row["document_ids"])
        self.licences.update(set(row["licences"] or [""]))
        self.depths.extend((depth, tokens) for depth in depths)
        family = self.by_family[row["family"]]
        family.rows += 1
        family.tokens += tokens
        family.pieces += len(depths)
        family.depths += sum(depths)

    def share(self, counts: Counter[str]) -> dict[str, float]:
        """Return the shares of a counter's names, most frequent first."""
        total = sum(counts.values())
        return {name: count / total for name, count in counts.most_common()} if total else {}

    def deciles(self) -> list[int]:
        """Return the number of pieces of evidence per depth decile."""
        counts = Counter(min(9, int(depth * 10)) for depth, _ in self.depths)
        return [counts[decile] for decile in range(10)]

    def thin_tasks(self) -> list[str]:
        """Return the original's tasks of which this set has less than half their share."""
        shares = self.share(self.tasks)
        return [t for t, share in ORIGINAL_TASKS.items() if shares.get(t, 0.0) < THIN * share]


def statistics(folder: Path, split: str = "train") -> Statistics:
    """Return the figures of a data set's split, in one pass that reads no text of a document."""
    found = Statistics()
    for row in read_rows(folder, split, _COLUMNS):
        found.add(row)
    return found


def rows_numbered(
    folder: Path, numbers: Iterable[int], split: str = "train"
) -> Iterator[tuple[int, DatasetRow]]:
    """Yield rows of a split by their numbers (from 0, in file order), whole, each with its number.

    Only the row groups that hold them are read, one at a time.
    """
    wanted, start = sorted(set(numbers)), 0
    for file in sorted((folder / "data").glob(f"{split}-*.parquet")):
        with pq.ParquetFile(file) as parquet:
            for group in range(parquet.num_row_groups):
                end = start + parquet.metadata.row_group(group).num_rows
                here = [number for number in wanted if start <= number < end]
                if here:
                    table = parquet.read_row_group(group).take([n - start for n in here])
                    yield from zip(here, table.to_pylist(), strict=True)
                start = end
