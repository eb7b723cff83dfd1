"""A damaged ledger, or one of another version, is one line that says what to do."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from longalpaca_data.core.errors import OutputError
from longalpaca_data.core.records import ShortPair
from longalpaca_data.pipeline.calls import Call, CallFilter, Calls
from longalpaca_data.pipeline.ledger import Ledger
from longalpaca_data.pipeline.stage import Drop, Outcome, Stage

PAIR = ShortPair("1", "问", "", "答", "zh", "", "x")
OUTCOME = Outcome((PAIR,), (Drop("s", "2", "y", "odd", "2"),), {"kept": 1})
STAGE: Stage[ShortPair, ShortPair] = Stage("s", lambda items, _: iter(items), ShortPair)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A ledger's file with a few units and calls, closed."""
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    ledger.finish(STAGE, [(f"u{n}", OUTCOME) for n in range(6)])
    ledger.close()
    with closing(Calls(path)) as calls:
        calls.put(
            Call(f"k{n}", f"answer {n} " * 9, "gpt", task="qa", template="t", prompt_tokens=900)
            for n in range(6)
        )
    return path


def read_all(path: Path) -> int:
    """Read a ledger by every way that there is; return the number of units and calls."""
    ledger = Ledger(path)
    try:
        units = [ledger.outcome(f"u{n}", ShortPair) for n in range(6) if ledger.finished(f"u{n}")]
        answers = [ledger.get(f"k{n}") for n in range(6)]
    finally:
        ledger.close()
    with closing(Calls(path)) as calls:
        kept = [calls.get(f"k{n}") for n in range(6)]
        calls.totals()
        calls.completions("gpt")
        calls.count(CallFilter())
        rows = list(calls.rows(CallFilter()))
        calls.delete(CallFilter(models=("nobody",)))
    return len([found for found in [*units, *answers, *kept] if found is not None]) + len(rows)


def sql(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def test_wherever_a_byte_is_flipped_it_is_one_line_at_most(file: Path) -> None:
    whole = file.read_bytes()
    assert read_all(file) == 24
    draw = random.Random(12)
    full = [at for at in range(len(whole)) if whole[at]]  # most of the pages is empty
    said = {}
    for at in draw.sample(full, 250):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << draw.randrange(8)
        one = file.with_name(f"damaged-{at}.sqlite")
        one.write_bytes(damaged)
        try:
            read_all(one)
        except OutputError as error:
            said[one] = str(error)
    assert len(said) > 100
    assert all(str(one) in line and "; " in line and "\n" not in line for one, line in said.items())


def test_a_damaged_answer_says_how_to_go_on(file: Path) -> None:
    sql(file, "UPDATE calls SET answer = substr(answer, 1, 8) || x'00' || substr(answer, 10)")
    with closing(Calls(file)) as calls, pytest.raises(OutputError, match="damaged: restore it"):
        calls.get("k1")
    with closing(Calls(file)) as calls, pytest.raises(OutputError, match="can't read the ledger"):
        list(calls.rows(CallFilter()))


@pytest.mark.parametrize(
    "column", ["cost = x'00ff'", "model = x'00ff'", "prompt_tokens = 'many'", "seconds = 'long'"]
)
def test_a_column_of_another_type_is_damage(file: Path, column: str) -> None:
    sql(file, f"UPDATE calls SET {column}")
    with closing(Calls(file)) as calls, pytest.raises(OutputError, match="damaged"):
        calls.get("k1")


@pytest.mark.parametrize("damage", ["x'789c'", "zeroblob(20)", "'text'"])
def test_units_that_cannot_be_read_are_made_again_with_fresh(file: Path, damage: str) -> None:
    sql(file, f"UPDATE units SET outcome = {damage}")
    ledger = Ledger(file)
    with pytest.raises(OutputError, match=r"can't read .*; run .* with --fresh"):
        ledger.outcome("u1", ShortPair)
    ledger.forget_units()
    ledger.finish(STAGE, [("u1", OUTCOME)])
    assert ledger.outcome("u1", ShortPair) == OUTCOME
    ledger.close()


def test_units_of_another_version_are_made_again_with_fresh(file: Path) -> None:
    sql(file, "ALTER TABLE units RENAME COLUMN outcome TO result")
    ledger = Ledger(file)
    with pytest.raises(OutputError, match=r"can't write .*no column named outcome; .*--fresh"):
        ledger.finish(STAGE, [("u9", OUTCOME)])
    with pytest.raises(OutputError, match=r"can't read .*no such column: outcome; .*--fresh"):
        ledger.outcome("u1", ShortPair)
    ledger.forget_units()
    ledger.finish(STAGE, [("u9", OUTCOME)])
    assert ledger.get("k1")
    ledger.close()


def test_calls_of_another_version_are_no_full_disk(file: Path) -> None:
    sql(file, "ALTER TABLE calls RENAME COLUMN answer TO reply")
    with closing(Calls(file)) as calls:
        for use in (lambda: calls.get("k1"), lambda: calls.keep("k9", b"")):
            with pytest.raises(OutputError, match="another version wrote it") as error:
                use()
            assert "free space" not in str(error.value)


def test_a_full_disk_says_to_make_room(file: Path) -> None:
    with closing(Calls(file)) as calls:
        calls._connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(OutputError, match="full; free space there and run"):
            calls.put([Call("big", "".join(map(str, range(200_000))))])


def test_a_ledger_that_another_process_holds_says_so(file: Path) -> None:
    with closing(Calls(file)) as calls, closing(sqlite3.connect(file)) as other:
        calls._connection.execute("PRAGMA busy_timeout = 10")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutputError, match="end the process that has it open"):
            calls.keep("k9", b"")
