"""``report.html``: one self-contained page: what the data set is and how it came to be.

The page has no script and fetches nothing. Its size does not grow with the data set: of each part
as much is shown as a person reads, and the manifest and the Parquet files have the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from longalpaca_data.core.storage import write_text
from longalpaca_data.dataset.excerpts import AROUND, MOST, excerpts
from longalpaca_data.dataset.licences import conflict_line
from longalpaca_data.dataset.manifest import Manifest
from longalpaca_data.dataset.pages import render
from longalpaca_data.dataset.pictures import (
    LABELS,
    Shares,
    beside_original,
    bucket,
    mix_shares,
    svgs,
)
from longalpaca_data.dataset.statistics import SHORT, Statistics, rows_numbered, statistics
from longalpaca_data.dataset.suspicions import suspects
from longalpaca_data.export import DatasetRow

REPORT = "report.html"
# The most that the page shows, so that it stays below 10 MB whatever the rows are: tasks with their
# samples, characters of a question or an answer, marks on a bar of depths; lines of tables.
_TASKS, _TEXT, _TICKS = 16, 3000, 200
_DOCUMENTS, _LACKING, _FAMILIES, _LICENCES, _SUSPECTS = 500, 60, 100, 60, 100
_AROUND = {"zh": 120}  # characters around evidence, where one of them is most of a word
# Reasons of drops that mean "we have this already", in the words of the page.
DUPLICATES: Mapping[str, str] = {
    "duplicate document": "documents with the text of another",
    "repeated question": "questions asked before",
    "repeated fact": "rows about a fact asked before",
    "near-duplicate row": "rows nearly the same as another",
    "repeated pair": "short samples given before",
}
_COSTS: Mapping[str, str] = {
    "calls": "answers of models",
    "prompt_tokens": "tokens of prompts",
    "cached_tokens": "of these from a prefix cache",
    "completion_tokens": "tokens of answers",
    "money": "money, by the prices in the recipe",
}


def write_report(folder: Path, manifest: Manifest, figures: Statistics | None = None) -> Path:
    """Write the report of the data set in a folder; return its file. ``figures`` are those of the
    train split, read from the folder where they aren't given.
    """
    figures = figures or statistics(folder)
    documents = sorted(manifest.documents, key=lambda document: -document.rows)
    families = figures.families.most_common(_FAMILIES)
    page = render(
        "report.html.j2",
        manifest=manifest,
        settings=manifest.settings,
        figures=figures,
        pictures=svgs(figures, manifest),
        labels=LABELS,
        thin=figures.thin_tasks(),
        tiles=_tiles(figures, manifest),
        mixes=_mixes(figures, manifest),
        conflict=conflict_line(manifest),
        lacking=_lacking(manifest)[:_LACKING],
        lacking_in_all=len(_lacking(manifest)),
        families=[(name, figures.by_family[name]) for name, _ in families],
        duplicates=duplicates(manifest),
        costs=_costs(manifest),
        licences=licences(figures, manifest)[:_LICENCES],
        documents=documents[:_DOCUMENTS],
        suspects=suspects(manifest)[:_SUSPECTS],
        suspects_in_all=len(suspects(manifest)),
        samples=_samples(folder, figures),
    )
    file = folder / REPORT
    write_text(file, page)
    return file


def _tiles(figures: Statistics, manifest: Manifest) -> list[tuple[str, int]]:
    counted = manifest.tokenizer
    return [
        ("long rows", figures.long),
        ("short rows", figures.short),
        ("validation rows", manifest.mix.realised.validation),
        (f"tokens ({counted.name}{'' if counted.exact else ', ESTIMATED'})", figures.tokens),
        ("tokens in the longest row", figures.longest),
        ("pieces of evidence", len(figures.depths)),
        ("documents in rows", len(figures.documents)),
    ]


def _mixes(figures: Statistics, manifest: Manifest) -> list[tuple[str, Shares]]:
    """Return the shares that the page sets beside what was aimed at."""
    asked = [
        ("task", mix_shares(manifest, "task")),
        ("length in tokens", mix_shares(manifest, "length")),
        ("language", mix_shares(manifest, "language")),
    ]
    found = [(part, shares) for part, shares in asked if shares is not None]
    return [*found, ("task", beside_original(figures))]


def _lacking(manifest: Manifest) -> list[tuple[str, str, str, int]]:
    """Return task, length, language and the number of rows of the mix's cells that lacked some."""
    return [
        (cell.task or "any", bucket(cell.length or "any"), cell.language or "any", cell.rows)
        for cell in manifest.mix.lacking
    ]


def duplicates(manifest: Manifest) -> list[dict[str, Any]]:
    """Return what was dropped because it was there already: ``what``, ``stage``, ``count``."""
    dropped: Counter[tuple[str, str]] = Counter()
    for stage in manifest.stages:
        for reason, count in stage.dropped.items():
            if reason in DUPLICATES or "duplicate" in reason or "repeated" in reason:
                dropped[reason, stage.stage] += count
    seen = {reason for reason, _ in dropped}
    none = {(reason, ""): 0 for reason in DUPLICATES if reason not in seen}
    return [
        {"what": DUPLICATES.get(reason, reason), "stage": stage, "count": count}
        for (reason, stage), count in {**dropped, **none}.items()
    ]


def _costs(manifest: Manifest) -> list[tuple[str, Any]]:
    """Return labels and figures of what models were asked; nothing where none was."""
    costs = msgspec.structs.asdict(manifest.costs)
    if not any(costs.values()):
        return []
    return [
        (label, "unknown" if costs[key] is None else costs[key]) for key, label in _COSTS.items()
    ]


def licences(figures: Statistics, manifest: Manifest) -> list[dict[str, Any]]:
    """Return documents, their tokens and rows per licence ("": unknown), most rows first."""
    documents: Counter[str] = Counter()
    tokens: Counter[str] = Counter()
    for document in manifest.documents:
        documents[document.licence] += 1
        tokens[document.licence] += document.n_tokens
    rows = figures.licences + figures.short_licences
    names = sorted({*documents, *rows}, key=lambda name: (-rows[name], name))
    return [
        {
            "licence": name,
            "documents": documents[name],
            "tokens": tokens[name],
            "long": figures.licences[name],
            "short": figures.short_licences[name],
        }
        for name in names
    ]


def _samples(folder: Path, figures: Statistics) -> dict[str, list[dict[str, Any]]]:
    """Return the page's rows of each task, the short ones last."""
    tasks = sorted(figures.first, key=lambda task: (task == SHORT, task))[:_TASKS]
    numbers = [number for task in tasks for number in figures.first[task]]
    rows = {number: _shown(row) for number, row in rows_numbered(folder, numbers)}
    return {task: [rows[number] for number in figures.first[task]] for task in tasks}


def _shown(row: DatasetRow) -> dict[str, Any]:
    """Return what the page shows of a row: the evidence in its place, not the whole material."""
    text = row["instruction"]
    return {
        "language": row["language"],
        "family": row["family"],
        "tokens": row["n_tokens"],
        "titles": row["titles"],
        "file": row["file"],
        "id": row["id"],
        "opening": text.split("\n", 1)[0][:_TEXT],
        "question": row["question"][:_TEXT],
        "input": row["input"][:_TEXT],
        "answer": row["output"][:_TEXT],
        "cut": len(row["output"]) > _TEXT or len(row["question"]) > _TEXT,
        "depths": sorted(evidence["depth"] for evidence in row["evidence"])[:_TICKS],
        "hidden": max(0, len(row["evidence"]) - MOST),
        "excerpts": excerpts(text, row["evidence"], _AROUND.get(row["language"], AROUND)),
    }


def summary_lines(folder: Path, manifest: Manifest) -> dict[str, Any]:
    """Return the report's main figures as plain values (``report --json``)."""
    figures, values = statistics(folder), manifest.values()
    return {
        "name": manifest.name,
        "rows": figures.rows,
        "long": figures.long,
        "short": figures.short,
        "tokens": figures.tokens,
        "longest_row": figures.longest,
        "tasks": dict(figures.tasks.most_common()),
        "families": dict(figures.families.most_common()),
        "languages": dict(figures.languages.most_common()),
        "depth_deciles": figures.deciles(),
        "thin_tasks": figures.thin_tasks(),
        "mix": values["mix"],
        "duplicates": duplicates(manifest),
        "licences": licences(figures, manifest),
        "suspects": [asdict(suspect) for suspect in suspects(manifest)],
        "costs": values["costs"],
        "stages": values["stages"],
    }
