"""Which documents and short samples a recipe means here and now.

The user's own come first; while there are none, the recipe's ``otherwise`` entries stand in, and
one line says so. ``sample:`` names the bundled sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from longalpaca_data.core.progress import Progress
from longalpaca_data.core.recipe import Recipe, ShortSpec, SourceSpec
from longalpaca_data.core.resources import sample_folder

SAMPLE = "sample:"


def document_sources(recipe: Recipe, progress: Progress) -> list[SourceSpec]:
    """Return the recipe's documents, or what stands in for them while there are none."""
    specs: Sequence[SourceSpec] = recipe.documents
    if recipe.otherwise and all(_is_empty(spec.path) for spec in specs):
        named = ", ".join(spec.path for spec in specs)
        stand_in = ", ".join(spec.path for spec in recipe.otherwise)
        progress.say(f"{named} holds no documents yet: building from {stand_in}")
        specs = recipe.otherwise
    return [_resolved(spec) for spec in specs]


def short_sources(recipe: Recipe) -> list[ShortSpec]:
    """Return the recipe's short samples, or what stands in for them while there are none."""
    if recipe.short_otherwise and not any(Path(spec.path).exists() for spec in recipe.short):
        return list(recipe.short_otherwise)
    return list(recipe.short)


def _is_empty(path: str) -> bool:
    """Say whether a local folder is missing or holds nothing but notes to the user."""
    if ":" in path or any(mark in path for mark in "*?["):
        return False
    folder = Path(path)
    if folder.is_dir():
        files = (file for file in folder.rglob("*") if file.is_file())
        return not any(f.name != "README.md" and not f.name.startswith(".") for f in files)
    return not folder.exists()


def _resolved(spec: SourceSpec) -> SourceSpec:
    if spec.path != SAMPLE:
        return spec
    return spec.model_copy(update={"path": str(sample_folder() / "documents")})
