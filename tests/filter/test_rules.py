"""Each rule drops what it is for, with its reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from longalpaca_data.core.recipe import FilterSpec, MixSpec
from longalpaca_data.core.records import Evidence, Example, Sample
from longalpaca_data.export import RowWriter
from longalpaca_data.filter import rules_stage
from longalpaca_data.mix.pool import Pool
from longalpaca_data.pipeline.stage import Outcome, perform
from longalpaca_data.windows.documents import Documents, write_documents
from tests.conftest import make_document, make_window

DOCUMENT = make_document("Alpha beta gamma. " * 20 + "The end.")
GOOD = Example(
    "id",
    make_window(DOCUMENT),
    "f",
    "t",
    "en",
    "What comes after alpha?",
    "Beta comes after alpha.",
    (Evidence("Alpha", 0, 0, 5), Evidence("end", 0, 364, 367)),
    "g",
)


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    write_documents(tmp_path, [DOCUMENT])
    return Documents(tmp_path)


def judge(documents: Documents, *examples: Example) -> Outcome[Sample]:
    return perform(rules_stage(FilterSpec(), documents, 1), list(examples), 1, None)


def test_a_good_row_is_scored(documents: Documents) -> None:
    (sample,) = judge(documents, GOOD).outputs
    assert sample.depths == (0.0068, 0.9932)
    assert sample.scores["spread"] > 0.9
    assert sample.scores["grounding"] == 1.0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"question": "  "}, "empty"),
        ({"answer": ""}, "empty"),
        ({"answer": "."}, "empty"),
        ({"question": "why " * 1000}, "too long"),
        ({"answer": "so " * 2000}, "too long"),
        ({"question": "Who is {speaker}?"}, "template slot left"),
        ({"answer": "<p>Beta</p> comes."}, "markup"),
        ({"answer": "Beta &nbsp; comes."}, "markup"),
        ({"question": "What? <|im_start|>"}, "markup"),
        ({"answer": "之后是乙，如材料所说。"}, "wrong language"),
        ({"answer": "after alpha"}, "answer in the question"),
    ],
)
def test_a_bad_row_is_dropped(documents: Documents, change: dict[str, str], reason: str) -> None:
    outcome = judge(documents, GOOD, replace(GOOD, id="bad", **change))  # type: ignore[arg-type]
    assert [sample.id for sample in outcome.outputs] == ["id"]
    assert [drop.reason for drop in outcome.drops] == [reason]


def test_depths_are_those_of_the_row_between_whose_documents_lines_stand(tmp_path: Path) -> None:
    """Two papers are numbered: what stands in the second lies deeper than in the texts alone."""
    pair = [make_document(name * 400, title=name, kind="paper") for name in "AB"]
    write_documents(tmp_path, pair)
    stored = Documents(tmp_path)
    pieces = tuple(Evidence("B", 1, at, at + 1) for at in range(0, 400, 5))
    evidence = (Evidence("A", 0, 0, 1), *pieces)
    (sample,) = judge(
        stored, replace(GOOD, window=make_window(*pair, kind="papers"), evidence=evidence)
    ).outputs
    row = RowWriter(stored, 1, len).row(sample)
    first, last = (row["instruction"].index(name * 400) for name in "AB")
    size = last + 400 - first
    expected = [round((piece["start"] + 0.5 - first) / size, 4) for piece in row["evidence"]]
    assert [piece["depth"] for piece in row["evidence"]] == list(sample.depths) == expected
    (candidate,) = next(iter(Pool.of([sample], MixSpec(), 1).cells.values()))
    assert candidate.deciles == tuple(int(10 * depth) for depth in expected)
    assert candidate.deciles != (0, *(int(10 * (400.5 + piece.start) / 800) for piece in pieces))
