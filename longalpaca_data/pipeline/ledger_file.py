"""The ledger's SQLite file: how it is opened, how its contents are packed, and what its troubles
mean for the person who has to act.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from longalpaca_data.core.errors import OutputError

_COMPRESSION = 3  # zlib level: a third of the size of text at 60 MB/s; higher levels gain 5 %

_START_ANEW = "move that file away to start anew"
_DAMAGED = f"the file is damaged: restore it from a copy, or {_START_ANEW}"
_OTHER_VERSION = f"another version wrote it: go on with that version, or {_START_ANEW}"
_REMEDIES: Final = {
    sqlite3.SQLITE_FULL: "free space there and run the same command again; "
    "what was finished is kept",
    sqlite3.SQLITE_IOERR: "free space there, or check the disk, and run the same command again; "
    "what was finished is kept",
    sqlite3.SQLITE_BUSY: "end the process that has it open and run the same command again",
    sqlite3.SQLITE_LOCKED: "end the process that has it open and run the same command again",
    sqlite3.SQLITE_READONLY: "make it writable, or choose another folder with --out",
    sqlite3.SQLITE_PERM: "make it writable, or choose another folder with --out",
    sqlite3.SQLITE_CANTOPEN: "make its folder writable, or choose another one with --out",
    sqlite3.SQLITE_NOTADB: f"choose another folder with --out, or {_START_ANEW}",
    sqlite3.SQLITE_ERROR: _OTHER_VERSION,  # no such table, no such column
}
"""SQLite's primary result code → what to do."""

FRESH = "run the same command again with --fresh: what was paid for is kept"
"""What to do about units of work that can't be read: they can be worked out again."""


def connect(path: Path, prepare: Callable[[sqlite3.Connection], object]) -> sqlite3.Connection:
    """Open a ledger's file and let ``prepare`` make its tables. OutputError where it is none or
    can't be written; then the connection is closed again.
    """
    with ledger_errors(path, "open"), contextlib.ExitStack() as stack:
        shared = path.is_file() and not os.access(path.parent, os.W_OK)  # finished, of another's
        name = f"{path.resolve().as_uri()}?immutable=1" if shared else path
        # Opened by one thread and handed to another; SQLite itself takes calls from any.
        connection = sqlite3.connect(name, timeout=30, check_same_thread=False, uri=shared)
        stack.callback(connection.close)
        if not shared:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        prepare(connection)
        stack.pop_all()
        return connection


@contextlib.contextmanager
def ledger_errors(path: Path, doing: str = "write", remedy: str = "") -> Iterator[None]:
    """Turn what SQLite refuses and what can't be decoded into one line, an OutputError.

    ``doing`` is open, read or write. ``remedy`` is what to do about contents that are damaged or
    of another version, where there is something better than to start anew.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        do = _REMEDIES.get(code, _DAMAGED)
        if code == sqlite3.SQLITE_ERROR and remedy:
            do = remedy
        raise OutputError(f"can't {doing} the ledger {path}: {error}", do=do) from error
    except (zlib.error, msgspec.MsgspecError, TypeError, ValueError, OverflowError) as error:
        raise OutputError(
            f"can't {doing} the ledger {path}: {error}", do=remedy or _DAMAGED
        ) from error


def pack(content: bytes) -> bytes:
    """Return content as it is stored; its checksum tells a damaged file."""
    return zlib.compress(content, _COMPRESSION)


def unpack(stored: bytes) -> bytes:
    """Return content that was stored. zlib.error or TypeError where the file is damaged."""
    return zlib.decompress(stored)
