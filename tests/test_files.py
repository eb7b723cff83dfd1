"""What comes out, from one small build: formats, validation, card, report."""

from __future__ import annotations

import html.parser
import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from longalpaca_data.build import Options, build
from longalpaca_data.dataset import files_hold, read_manifest
from longalpaca_data.errors import DatasetError
from longalpaca_data.export import SCHEMA, export, read_rows
from longalpaca_data.recipe import Recipe
from longalpaca_data.report import write_report
from longalpaca_data.statistics import statistics
from longalpaca_data.validate import validate
from tests.conftest import ROOT

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of one English book whose title is an attack."""
    root = tmp_path_factory.mktemp("files")
    chapters = sorted((ROOT / "data/sample/source/novella").glob("*.md"))[:3]
    text = "\n\n".join(chapter.read_text(encoding="utf-8") for chapter in chapters)
    (root / "book.md").write_text(text + f"\n\n`{EVIL}`\n", encoding="utf-8")
    recipe = Recipe.model_validate(
        {
            "name": "tiny",
            "description": f"A test {EVIL}",
            "licence": "cc0-1.0",
            "documents": [{"path": str(root / "book.md"), "title": EVIL, "kind": "book"}],
            "windows": {"lengths": [1000, 4000], "coverage": 1, "min_tokens": 300},
            "short": ["sample:"],
            "mix": {"long": 60, "short": 20, "max_document_share": 1.0},
        }
    )
    out = root / "out" / "tiny"
    build(recipe, Options(out, workers=1, quiet=True))
    return out


def test_parquet_has_the_columns_of_the_contract(folder: Path) -> None:
    (file,) = (folder / "data").glob("train-*.parquet")
    assert pq.read_schema(file).names == SCHEMA.names
    contract = (
        "id task language document_ids titles licences n_tokens question evidence generator scores"
    )
    assert set(contract.split()) <= set(SCHEMA.names)


def test_the_folder_loads_with_datasets(folder: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="the hub extra is not installed")
    loaded = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path))
    assert len(loaded) == statistics(folder).rows


@pytest.mark.parametrize("name", ["alpaca", "alpaca-jsonl"])
def test_export_loses_nothing(folder: Path, tmp_path: Path, name: str) -> None:
    file, count = export(folder, name, tmp_path / f"x.{name.replace('alpaca-', '')}")
    text = file.read_text(encoding="utf-8")
    rows = json.loads(text) if name == "alpaca" else [json.loads(x) for x in text.splitlines()]
    originals = list(read_rows(folder))
    assert count == len(rows) == len(originals)
    assert [row["instruction"] for row in rows] == [row["instruction"] for row in originals]


def test_unknown_formats_and_folders_are_clear_errors(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="unknown format 'x'; known are alpaca"):
        export(folder, "x")
    with pytest.raises(DatasetError, match="no data set in"):
        export(tmp_path, "alpaca")
    with pytest.raises(DatasetError, match="no finished data set"):
        read_manifest(tmp_path)


def test_the_manifest_notices_a_changed_file(folder: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    assert not list(files_hold(copy))
    (copy / "tiny.json").write_text("[]")
    (copy / "report.html").unlink()
    assert sorted(files_hold(copy)) == [
        "report.html is missing",
        "tiny.json was changed since it was built",
    ]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([{"instruction": "a", "input": "", "output": "b"}], "row 1: key `file` is missing"),
        ([{"instruction": "", "input": "", "output": "b", "file": ""}], "`instruction` is empty"),
        ([{"instruction": "a", "input": None, "output": "b", "file": ""}], "`input` is no text"),
        ([["a"]], "row 1: is no object but list"),
        ([], "no rows"),
    ],
)
def test_validation_names_row_and_key(tmp_path: Path, rows: list[Any], problem: str) -> None:
    file = tmp_path / "rows.json"
    file.write_text(json.dumps(rows))
    _, problems = validate(file)
    assert any(problem in line for line in problems), problems


def test_validation_checks_evidence(tmp_path: Path) -> None:
    row = {"instruction": "abc", "input": "", "output": "b", "file": "",
           "evidence": [{"quote": "bc", "start": 0, "end": 2, "depth": 2}]}  # fmt: skip
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(row) + "\n")
    _, problems = validate(file)
    assert (
        "rows.jsonl line 1: key `evidence` 1: the instruction has 'ab' at its offsets" in problems
    )
    assert any("depth 2" in line for line in problems)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", "{"), ("a.json", "{}"), ("a.jsonl", "x"), ("a.txt", "x"), ("a.parquet", "x")],
)
def test_files_that_cannot_be_validated_are_one_clear_error(
    tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DatasetError):
        validate(tmp_path / name)


def test_the_card_has_the_hubs_header(folder: Path) -> None:
    card = (folder / "README.md").read_text(encoding="utf-8")
    header = yaml.safe_load(card.split("---")[1])
    assert header["license"] == "cc0-1.0"
    assert header["language"] == ["en", "zh"] or header["language"] == ["en"]
    assert header["size_categories"] == ["n<1K"]
    (config,) = header["configs"]
    for split in config["data_files"]:
        assert list(folder.glob(split["path"]))
    assert "## Sources" in card
    assert "{{" not in card


class Tags(html.parser.HTMLParser):
    """Collects what would run or be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "link", "img", "base", "form"):
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on") or (
                name in ("src", "href") and not (value or "").startswith("#")
            ):
                self.found.append(f"{tag} {name}")


def test_the_report_runs_and_fetches_nothing(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(page)
    assert not [found for found in tags.found if "xlink" not in found]
    assert EVIL not in page
    assert "&lt;img src=x" in page
    assert "<mark>" in page
    assert len(re.findall("<svg", page)) >= 3


def test_the_report_can_be_written_anew(folder: Path) -> None:
    before = (folder / "report.html").read_bytes()
    write_report(folder, read_manifest(folder))
    assert (folder / "report.html").read_bytes() == before
