"""Rows from files: whatever wrote them, they read back equal; what is broken is one clear line."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.rowfiles import (
    SHAPES,
    RowError,
    as_alpaca,
    parquet_rows,
    read_rows,
    read_values,
    shape_of,
    split_files,
)
from longalpaca_data.rowfiles import json_values as module
from longalpaca_data.rowfiles.json_values import json_values

ROW = {"instruction": "Read.\n\nAda found it.", "input": "", "output": "Ada.", "file": "a.txt"}

# Line ends of other systems and scripts, quotes, escapes, characters outside the first plane.
TEXT = st.text() | st.text(alphabet='"\\\u2028\u2029\u0085\r\n\0\ufeff\u00a0 [{,}]:é日🦙')
SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)
ROWS = st.lists(st.dictionaries(TEXT, VALUE, max_size=4), max_size=4)
CHUNKS = st.sampled_from([1, 2, 3, 7, 64, 1 << 20])
QUICK = settings(max_examples=30, deadline=None)  # a shared machine has slow moments


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rowfiles")


def values(path: Path, chunk: int = 1 << 20) -> list[Any]:
    return [value for _, value in json_values(path, chunk)]


@QUICK
@given(
    rows=ROWS,
    chunk=CHUNKS,
    indent=st.sampled_from([None, 0, 1, "\t", "\r\n"]),
    ascii_only=st.booleans(),
    separators=st.sampled_from([None, (",", ":"), (" ,\r\n\r\n", "\t: ")]),
    mark=st.sampled_from(["", "\ufeff", "\ufeff \r\n"]),
)
def test_any_list_reads_back_equal(
    folder: Path, rows: Any, chunk: int, indent: Any, ascii_only: bool, separators: Any, mark: str
) -> None:
    file = folder / "rows.json"
    text = json.dumps(rows, indent=indent, ensure_ascii=ascii_only, separators=separators)
    file.write_bytes((mark + text).encode("utf-8"))
    assert values(file, chunk) == rows


@QUICK
@given(
    rows=ROWS,
    chunk=CHUNKS,
    ends=st.sampled_from(["\n", "\r\n", "\n\n \n"]),
    ascii_only=st.booleans(),
    last=st.booleans(),
)
def test_any_lines_read_back_equal(
    folder: Path, rows: Any, chunk: int, ends: str, ascii_only: bool, last: bool
) -> None:
    file = folder / "rows.jsonl"
    text = ends.join(json.dumps(row, ensure_ascii=ascii_only) for row in rows)
    file.write_bytes((text + ends * last).encode("utf-8"))
    read = list(json_values(file, chunk))
    assert [value for _, value in read] == rows
    breaks = ends.count("\n")
    assert [line for line, _ in read] == [1 + breaks * n for n in range(len(rows))]


@QUICK
@given(rows=ROWS.filter(bool), chunk=CHUNKS, data=st.data())
def test_a_file_cut_off_anywhere_never_reads_as_whole(
    folder: Path, rows: Any, chunk: int, data: st.DataObject
) -> None:
    text = json.dumps(rows, indent=1).encode()
    cut = data.draw(st.integers(0, len(text) - 1))
    (folder / "cut.json").write_bytes(text[:cut])
    with pytest.raises(DatasetError, match=r"can't read .*cut\.json, line \d+: not JSON: "):
        values(folder / "cut.json", chunk)


@QUICK
@given(text=st.binary() | st.text(alphabet='[]{},:" \n\\ua1tn-.e').map(str.encode), chunk=CHUNKS)
@pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
def test_any_bytes_are_rows_or_one_error(folder: Path, name: str, text: bytes, chunk: int) -> None:
    (folder / name).write_bytes(text)
    try:
        values(folder / name, chunk)
    except DatasetError as error:
        assert "\n" not in str(error)  # noqa: PT017 — the property is that nothing else is raised


@pytest.mark.parametrize("chunk", [1, 1 << 20])
@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.json", "", "line 1: not JSON: the file is empty"),
        ("a.json", " \n ", "line 2: not JSON: the file is empty"),
        ("a.json", '{"a": 1}', "one object, not a JSON list of rows"),
        ("a.json", '[{"a": 1},\n {"b": 2},\n]', "line 3: not JSON: a comma before the closing"),
        ("a.json", '[{"a": 1,\n}]', "line 2: not JSON: a comma before the closing bracket"),
        ("a.json", '[{"a": [1,\n]}]', "line 2: not JSON: a comma before the closing bracket"),
        ("a.json", '[{"a": 1}\n {"b": 2}]', "line 2: not JSON: a comma is missing between two"),
        ("a.json", '[{"a": 1}]\n{"b": 2}', "line 2: not JSON: text after the list's closing"),
        ("a.json", '[\n{"a": "one\ntwo"}]', "line 2: not JSON: Invalid control character"),
        ("a.json", '[{"a": 1},\n {"b" 2}, {}]', "line 2: not JSON: Expecting ':'"),
        ("a.json", '[{"a": "one, "b": 2}, {"c": 3}]', "not JSON: Expecting"),
        ("a.json", "[{'a': 1}]", "Expecting property name"),
        ("a.json", '[{},\n{"k": 1, "k": 2}]', "line 2: not JSON: key `k` stands twice"),
        ("a.json", '[{"k": {"m": 1, "m": 1}}]', "key `m` stands twice"),
        ("a.json", r'[{"a": "\ud83d"}]', "half of a surrogate pair"),
        ("a.jsonl", '{"a": 1}\n{"b": 2} {"c": 3}', "line 2: not JSON: text after the row"),
        ("a.jsonl", '{"a": 1},\n{"b": 2}', "line 1: not JSON: text after the row"),
        ("a.jsonl", '{"a": 1}\n\n{"b": ', "line 3: not JSON: the file ends too early"),
    ],
)
def test_broken_json_is_named_with_its_line(
    tmp_path: Path, name: str, content: str, says: str, chunk: int
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(DatasetError) as caught:
        values(tmp_path / name, chunk)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [("[" * 200_000, "nested too deeply"), ('[{"n": ' + "9" * 5000 + "}]", "too many digits")],
)
def test_limits_of_the_parser_are_clear_errors(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(DatasetError, match=f"line 1: not JSON: .*{says}"):
        values(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[{}]".encode("utf-16"), "UTF-16 text; save it as UTF-8"),
        ("[{}]".encode("utf-16-be"), "no UTF-8 text"),
        ("[{}]".encode("utf-32-le"), "no UTF-8 text"),
        ('[{},\n\n{"a": "caf\xe9"}]'.encode("latin-1"), "line 3: not UTF-8 text"),
        ('[{},\n{"a": "日'.encode()[:-1], "line 2: not UTF-8 text"),
        (gzip.compress(b"[]", mtime=0), "compressed with gzip"),
        (b"PAR1....", "a Parquet file; name it .parquet"),
    ],
)
@pytest.mark.parametrize("chunk", [1, 5, 1 << 20])
def test_bytes_that_are_no_utf8_say_what_they_are(
    tmp_path: Path, content: bytes, says: str, chunk: int
) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        values(tmp_path / "a.json", chunk)
    assert says in str(caught.value)


def test_lines_are_read_whatever_their_file_is_called(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1}\n{"b": 2}\n')
    (tmp_path / "b.jsonl").write_text('[{"a": 1}, {"b": 2}]')
    (tmp_path / "one.jsonl").write_text('{"a": 1}')
    (tmp_path / "none.jsonl").write_text("\n")
    assert values(tmp_path / "a.json") == values(tmp_path / "b.jsonl") == [{"a": 1}, {"b": 2}]
    assert values(tmp_path / "one.jsonl") == [{"a": 1}]
    assert values(tmp_path / "none.jsonl") == []


def test_a_list_is_never_held(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    with file.open("w", encoding="utf-8") as out:
        out.write("[" + ",\n".join([json.dumps({"instruction": "日" * 40_000})] * 80) + "]")
    tracemalloc.start()
    assert sum(len(value["instruction"]) for _, value in json_values(file, 1 << 16)) == 3_200_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < file.stat().st_size / 8


def test_a_mistake_at_the_beginning_is_found_there(tmp_path: Path) -> None:
    """A missing quote doesn't make the reader swallow what follows."""
    file = tmp_path / "a.json"
    file.write_text('[{"a": "x, "b": 1}, ' + json.dumps({"a": "y" * 5_000_000}) + "]")
    tracemalloc.start()
    with pytest.raises(DatasetError, match="line 1: not JSON"):
        values(file, 1 << 12)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000


def test_a_row_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_ROW", 1000)
    (tmp_path / "a.json").write_text('[{"a": "' + "x" * 5000)
    with pytest.raises(DatasetError, match="a row of over 1,000 characters: is a quote missing"):
        values(tmp_path / "a.json", 64)


# ---------------------------------------------------------------------------------------- shapes


WORDS = st.text(max_size=30) | st.text(alphabet='\n "\u2028\0日🦙', max_size=10)
ALPACA = st.fixed_dictionaries(
    {"instruction": WORDS, "input": WORDS, "output": WORDS, "file": WORDS},
    optional={
        "id": WORDS,
        "system": WORDS.filter(bool),
        "question": WORDS,
        "evidence": st.lists(st.dictionaries(WORDS, VALUE, max_size=2), max_size=2),
    },
)


@QUICK
@given(row=ALPACA)
@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_reads_back_equal(name: str, row: dict[str, Any]) -> None:
    shaped = SHAPES[name].write(row)
    assert shape_of(shaped).name == name
    assert as_alpaca(json.loads(json.dumps(shaped))) == row


def test_conversations_of_others() -> None:
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yo"},
    ]
    expected = {"instruction": "Hi", "input": "", "output": "Yo", "file": "", "system": "Be brief."}
    assert as_alpaca({"messages": turns}) == expected
    spelt = [{"from": turn["role"], "value": turn["content"]} for turn in turns]
    assert as_alpaca({"conversations": spelt, "input": "not of this row"}) == expected
    assert as_alpaca({"conversations": spelt[1:], "system": "Be brief."}) == expected


PAIR = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ([ROW], "not a JSON object but list"),
        ({"messages": "x"}, "key `messages` is no list but str"),
        ({"messages": []}, "key `messages` has 0 turns"),
        ({"messages": ["x"]}, "key `messages` 1 is no object but str"),
        ({"messages": PAIR * 2}, "key `messages` has 4 turns"),
        ({"messages": PAIR[::-1]}, "one question and its answer are read"),
        ({"messages": [{"role": "user"}]}, "1 has neither `role`, `content` nor `from`, `value`"),
        ({"messages": [{"role": "tool", "content": ""}]}, "1: unknown `role` 'tool'; known are"),
        ({"messages": [{"role": [], "content": ""}]}, "1: unknown `role` []"),
        ({"messages": [{"role": "user", "content": None}]}, "`content` is no text but NoneType"),
        ({"prompt": [], "completion": "x"}, "key `prompt` is no text but list"),
    ],
)
def test_rows_that_cannot_be_read_name_their_key(row: Any, says: str) -> None:
    with pytest.raises(RowError) as caught:
        as_alpaca(row)
    assert says in str(caught.value)


# ----------------------------------------------------------------------------------------- files


def write_parquet(path: Path, rows: Iterable[dict[str, Any]], **how: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows)), path, **how)


def test_rows_carry_their_places(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([ROW, ROW], indent=1))
    (tmp_path / "b.jsonl").write_text("\n" + json.dumps(ROW))
    write_parquet(tmp_path / "c.parquet", [ROW, ROW])
    places = {
        name: [str(place).removeprefix(str(tmp_path)) for place, _ in read_rows(tmp_path / name)]
        for name in ("a.json", "b.jsonl", "c.parquet")
    }
    assert places["a.json"] == ["/a.json line 2, row 1", "/a.json line 8, row 2"]
    assert places["b.jsonl"] == ["/b.jsonl line 2, row 1"]
    assert places["c.parquet"] == ["/c.parquet row 1", "/c.parquet row 2"]


def test_a_folder_is_read_split_by_split(tmp_path: Path) -> None:
    write_parquet(tmp_path / "data/train-00001-of-00002.parquet", [{**ROW, "output": "2"}])
    write_parquet(tmp_path / "data/train-00000-of-00002.parquet", [{**ROW, "output": "1"}])
    write_parquet(tmp_path / "data/validation-00000-of-00001.parquet", [{**ROW, "output": "3"}])
    (tmp_path / "x.json").write_text("[]")
    assert [row["output"] for _, row in read_rows(tmp_path)] == ["1", "2"]
    assert [row["output"] for _, row in read_rows(tmp_path, "validation")] == ["3"]
    (place, row), *_ = read_rows(tmp_path, columns=["output", "no such column"])
    assert row == {"output": "1"}
    assert str(place).endswith("train-00000-of-00002.parquet row 1")


def test_a_folder_of_files_is_its_train_split(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(json.dumps([ROW]))
    (tmp_path / "a.jsonl").write_text(json.dumps(ROW))
    for other in ("manifest.json", "review.jsonl", "notes.txt"):
        (tmp_path / other).write_text("{}")
    assert [file.name for file in split_files(tmp_path)] == ["a.jsonl", "b.json"]
    assert split_files(tmp_path, "validation") == []


def test_one_large_row_group_is_read_in_small_batches(tmp_path: Path) -> None:
    write_parquet(
        tmp_path / "a.parquet",
        ({"instruction": f"{n} " + "x" * 500_000} for n in range(60)),
        use_dictionary=False,
    )
    tracemalloc.start()
    assert [row["instruction"].split()[0] for row in parquet_rows(tmp_path / "a.parquet")] == [
        str(n) for n in range(60)
    ]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 15_000_000


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("gone.json", None, "no data set at"),
        ("a.csv", "x", "unknown suffix; give one of .json, .jsonl, .parquet"),
        ("a.parquet", "PAR0", "can't read"),
        ("a.json", "[{}, 3]", "line 1, row 2: not a JSON object but int; mend or remove the row"),
        ("a.jsonl", '{"messages": []}', "line 1, row 1: key `messages` has 0 turns"),
    ],
)
def test_files_that_cannot_be_read_are_one_line(
    tmp_path: Path, name: str, content: str | None, says: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(DatasetError) as caught:
        list(read_rows(tmp_path / name))
    assert says in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)


def test_a_damaged_parquet_file_names_the_last_good_row(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    rows = [{"instruction": f"{n}" * 3000} for n in range(40)]
    write_parquet(file, rows, row_group_size=10, use_dictionary=False, compression="zstd")
    damaged = bytearray(file.read_bytes())
    group = pq.ParquetFile(file).metadata.row_group(2).column(0)
    for at in range(group.data_page_offset, group.data_page_offset + group.total_compressed_size):
        damaged[at] = 255
    file.write_bytes(damaged)
    with pytest.raises(DatasetError, match="after row 20"):
        list(read_values(file))


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no rows in .*; run `build` first"):
        list(read_rows(tmp_path))
