"""What comes out, from one small build: formats, validation, card, report."""

from __future__ import annotations

import html.parser
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from longalpaca_data.build import Options, build
from longalpaca_data.core.errors import DatasetError
from longalpaca_data.core.recipe import Recipe
from longalpaca_data.dataset.report import write_report
from longalpaca_data.dataset.statistics import statistics
from longalpaca_data.dataset.write import files_hold, read_manifest
from longalpaca_data.export import SCHEMA
from longalpaca_data.rowfiles.validate import validate
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


def test_a_folder_without_a_manifest_is_a_clear_error(tmp_path: Path) -> None:
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


def problems_of(file: Path, rows: list[Any]) -> list[str]:
    """Write rows as JSON lines and return what validation says of them."""
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return validate(file).problems


GOOD = {"instruction": "abc", "input": "", "output": "b", "file": ""}
TURNS = [{"from": "human", "value": "abc"}, {"from": "gpt", "value": "b"}]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([{"instruction": "a", "input": "", "output": "b"}], "row 1: key `file` is missing"),
        ([GOOD, GOOD | {"instruction": " "}], "rows.jsonl line 2, row 2: key `instruction` is em"),
        ([GOOD | {"input": None}], "`input` is no text but NoneType"),
        ([GOOD, ["a"]], "row 2: not a JSON object but list"),
        ([{}], "row 1: key `instruction` is missing"),
        ([], "no rows"),
        ([{"conversations": TURNS[:1]}], "row 1: key `conversations` has 1 turns"),
        ([{"messages": [{"role": "user"}]}], "row 1: key `messages` 1 has neither"),
        ([{"prompt": "a", "completion": ""}], "row 1: key `output` is empty"),
        ([GOOD, {"conversations": TURNS}], "row 2: is sharegpt, where others are alpaca"),
        ([GOOD | {"evidence": "x"}], "key `evidence` is no list but str"),
        ([GOOD | {"evidence": [{"quote": "bc"}]}], "key `evidence` 1 has no `quote`, `start`"),
        ([GOOD | {"evidence": ["x"]}], "key `evidence` 1 has no `quote`, `start`"),
    ],
)
def test_validation_names_row_and_key(tmp_path: Path, rows: list[Any], problem: str) -> None:
    problems = problems_of(tmp_path / "rows.jsonl", rows)
    assert any(problem in line for line in problems), problems


def test_validation_checks_evidence(tmp_path: Path) -> None:
    row = GOOD | {"evidence": [{"quote": "bc", "start": 0, "end": 2, "depth": 2}]}
    assert problems_of(tmp_path / "rows.jsonl", [row]) == [
        "rows.jsonl line 1, row 1: key `evidence` 1: the instruction has 'ab' at its offsets",
        "rows.jsonl line 1, row 1: key `evidence` 1: depth 2 is not within 0-1",
    ]


def test_validation_counts_what_it_does_not_list(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    file.write_text(json.dumps([GOOD, *[GOOD | {"output": ""}] * 50, GOOD]))
    found = validate(file)
    assert (found.format, found.rows, len(found.problems), found.more) == ("alpaca", 52, 20, 30)


def test_validation_of_a_folder_reads_all_splits(tmp_path: Path) -> None:
    for split, output in (("train", "b"), ("validation", "")):
        table = pa.Table.from_pylist([GOOD | {"output": output}])
        (tmp_path / "data").mkdir(exist_ok=True)
        pq.write_table(table, tmp_path / "data" / f"{split}-00000-of-00001.parquet")
    found = validate(tmp_path)
    assert (found.format, found.rows) == ("parquet", 2)
    assert found.problems == ["validation-00000-of-00001.parquet row 1: key `output` is empty"]


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
