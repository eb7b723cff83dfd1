"""Ambiguous, repeated and near-duplicate rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from longalpaca_data.core.recipe import FilterSpec
from longalpaca_data.core.records import Evidence, Example, Sample
from longalpaca_data.filter import repeats_stage
from longalpaca_data.pipeline.stage import Outcome, perform
from tests.conftest import make_document, make_window

WINDOW = make_window(make_document("Some text of it."))
OTHER = replace(WINDOW, id="other")


def sample(
    name: str, question: str, answer: str, window: object = WINDOW, at: int | None = None
) -> Sample:
    start = int(name) if at is None else at  # rows rest on passages of their own
    evidence = (Evidence("Some", 0, start, start + 4),)
    one = Example(name, WINDOW, "f", "t", "en", question, answer, evidence, "g")
    return Sample(replace(one, window=window), (0.5,), {"spread": 0.0})  # type: ignore[arg-type]


def run(*samples: Sample) -> Outcome[Sample]:
    return perform(repeats_stage(FilterSpec()), list(samples), 1, None)


def reasons(outcome: Outcome[Sample]) -> list[str]:
    return [drop.reason for drop in outcome.drops]


def test_one_question_with_two_answers_is_ambiguous() -> None:
    outcome = run(sample("1", "Who came?", "Ann came."), sample("2", "Who came ?", "Bob came."))
    assert not outcome.outputs
    assert reasons(outcome) == ["ambiguous", "ambiguous"]


def test_the_same_question_of_two_windows_may_have_two_answers() -> None:
    outcome = run(
        sample("1", "Which chapter names Ann first?", "The second chapter, named The Ferry."),
        sample("2", "Which chapter names Ann first?", "It is chapter nine: White Lead.", OTHER),
    )
    assert len(outcome.outputs) == 2


def test_a_repeated_pair_stays_once_whatever_the_order() -> None:
    rows = [sample(name, "Who came?", "Ann came.", w) for name, w in (("1", WINDOW), ("2", OTHER))]
    assert [s.id for s in run(*rows).outputs] == [s.id for s in run(*rows[::-1]).outputs]
    assert reasons(run(*rows)) == ["repeated question"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Where is it told that the old ferry sank near the quay?",) * 2,
        ("书中哪一回写到那条老渡船在码头边沉没的经过？",) * 2,
    ],
)
def test_near_duplicates(first: str, second: str) -> None:
    answer = "It is told in the chapter that is named The Old Ferry and the Quay, at its end."
    near = answer.replace("at its end", "by its end")
    outcome = run(sample("1", first, answer), sample("2", second, near, OTHER))
    assert len(outcome.outputs) == 1
    assert reasons(outcome) == ["near-duplicate row"]


def test_one_fact_is_asked_once() -> None:
    outcome = run(
        sample("1", "Who kept the lamp burning?", "The keeper did.", at=5),
        sample("2", "Whose work was it to trim the wick?", "It was the keeper's.", OTHER, at=5),
    )
    assert len(outcome.outputs) == 1
    assert reasons(outcome) == ["repeated fact"]


def test_different_rows_stay_in_their_order() -> None:
    rows = [
        sample("9", "What did the keeper carry up the stair?", "A lamp of brass."),
        sample("1", "How many pails stood in the yard?", "Four pails stood there."),
    ]
    assert [s.id for s in run(*rows).outputs] == ["9", "1"]
