"""The manifest: what is read as one, what isn't, and that it is written as it was read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.dataset.manifest import MANIFEST, read_manifest, write_manifest
from longalpaca_data.dataset.write import files_hold
from tests.built import document, manifest_values

Change = Callable[[dict[str, Any]], object]
ACCOUNT = {"seen": 10, "kept": 8, "lost": {"page numbers": 2}, "unaccounted": 0, "suspicions": []}
FULL: dict[str, Any] = {
    "mix": {
        "target": {"long": 9, "short": 3},
        "realised": {"long": 6, "short": 2, "validation": 0},
        "shares": {"length": {"8000": {"target": 0.5, "realised": 1.0}}},
        "lacking": [{"task": "book_qa", "length": "8000", "language": "zh", "rows": 3},
                    {"length": "8000", "rows": 2}],
        "note": "asked for more",
    },
    "documents": [document() | {"title": "西遊記"}],
    "short": [{"source": "sample:", "licence": "CC0-1.0", "rows": 2}],
    "files": {"data/train.parquet": {"bytes": 12, "sha256": "ab"}},
}  # fmt: skip


def write(folder: Path, values: Any) -> bytes:
    """Write values as a build writes its manifest; return the bytes."""
    text = json.dumps(values, ensure_ascii=False, indent=2) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return text.encode()


@pytest.mark.parametrize("account", [{}, {"account": ACCOUNT}])
def test_a_manifest_is_written_as_it_was_read(tmp_path: Path, account: dict[str, Any]) -> None:
    full = manifest_values(**FULL)
    about = {key: value for key, value in document().items() if key not in {"n_tokens", "rows"}}
    full["documents"] = [{**about, **account, "n_tokens": 5, "rows": 1}]
    full["mix"]["shares"]["language"] = {"en": {"target": None, "realised": 1.0}}
    before = write(tmp_path, full)
    write_manifest(tmp_path, read_manifest(tmp_path))
    assert (tmp_path / MANIFEST).read_bytes() == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: m.update(name=3), "`name`: expected `str`, got `int`"),
        (lambda m: m.update(recipe=[]), "`recipe`: expected `object`, got `array`"),
        (lambda m: m["recipe"].update(licence=None), "`recipe.licence`: expected `str`"),
        (lambda m: m["recipe"]["windows"].update(lengths="4000"), "`recipe.windows.lengths`: exp"),
        (lambda m: m["recipe"].pop("filter"), "`recipe`: object missing required field `filter`"),
        (lambda m: m.update(stages={}), "`stages`: expected `array`, got `object`"),
        (lambda m: m["stages"][0].pop("in"), "`stages[0]`: object missing required field `in`"),
        (lambda m: m["stages"][0].update(out="1"), "`stages[0].out`: expected `int`, got `str`"),
        (lambda m: m["mix"]["target"].update(long=1.5), "`mix.target.long`: expected `int`"),
        (lambda m: m["documents"][0].update(rows=None), "`documents[0].rows`: expected `int`"),
        (lambda m: m["documents"][0].update(account=3), "`documents[0].account`: expected `obj"),
        (lambda m: m["tokenizer"].update(exact="no"), "`tokenizer.exact`: expected `bool`"),
        (lambda m: m["costs"].update(money="1"), "`costs.money`: expected `float | null`"),
        (lambda m: m.update(files=["a"]), "`files`: expected `object`, got `array`"),
        (lambda m: m["files"].update(a="ab"), "`files[...]`: expected `object`, got `str`"),
        (lambda m: m.pop("seed"), "object missing required field `seed`"),
    ],
)
def test_wrong_types_are_one_line_that_names_file_and_key(
    tmp_path: Path, change: Change, says: str
) -> None:
    values = manifest_values()
    change(values)
    write(tmp_path, values)
    for read in (read_manifest, lambda folder: list(files_hold(folder))):
        with pytest.raises(DatasetError) as raised:
            read(tmp_path)
        line = str(raised.value)
        assert f"{tmp_path / MANIFEST} is not a data set's manifest: {says}" in line
        assert "\n" not in line


def test_what_later_versions_add_is_no_mistake(tmp_path: Path) -> None:
    values = manifest_values()
    values["recipe"]["later"] = {"key": 1}
    write(tmp_path, values | {"later": 1})
    assert read_manifest(tmp_path).recipe["later"] == {"key": 1}


def test_earlier_sets_have_no_short_sets_and_no_share_per_document(tmp_path: Path) -> None:
    values = manifest_values()
    del values["short"], values["recipe"]["mix"]["max_document_share"]
    write(tmp_path, values)
    found = read_manifest(tmp_path)
    assert found.short == ()
    assert found.settings.mix.max_document_share is None
