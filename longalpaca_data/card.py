"""``README.md``: the data set's card, with the YAML header that the Hub's viewer reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from longalpaca_data.pages import render
from longalpaca_data.statistics import ORIGINAL_TASKS, Statistics, statistics
from longalpaca_data.storage import write_text

CARD = "README.md"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def write_card(folder: Path, manifest: Mapping[str, Any]) -> Path:
    """Write the card of the data set in a folder; return its file."""
    figures = statistics(folder)
    card = render(
        "card.md.j2",
        header=yaml.safe_dump(
            _header(folder, manifest, figures), sort_keys=False, allow_unicode=True
        ),
        manifest=manifest,
        figures=figures,
        original=ORIGINAL_TASKS,
        shares=figures.share(figures.tasks),
        thin=figures.thin_tasks(),
        drops=[s for s in manifest["stages"] if s["dropped"]],
    )
    file = folder / CARD
    write_text(file, card)
    return file


def _header(folder: Path, manifest: Mapping[str, Any], figures: Statistics) -> dict[str, Any]:
    splits = [
        {"split": split, "path": f"data/{split}-*.parquet"}
        for split in ("train", "validation")
        if any((folder / "data").glob(f"{split}-*.parquet"))
    ]
    header: dict[str, Any] = {
        "pretty_name": manifest["name"],
        "language": sorted(figures.languages),
        "task_categories": ["question-answering", "text-generation", "summarization"],
        "size_categories": [next((n for top, n in _SIZES if figures.rows < top), "n>1M")],
        "tags": ["long-context", "instruction-tuning", "longalpaca"],
        "configs": [{"config_name": "default", "data_files": splits}],
    }
    if manifest["recipe"]["licence"]:
        header = {"license": manifest["recipe"]["licence"], **header}
    return header
