"""Calls that were paid for: the ledger's table ``calls``, one row per answer of a model.

A row holds the answer and what the statistics need; never the prompt (it may carry a whole book),
a key or a header. An answer that a stage kept by itself (``Context.cached``) has no model.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import msgspec

from longalpaca_data.pipeline.ledger_file import connect, ledger_errors, pack, unpack

NOW = "((julianday('now') - 2440587.5) * 86400.0)"
"""SQL: seconds since 1970, to the millisecond."""

_BASE = f"""
CREATE TABLE IF NOT EXISTS calls (
    key TEXT PRIMARY KEY, finished REAL NOT NULL DEFAULT {NOW}, answer BLOB NOT NULL
)
"""
_COMMIT_DELAY = 0.03  # seconds that a commit waits for company; nothing but memory waits with it


@dataclass(frozen=True, slots=True)
class Call:
    """One answered call. ``model`` is the name it was asked by, ``served`` the server's word for
    what has answered; ``cost`` is in the price table's money, ``seconds`` the answer's latency.
    """

    key: str
    text: str
    model: str = ""
    served: str = ""
    task: str = ""
    template: str = ""
    language: str = ""
    source: str = ""
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0


_COLUMNS = tuple(field.name for field in fields(Call) if field.name not in {"key", "text"})
_SQL_TYPE = {"str": "TEXT NOT NULL DEFAULT ''", "int": "INTEGER NOT NULL DEFAULT 0"}
_ADDED = {
    field.name: _SQL_TYPE.get(str(field.type), "REAL NOT NULL DEFAULT 0")
    for field in fields(Call)
    if field.name in _COLUMNS
}
_NAMES = ", ".join(_COLUMNS)
_WHERE = """ WHERE (:models IS NULL OR model IN (SELECT value FROM json_each(:models)))
    AND (:tasks IS NULL OR task IN (SELECT value FROM json_each(:tasks)))
    AND (:templates IS NULL OR template IN (SELECT value FROM json_each(:templates)))
    AND (:before IS NULL OR finished < :before)"""
# ruff: disable[S608] — put together from names of this module alone; values are parameters
_GET = f"SELECT answer, {_NAMES} FROM calls WHERE key = ?"
_PUT = (
    f"INSERT INTO calls (key, answer, {_NAMES}) "
    f"VALUES (?, ?{', ?' * len(_COLUMNS)}) ON CONFLICT (key) DO NOTHING"
)
_ROWS = f"SELECT key, {_NAMES}, finished, answer FROM calls {_WHERE} ORDER BY finished, key"
_COUNT = f"SELECT count(*), coalesce(sum(cost), 0) FROM calls {_WHERE}"
_DELETE = f"DELETE FROM calls {_WHERE}"
# ruff: enable[S608]
_TOTALS = (
    "SELECT model, task, count(*) calls, sum(prompt_tokens) prompt_tokens, "
    "sum(completion_tokens) completion_tokens, sum(cached_tokens) cached_tokens, "
    "sum(cost) cost, sum(seconds) seconds FROM calls GROUP BY model, task ORDER BY model, task"
)


class _Total(msgspec.Struct):
    """A row of the totals; what a damaged file holds may be of another type."""

    model: str
    task: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost: float
    seconds: float


@dataclass(frozen=True, slots=True)
class CallFilter:
    """A choice among calls; an empty field chooses all. ``before`` is in seconds since 1970."""

    models: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    before: float | None = None

    def parameters(self) -> dict[str, str | float | None]:
        """Return the values of the WHERE clause that all choices share."""
        chosen = {"models": self.models, "tasks": self.tasks, "templates": self.templates}
        texts = {name: json.dumps(values) if values else None for name, values in chosen.items()}
        return {**texts, "before": self.before}


class Calls:
    """The table, on a connection of its own, for one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = connect(path, _migrate)

    def answer(self, key: str) -> bytes | None:
        """Return the answer kept under a call's key, as it was kept."""
        found = "SELECT answer FROM calls WHERE key = ?"
        with ledger_errors(self.path, "read"):
            row = self._connection.execute(found, (key,)).fetchone()
            return None if row is None else unpack(row[0])

    def get(self, key: str) -> Call | None:
        """Return the call kept under a key, None where there is none."""
        with ledger_errors(self.path, "read"):
            row = self._connection.execute(_GET, (key,)).fetchone()
            return None if row is None else _call(key, row[1:], row[0])

    def put(self, calls: Iterable[Call]) -> None:
        """Keep calls, all or none; durable when this returns. A key's first answer stays."""
        rows = [
            (call.key, pack(call.text.encode("utf-8", "replace")), *_about(call)) for call in calls
        ]
        with ledger_errors(self.path), self._connection:
            self._connection.executemany(_PUT, rows)

    def keep(self, key: str, answer: bytes) -> None:
        """Keep an answer of which nothing else is known; durable when this returns."""
        row = (key, pack(answer), *_about(Call(key, "")))
        with ledger_errors(self.path), self._connection:
            self._connection.execute(_PUT, row)

    def totals(self) -> list[dict[str, Any]]:
        """Return calls, tokens, money and seconds per model and task, in their order."""
        with ledger_errors(self.path, "read"):
            rows = self._connection.execute(_TOTALS)
            names = [column[0] for column in rows.description]
            return [
                msgspec.to_builtins(msgspec.convert(dict(zip(names, row, strict=True)), _Total))
                for row in rows
            ]

    def completions(self, model: str) -> dict[str, tuple[int, int]]:
        """Return each template's number of calls and their completion tokens, of one model."""
        with ledger_errors(self.path, "read"):
            rows = self._connection.execute(
                "SELECT template, count(*), sum(completion_tokens) FROM calls "
                "WHERE template != '' AND model = ? GROUP BY template",
                (model,),
            )
            return {template: (int(count), int(tokens)) for template, count, tokens in rows}

    def rows(self, which: CallFilter) -> Iterator[dict[str, Any]]:
        """Yield the chosen calls as plain values, oldest first."""
        with ledger_errors(self.path, "read"):
            for key, *about, finished, answer in self._connection.execute(
                _ROWS, which.parameters()
            ):
                call = asdict(_call(key, tuple(about), answer))
                text = call.pop("text")
                yield call | {"finished": msgspec.convert(finished, float), "text": text}

    def count(self, which: CallFilter) -> tuple[int, float]:
        """Return how many calls are chosen and what they cost."""
        with ledger_errors(self.path, "read"):
            found = self._connection.execute(_COUNT, which.parameters()).fetchone()
            return int(found[0]), float(found[1])

    def delete(self, which: CallFilter) -> None:
        """Drop the chosen calls and give their space back to the file system."""
        with ledger_errors(self.path):
            with self._connection:
                self._connection.execute(_DELETE, which.parameters())
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class CallWriter:
    """Keeps calls from a thread of its own, many in one commit.

    A commit with synchronous=FULL waits for the disk; on an event loop it would stop everything.
    """

    def __init__(self, path: Path) -> None:
        self._calls = Calls(path)  # opened here: what goes wrong is the caller's error
        self._lock = threading.Lock()
        self._waiting: list[Call] = []
        self._commit = _commit()
        self._work = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def put(self, call: Call) -> Future[None]:
        """Hand over a call; return its commit, which it shares with others. It is done when they
        are on disk, and has the error where they can't get there.
        """
        with self._lock:
            self._waiting.append(call)
            commit = self._commit
        self._work.set()
        return commit

    def close(self) -> None:
        """Keep what is still waiting, and end."""
        self._closed = True
        self._work.set()
        self._thread.join()
        self._calls.close()

    def _run(self) -> None:
        while not self._closed or self._waiting:
            self._work.wait()
            self._work.clear()
            if not self._closed:
                time.sleep(_COMMIT_DELAY)
            with self._lock:
                batch, self._waiting = self._waiting, []
                commit, self._commit = self._commit, _commit()
            try:
                self._calls.put(batch)
            except Exception as error:  # noqa: BLE001 — whoever waits for the commit gets it
                commit.set_exception(error)
            else:
                commit.set_result(None)


def _commit() -> Future[None]:
    commit: Future[None] = Future()
    commit.set_running_or_notify_cancel()  # whoever waits may leave; it takes place all the same
    return commit


def _migrate(connection: sqlite3.Connection) -> None:
    """Make the table, or add the columns that a ledger of an earlier version lacks."""
    if not _lacking(connection):
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")  # two processes may open an old ledger at once
        connection.execute(_BASE)
        for name in _lacking(connection):
            connection.execute(f"ALTER TABLE calls ADD COLUMN {name} {_ADDED[name]}")


def _lacking(connection: sqlite3.Connection) -> list[str]:
    there = {row[1] for row in connection.execute("PRAGMA table_info(calls)")}
    return [name for name in _ADDED if name not in there]


def _call(key: object, about: tuple[object, ...], answer: bytes) -> Call:
    """Return a row as a call. msgspec.ValidationError where a damaged file holds other types."""
    text = unpack(answer).decode("utf-8", "replace")
    return msgspec.convert(
        {"key": key, "text": text, **dict(zip(_COLUMNS, about, strict=True))}, Call
    )


def _about(call: Call) -> tuple[object, ...]:
    return tuple(getattr(call, name) for name in _COLUMNS)
