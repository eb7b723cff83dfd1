"""``report.html``: one self-contained page: what the data set is and how it came to be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from longalpaca_data import charts
from longalpaca_data.pages import render
from longalpaca_data.statistics import ORIGINAL_TASKS, Statistics, statistics, ten_per_task
from longalpaca_data.storage import write_text

REPORT = "report.html"
_AROUND = 280  # characters of material shown on each side of a piece of evidence


def write_report(folder: Path, manifest: Mapping[str, Any]) -> Path:
    """Write the report of the data set in a folder; return its file."""
    figures = statistics(folder)
    page = render(
        "report.html.j2",
        manifest=manifest,
        figures=figures,
        pictures=_pictures(figures),
        thin=figures.thin_tasks(),
        samples={
            task: [_shown(row) for row in rows] for task, rows in ten_per_task(folder).items()
        },
    )
    file = folder / REPORT
    write_text(file, page)
    return file


def _pictures(figures: Statistics) -> dict[str, str]:
    pictures = {"tasks": charts.shares("all rows", figures.share(figures.tasks), ORIGINAL_TASKS)}
    if figures.long:
        pictures["families"] = charts.shares("long rows", figures.share(figures.families))
        pictures["lengths"] = charts.length_histogram(figures.lengths)
    if figures.depths:
        pictures["depth"] = charts.depth_by_length(figures.depths)
    return pictures


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page shows of a row: the evidence in its place, not the whole material."""
    text = row["instruction"]
    passages = [
        {
            "depth": evidence["depth"],
            "before": text[max(0, evidence["start"] - _AROUND) : evidence["start"]],
            "quote": text[evidence["start"] : evidence["end"]],
            "after": text[evidence["end"] : evidence["end"] + _AROUND],
        }
        for evidence in row["evidence"]
    ]
    return {**row, "opening": text.split("\n", 1)[0], "passages": passages}


def summary_lines(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report's main figures as plain values (``report --json``)."""
    figures = statistics(folder)
    return {
        "name": manifest["name"],
        "rows": figures.rows,
        "long": figures.long,
        "short": figures.short,
        "tokens": figures.tokens,
        "tasks": dict(figures.tasks.most_common()),
        "families": dict(figures.families.most_common()),
        "languages": dict(figures.languages.most_common()),
        "depth_deciles": figures.deciles(),
        "thin_tasks": figures.thin_tasks(),
        "stages": manifest["stages"],
    }
