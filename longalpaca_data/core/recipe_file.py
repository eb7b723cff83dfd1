"""Recipes of either kind, for data sets and for training: read, checked against their model.

What is wrong is one line: the file, the line in it, the key, and the key that may be meant.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from longalpaca_data.core.errors import RecipeError

Model = TypeVar("Model", bound=BaseModel)

Keys = Sequence[int | str]
"""Where a value stands in a recipe: keys, and numbers of list entries from 0."""

LONGEST_SHOWN = 80
"""Characters of a wrong value that are shown."""


def load(model: type[Model], file: Path, changes: Mapping[str, Any] | None = None) -> Model:
    """Read a recipe, lay ``changes`` (what the command line says) over it, and check the whole.

    A recipe without a ``name`` is called as its file is. Raises :class:`RecipeError`.
    """
    text, values = read_recipe(file)
    values = {"name": file.stem, **values}
    try:
        return model.model_validate(_laid_over(values, changes or {}))
    except ValidationError as error:
        raise RecipeError(_first_line(model, file, text, changes or {}, error)) from error


def _laid_over(values: Mapping[Any, Any], changes: Mapping[str, Any]) -> dict[Any, Any]:
    """Return ``values`` with ``changes``; a key of a section leaves the section's others."""
    laid = dict(values)
    for key, change in changes.items():
        kept = laid.get(key)
        if isinstance(kept, dict) and isinstance(change, dict):
            laid[key] = _laid_over(kept, change)
        else:
            laid[key] = change
    return laid


def _first_line(
    model: type[BaseModel],
    file: Path,
    text: str,
    changes: Mapping[str, Any],
    error: ValidationError,
) -> str:
    """Say the first mistake in one line: where, which key, what is wrong, what may be meant."""
    problem = main_problem(error)
    path = problem["loc"]
    key = ".".join(map(str, path))
    line = line_of(text, path)
    where = f"{file}, line {line}" if line else str(file)
    if _is_changed(changes, path):
        where = "the command line"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if problem["type"] == "extra_forbidden":
        return f"{where}: unknown key `{key}`; {_meant(model, path)}{more}"
    says = problem["msg"].removeprefix("Value error, ")
    about = f"`{key}`: {says}" if key else says
    return f"{where}: {about}{_found(problem)}{more}"


def _found(problem: ErrorDetails) -> str:
    """Show a wrong value, where there is one and it is no section or list."""
    value = problem.get("input")
    if value is None or isinstance(value, dict | list):
        return ""
    shown = repr(value)
    return f" (found {shown if len(shown) <= LONGEST_SHOWN else shown[:LONGEST_SHOWN] + '…'})"


def _meant(model: type[BaseModel], path: Keys) -> str:
    """Say which known key is the nearest to the last one of ``path``, or else which are known."""
    known = _keys_at(model, path[:-1])
    near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    return f"did you mean `{near[0]}`?" if near else f"known keys are {', '.join(known)}"


def _keys_at(model: type[BaseModel], path: Keys) -> list[str]:
    """Return the keys that a model knows at a path of its own."""
    models = [model]
    for step in path:
        if not isinstance(step, int):  # a list's entries are all of one kind
            fields = [m.model_fields[step] for m in models if step in m.model_fields]
            models = [found for field in fields for found in _models_in(field.annotation)]
    return sorted({key for one in models for key in one.model_fields})


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the models that an annotation names, inside tuples, unions and ``Annotated`` too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _is_changed(changes: Mapping[str, Any], path: Keys) -> bool:
    """Tell whether the value at ``path`` is one of the changes."""
    place: Any = changes
    for step in path:
        if not isinstance(place, Mapping):
            return True
        if step not in place:
            return False
        place = place[step]
    return bool(path)


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


def line_of(text: str, path: Keys) -> int:
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
