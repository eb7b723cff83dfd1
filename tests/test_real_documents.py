"""The real documents: enough rows, from every one of them, of many kinds, in bounds."""

from __future__ import annotations

import json
import resource
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import Run


@pytest.mark.slow
@pytest.mark.corpus
def test_build_on_real_documents(corpus: Path, tmp_path: Path, cli: Run) -> None:
    recipe = tmp_path / "real.yaml"
    recipe.write_text(
        f"name: real\ndocuments: [{corpus}]\nshort: ['sample:']\nmix: {{long: 300, short: 100}}\n"
    )
    done = cli("build", recipe, "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    stages = {stage["stage"]: stage for stage in manifest["stages"]}
    files = [file for file in corpus.rglob("*") if file.is_file()]
    assert stages["collect"]["in"] == len(files) > 20
    assert stages["repeats"]["out"] >= 2000
    with (tmp_path / "out" / "work" / "samples.jsonl").open(encoding="utf-8") as file:
        samples = [json.loads(line) for line in file]
    families = Counter(sample["family"] for sample in samples)
    assert sum(count >= 10 for count in families.values()) >= 8
    documents = Counter(sample["source"].split("[")[0] for sample in samples)
    assert len(documents) == len(files), "every document gave rows"
    assert manifest["mix"]["realised"]["validation"] > 0
    # Peak memory of the largest process among build and workers, in KiB on Linux.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2 * 1024 * 1024
