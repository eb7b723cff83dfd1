"""Rows by position from Parquet, and the filters: held against the plain way to do it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.export import read_rows, write_split
from longalpaca_data.mix.reviews import Review
from longalpaca_data.review.query import STATES, Query, Selector
from longalpaca_data.review.rows import Rows
from tests.built import short_row, write_set

TASKS, FAMILIES = ("book_qa", "short"), ("a", "b", "c")
WORDS = ("Key", "river", "大刀", "100%", "a.b")


def row(number: int) -> dict[str, Any]:
    scores = [{"name": "spread", "value": number % 10 / 10}] if number % 3 else []
    word = WORDS[number % len(WORDS)]
    return short_row(
        id=f"row-{number}",
        task=TASKS[number % 2],
        family=FAMILIES[number % 3],
        language="zh" if number % 5 == 2 else "en",
        n_tokens=number * 37 % 101,
        scores=scores,
        question=f"question {number} {word}",
        output=f"answer {number * number}",
        titles=[f"title {number % 4}", "The Second"] if number % 2 else [],
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("rows")
    write_set(found, [row(n) for n in range(57)], row_group=10)
    write_split(found, "validation", (row(n) for n in range(57, 60)), 3)
    return found


@pytest.fixture(scope="module")
def rows(folder: Path) -> Iterator[Rows]:
    found = Rows(folder)
    yield found
    found.close()


def test_every_row_is_found_by_position(rows: Rows, folder: Path) -> None:
    plain = [*read_rows(folder), *read_rows(folder, "validation")]
    assert len(rows) == len(plain) == 60
    for position, expected in enumerate(plain):
        assert rows.position(expected["id"]) == position
        assert rows.row(position) == expected
    assert rows.row(41, ["output"]) == {"output": plain[41]["output"]}
    assert rows.position("row-99") is None


reviews = st.dictionaries(
    st.integers(0, 64).map(lambda n: f"row-{n}"),
    st.builds(
        dict,
        decision=st.sampled_from(["", "accept", "reject"]),
        question=st.sampled_from([None, "a new KEY here"]),
        note=st.sampled_from(["", "see the river"]),
    ),
    max_size=20,
)
queries = st.builds(
    Query,
    task=st.sampled_from(["", *TASKS, "unknown"]),
    family=st.sampled_from(["", *FAMILIES]),
    language=st.sampled_from(["", "en", "zh"]),
    split=st.sampled_from(["", "train", "validation"]),
    state=st.sampled_from(["", *STATES]),
    words=st.sampled_from(
        ["", "key", "RIVER", "大刀", "100%", "a.b", "axb", "answer 16", "second"]
    ),
    tokens_min=st.none() | st.integers(0, 100),
    tokens_max=st.none() | st.integers(0, 100),
    score=st.sampled_from(["", "spread", "unknown"]),
    score_min=st.none() | st.sampled_from([0.2, 0.5]),
    score_max=st.none() | st.sampled_from([0.5, 0.8]),
)


@given(query=queries, decided=reviews)
def test_a_query_finds_what_the_plain_way_finds(
    rows: Rows, folder: Path, query: Query, decided: dict[str, dict[str, Any]]
) -> None:
    standing = {row_id: Review(row_id, **changes) for row_id, changes in decided.items()}
    ids, facets = Selector(rows).select(query, standing)
    expected = [r for r in plain_rows() if _holds(r, query, standing.get(r["id"], Review(r["id"])))]
    assert ids == [r["id"] for r in expected]
    for facet in ("task", "family", "language", "split"):
        if not getattr(query, facet):
            found = {r[facet] for r in expected}
            assert facets[facet].keys() >= found
            for value, count in facets[facet].items():
                assert count == sum(r[facet] == value for r in expected)


@functools.cache
def plain_rows() -> list[dict[str, Any]]:
    return [row(n) | {"split": "train" if n < 57 else "validation"} for n in range(60)]


def _holds(row: dict[str, Any], query: Query, review: Review) -> bool:
    words, score = query.words.lower(), {s["name"]: s["value"] for s in row["scores"]}
    texts = [row["question"], row["output"], row["id"], *row["titles"]]
    texts += [review.question or "", review.note]
    wanted = (query.score_min, query.score_max) if query.score else (None, None)
    value = score.get(query.score)
    return (
        all(
            getattr(query, key) in {"", row[key]} for key in ("task", "family", "language", "split")
        )
        and (not query.state or STATES[query.state](review))
        and any(words in text.lower() for text in texts)
        and (query.tokens_min is None or row["n_tokens"] >= query.tokens_min)
        and (query.tokens_max is None or row["n_tokens"] <= query.tokens_max)
        and (wanted[0] is None or (value is not None and value >= wanted[0]))
        and (wanted[1] is None or (value is not None and value <= wanted[1]))
    )


def test_orders(rows: Rows) -> None:
    select = Selector(rows).select
    longest, _ = select(Query(order="longest"), {})
    tokens = [int(rows.tokens[rows.position(i) or 0]) for i in longest]
    assert tokens == sorted(tokens, reverse=True)
    best, _ = select(Query(order="best", score="spread"), {})
    assert [int(i[4:]) % 10 for i in best[:5]] == [9, 9, 9, 9, 8]
    assert all(int(i[4:]) % 3 == 0 for i in best[-20:])  # those without the score come last


def test_other_parquet_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "data" / "train-00000-of-00001.parquet"
    file.parent.mkdir()
    pq.write_table(pa.table({"id": ["a"], "text": ["b"]}), file)
    with pytest.raises(DatasetError, match="has no column evidence, file"):
        Rows(tmp_path)
    file.write_bytes(b"PAR1 cut off")
    with pytest.raises(DatasetError, match=r"can't read .*train-00000"):
        Rows(tmp_path)


def test_a_set_without_rows_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path, [])
    with pytest.raises(DatasetError, match="no rows"):
        Rows(tmp_path)


def test_a_row_group_that_is_damaged_is_named(tmp_path: Path) -> None:
    write_set(tmp_path, [row(n) for n in range(3)])
    rows = Rows(tmp_path)
    (file,) = (tmp_path / "data").glob("*.parquet")
    whole = file.read_bytes()
    file.write_bytes(whole[:4] + bytes(len(whole) // 2) + whole[4 + len(whole) // 2 :])
    with pytest.raises(DatasetError, match="can't read"):
        rows.row(0)
    rows.close()
