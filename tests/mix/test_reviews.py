"""What a person decided about rows outlives a kill at any byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.mix.reviews import REVIEWS, append_review, read_reviews


def test_later_lines_win_key_by_key(tmp_path: Path) -> None:
    append_review(tmp_path, {"id": "a", "decision": "reject"})
    append_review(tmp_path, {"id": "a", "note": "dull"})
    append_review(tmp_path, {"id": "b", "question": "Which?", "decision": "accept"})
    append_review(tmp_path, {"id": "b", "question": None})
    found = read_reviews(tmp_path)
    assert (found["a"].decision, found["a"].note) == ("reject", "dull")
    assert found["b"].decision == "accept"
    assert not found["b"].edited


@pytest.mark.parametrize("kept", range(0, 60, 3))
def test_a_torn_last_line_costs_only_itself(tmp_path: Path, kept: int) -> None:
    append_review(tmp_path, {"id": "a", "decision": "accept"})
    whole = (tmp_path / REVIEWS).read_bytes()
    append_review(tmp_path, {"id": "b", "note": "二", "decision": "reject"})
    torn = (tmp_path / REVIEWS).read_bytes()[: len(whole) + kept]
    (tmp_path / REVIEWS).write_bytes(torn)
    assert read_reviews(tmp_path)["a"].decision == "accept"
    append_review(tmp_path, {"id": "c", "decision": "accept"})
    assert read_reviews(tmp_path)["c"].decision == "accept"


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    (tmp_path / REVIEWS).write_text('{"id": "a"}\n{"id": 3}\n{"id": "b"}\n')
    with pytest.raises(DatasetError, match="line 2: not a review"):
        read_reviews(tmp_path)
