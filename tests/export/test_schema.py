"""A row's columns are defined once for Arrow and once for readers: the two agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

import pyarrow as pa
import pytest

from longalpaca_data.core.storage import write_parquet
from longalpaca_data.export import SCHEMA, DatasetRow, EvidenceSpan, read_rows
from tests.built import long_row, short_row

PLAIN = {str: {pa.string(), pa.large_string()}, int: {pa.int64()}, float: {pa.float64()}}


def agree(hint: Any, kind: pa.DataType) -> bool:
    """Say whether a value of an Arrow type is read as a Python type."""
    if is_typeddict(hint):
        fields = get_type_hints(hint)
        return (
            pa.types.is_struct(kind)
            and [field.name for field in kind] == [*fields]
            and all(agree(fields[field.name], field.type) for field in kind)
        )
    if get_origin(hint) is list:
        return pa.types.is_list(kind) and agree(get_args(hint)[0], kind.value_type)
    return kind in PLAIN[hint]


def test_readers_and_arrow_have_the_same_columns_in_the_same_order() -> None:
    assert [*get_type_hints(DatasetRow)] == SCHEMA.names


@pytest.mark.parametrize("name", SCHEMA.names)
def test_each_column_has_one_type(name: str) -> None:
    assert agree(get_type_hints(DatasetRow)[name], SCHEMA.field(name).type)


def test_other_types_do_not_agree() -> None:
    assert not agree(int, pa.string())
    assert not agree(str, pa.list_(pa.string()))
    assert not agree(list[str], pa.list_(pa.int64()))
    assert not agree(EvidenceSpan, pa.struct([("quote", pa.string())]))


def test_rows_are_read_as_they_are_typed(tmp_path: Path) -> None:
    rows = [long_row("A text that says so.", "says so"), short_row()]
    write_parquet(tmp_path / "data" / "train-00000-of-00001.parquet", rows, SCHEMA, 10)
    assert list(read_rows(tmp_path)) == rows
