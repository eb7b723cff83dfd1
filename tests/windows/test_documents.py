"""Documents on disk: what is written is read back, blocks, cells and account with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from longalpaca_data.clean.spans import spans_of
from longalpaca_data.core.grids import grid_block
from longalpaca_data.core.records import Account, Block, Cell, Grid
from longalpaca_data.windows.documents import Documents, write_documents
from tests.conftest import make_document

GRID = Grid(2, 2, 1, (Cell(0, 0, "a", colspan=2), Cell(1, 0, "b"), Cell(1, 1, "c")))


def test_blocks_and_account_come_back(tmp_path: Path) -> None:
    blocks = [Block("heading", "One", 1, 3), grid_block(GRID, 4), Block("paragraph", "End.", 0, 4)]
    text = "\n\n".join(block.text for block in blocks)
    account = Account(20, 12, {"running head": 5, "contents": 1}, ("title: a file's name",))
    document = replace(make_document(text), blocks=spans_of(blocks), account=account)
    plain = make_document("Nothing but text.")
    assert write_documents(tmp_path, [document, plain]) == 2
    store = Documents(tmp_path)
    assert list(store) == [document, plain]
    assert store[document.id] == document
    assert account.unaccounted == 2


def test_the_manifest_is_told_the_account_and_no_text(tmp_path: Path) -> None:
    document = replace(make_document("A text."), account=Account(9, 6, {"index": 2}))
    write_documents(tmp_path, [document])
    (about,) = Documents(tmp_path).about()
    assert about["account"] == {
        "seen": 9,
        "kept": 6,
        "lost": {"index": 2},
        "unaccounted": 1,
        "suspicions": [],
    }
    assert about["title"] == document.title
    assert not {"text", "sections", "blocks"} & about.keys()
