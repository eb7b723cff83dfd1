"""The cleaned documents on disk: ``work/documents/*.parquet``, read back one at a time.

Windows and examples hold offsets, never copies of the text; whoever needs the text asks here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from longalpaca_data.core.records import Account, CellSpan, Document, Section, Span, Window
from longalpaca_data.core.storage import atomic
from longalpaca_data.pipeline.stage import Context


def _list_of(**fields: pa.DataType) -> pa.DataType:
    return pa.list_(pa.struct(list(fields.items())))


_OFFSETS = {"start": pa.int64(), "end": pa.int64()}
_SECTIONS = _list_of(
    title=pa.string(), level=pa.int32(), start=pa.int64(), body=pa.int64(), end=pa.int64()
)
_CELLS = _list_of(
    row=pa.int32(), column=pa.int32(), rowspan=pa.int32(), colspan=pa.int32(), **_OFFSETS
)
_BLOCKS = _list_of(
    kind=pa.string(),
    **_OFFSETS,
    page=pa.int32(),
    level=pa.int32(),
    header_rows=pa.int32(),
    cells=_CELLS,
)
_ACCOUNT = pa.struct(
    [
        ("seen", pa.int64()),
        ("kept", pa.int64()),
        ("lost", _list_of(reason=pa.string(), characters=pa.int64())),
        ("unaccounted", pa.int64()),
        ("suspicions", pa.list_(pa.string())),
    ]
)
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("path", pa.string()),
        ("title", pa.string()),
        ("kind", pa.string()),
        ("language", pa.string()),
        ("licence", pa.string()),
        ("author", pa.string()),
        ("group", pa.string()),
        ("sections", _SECTIONS),
        ("blocks", _BLOCKS),
        ("account", _ACCOUNT),
        ("text", pa.large_string()),
        ("n_tokens", pa.int64()),
    ]
)
_NOT_TOLD = frozenset({"text", "sections", "blocks", "group"})
_GROUP_CHARACTERS = 1_000_000  # a row group is read whole, so it is kept small
_GROUP_ROWS = 100
_FILE = "documents-00000.parquet"


def write_documents(folder: Path, documents: Iterable[Document]) -> int:
    """Write documents as Parquet, a few at a time; return their number."""
    count = 0
    with (
        atomic(folder / _FILE) as file,
        pq.ParquetWriter(file, SCHEMA, compression="zstd", use_dictionary=False) as writer,
    ):
        for group in _row_groups(documents):
            writer.write_table(pa.Table.from_pylist(group, schema=SCHEMA))
            count += len(group)
    return count


def distinct(documents: Iterable[Document], context: Context) -> Iterator[Document]:
    """Let each text pass once: the same book under two names must not count twice."""
    first: dict[str, str] = {}
    for document in documents:
        if document.id in first:
            context.drop(document, "duplicate document", f"same text as {first[document.id]}")
        else:
            first[document.id] = document.path
            yield document


def _row_groups(documents: Iterable[Document]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    characters = 0
    for document in documents:
        group.append(_row(document))
        characters += len(document.text)
        if characters >= _GROUP_CHARACTERS or len(group) == _GROUP_ROWS:
            yield group
            group, characters = [], 0
    if group:
        yield group


def _row(document: Document) -> dict[str, Any]:
    row = {name: getattr(document, name) for name in SCHEMA.names}
    account = asdict(document.account)
    lost = [{"reason": r, "characters": n} for r, n in sorted(account["lost"].items())]
    return row | {
        "sections": [asdict(section) for section in document.sections],
        "blocks": [asdict(block) for block in document.blocks],
        "account": account | {"lost": lost, "unaccounted": document.account.unaccounted},
    }


def _document(row: dict[str, Any]) -> Document:
    sections = tuple(Section(**section) for section in row["sections"])
    blocks = tuple(
        Span(**block | {"cells": tuple(CellSpan(**cell) for cell in block["cells"])})
        for block in row["blocks"]
    )
    account = _account(row["account"])
    return Document(**row | {"sections": sections, "blocks": blocks, "account": account})


def _account(row: dict[str, Any]) -> Account:
    lost = {entry["reason"]: entry["characters"] for entry in row["lost"]}
    return Account(row["seen"], row["kept"], lost, tuple(row["suspicions"]))


def _told(account: dict[str, Any]) -> dict[str, Any]:
    """Return an account as the manifest has it: what was lost by reason."""
    return account | {"lost": {entry["reason"]: entry["characters"] for entry in account["lost"]}}


def _characters(documents: dict[str, Document]) -> int:
    return sum(len(document.text) for document in documents.values())


class Documents:
    """The documents of a working folder, looked up by id. Picklable: only the folder travels."""

    _HELD_CHARACTERS = 50_000_000  # 50-100 MB: rows are written in shuffled order

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: pq.ParquetFile | None = None
        self._row_group: dict[str, int] = {}
        self._held: OrderedDict[int, dict[str, Document]] = OrderedDict()
        self._held_characters = 0

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self.folder}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["folder"])  # type: ignore[misc]  # a pickled store opens anew

    def __getitem__(self, document_id: str) -> Document:
        """Return a document; KeyError where there is none of this id."""
        file = self._open()
        group = self._row_group[document_id]
        if group not in self._held:
            rows = file.read_row_group(group).to_pylist()
            self._held[group] = {row["id"]: _document(row) for row in rows}
            self._held_characters += _characters(self._held[group])
            while self._held_characters > self._HELD_CHARACTERS and len(self._held) > 1:
                _, oldest = self._held.popitem(last=False)
                self._held_characters -= _characters(oldest)
        self._held.move_to_end(group)
        return self._held[group][document_id]

    def __iter__(self) -> Iterator[Document]:
        """Yield all documents in the order in which they were collected."""
        file = self._open()
        for group in range(file.num_row_groups):
            for row in file.read_row_group(group).to_pylist():
                yield _document(row)

    def ids(self) -> list[str]:
        """Return the ids of all documents, in the order in which they were collected."""
        self._open()
        return list(self._row_group)

    def about(self) -> list[dict[str, Any]]:
        """Return what the manifest says of each document: everything but its text and its parts."""
        self._open()
        columns = [name for name in SCHEMA.names if name not in _NOT_TOLD]
        rows: list[dict[str, Any]] = pq.read_table(self.folder / _FILE, columns=columns).to_pylist()
        return [row | {"account": _told(row["account"])} for row in rows]

    def texts(self, window: Window) -> list[str]:
        """Return the texts of a window's parts."""
        return [self[part.document_id].text[part.start : part.end] for part in window.parts]

    def _open(self) -> pq.ParquetFile:
        if self._file is None:
            self._file = pq.ParquetFile(self.folder / _FILE)
            for group in range(self._file.num_row_groups):
                ids = self._file.read_row_group(group, columns=["id"]).column("id").to_pylist()
                self._row_group.update(dict.fromkeys(ids, group))
        return self._file
