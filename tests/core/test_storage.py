"""Files are whole or not there."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from longalpaca_data.core.errors import OutputError
from longalpaca_data.core.storage import (
    atomic,
    file_sha256,
    write_json_array,
    write_jsonl,
    write_parquet,
    write_text,
)


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    write_text(file, "old")

    def fail() -> None:
        with atomic(file) as out:
            out.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_json_array_is_json_and_streams(tmp_path: Path) -> None:
    rows = [{"a": "é中\u2028", "b": n} for n in range(3)]
    assert write_json_array(tmp_path / "a.json", iter(rows)) == 3
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == rows
    assert write_json_array(tmp_path / "b.json", []) == 0
    assert json.loads((tmp_path / "b.json").read_text()) == []


def test_jsonl_has_one_row_per_line(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [{"a": "x\ny"}, {"a": "z"}])
    assert len((tmp_path / "a.jsonl").read_bytes().splitlines()) == 2


def test_parquet_row_groups_and_same_bytes(tmp_path: Path) -> None:
    schema = pa.schema([("n", pa.int64())])
    rows = [{"n": n} for n in range(250)]
    assert write_parquet(tmp_path / "a.parquet", rows, schema) == 250
    write_parquet(tmp_path / "b.parquet", iter(rows), schema)
    assert pq.ParquetFile(tmp_path / "a.parquet").num_row_groups == 3
    assert file_sha256(tmp_path / "a.parquet") == file_sha256(tmp_path / "b.parquet")


def test_refusals_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match=r"can't write .*file.*below"):
        write_text(tmp_path / "file" / "below", "x")
