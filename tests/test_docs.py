"""What the documents name exists, and what exists is in them: commands, options, recipe keys."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from longalpaca_data.cli import app
from longalpaca_data.core.recipe import Recipe
from longalpaca_data.train.recipe import SftRecipe
from tests.conftest import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
README, CHINESE = ROOT / "README.md", ROOT / "README.zh.md"


def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("commands", ROOT / "scripts" / "commands.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def keys(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted keys of a recipe, those of lists of sections too, each with its default."""
    for name, field in model.model_fields.items():
        nested = list(_models(field.annotation))
        if nested:
            yield from keys(nested[0], f"{path}{name}.")
        else:
            yield path + name, field.get_default(call_default_factory=True)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def test_the_page_of_commands_is_what_the_command_line_says() -> None:
    said = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert said == reference().text(), "run python scripts/commands.py"


def test_commands_and_options_that_a_page_names_exist() -> None:
    known: dict[str, set[str]] = {}
    for name, command in reference().commands(typer.main.get_command(app)):
        known[name] = {opt for p in command.params for opt in (*p.opts, *p.secondary_opts)}
    unknown = []
    for page in PAGES:
        for line in re.findall(r"cli\.py ([^\n`]+)", page.read_text(encoding="utf-8")):
            words = line.split("#")[0].split()
            name = next((n for n in (" ".join(words[:2]), words[0]) if n in known), None)
            if name is None and words[0] != "ledger":
                unknown.append(f"{page.name}: {line}")
            options = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
            if name and (options - known[name] - {"--help"}):
                unknown.append(f"{page.name}: {line}")
    assert not unknown


def test_every_command_stands_in_both_readmes() -> None:
    for page in (README, CHINESE):
        text = page.read_text(encoding="utf-8")
        for name, _ in reference().commands(typer.main.get_command(app)):
            assert re.search(rf"`{name.split()[0]}\b", text), f"{page.name} lacks {name}"


@pytest.mark.parametrize("model", [Recipe, SftRecipe])
def test_every_recipe_key_is_documented_with_its_default(model: type[BaseModel]) -> None:
    page = (ROOT / "docs" / "recipe.md").read_text(encoding="utf-8")
    part = page.split("## A training run")[model is SftRecipe]
    documented = dict(re.findall(r"^\| `([\w.]+)` \| (.*?) \|", part, re.MULTILINE))
    real = dict(keys(model))
    aliases = {"otherwise", "short_otherwise"}  # the same keys as documents and short
    real = {k: v for k, v in real.items() if k.split(".")[0] not in aliases}
    assert documented.keys() - aliases - {"documents"} == real.keys()
    for key, default in real.items():
        plain = isinstance(default, str | int | float) and default != ""
        if plain and default is not PydanticUndefined:
            assert documented[key].strip("`") == str(default), key


def test_files_that_a_page_names_are_there() -> None:
    lost = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if page.name in {"CHANGELOG.md", "decisions.md"}:
            continue  # they speak of what was, too
        linked = re.findall(r"\]\(([^)#:\s]+)[^):]*\)", text)
        named = re.findall(r"`((?:bench|recipes|scripts|tests|docs)/[\w/.-]+\.\w+)`", text)
        files = [page.parent / name for name in linked] + [ROOT / name for name in named]
        lost += [f"{page.name}: {file.name}" for file in files if not file.exists()]
    assert not lost


def test_rooms_that_the_architecture_names_are_the_rooms() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = {
        Path(name).name
        for cell in re.findall(r"^\| (.*?) \|", page, re.MULTILINE)
        for name in re.findall(r"`([\w/]+/)`", cell)
    }
    package = ROOT / "longalpaca_data"
    assert named == {init.parent.name for init in package.glob("*/__init__.py")}
    for path in re.findall(r"`((?:\w+/)+[a-z_]+\.(?:py|yaml))`", page):
        assert (package / path).exists() or (ROOT / path).exists(), path


def outline(page: Path) -> list[tuple[int, list[str]]]:
    """Return the depth of each heading with the commands and code that stand under it."""
    parts = re.split(r"^(#+) .*$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [
        (len(marks), re.findall(r"^(?:bash|python|pip|\.venv)\S* [^#\n]+", text, re.MULTILINE))
        for marks, text in zip(parts[1::2], parts[2::2], strict=True)
    ]


def test_the_chinese_readme_has_the_same_headings_and_commands() -> None:
    for ours, theirs in zip(outline(README), outline(CHINESE), strict=True):
        assert ours[0] == theirs[0]
        assert [c.strip() for c in ours[1]] == [c.strip() for c in theirs[1]]
    tables = [
        re.findall(r"^\| (`[^|]+`) \|", page.read_text(encoding="utf-8"), re.MULTILINE)
        for page in (README, CHINESE)
    ]
    assert tables[0] == tables[1]
