"""The table of calls: what goes in comes out, old ledgers open, commits are shared."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longalpaca_data.core.errors import OutputError
from longalpaca_data.pipeline.calls import Call, CallFilter, Calls, CallWriter
from longalpaca_data.pipeline.ledger import Ledger


def call(number: int, **about: object) -> Call:
    return Call(f"k{number}", f"answer {number}", **about)  # type: ignore[arg-type]


def test_a_call_comes_back_as_it_went_in(tmp_path: Path) -> None:
    kept = Call("k", "答", "m", "m-1", "qa", "t", "zh", "a.txt", "stop", 5, 3, 2, 0.25, 1.5)
    with closing(Calls(tmp_path / "l")) as calls:
        calls.put([kept, Call("k", "another answer to the same call")])
        assert calls.get("k") == kept
        assert calls.get("other") is None
        assert calls.answer("k") == "答".encode()


@given(st.text(st.characters(exclude_categories=[])))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
def test_any_text_can_be_kept(tmp_path: Path, text: str) -> None:
    with closing(Calls(tmp_path / "l")) as calls:
        calls.put([Call(text.encode("utf-8", "replace").hex(), text)])


def test_a_ledger_of_an_earlier_version_opens_with_its_calls(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "l")) as old:
        old.execute(
            "CREATE TABLE calls (key TEXT PRIMARY KEY, finished REAL NOT NULL DEFAULT 1, "
            "answer BLOB NOT NULL)"
        )
        old.execute("INSERT INTO calls (key, answer) VALUES ('k', ?)", (zlib.compress(b"old"),))
        old.commit()
    for _ in range(2):
        ledger = Ledger(tmp_path / "l")
        assert ledger.get("k") == b"old"
        ledger.put("n", b"new")
        ledger.close()
    with closing(Calls(tmp_path / "l")) as calls:
        assert calls.get("k") == Call("k", "old")
        assert [row["text"] for row in calls.rows(CallFilter())] == ["old", "new"]
        assert calls.totals()[0] | {"calls": 2, "model": "", "cost": 0} == calls.totals()[0]


def test_a_choice_is_all_that_it_names(tmp_path: Path) -> None:
    with closing(Calls(tmp_path / "l")) as calls:
        calls.put(
            call(n, model=f"m{n % 2}", task=f"t{n % 3}", template="x", cost=1) for n in range(12)
        )
        assert calls.count(CallFilter()) == (12, 12)
        assert calls.count(CallFilter(models=("m0",))) == (6, 6)
        assert calls.count(CallFilter(models=("m0", "m1"), tasks=("t1",))) == (4, 4)
        assert calls.count(CallFilter(models=("m0' OR 1",))) == (0, 0)
        assert calls.count(CallFilter(before=1)) == (0, 0)
        calls.delete(CallFilter(models=("m0",), templates=("x",)))
        assert {row["model"] for row in calls.rows(CallFilter())} == {"m1"}


def test_a_commit_is_durable_when_its_future_is_done(tmp_path: Path) -> None:
    writer = CallWriter(tmp_path / "l")
    commits = [writer.put(call(n)) for n in range(50)]
    commits[-1].result(10)
    with closing(Calls(tmp_path / "l")) as other:
        assert other.count(CallFilter())[0] == 50
    assert len(set(map(id, commits))) < 10
    last = writer.put(call(50))
    writer.close()
    assert last.done()


def test_a_commit_that_fails_says_so_to_all_who_wait(tmp_path: Path) -> None:
    writer = CallWriter(tmp_path / "l")
    with closing(sqlite3.connect(tmp_path / "l")) as other:
        other.execute("DROP TABLE calls")
        other.commit()
    commit = writer.put(call(1))
    with pytest.raises(OutputError, match=r"can't write .*no such table"):
        commit.result(10)
    writer.close()


def test_what_is_no_ledger_is_refused_before_any_thread_starts(tmp_path: Path) -> None:
    (tmp_path / "l").write_text("not a database, " * 100)
    with pytest.raises(OutputError, match="can't open the ledger"):
        CallWriter(tmp_path / "l")
