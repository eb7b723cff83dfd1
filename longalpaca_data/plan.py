"""What a build would do, without doing it (``build --dry-run``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from longalpaca_data.generators import check_generator
from longalpaca_data.inputs import document_sources, short_sources
from longalpaca_data.progress import Progress
from longalpaca_data.recipe import Recipe
from longalpaca_data.short import read_pairs
from longalpaca_data.sources import discover


def plan(recipe: Recipe, out: Path, limit: int) -> dict[str, Any]:
    """Return what would be read, asked and written; nothing is touched or fetched."""
    check_generator(recipe.generate)
    references = discover(document_sources(recipe, Progress()))
    mix = recipe.mix.limited(limit)
    local = [
        spec for spec in short_sources(recipe) if "/" not in spec.path or Path(spec.path).exists()
    ]
    return {
        "recipe": recipe.name,
        "documents": len(references),
        "generator": recipe.generate.generator,
        "calls": 0,
        "cost": 0.0,
        "long rows wanted": mix.long,
        "short rows wanted": mix.short,
        "short rows at hand": sum(1 for _ in read_pairs(local)),
        "out": str(out),
    }
