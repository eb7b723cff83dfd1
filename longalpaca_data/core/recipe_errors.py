"""Recipes of either kind: how one is read, what is wrong with it, where that stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from longalpaca_data.core.errors import RecipeError


def main_problem(error: ValidationError) -> ErrorDetails:
    """Return the mistake to name first: a misspelt key also leaves the right one missing, and the
    misspelling is the news.
    """
    return min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")


def read_recipe(file: Path) -> tuple[str, dict[Any, Any]]:
    """Read a recipe's text and its keys, whatever kind of recipe it is. Raises RecipeError."""
    try:
        text = file.read_text(encoding="utf-8")
        values = yaml.safe_load(text)
        repeated = repeated_key(text)
    except OSError as error:
        raise RecipeError(f"can't read the recipe {file}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"can't read {file}: not valid YAML: {error}") from error
    except RecursionError as error:
        raise RecipeError(f"{file} is not a recipe: it is nested hundreds deep") from error
    if not isinstance(values, dict):
        raise RecipeError(f"{file} is not a recipe: it has no `key: value` lines")
    if repeated:
        raise RecipeError(f"{file}, line {repeated[1]}: `{repeated[0]}` is there already")
    return text, values


def repeated_key(text: str) -> tuple[str, int] | None:
    """Return a key that stands twice in one mapping, of which YAML would silently drop the first,
    and the line (from 1) of the second.
    """
    nodes, seen = [yaml.compose(text, Loader=yaml.SafeLoader)], set()
    while nodes:
        node = nodes.pop()
        if not isinstance(node, yaml.CollectionNode) or id(node) in seen:
            continue
        seen.add(id(node))  # an alias is the node that it stands for
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
            continue
        keys: set[str] = set()
        for key, value in node.value:
            if key.value in keys:
                return str(key.value), key.start_mark.line + 1
            keys.add(str(key.value))
            nodes.append(value)
    return None


def line_of(text: str, path: Sequence[int | str]) -> int:
    """Return the line (from 1) of a key path, or of the deepest part of it that is written down;
    0 where nothing of it is.
    """
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = 0
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif (
            isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value)
        ):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line
