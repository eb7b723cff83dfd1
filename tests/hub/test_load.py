"""What stands on the Hub loads again by its name, over HTTP: data sets, and sets of short pairs."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from longalpaca_data.export import read_rows
from tests.conftest import Run
from tests.hub.server import TOKEN, Entry, HubServer

pytestmark = pytest.mark.slow
_LOAD = (
    "import datasets, json;"
    "print(json.dumps({k: list(v['id']) for k, v in datasets.load_dataset('mira/tiny').items()}))"
)


@pytest.fixture
def server() -> Iterator[HubServer]:
    pytest.importorskip("datasets", reason="the hub extra is not installed")
    with HubServer() as running:
        yield running


@pytest.fixture
def environment(server: HubServer, tmp_path: Path) -> dict[str, str]:
    home = {"HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"}
    return {"HF_ENDPOINT": server.url, "HF_TOKEN": TOKEN, **home}


def place(server: HubServer, name: str, rows: list[dict[str, Any]]) -> None:
    """Put a set of one Parquet file on the Hub."""
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    oid = hashlib.sha256(out.getvalue()).hexdigest()
    server.large[oid] = out.getvalue()
    repo = server.add(name)
    file = {"data/train-00000-of-00001.parquet": Entry(oid, len(out.getvalue()), large=True)}
    repo.commit("main", {**server.tree(name), **file}, "data")


def test_a_pushed_set_loads_by_its_name(
    folder: Path, environment: dict[str, str], cli: Run
) -> None:
    done = cli("push-to-hub", folder, "--private", **environment)
    assert done.returncode == 0, done.stderr
    loaded = subprocess.run(
        [sys.executable, "-c", _LOAD],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr[-2000:]
    ids = json.loads(loaded.stdout)
    assert set(ids) == {"train", "validation"}
    for split in ("train", "validation"):
        assert ids[split] == [row["id"] for row in read_rows(folder, split)]


def test_short_pairs_come_from_the_hub_with_their_licence(
    server: HubServer, environment: dict[str, str], small_recipe: Path, tmp_path: Path, cli: Run
) -> None:
    place(
        server,
        "mira/pairs",
        [
            {"messages": [{"role": "user", "content": f"How do I paint a {thing}?"},
                          {"role": "assistant", "content": f"Sand the {thing} first."}]}
            for thing in ("fence", "chair", "boat", "wall", "door", "table", "bicycle", "shed")
        ],
    )  # fmt: skip
    text = small_recipe.read_text().replace(
        'short: ["sample:"]', "short: [{path: mira/pairs, licence: CC-BY-NC-4.0}]"
    )
    small_recipe.write_text(text.replace("long: 60, short: 20", "long: 15, short: 5"))
    done = cli("build", small_recipe, "--out", tmp_path / "out", "--workers", 1, **environment)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["short"] == [{"source": "mira/pairs", "licence": "CC-BY-NC-4.0", "rows": 5}]
    assert "does not suit 1 source: “mira/pairs” (CC-BY-NC-4.0 forbids commercial" in done.stdout
    assert "How do I paint a" in (tmp_path / "out" / "small.json").read_text()


def test_a_hub_set_of_another_kind_names_the_row(
    server: HubServer, environment: dict[str, str], small_recipe: Path, tmp_path: Path, cli: Run
) -> None:
    place(server, "mira/odd", [{"text": "no pair"}])
    text = small_recipe.read_text().replace('short: ["sample:"]', "short: [mira/odd]")
    small_recipe.write_text(text)
    done = cli("build", small_recipe, "--out", tmp_path / "out", "--workers", 1, **environment)
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert said.startswith("error: mira/odd row 1: no `instruction` and `output`")
