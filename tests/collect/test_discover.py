"""Sources to references: order, names, groups, what is left out."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from longalpaca_data.collect import collect_stage, discover
from longalpaca_data.collect.discover import MAX_FILE_BYTES
from longalpaca_data.core.errors import SourceError
from longalpaca_data.core.recipe import SourceSpec
from longalpaca_data.pipeline.stage import Context


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "b.txt",
        "a/z.txt",
        "a/group-yearly/2021.txt",
        "a/group-yearly/2022.txt",
        ".git/c.txt",
        ".hidden",
    ):
        file = tmp_path / "docs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"The text of {name}", encoding="utf-8")
    return tmp_path / "docs"


def test_a_folder_is_walked_in_order_without_hidden_files(folder: Path) -> None:
    references = discover([str(folder)])
    assert [r.path for r in references] == [
        "a/group-yearly/2021.txt",
        "a/group-yearly/2022.txt",
        "a/z.txt",
        "b.txt",
    ]
    assert [r.group for r in references] == ["group-yearly", "group-yearly", "", ""]


def test_the_same_bytes_have_the_same_id_in_another_place(folder: Path, tmp_path: Path) -> None:
    before = discover([str(folder)])
    after = discover([str(folder.rename(tmp_path / "moved"))])
    assert [r.id for r in before] == [r.id for r in after]
    (tmp_path / "moved" / "b.txt").write_text("changed", encoding="utf-8")
    assert before[-1].id != discover([str(tmp_path / "moved")])[-1].id


def test_overrides_are_part_of_the_id_and_reach_the_document(folder: Path) -> None:
    spec = SourceSpec(path=str(folder / "b.txt"), title="A Title", kind="book", licence="CC0-1.0")
    (plain,), (named,) = discover([str(folder / "b.txt")]), discover([spec])
    assert plain.id != named.id
    (raw,) = collect_stage().run([named], Context("collect", 0))
    assert (raw.title, raw.kind, raw.licence, raw.path) == ("A Title", "book", "CC0-1.0", "b.txt")


def test_globs_and_files_count_once(folder: Path) -> None:
    references = discover([str(folder / "**" / "*.txt"), str(folder)])
    assert [r.path for r in references][:4] == [
        "a/group-yearly/2021.txt",
        "a/group-yearly/2022.txt",
        "a/z.txt",
        "b.txt",
    ]
    assert len(references) == 4


@pytest.mark.parametrize("where", ["nowhere", "nowhere/*.txt"])
def test_a_missing_source_is_one_line(where: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        discover([where], tmp_path)
    assert where in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_read_is_a_counted_drop(folder: Path) -> None:
    (folder / "README.md").write_text("About this folder")
    (folder / "table.csv").write_text("a,b")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    (folder / "empty.txt").write_bytes(b"")
    context = Context("collect", 0)
    stage = pickle.loads(pickle.dumps(collect_stage()))
    documents = list(stage.run(discover([str(folder)]), context))
    assert len(documents) == 4
    reasons = {drop.source: drop.reason for drop in context.drops}
    assert reasons == {
        "README.md": "unknown format",
        "broken.pdf": "corrupt",
        "empty.txt": "empty",
        "table.csv": "unknown format",
    }


def test_what_is_no_file_or_too_large_is_a_drop_and_is_never_opened(folder: Path) -> None:
    """A named pipe without a writer would be waited for for ever, /dev/zero read for ever."""
    os.mkfifo(folder / "pipe.txt")
    (folder / "zero.txt").symlink_to("/dev/zero")
    (folder / "loop.txt").symlink_to("loop.txt")
    (folder / "gone.txt").symlink_to("nowhere.txt")
    with (folder / "huge.txt").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)  # a hole: it takes no room on the disk
    context = Context("collect", 0)
    found = discover([str(folder)])
    list(collect_stage().run(found, context))
    reasons = {drop.source: (drop.reason, drop.detail) for drop in context.drops}
    assert reasons.pop("huge.txt") == ("too large", "500 MiB")
    assert reasons.pop("gone.txt") == ("unreadable", "No such file or directory")
    assert reasons.pop("loop.txt")[0] == "unreadable"
    assert reasons == dict.fromkeys(("pipe.txt", "zero.txt"), ("unreadable", "not a regular file"))


def test_remote_documents_are_not_fetched_by_discovery() -> None:
    references = discover(
        ["https://example.org/a.pdf", "gutenberg:2701", "arxiv:2309.12307", "python-docs:"]
    )
    assert [r.path for r in references] == [
        "https://example.org/a.pdf",
        "gutenberg:2701",
        "arxiv:2309.12307",
        "python-docs:",
    ]
    assert len({r.id for r in references}) == 4
