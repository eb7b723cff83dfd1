"""Holding rows out: whole documents, whatever shares them, about as many as were asked for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.train.data.holdout import (
    HoldOut,
    documents_of_row,
    has_validation,
    held_out_rows,
)
from longalpaca_data.train.data.rows import Row, read_rows
from tests.train.runs import row, write_dataset


def made_of(*documents, instruction="Open.\nText.\nEnd.\nWho?"):
    return Row(instruction, "", "x", "", (), (), documents, "")


def families(rows):
    """The sets of documents that rows join, by the definition."""
    found = []
    for names in (set(documents_of_row(r)) for r in rows):
        touched = [family for family in found if family & names]
        found = [family for family in found if family not in touched]
        found.append(names.union(*touched))
    return found


@given(
    st.lists(st.lists(st.integers(0, 12), max_size=3), min_size=1, max_size=60),
    st.floats(0.01, 0.5),
    st.integers(0, 5),
)
def test_no_document_is_on_both_sides(documents, share, seed):
    rows = [made_of(*map(str, names)) for names in documents]
    candidates = [r for r in rows if r.documents] or rows
    if len(families(candidates)) < 2:
        with pytest.raises(DatasetError, match="come from one document"):
            held_out_rows(rows, share, seed)
        return
    held = held_out_rows(rows, share, seed)
    assert held
    assert len(held) < len(rows)
    sides = [{name for i, r in enumerate(rows) if (i in held) == side for name in r.documents}
             for side in (True, False)]  # fmt: skip
    assert not sides[0] & sides[1]
    if any(documents):  # short samples are trained on
        assert all(rows[i].documents for i in held)
    assert held == held_out_rows(rows, share, seed)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3])
def test_the_share_is_about_what_was_asked_for(share):
    rows = [made_of(str(i // 5)) for i in range(1000)]
    assert len(held_out_rows(rows, share, 1)) == pytest.approx(1000 * share, abs=5)
    assert held_out_rows(rows, share, 1) != held_out_rows(rows, share, 2)


def test_a_document_of_most_rows_is_trained_on():
    rows = [made_of("big")] * 90 + [made_of("small")] * 10
    for seed in range(8):
        assert held_out_rows(rows, 0.05, seed) == frozenset(range(90, 100))


def test_rows_without_a_name_are_told_apart_by_their_material():
    same = [made_of(instruction=f"Open.\nOf Ada.\nEnd.\n{q}?") for q in ("Who", "Why")]
    other = made_of(instruction="Open.\nOf Bob.\nEnd.\nWho?")
    assert documents_of_row(same[0]) == documents_of_row(same[1]) != documents_of_row(other)
    one_line = made_of(instruction="Add 2 and 3.")
    assert documents_of_row(one_line) != documents_of_row(made_of(instruction="Add 2 and 4."))


def test_both_splits_come_from_the_train_rows(tmp_path):
    rows = [{**row(i), "file": f"{i % 5}.txt"} for i in range(20)]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    hold_out = HoldOut(0.2, 7)
    parts = {s: list(hold_out.rows(tmp_path / "rows.json", s)) for s in ("train", "validation")}
    assert (len(parts["train"]), len(parts["validation"])) == (16, 4)
    everything = sorted(r.instruction for part in parts.values() for r in part)
    assert everything == sorted(r.instruction for r in read_rows(tmp_path / "rows.json"))


def test_a_validation_split_is_seen_where_it_has_rows(tmp_path):
    assert has_validation(write_dataset(tmp_path / "a"))
    assert not has_validation(write_dataset(tmp_path / "b", held_out=0))
    assert not has_validation("owner/name-on-the-hub")
