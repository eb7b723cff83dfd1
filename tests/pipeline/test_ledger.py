"""The ledger keeps what is finished, and one build holds a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from longalpaca_data.core.errors import OutputError
from longalpaca_data.core.records import ShortPair
from longalpaca_data.pipeline.ledger import Ledger, folder_lock
from longalpaca_data.pipeline.stage import Drop, Outcome, Stage

PAIR = ShortPair("1", "问", "", "答", "zh", "", "x")
OUTCOME = Outcome((PAIR,), (Drop("s", "2", "y", "odd", "2"),), {"kept": 1})
STAGE: Stage[ShortPair, ShortPair] = Stage("s", lambda items, _: iter(items), ShortPair)


def test_an_outcome_comes_back_as_it_went_in(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.sqlite")
    assert not ledger.finished("u")
    assert ledger.outcome("u", ShortPair) is None
    ledger.finish(STAGE, [("u", OUTCOME)])
    ledger.finish(STAGE, [("u", OUTCOME)])
    ledger.close()
    again = Ledger(tmp_path / "l.sqlite")
    assert again.finished("u")
    assert again.outcome("u", ShortPair) == OUTCOME


def test_fresh_forgets_units_and_keeps_calls(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.sqlite")
    ledger.finish(STAGE, [("u", OUTCOME)])
    ledger.put("call", b"paid for")
    ledger.put("call", b"asked again")
    ledger.forget_units()
    assert not ledger.finished("u")
    assert ledger.get("call") == b"paid for"
    assert ledger.get("other") is None


def test_a_file_that_is_no_ledger_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "l.sqlite").write_text("not a database, " * 100)
    with pytest.raises(OutputError, match="can't open the ledger"):
        Ledger(tmp_path / "l.sqlite")


def test_a_second_build_on_one_folder_leaves(tmp_path: Path) -> None:
    with (
        folder_lock(tmp_path / "work"),
        pytest.raises(OutputError, match="another build is at work"),
        folder_lock(tmp_path / "work"),
    ):
        pytest.fail("two builds on one folder")
    with folder_lock(tmp_path / "work"):
        pass
