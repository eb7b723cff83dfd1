"""A small built data set with two splits, and the loopback Hub before which it is pushed."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from longalpaca_data.build import Options, build
from longalpaca_data.core.recipe import Recipe
from longalpaca_data.dataset import write
from longalpaca_data.export import splits
from longalpaca_data.hub import connection
from tests.conftest import ROOT
from tests.hub.server import TOKEN, HubServer


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of 26 short documents, in several Parquet files. Report and pictures, which take
    longest, are blank.
    """
    root = tmp_path_factory.mktemp("built")
    source = root / "documents"
    source.mkdir()
    chapters = sorted((ROOT / "data/sample/source/novella").glob("*.md"))
    paragraphs = [
        paragraph
        for chapter in chapters
        for paragraph in chapter.read_text(encoding="utf-8").split("\n\n")
        if len(paragraph) > 200
    ]
    for number in range(26):
        part = paragraphs[number * 5 : number * 5 + 5]
        title = f"# Leaf {number + 1}\n\n"
        (source / f"leaf-{number:02}.md").write_text(title + "\n\n".join(part), encoding="utf-8")
    recipe = Recipe.model_validate(
        {
            "name": "tiny",
            "licence": "cc-by-4.0",
            "documents": [{"path": str(source), "licence": "CC0-1.0"}],
            "windows": {"lengths": [1500], "coverage": 1, "min_tokens": 200},
            "generate": {"rows_per_1k_tokens": 8},
            "short": [{"path": "sample:", "licence": "CC0-1.0"}],
            "mix": {"long": 60, "short": 20, "max_document_share": 1.0, "validation": 0.1},
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "_ROWS_PER_FILE", 25)
        patch.setattr(write, "write_report", lambda new, *_: (new / "report.html").write_text(""))
        patch.setattr(write, "write_pictures", _write_blank_pictures)
        build(recipe, Options(root / "data" / "out" / "tiny", workers=1, quiet=True))
    return root / "data" / "out" / "tiny"


def _write_blank_pictures(folder: Path, *_: object) -> None:
    for name in ("tasks", "lengths"):
        (folder / "pictures").mkdir(exist_ok=True)
        (folder / "pictures" / f"{name}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + name.encode())


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    """A copy of the data set that a test may change."""
    shutil.copytree(built, tmp_path / "tiny", ignore=shutil.ignore_patterns("work"))
    return tmp_path / "tiny"


Change = Callable[[Callable[[dict[str, Any]], object]], None]


@pytest.fixture
def edit_manifest(folder: Path) -> Change:
    """Change the manifest of the copy."""

    def change(how: Callable[[dict[str, Any]], object]) -> None:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        how(manifest)
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    return change


class _WithoutCertificates:
    Client = functools.partial(httpx2.Client, verify=False)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """The loopback Hub as this process's Hub, the user's token, and no waiting between tries."""
    import tenacity.nap
    from huggingface_hub import constants

    # Loading the certificates of TLS, which loopback doesn't use, takes longer than a push.
    monkeypatch.setattr(connection, "httpx2", _WithoutCertificates)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.delenv("HF_OIDC_RESOURCE", raising=False)
    for name in ("HF_TOKEN_PATH", "HF_STORED_TOKENS_PATH", "AGENT_HARNESSES_PATH"):
        monkeypatch.setattr(constants, name, str(tmp_path / "home" / name))
    with HubServer() as server:
        # The one that all modules share.
        monkeypatch.setattr(tenacity.nap.time, "sleep", server.waits.append)
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        yield server
