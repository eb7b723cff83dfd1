"""Processes: all outcomes, a crash costs one unit, nothing is left behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from longalpaca_data.core.records import ShortPair
from longalpaca_data.pipeline.engines import ENGINES, LocalEngine
from longalpaca_data.pipeline.ledger import Ledger
from tests.pipeline.engines.work import ASK, STAGE, pair


def units(*names: str) -> list[tuple[str, list[ShortPair]]]:
    return [(name, [pair(name)]) for name in names]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_unit_has_its_outcome(workers: int) -> None:
    engine = LocalEngine(workers)
    names = [str(n) for n in range(20)]
    done = dict(engine.perform(STAGE, units(*names), 0))
    engine.close()
    assert {name: outcome.outputs[0].id for name, outcome in done.items()} == {n: n for n in names}


def test_a_crash_drops_its_own_items_and_no_others() -> None:
    engine = LocalEngine(2)
    done = dict(engine.perform(STAGE, units("1", "crash", "2", "3", "4"), 0))
    after = dict(engine.perform(STAGE, units("5"), 0))
    engine.close()
    assert [drop.reason for drop in done["crash"].drops] == ["crashed"]
    assert all(done[name].outputs for name in "1234")
    assert after["5"].outputs


def test_a_fault_of_the_program_is_not_hidden() -> None:
    engine = LocalEngine(2)
    with pytest.raises(ValueError, match="a fault of the program"):
        list(engine.perform(STAGE, units("1", "error", "2"), 0))
    engine.close()


def test_units_are_pulled_a_few_at_a_time() -> None:
    pulled = 0

    def lazily() -> Iterator[tuple[str, list[ShortPair]]]:
        nonlocal pulled
        for unit in units(*map(str, range(200))):
            pulled += 1
            yield unit

    engine = LocalEngine(2)
    outcomes = engine.perform(STAGE, lazily(), 0)
    next(outcomes)
    assert pulled < 30
    outcomes.close()  # type: ignore[attr-defined]  # a generator
    engine.close()


def test_workers_leave_when_they_are_closed() -> None:
    engine = LocalEngine(2)
    list(engine.perform(STAGE, units("1", "2"), 0))
    pool = engine._pool
    assert pool is not None
    processes = list(pool._processes)
    engine.close()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{p}/fd/0").exists() for p in processes):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_table_names_the_engines() -> None:
    assert ENGINES["local"] is LocalEngine


@pytest.mark.parametrize("workers", [1, 2])
def test_answers_that_were_paid_for_are_asked_once(workers: int, tmp_path: Path) -> None:
    """Every answer is another; a second run gets the same ones from the ledger."""
    ledger = Ledger(tmp_path / "ledger.sqlite")
    answers = []
    for _ in range(2):
        engine = LocalEngine(workers)
        done = dict(engine.perform(ASK, units(*map(str, range(6))), 0, ledger))
        engine.close()
        answers.append({name: outcome.outputs[0].output for name, outcome in done.items()})
    assert answers[0] == answers[1]
    assert ledger.get("key 3") == answers[0]["3"].encode()
