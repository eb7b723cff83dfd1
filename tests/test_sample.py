"""The sample is what it is said to be, and the default recipe makes a data set of it."""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from longalpaca_data.core.resources import sample_folder
from longalpaca_data.export import read_rows
from tests.conftest import ROOT, Run

DOCUMENTS = sample_folder() / "documents"


def epub_text(file: Path) -> str:
    with zipfile.ZipFile(file) as archive:
        pages = [
            archive.read(n).decode() for n in sorted(archive.namelist()) if n.endswith(".xhtml")
        ]
    return re.sub(r"<[^>]+>", " ", "\n".join(pages))


def test_the_novella_and_the_story_are_long_enough() -> None:
    (novella,) = DOCUMENTS.glob("*.epub")
    assert len(epub_text(novella).split()) >= 12_000
    (story,) = DOCUMENTS.glob("*.txt")
    assert len(re.findall(r"[\u4e00-\u9fff]", story.read_text(encoding="utf-8"))) >= 8_000


def test_two_papers_and_three_reports() -> None:
    assert len(list((DOCUMENTS / "papers").glob("*.pdf"))) == 2
    assert len(list((DOCUMENTS / "reports").glob("*.html"))) == 3


def test_no_paragraph_is_repeated() -> None:
    (story,) = DOCUMENTS.glob("*.txt")
    texts = [story.read_text(encoding="utf-8")]
    texts += [f.read_text(encoding="utf-8") for f in (ROOT / "data/sample/source").rglob("*.md")]
    for text in texts:
        long = [p.strip() for p in text.split("\n\n") if len(p.strip()) > 80]
        assert len(long) == len(set(long))


def test_the_epub_is_made_from_its_source(tmp_path: Path) -> None:
    import importlib.util

    file = ROOT / "data/sample/source/make_epub.py"
    spec = importlib.util.spec_from_file_location("make_epub", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.build(module.SOURCE, tmp_path)
    (kept,) = DOCUMENTS.glob("*.epub")
    assert made.read_bytes() == kept.read_bytes()


@pytest.fixture(scope="module")
def default_build(tmp_path_factory: pytest.TempPathFactory, cli: Run) -> Path:
    out = tmp_path_factory.mktemp("default") / "out"
    done = cli("build", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "holds no documents yet: building from sample:" in done.stderr
    return out


@pytest.mark.slow
def test_the_default_recipe_on_the_sample(default_build: Path) -> None:
    rows: list[dict[str, Any]] = list(read_rows(default_build))
    long = [row for row in rows if row["task"] != "short"]
    assert len(long) >= 300
    assert len(long) == 3 * (len(rows) - len(long))
    deciles = Counter(min(9, int(e["depth"] * 10)) for row in long for e in row["evidence"])
    assert min(deciles[decile] for decile in range(10)) >= 0.04 * sum(deciles.values())
    for row in long:
        assert row["n_tokens"] >= 2000
        for evidence in row["evidence"]:
            found = row["instruction"][evidence["start"] : evidence["end"]]
            assert found == evidence["quote"]
    families = Counter(row["family"] for row in long)
    assert len(families) >= 10
    assert max(families.values()) <= 0.2 * len(long) + 1
    assert {"en", "zh"} == {row["language"] for row in long}
    assert max(row["n_tokens"] for row in long) > 20_000, "a 32k window exists offline"


@pytest.mark.slow
def test_nothing_in_the_default_build_names_this_machine(default_build: Path) -> None:
    here = str(default_build.parent)
    for file in default_build.rglob("*"):
        if file.is_file() and "work" not in file.relative_to(default_build).parts:
            content = file.read_bytes()
            assert here.encode() not in content, file
            assert str(ROOT).encode() not in content, file
    manifest = json.loads((default_build / "manifest.json").read_text(encoding="utf-8"))
    assert {d["licence"] for d in manifest["documents"]} == {"CC0-1.0", "PSF-2.0"}
