"""Recipes: strict, with errors that name file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from longalpaca_data.core import recipe_file
from longalpaca_data.core.errors import RecipeError, SourceError
from longalpaca_data.core.recipe import Overrides, Recipe, load_recipe, source_at
from longalpaca_data.core.recipe_file import repeated_key
from longalpaca_data.core.resources import find_recipe, recipes_folder

GOOD = "name: a\ndocuments: [x]\n"


def load(tmp_path: Path, text: str) -> Recipe:
    file = tmp_path / "r.yaml"
    file.write_text(text, encoding="utf-8")
    return load_recipe(file)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            GOOD + "mix:\n  lnog: 3\n",
            r"r\.yaml, line 4: unknown key `mix\.lnog`; did you mean `long`",
        ),
        ("name: a\ndocument: [x]\n", r"line 2: unknown key `document`; did you mean `documents`"),
        (
            "name: a\ndocuments:\n  - pth: x\n",
            r"line 3: .*`documents\.0\.pth`; did you mean `path`",
        ),
        (GOOD + "qqqq: 1\n", "known keys are .*mix"),
        (GOOD + "windows: {lengths: [3]}\n", r"line 3: `windows\.lengths\.0`: .*200"),
        ("name: a\nshort: [y]\n", r"r\.yaml: `documents`: Field required"),
        (GOOD + "generate: {model: {tmeout: 3}}\n", r"line 3: .*did you mean `timeout`"),
        (GOOD + "groups: [{kind: series, docs: [a]}]\n", r"`groups\.0\.docs`; did you mean"),
        (GOOD + "mix: {on_shortfall: maybe}\n", "'scale', 'fill' or 'error'"),
        ("name: a b\ndocuments: [x]\n", r"line 1: `name`"),
        (GOOD + f"seed: {10**30}\n", r"line 3: `seed`: .*less than"),
        ("name: a\ndocuments: []\n", "`documents`"),
        ("name: [", "not valid YAML"),
        ("name: " + "[" * 3000 + "]" * 3000, "nested hundreds deep"),
        (GOOD + "mix: {long: 5}\nfilter: {}\nmix: {short: 7}\n", r"line 5: `mix` is there already"),
        (GOOD + "mix:\n  long: 5\n  short: 3\n  long: 6\n", r"line 6: `long` is there already"),
        ("name: a\ndocuments:\n  - path: x\n    path: y\n", r"line 4: `path` is there already"),
        ("- a\n", "is not a recipe"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(RecipeError, match=says) as error:
        load(tmp_path, text)
    assert "\n" not in str(error.value)


def test_a_recipe_without_a_name_is_called_as_its_file(tmp_path: Path) -> None:
    assert load(tmp_path, "documents: [x]\n").name == "r"


def test_changes_lie_over_the_file_and_are_blamed_for_their_own_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(GOOD + "mix: {long: 5, short: 3}\n")
    mix = recipe_file.load(Recipe, file, {"mix": {"short": 4}, "seed": 1}).mix
    assert (mix.long, mix.short) == (5, 4)
    for changes, says in (
        ({"sed": 1}, "^the command line: unknown key `sed`; did you mean `seed`"),
        ({"mix": {"lnog": 1}}, "^the command line: unknown key `mix.lnog`; did you mean `long`"),
        ({"seed": "x" * 500}, r"^the command line: `seed`: .* \(found 'x{79}…\)"),
        ({"languages": [3]}, "^the command line: `languages.0`: "),
    ):
        with pytest.raises(RecipeError, match=says):
            recipe_file.load(Recipe, file, changes)
    file.write_text(GOOD + "mix: {long: -5}\n")
    with pytest.raises(RecipeError, match=r"r\.yaml, line 3: `mix\.long`"):
        recipe_file.load(Recipe, file, {"mix": {"short": 4}})


def test_plain_paths_stand_for_sources(tmp_path: Path) -> None:
    recipe = load(tmp_path, "name: a\ndocuments: [x, {path: y, kind: book}]\nshort: [z]\n")
    assert [spec.path for spec in recipe.documents] == ["x", "y"]
    assert recipe.short[0].path == "z"


def test_every_bundled_build_recipe_loads() -> None:
    names = [f.stem for f in recipes_folder().glob("*.yaml") if not f.stem.startswith("sft-")]
    assert "longalpaca-12k" in names
    for name in names:
        assert load_recipe(find_recipe(name)).name == name


def test_unknown_recipe_lists_the_known() -> None:
    with pytest.raises(RecipeError, match="longalpaca-12k"):
        find_recipe("longalpaka")


def test_limit_keeps_the_ratio() -> None:
    mix = load_recipe(find_recipe("longalpaca-12k")).mix
    assert (mix.limited(30).long, mix.limited(30).short) == (30, 10)
    assert mix.limited(0) is mix


def test_command_line_options_replace_the_recipes(tmp_path: Path) -> None:
    recipe = load(tmp_path, GOOD + "otherwise: [y]\n").with_overrides(
        Overrides(("p", "q"), generator="extractive", seed=7)
    )
    assert [spec.path for spec in recipe.documents] == ["p", "q"]
    assert recipe.otherwise == ()
    assert recipe.seed == 7


@pytest.mark.parametrize(("path", "says"), [("", "empty name"), ("a\udcff.txt", r"a\\udcff\.txt")])
def test_a_source_that_can_not_be_named_is_one_line(path: str, says: str) -> None:
    with pytest.raises(SourceError, match=says) as error:
        source_at(path)
    str(error.value).encode()  # can be printed


def test_an_alias_counts_once(tmp_path: Path) -> None:
    """Nine aliases of nine aliases of nine … are few nodes, and no work."""
    bomb = "".join(f"- &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 9)}]\n" for n in range(30))
    assert repeated_key(bomb) is None


def test_one_language_needs_no_list(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD + "languages: any\n").languages == ("any",)
    assert load(tmp_path, GOOD + "languages: [en]\n").languages == ("en",)
