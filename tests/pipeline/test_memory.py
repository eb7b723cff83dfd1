"""A working folder remembers recipe and sources; a later command goes on with them and says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.core.recipe import Overrides
from longalpaca_data.pipeline.memory import COMMAND, Resolved, recall, remember, resolve_command

DEFAULT = "longalpaca-12k"


def resolve(out: Path, name: str = "", **said: object) -> Resolved:
    return resolve_command(name, Overrides(**said), out, DEFAULT)  # type: ignore[arg-type]


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A folder on which a command with two sources and a model's name was run."""
    first = resolve(tmp_path, sources=("a", "b"), generator="openai", model={"name": "m"})
    assert not first.news
    remember(tmp_path, first.command)
    return tmp_path


def test_a_later_command_goes_on_and_says_so(begun: Path) -> None:
    later = resolve(begun)
    assert [spec.path for spec in later.recipe.documents] == ["a", "b"]
    assert later.recipe.generate.model.name == "m"
    assert later.news == (
        f"going on with what {begun} was begun with: recipe longalpaca-12k, documents a b, "
        "generator openai m"
    )


def test_what_is_said_now_comes_first_and_is_named(begun: Path) -> None:
    later = resolve(begun, seed=7, model={"max_calls": 3})
    assert later.recipe.seed == 7
    assert (later.recipe.generate.model.name, later.recipe.generate.model.max_calls) == ("m", 3)
    assert later.news.endswith("now different: seed (42 → 7), generate.model.max_calls (none → 3)")


def test_a_named_recipe_is_meant_as_it_is_and_the_difference_told(begun: Path) -> None:
    later = resolve(begun, DEFAULT)
    assert [spec.path for spec in later.recipe.documents] == ["data/documents"]
    assert "documents (a b → data/documents)" in later.news
    assert "and 1 more" in later.news


def test_nothing_is_said_where_the_command_means_the_same(tmp_path: Path) -> None:
    remember(tmp_path, resolve(tmp_path).command)
    assert resolve(tmp_path).news == ""
    assert resolve(tmp_path, DEFAULT).news == ""


def test_an_edited_recipe_is_read_anew_and_a_lost_one_remembered(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\ndocuments: [x]\nseed: 1\n", encoding="utf-8")
    remember(tmp_path, resolve(tmp_path, str(file)).command)
    file.write_text("name: mine\ndocuments: [x]\nseed: 2\n", encoding="utf-8")
    edited = resolve(tmp_path)
    assert edited.recipe.seed == 2
    assert "seed (1 → 2)" in edited.news
    file.unlink()
    assert resolve(tmp_path).recipe.seed == 1


def test_local_sources_are_found_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "books").mkdir(parents=True)
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    out = tmp_path / "out"
    remember(out, resolve(out, sources=("books", "gutenberg:1")).command)
    monkeypatch.chdir(tmp_path / "there")
    found = resolve(out).recipe.documents
    assert [spec.path for spec in found] == ["../here/books", "gutenberg:1"]


def test_a_memory_that_is_none_is_one_line(begun: Path) -> None:
    (begun / COMMAND).write_text('{"name": 3}', encoding="utf-8")
    with pytest.raises(DatasetError, match=r"can't read .*command\.json: .*name"):
        recall(begun)


def test_a_memory_is_plain_json(begun: Path) -> None:
    stored = json.loads((begun / COMMAND).read_text(encoding="utf-8"))
    assert stored["said"]["sources"] == ["a", "b"]
    assert "key" not in json.dumps(stored["said"])  # no secret is among what a command says
