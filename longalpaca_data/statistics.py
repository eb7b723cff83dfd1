"""Figures about a data set's rows, for the card, the report and the command line."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longalpaca_data.export import read_rows

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
_COLUMNS = ("task", "family", "language", "n_tokens", "evidence", "document_ids", "titles")


@dataclass
class Statistics:
    """Counts over a split's rows. Depths are those of every piece of evidence of long rows."""

    rows: int = 0
    long: int = 0
    short: int = 0
    tokens: int = 0
    tasks: Counter[str] = field(default_factory=Counter)
    families: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    documents: Counter[str] = field(default_factory=Counter)
    lengths: list[int] = field(default_factory=list)
    depths: list[tuple[float, int]] = field(default_factory=list)

    def add(self, row: Mapping[str, Any]) -> None:
        """Count one row."""
        self.rows += 1
        self.tokens += row["n_tokens"]
        self.tasks[row["task"]] += 1
        self.languages[row["language"]] += 1
        if row["task"] == "short":
            self.short += 1
            return
        self.long += 1
        self.families[row["family"]] += 1
        self.lengths.append(row["n_tokens"])
        for document in row["document_ids"]:
            self.documents[document] += 1
        self.depths.extend((evidence["depth"], row["n_tokens"]) for evidence in row["evidence"])

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
    """Return the figures of a data set's split."""
    found = Statistics()
    for row in read_rows(folder, split, _COLUMNS):
        found.add(row)
    return found


def ten_per_task(folder: Path, count: int = 10) -> dict[str, list[dict[str, Any]]]:
    """Return the first rows of each long task; the order of a set is random, so they are fair."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    wanted: dict[str, list[str]] = defaultdict(list)
    for row in read_rows(folder, "train", ("id", "task")):
        if row["task"] != "short" and len(wanted[row["task"]]) < count:
            wanted[row["task"]].append(row["id"])
    ids = {row_id for task in wanted.values() for row_id in task}
    for row in read_rows(folder, "train"):
        if row["id"] in ids:
            found[row["task"]].append(row)
    return dict(sorted(found.items()))
