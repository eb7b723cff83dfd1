"""The command that puts decisions into the data set."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from longalpaca_data.core.errors import RecipeError
from longalpaca_data.core.recipe import Overrides, Recipe, load_recipe
from longalpaca_data.core.resources import find_recipe
from longalpaca_data.dataset.manifest import Manifest

_WHICHEVER = "python cli.py build RECIPE --out {out}"


def apply_command(folder: Path, manifest: Manifest) -> str:
    """Return the command line that built the set, for only the mix is done again by it.

    Where the manifest doesn't tell (a recipe file of the user's own, options of a model) the
    recipe is left for the user to name, as ``RECIPE``.
    """
    try:
        words = list(_words(manifest))
    except (RecipeError, ValueError):
        return _WHICHEVER.format(out=shlex.quote(str(folder)))
    return shlex.join(["python", "cli.py", "build", *words, "--out", str(folder)])


def _words(manifest: Manifest) -> Iterator[str]:
    """Yield the recipe's name and the options; ValueError where they don't give what was built."""
    name, was = manifest.name, Recipe.model_validate(manifest.recipe)
    bundled = load_recipe(find_recipe(name))
    sources = [spec.path for spec in was.documents] if was.documents != bundled.documents else []
    generator = was.generate.generator
    generator = "" if generator == bundled.generate.generator else generator
    seed = was.seed if was.seed != bundled.seed else None
    if bundled.with_overrides(Overrides(tuple(sources), generator=generator, seed=seed)) != was:
        raise ValueError(name)
    yield name
    for source in sources:
        yield from ("--source", source)
    if generator:
        yield from ("--generator", generator)
    if seed is not None:
        yield from ("--seed", str(seed))
    limit = manifest.mix.target.long
    if limit != was.mix.long:
        yield from ("--limit", str(limit))
