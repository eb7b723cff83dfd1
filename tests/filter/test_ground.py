"""Grounding: evidence is verbatim at its offsets, or its row goes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from longalpaca_data.core.records import ANY_PART, Evidence, Example
from longalpaca_data.filter.ground import ground_stage
from longalpaca_data.pipeline.stage import Outcome, perform
from longalpaca_data.windows.documents import Documents, write_documents
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
        ((Evidence("b e t a", ANY_PART), Evidence("omega", 0)), "evidence not in the material"),
        ((), "no evidence"),
    ],
)
def test_what_is_not_there_drops_the_row(
    documents: Documents, evidence: tuple[Evidence, ...], reason: str
) -> None:
    outcome = ground(documents, example(*evidence))
    assert not outcome.outputs
    assert [drop.reason for drop in outcome.drops] == [reason]


def test_a_model_s_placed_quote_does_not_condemn_its_lost_one(documents: Documents) -> None:
    one = example(Evidence("beta", 0, 6, 10), Evidence("omega was never here", ANY_PART))
    (out,) = ground(documents, one).outputs
    assert out.evidence == (Evidence("beta", 0, 6, 10),)
    assert out.grounding == 0.5


def test_evidence_outside_the_window_is_no_evidence(documents: Documents) -> None:
    one = example(Evidence("beta", 0, 6, 10))
    part = replace(one.window.parts[0], start=19)
    cut = replace(one, window=replace(one.window, parts=(part,)))
    assert [drop.reason for drop in ground(documents, cut).drops] == [
        "evidence not in the material"
    ]


STORY = (
    "“Who’s there?” asked the warden — twice, and louder the second time, while the wind rose.\n\n"
    "Nobody answered him for a long while, and the lamp went out before the seventh bell was rung."
)
OTHER = "Another tale altogether, in which a ferry crosses the river at night without a light."
ZH = "守灯人问：“谁在那里？”没有人回答他，\n灯在第七声钟响之前熄灭了。"


@pytest.fixture
def several(tmp_path: Path) -> tuple[Documents, Example]:
    parts = [make_document(text, title=text[:5]) for text in (STORY, OTHER, ZH)]
    write_documents(tmp_path, iter(parts))
    one = Example("id", make_window(*parts), "f", "t", "en", "q", "a", (), "g")
    return Documents(tmp_path), one


@pytest.mark.parametrize(
    ("quote", "part", "grounding"),
    [
        ("a ferry crosses the river", 1, 1.0),
        ('"Who\'s there?" asked the warden - twice,', 0, 1.0),
        ("who's there", 0, 1.0),
        ("while the wind rose. Nobody answered him", 0, 1.0),
        ("守灯人问:“谁在那里?”没有人回答他,灯在", 2, 1.0),
        ("a ferry crossed the wide river at night without any light", 1, 0.0),
        ("the lamp went out before the eighth bell was rung", 0, 0.0),
    ],
)
def test_a_quote_of_unknown_part_is_found(
    several: tuple[Documents, Example], quote: str, part: int, grounding: float
) -> None:
    documents, one = several
    outcome = ground(documents, replace(one, evidence=(Evidence(quote, ANY_PART),)))
    (found,) = outcome.outputs
    (evidence,) = found.evidence
    assert (evidence.part, found.grounding) == (part, grounding)
    text = documents[one.window.parts[part].document_id].text
    assert text[evidence.start : evidence.end] == evidence.quote
    assert outcome.counts.get("quotes changed", 0) == (grounding == 0.0)


def test_lost_quotes_count_against_the_row(several: tuple[Documents, Example]) -> None:
    documents, one = several
    quotes = ("a ferry crosses the river", "lost altogether, and never seen by anyone here", "bell")
    outcome = ground(documents, replace(one, evidence=tuple(Evidence(q, ANY_PART) for q in quotes)))
    (found,) = outcome.outputs
    assert found.grounding == pytest.approx(2 / 3, abs=1e-4)
    assert [e.quote for e in found.evidence] == ["a ferry crosses the river", "bell"]
    assert outcome.counts["quotes not found"] == 1


def test_a_row_without_a_single_true_quote_goes(several: tuple[Documents, Example]) -> None:
    documents, one = several
    lost = Evidence("lost altogether, and never seen by anyone here", ANY_PART)
    outcome = ground(documents, replace(one, evidence=(lost,)))
    assert not outcome.outputs
    assert [drop.reason for drop in outcome.drops] == ["evidence not in the material"]
