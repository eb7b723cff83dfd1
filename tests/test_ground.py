"""Grounding: evidence is verbatim at its offsets, or its row goes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from longalpaca_data.documents import Documents, write_documents
from longalpaca_data.ground import ground_stage
from longalpaca_data.records import Evidence, Example
from longalpaca_data.stage import Outcome, perform
from tests.conftest import make_document, make_window

TEXT = "Alpha beta gamma.\n\nDelta epsilon\nzeta. Alpha again."
DOCUMENT = make_document(TEXT)


def example(*evidence: Evidence) -> Example:
    return Example("id", make_window(DOCUMENT), "f", "t", "en", "q", "a", evidence, "g")


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    write_documents(tmp_path, [DOCUMENT])
    return Documents(tmp_path)


def ground(documents: Documents, one: Example) -> Outcome[Example]:
    return perform(ground_stage(documents), [one], 1, None)


def test_right_offsets_stay(documents: Documents) -> None:
    one = example(Evidence("beta", 0, 6, 10))
    assert ground(documents, one).outputs == (one,)


@pytest.mark.parametrize(
    ("quote", "found"),
    [("beta", (6, 10)), ("Delta epsilon zeta.", (19, 38)), ("Alpha again.", (39, 51))],
)
def test_missing_offsets_are_found(
    documents: Documents, quote: str, found: tuple[int, int]
) -> None:
    (out,) = ground(documents, example(Evidence(quote, 0))).outputs
    place = out.evidence[0]
    assert (place.start, place.end) == found
    assert TEXT[place.start : place.end] == place.quote


def test_wrong_offsets_are_mended_from_the_quote(documents: Documents) -> None:
    (out,) = ground(documents, example(Evidence("beta", 0, 0, 4))).outputs
    assert out.evidence[0] == Evidence("beta", 0, 6, 10)


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        ((Evidence("not there", 0),), "evidence not in the material"),
        ((Evidence("", 0, 3, 3),), "evidence not in the material"),
        ((Evidence("beta", 0, 6, 10), Evidence("omega", 0)), "evidence not in the material"),
        ((), "no evidence"),
    ],
)
def test_what_is_not_there_drops_the_row(
    documents: Documents, evidence: tuple[Evidence, ...], reason: str
) -> None:
    outcome = ground(documents, example(*evidence))
    assert not outcome.outputs
    assert [drop.reason for drop in outcome.drops] == [reason]


def test_evidence_outside_the_window_is_no_evidence(documents: Documents) -> None:
    one = example(Evidence("beta", 0, 6, 10))
    part = replace(one.window.parts[0], start=19)
    cut = replace(one, window=replace(one.window, parts=(part,)))
    assert [drop.reason for drop in ground(documents, cut).drops] == [
        "evidence not in the material"
    ]
