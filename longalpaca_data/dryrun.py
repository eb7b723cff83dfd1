"""What a build would do, without doing it (``build --dry-run``).

The documents are read, cleaned and cut as the build would, in a temporary folder, with what an
earlier run finished. With a language model every prompt is put together and counted, since calls
are a matter of money. Nothing is asked and the output folder is not touched.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from longalpaca_data.build import Options, Workspace, cut, open_workspace
from longalpaca_data.collect.inputs import short_sources
from longalpaca_data.core.recipe import Recipe
from longalpaca_data.core.records import Window
from longalpaca_data.generate import EXTRACTIVE, check_generator, writer
from longalpaca_data.generate.prompted import Estimate, estimate
from longalpaca_data.llm import Price
from longalpaca_data.llm.backends import model_name
from longalpaca_data.mix.short import read_pairs
from longalpaca_data.pipeline.calls import Calls

_LEDGER = Path("work") / "ledger.sqlite"


def dry_run(recipe: Recipe, options: Options) -> dict[str, Any]:
    """Return what would be read, asked and written."""
    check_generator(recipe.generate)
    with tempfile.TemporaryDirectory(prefix="longalpaca-dry-run-") as folder:
        _copy_ledger(options.out / _LEDGER, Path(folder) / _LEDGER)
        aside = replace(options, out=Path(folder), fresh=False, command=None)
        with open_workspace(recipe, aside) as workspace:
            windows = cut(workspace)
            generator = recipe.generate.generator
            generating = _found(recipe, windows)
            if generator != EXTRACTIVE:
                generating = _costs(recipe, _foresee(workspace, windows))
            return {
                "recipe": recipe.name,
                **_read(workspace, windows),
                "generator": generator,
                **generating,
                **_wanted(recipe, options.limit),
                "out": str(options.out),
            }


def _read(workspace: Workspace, windows: Sequence[Window]) -> dict[str, Any]:
    """Say what the documents came to."""
    documents = workspace.result.documents
    lost: dict[str, int] = {}
    for stats in workspace.pipeline.stats:
        lost |= stats.reasons()
    return {
        "documents": len(documents),
        "documents dropped": ", ".join(f"{n} {reason}" for reason, n in lost.items()) or 0,
        "tokens in them": sum(document["n_tokens"] for document in documents),
        "windows": len(windows),
        "tokens in the windows": sum(window.n_tokens for window in windows),
    }


def _found(recipe: Recipe, windows: Sequence[Window]) -> dict[str, Any]:
    """Say how many rows the extractive generator may find: it asks no model."""
    tokens = sum(window.n_tokens for window in windows)
    most = round(recipe.generate.rows_per_1k_tokens * tokens / 1000)
    return {"calls": 0, "cost": 0.0, "long rows before the filters, at most": most}


def _wanted(recipe: Recipe, limit: int) -> dict[str, int]:
    mix = recipe.mix.limited(limit)
    at_hand = [
        spec for spec in short_sources(recipe) if "/" not in spec.path or Path(spec.path).exists()
    ]
    return {
        "long rows wanted": mix.long,
        "short rows wanted": mix.short,
        "short rows at hand": sum(1 for _ in read_pairs(at_hand)),
    }


def _costs(recipe: Recipe, foreseen: Estimate) -> dict[str, Any]:
    model = recipe.generate.model
    return {
        "model": model_name(recipe.generate.generator, model),
        "calls": foreseen.calls,
        "calls in the ledger": foreseen.paid,
        "prompt tokens": foreseen.prompt_tokens,
        "of them in a prefix cache, where the server has one": foreseen.cached_tokens,
        "completion tokens": foreseen.completion_tokens,
        "cost": foreseen.cost
        if Price.of_recipe(model)
        else "unknown: generate.model.prices is not set",
    }


def _foresee(workspace: Workspace, windows: Sequence[Window]) -> Estimate:
    """Put every prompt together and count what asking it would take."""
    spec, generator = workspace.recipe.generate, workspace.generator()
    model = model_name(spec.generator, spec.model)
    with contextlib.closing(Calls(generator.ledger)) as calls:
        return estimate(
            writer(spec, generator),
            windows,
            workspace.recipe.seed,
            model=model,
            price=Price.of_recipe(spec.model) or Price(),
            paid=lambda key: calls.get(key) is not None,
            answered=calls.completions(model),
        )


def _copy_ledger(source: Path, target: Path) -> None:
    """Copy a ledger that a build may be writing at this moment."""
    if not source.is_file():
        return
    target.parent.mkdir(parents=True)
    with (
        contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
