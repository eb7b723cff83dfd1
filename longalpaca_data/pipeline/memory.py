"""What a working folder remembers of the commands before: the recipe, and what was said over it.

``collect --source A --out D`` and then ``clean --out D`` are one piece of work, so the second goes
on with what the first was told. The memory is ``work/command.json``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from longalpaca_data.core.errors import DatasetError, RecipeError
from longalpaca_data.core.recipe import Overrides, Recipe, load_recipe
from longalpaca_data.core.resources import find_recipe
from longalpaca_data.core.storage import write_json

COMMAND = Path("work") / "command.json"
_SHOWN = 3  # differences that a line names
_LONGEST = 60  # characters of a value in it


@dataclass(frozen=True, slots=True)
class Command:
    """A recipe as a command meant it: the ``name`` it was called by (a file, or a bundled one),
    ``said`` over it on the command line, the ``folder`` in which that was, and the ``recipe`` that
    came of both.
    """

    name: str
    said: Overrides
    folder: str
    recipe: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a command means on its folder. ``news`` is a line for the user, or empty."""

    recipe: Recipe
    out: Path
    command: Command
    news: str = ""


def resolve_command(name: str, said: Overrides, out: Path | None, default: str) -> Resolved:
    """Return what a command means that names a recipe (or, empty, none) and perhaps a folder.

    A command that names no recipe goes on with what its folder remembers, ``default`` where that is
    nothing. Raises RecipeError, and DatasetError for a memory that can't be read.
    """
    by_itself = load_recipe(find_recipe(name or default)).with_overrides(said)
    folder = out or Path("data") / "out" / by_itself.name
    earlier = recall(folder)
    if earlier is None:
        return _resolved(name or default, said, by_itself, folder)
    if name:
        return _resolved(name, said, by_itself, folder, _told_otherwise(folder, earlier, by_itself))
    said = said.over(earlier.said)
    recipe = _recipe_of(earlier).with_overrides(said)
    news = _told_otherwise(folder, earlier, recipe)
    if recipe != by_itself:
        changes = _changes(earlier, recipe)
        news = f"going on with what {folder} was begun with: {_summary(earlier.name, recipe)}"
        news += f"; now different: {changes}" if changes else ""
    return _resolved(earlier.name, said, recipe, folder, news)


def remember(out: Path, command: Command) -> None:
    """Keep a command in its folder, for those that follow."""
    write_json(out / COMMAND, msgspec.to_builtins(command))


def recall(out: Path) -> Command | None:
    """Return the last command on a folder, its local paths as they are seen from here."""
    try:
        command = msgspec.json.decode((out / COMMAND).read_bytes(), type=Command)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise DatasetError(
            f"can't read {out / COMMAND}: {error}", do="remove it and name recipe and sources anew"
        ) from error
    if Path(command.folder) == Path.cwd():
        return command
    sources, short = (
        tuple(_seen_from_here(path, Path(command.folder)) for path in paths)
        for paths in (command.said.sources, command.said.short)
    )
    name = _seen_from_here(command.name, Path(command.folder))
    return replace(command, name=name, said=replace(command.said, sources=sources, short=short))


def _seen_from_here(path: str, folder: Path) -> str:
    there = folder / path
    return os.path.relpath(there) if there.exists() and not Path(path).is_absolute() else path


def _resolved(name: str, said: Overrides, recipe: Recipe, out: Path, news: str = "") -> Resolved:
    command = Command(name, said, str(Path.cwd()), recipe.model_dump(mode="json"))
    return Resolved(recipe, out, command, news)


def _recipe_of(earlier: Command) -> Recipe:
    """Return the recipe that was named then, as its file is now, or as it was if it is gone."""
    try:
        file = find_recipe(earlier.name)
    except RecipeError:
        return Recipe.model_validate(earlier.recipe)
    return load_recipe(file)


def _summary(name: str, recipe: Recipe) -> str:
    parts = [f"recipe {name}", "documents " + _shown(recipe.model_dump(mode="json")["documents"])]
    if recipe.generate.generator != "extractive":
        model = recipe.generate.model
        asked = " ".join(filter(None, (recipe.generate.generator, model.name, model.base_url)))
        parts.append(f"generator {asked}")
    return ", ".join(parts)


def _told_otherwise(out: Path, earlier: Command, recipe: Recipe) -> str:
    changes = _changes(earlier, recipe)
    return f"not what {out} was begun with: {changes}" if changes else ""


def _changes(earlier: Command, recipe: Recipe) -> str:
    """Say what differs from the recipe of an earlier command."""
    found = list(_differences(earlier.recipe, recipe.model_dump(mode="json")))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key in dict.fromkeys((*old, *new)):
        was, now = old.get(key), new.get(key)
        if isinstance(was, dict) and isinstance(now, dict):
            yield from _differences(was, now, f"{path}{key}.")
        elif was != now:
            yield f"{path}{key} ({_shown(was)} → {_shown(now)})"


def _shown(value: Any) -> str:
    """Return a value of a recipe as one short piece of text; a source by its path alone."""
    if isinstance(value, list):
        named = [entry.get("path", entry) if isinstance(entry, dict) else entry for entry in value]
        text = " ".join(map(str, named)) or "none"
    else:
        text = str(value) if value not in {None, ""} else "none"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
