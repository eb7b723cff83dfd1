"""What a build would do, without doing it (``build --dry-run``).

With a language model that is a matter of money, so the documents are read, cleaned and cut as the
build would (in a temporary folder, with what an earlier run finished) and every prompt is put
together and counted; nothing is asked and the output folder is not touched.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from longalpaca_data.build import Options, prepared
from longalpaca_data.collect import discover
from longalpaca_data.collect.inputs import document_sources, short_sources
from longalpaca_data.core.progress import Progress
from longalpaca_data.core.recipe import Recipe
from longalpaca_data.generate import EXTRACTIVE, check_generator, price, writer
from longalpaca_data.generate.prompted import Estimate, estimate
from longalpaca_data.llm import Price
from longalpaca_data.llm.backends import model_name
from longalpaca_data.mix.short import read_pairs
from longalpaca_data.pipeline.calls import Calls

_LEDGER = Path("work") / "ledger.sqlite"


def plan(recipe: Recipe, options: Options) -> dict[str, Any]:
    """Return what would be read, asked and written."""
    check_generator(recipe.generate)
    references = discover(document_sources(recipe, Progress()))
    mix = recipe.mix.limited(options.limit)
    local = [
        spec for spec in short_sources(recipe) if "/" not in spec.path or Path(spec.path).exists()
    ]
    foreseen = None
    if recipe.generate.generator != EXTRACTIVE:
        foreseen = _foresee(recipe, options)
    return {
        "recipe": recipe.name,
        "documents": len(references),
        "generator": recipe.generate.generator,
        **_costs(recipe, foreseen),
        "long rows wanted": mix.long,
        "short rows wanted": mix.short,
        "short rows at hand": sum(1 for _ in read_pairs(local)),
        "out": str(options.out),
    }


def _costs(recipe: Recipe, foreseen: Estimate | None) -> dict[str, Any]:
    if foreseen is None:
        return {"calls": 0, "cost": 0.0}
    model = recipe.generate.model
    return {
        "model": model_name(recipe.generate.generator, model),
        "calls": foreseen.calls,
        "calls in the ledger": foreseen.paid,
        "prompt tokens": foreseen.prompt_tokens,
        "of them in a prefix cache, where the server has one": foreseen.cached_tokens,
        "completion tokens": foreseen.completion_tokens,
        "cost": foreseen.cost if price(model) else "unknown: generate.model.prices is not set",
    }


def _foresee(recipe: Recipe, options: Options) -> Estimate:
    spec = recipe.generate
    with tempfile.TemporaryDirectory(prefix="longalpaca-plan-") as folder:
        _copy_ledger(options.out / _LEDGER, Path(folder) / _LEDGER)
        aside = replace(options, out=Path(folder), fresh=False, quiet=True)
        with (
            prepared(recipe, aside) as build,
            contextlib.closing(Calls(build.context.ledger)) as calls,
        ):
            return estimate(
                writer(spec, build.context),
                build.windows,
                recipe.seed,
                model=model_name(spec.generator, spec.model),
                price=price(spec.model) or Price(),
                paid=lambda key: calls.get(key) is not None,
                answered=calls.completions(model_name(spec.generator, spec.model)),
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
