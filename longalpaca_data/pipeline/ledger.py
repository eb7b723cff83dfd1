"""What is finished and what is paid for: one SQLite file that a ``kill -9`` can't harm.

Two tables. ``units``: the outcome of every finished unit of work, so that a second run starts
where the first one stopped. ``calls`` (see :mod:`~longalpaca_data.pipeline.calls`): answers of
models, which cost money or hours; they outlive ``--fresh``. SQLite in WAL mode with
synchronous=FULL lost nothing in 8 of 8 kills, where buffered JSONL lost records and a half-written
Parquet file lost everything.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from longalpaca_data.core.errors import OutputError
from longalpaca_data.core.records import Record
from longalpaca_data.core.storage import output_errors
from longalpaca_data.pipeline.calls import NOW, Calls
from longalpaca_data.pipeline.ledger_file import FRESH, connect, ledger_errors, pack, unpack
from longalpaca_data.pipeline.stage import Outcome, Stage

Out = TypeVar("Out", bound=Record)

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS units (
    key TEXT PRIMARY KEY, stage TEXT NOT NULL, finished REAL NOT NULL DEFAULT {NOW},
    outcome BLOB NOT NULL
)
"""


class Ledger:
    """The working folder's memory. One writer at a time holds the folder's lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with output_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = connect(path, lambda connection: connection.execute(_SCHEMA))
            try:
                self._calls = Calls(path)
            except OutputError:
                self._connection.close()
                raise

    def __reduce__(self) -> tuple[Callable[[Path], Ledger], tuple[Path]]:
        """Travel to another process as the path alone; SQLite lets several processes write."""
        return _opened, (self.path,)

    def finished(self, unit: str) -> bool:
        """Say whether a unit's outcome is on disk."""
        found = "SELECT 1 FROM units WHERE key = ?"
        with ledger_errors(self.path, "read", FRESH):
            return self._connection.execute(found, (unit,)).fetchone() is not None

    def outcome(self, unit: str, output: type[Out]) -> Outcome[Out] | None:
        """Return what a finished unit came to, None where it isn't finished."""
        found = "SELECT outcome FROM units WHERE key = ?"
        with ledger_errors(self.path, "read", FRESH):
            row = self._connection.execute(found, (unit,)).fetchone()
            if row is None:
                return None
            decoded: Outcome[Out] = _decoder(output).decode(unpack(row[0]))
            return decoded

    def finish(self, stage: Stage[Any, Any], units: list[tuple[str, Outcome[Any]]]) -> None:
        """Record finished units, all or none; durable when this returns."""
        rows = [
            (unit, stage.name, pack(msgspec.msgpack.encode(outcome))) for unit, outcome in units
        ]
        with ledger_errors(self.path, remedy=FRESH), self._connection:
            self._connection.executemany(
                "INSERT INTO units (key, stage, outcome) VALUES (?, ?, ?) "
                "ON CONFLICT (key) DO NOTHING",
                rows,
            )

    def forget_units(self) -> None:
        """Forget all finished units (``--fresh``); calls that were paid for stay.

        The table is made anew: another version's may have other columns.
        """
        with ledger_errors(self.path), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("DROP TABLE units")
            self._connection.execute(_SCHEMA)

    def get(self, key: str) -> bytes | None:
        """Return the answer kept under a call's key."""
        return self._calls.answer(key)

    def put(self, key: str, answer: bytes) -> None:
        """Keep a call's answer; durable when this returns."""
        self._calls.keep(key, answer)

    def close(self) -> None:
        """Close the file."""
        self._calls.close()
        self._connection.close()


@cache
def _opened(path: Path) -> Ledger:
    """Return this process's ledger of a path, opened once however many units arrive."""
    return Ledger(path)


@cache
def _decoder(output: Any) -> msgspec.msgpack.Decoder[Any]:
    outcome: Any = Outcome
    return msgspec.msgpack.Decoder(outcome[output])


def _refuse_undecodable(folder: Path) -> None:
    """Say that Arrow can't write to a path that isn't UTF-8, before anything is done."""
    shown = str(folder.absolute()).encode("utf-8", "backslashreplace").decode()
    if shown != str(folder.absolute()):
        raise OutputError(f"the path {shown} is not UTF-8", do="choose another folder with --out")


@contextlib.contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold a working folder for this process alone; a second build says so and leaves.

    The kernel lets go of the lock when the process ends, however it ends.
    """
    _refuse_undecodable(folder)
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                f"another build is at work on {folder.parent}",
                do="wait for it, or choose another folder with --out",
            ) from None
        yield
    finally:
        os.close(descriptor)
