"""Figures over rows: what is counted, and that no text of a document is read for them."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.dataset.statistics import SAMPLES, rows_numbered, statistics
from tests.built import long_row, short_row, write_set

TEXT = "alpha " * 50 + "The key is red. " + "beta " * 50 + "The door is green. "


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        long_row(TEXT, "The key is red.", "The door is green.", n_tokens=3000),
        long_row(TEXT, "The door is green.", task="comparison", family="which_of_two",
                 n_tokens=5000, licences=["CC0-1.0", "", ""], document_ids=["d1", "d2"]),
        short_row(),
        long_row(TEXT, task="comparison", language="zh", licences=[]),
    ]  # fmt: skip
    return write_set(tmp_path, rows, row_group=2)


def test_rows_tokens_and_names_are_counted(folder: Path) -> None:
    found = statistics(folder)
    assert (found.rows, found.long, found.short) == (4, 3, 1)
    assert found.longest == 5000
    assert found.tokens == sum(found.lengths) + 7
    assert dict(found.tasks) == {"book_qa": 1, "comparison": 2, "short": 1}
    assert dict(found.languages) == {"en": 3, "zh": 1}
    assert dict(found.documents) == {"d1": 3, "d2": 1}


def test_a_row_counts_once_under_each_of_its_licences(folder: Path) -> None:
    found = statistics(folder)
    assert dict(found.licences) == {"CC0-1.0": 2, "": 2}
    assert dict(found.short_licences) == {"CC0-1.0": 1}


def test_depths_are_those_of_every_piece(folder: Path) -> None:
    found = statistics(folder)
    assert [length for _, length in found.depths] == [3000, 3000, 5000]
    assert sum(found.deciles()) == 3
    assert found.deciles()[9] == 2
    family = found.by_family["multi_hop"]
    assert (family.rows, family.pieces) == (2, 2)
    assert family.mean_depth == pytest.approx(sum(d for d, _ in found.depths[:2]) / 2)
    assert found.by_family["which_of_two"].mean_tokens == 5000


def test_the_deepest_place_belongs_to_the_last_tenth(tmp_path: Path) -> None:
    row = long_row(TEXT, "alpha")
    row["evidence"][0]["depth"] = 1.0
    assert statistics(write_set(tmp_path, [row])).deciles() == [0] * 9 + [1]


def test_the_first_rows_of_each_task_are_kept_by_number(tmp_path: Path) -> None:
    rows = [long_row(f"{n} {TEXT}", task="ab"[n % 2]) for n in range(3 * SAMPLES)]
    folder = write_set(tmp_path, rows, row_group=7)
    found = statistics(folder)
    assert found.first == {
        "a": list(range(0, 2 * SAMPLES, 2)),
        "b": list(range(1, 2 * SAMPLES, 2)),
    }
    numbers = [20, 3, 7, 6]
    assert dict(rows_numbered(folder, numbers)) == {number: rows[number] for number in numbers}


def test_figures_need_no_column_of_texts(folder: Path) -> None:
    before = statistics(folder)
    (file,) = (folder / "data").glob("*.parquet")
    texts = ["instruction", "input", "output", "question"]
    pq.write_table(pq.read_table(file).drop_columns(texts), file)
    assert statistics(folder) == before


def test_a_folder_without_rows_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no data set in"):
        statistics(tmp_path)
