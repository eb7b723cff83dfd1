"""What is refused before the first byte leaves, and what a dry run says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.core.progress import Progress
from longalpaca_data.core.storage import file_sha256
from longalpaca_data.export import read_rows
from longalpaca_data.hub.push import Target, check, dry_run, push
from tests.hub.conftest import Change
from tests.hub.server import HubServer

QUIET = Progress(quiet=True)


def refusal(folder: Path, hub: HubServer) -> str:
    """Push, which must fail before anything is written on the Hub; return the line."""
    with pytest.raises(LongalpacaError) as caught:
        push(folder, Target(), QUIET)
    assert not hub.repos
    assert "\n" not in str(caught.value)
    return str(caught.value)


def rewrite(folder: Path, change: Mapping[str, Any], edit_manifest: Change) -> str:
    """Change the first row and let the manifest agree with it; return the row's id."""
    file = min((folder / "data").glob("train-*.parquet"))
    table = pq.read_table(file)
    rows = table.to_pylist()
    rows[0] |= change
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), file)
    name = file.relative_to(folder).as_posix()
    edit_manifest(lambda manifest: manifest["files"][name].update(sha256=file_sha256(file)))
    return str(rows[0]["id"])


def test_no_licence(folder: Path, hub: HubServer, edit_manifest: Change) -> None:
    edit_manifest(lambda manifest: manifest["recipe"].update(licence=" "))
    said = refusal(folder, hub)
    assert said.startswith(f"{folder} has no licence; give it one: `push-to-hub --licence cc-by-")
    assert f"`build --licence … --out {folder}`" in said


def test_a_licence_from_the_command_line_is_what_is_published(
    folder: Path, edit_manifest: Change
) -> None:
    edit_manifest(lambda manifest: manifest["recipe"].update(licence=""))
    target = Target(licence="cc-by-4.0")
    _, files = dry_run(folder, target)
    check(folder, target, files)
    content = {file.path: file.content for file in files}
    assert b"\nlicense: cc-by-4.0\n" in content["README.md"]
    assert json.loads(content["manifest.json"])["recipe"]["licence"] == "cc-by-4.0"
    assert not json.loads((folder / "manifest.json").read_bytes())["recipe"]["licence"]


def test_licences_in_conflict_name_the_sources_and_the_ways_out(
    folder: Path, hub: HubServer, edit_manifest: Change
) -> None:
    def change(manifest: dict[str, Any]) -> None:
        gave = [document for document in manifest["documents"] if document["rows"]]
        silent = next(document for document in manifest["documents"] if not document["rows"])
        gave[0] |= {"title": "Shared", "licence": "CC BY-SA 4.0"}
        gave[1] |= {"title": "Lost\nand found", "licence": ""}
        silent |= {"title": "Silent", "licence": "All rights reserved"}
        manifest["short"][0]["licence"] = "cc-by-nc-4.0"

    edit_manifest(change)
    said = refusal(folder, hub)
    assert "the licence cc-by-4.0 does not suit 3 sources: " in said
    assert "“Shared” (CC-BY-SA-4.0 asks for the same licence)" in said
    assert "“Lost and found” (licence unknown)" in said
    assert "“sample:” (CC-BY-NC-4.0 forbids commercial use)" in said
    assert "Silent" not in said
    assert "set another licence in the recipe, leave the source out, or" in said
    assert "documents: - {path: …, licence: …}" in said


def test_a_changed_file(folder: Path, hub: HubServer) -> None:
    card = folder / "README.md"
    card.write_text(card.read_text(encoding="utf-8") + "more", encoding="utf-8")
    said = refusal(folder, hub)
    assert said == f"{folder}: README.md was changed since it was built; run `build` again"


def test_a_row_that_breaks_the_schema(folder: Path, hub: HubServer, edit_manifest: Change) -> None:
    rewrite(folder, {"output": ""}, edit_manifest)
    assert f"{folder} does not validate: train-00000" in refusal(folder, hub)
    rewrite(folder, {"output": "x"}, edit_manifest)
    push(folder, Target(), QUIET)


@pytest.mark.parametrize("column", ["output", "instruction", "titles"])
def test_a_secret_in_a_row(
    folder: Path, hub: HubServer, edit_manifest: Change, column: str
) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2
    row = next(iter(read_rows(folder)))
    value = [secret] if column == "titles" else row[column] + f"\nThe key is {secret}."
    row_id = rewrite(folder, {column: value}, edit_manifest)
    said = refusal(folder, hub)
    assert f"a secret: row {row_id}, {column}: GitHub token ghp_… (44 characters)" in said
    assert "reject the row in `review`, then run `build` again" in said
    assert secret[:8] not in said


def test_a_secret_in_the_recipe(folder: Path, hub: HubServer, edit_manifest: Change) -> None:
    secret = "hf_" + "QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi"
    edit_manifest(lambda manifest: manifest["recipe"].update(description=f"made with {secret}"))
    assert "README.md: Hugging Face token hf_Q… (37 characters)" in refusal(folder, hub)


def test_an_endpoint_and_its_extra_fields_stay_at_home(
    folder: Path, hub: HubServer, edit_manifest: Change
) -> None:
    model = {"name": "m", "base_url": "https://host.internal/v1", "extra": {"user": "mira"}}
    sources = [{"path": "/home/mira/Große Bücher/a b"}, {"path": "https://mira:pw@host/x?y=1"},
               {"path": "C:\\Users\\mira\\books"}, {"path": "~/books"}]  # fmt: skip
    edit_manifest(lambda manifest: manifest["recipe"]["generate"].update(model=model))
    edit_manifest(lambda manifest: manifest["recipe"].update(otherwise=sources))
    push(folder, Target(), QUIET)
    entry = hub.tree("mira/tiny")["manifest.json"]
    recipe = json.loads(hub.small[entry.oid])["recipe"]
    assert recipe["generate"]["model"] == {"name": "m"}
    paths = [source["path"] for source in recipe["otherwise"]]
    assert paths == ["a b", "https://host/x?y=1", "books", "books"]


def test_no_data_set(tmp_path: Path, hub: HubServer) -> None:
    assert "no finished data set" in refusal(tmp_path, hub)


def test_a_dry_run_asks_nobody(folder: Path, hub: HubServer) -> None:
    name, files = dry_run(folder, Target())
    assert name == "YOUR-NAME/tiny"
    assert dry_run(folder, Target("clio/x"))[0] == "clio/x"
    sizes = {file.path: file.size for file in files}
    for path, size in sizes.items():
        if path not in {"README.md", "manifest.json"}:
            assert size == (folder / path).stat().st_size
    assert not any(path.startswith("work") for path in sizes)
    check(folder, Target(), files)
    assert not hub.requests
