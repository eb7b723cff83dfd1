"""Where the recipes and the sample stand: inside an installed wheel, or in a checkout."""

from __future__ import annotations

from pathlib import Path

from longalpaca_data.core.errors import RecipeError

_PACKAGE = Path(__file__).resolve().parents[1]


def recipes_folder() -> Path:
    """Return the folder of the recipes that come with the package."""
    packaged = _PACKAGE / "recipes"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "recipes"


def sample_folder() -> Path:
    """Return the folder of the sample documents that come with the package."""
    packaged = _PACKAGE / "sample"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "data" / "sample"


def find_recipe(name: str) -> Path:
    """Return the recipe file that a user means: a path, or the name of a bundled recipe."""
    path = Path(name)
    if path.is_file():
        return path
    bundled = recipes_folder() / (name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    if bundled.is_file():
        return bundled
    known = ", ".join(sorted(file.stem for file in recipes_folder().glob("*.yaml")))
    raise RecipeError(f"no recipe {name!r}: no such file, and bundled are {known}")
