from __future__ import annotations

from longalpaca_data.generate.extractive.families.stated_reason import find
from longalpaca_data.generate.extractive.question_templates import templates


def found(reading) -> dict[str, str]:
    return {f.slots["claim"]: f.slots["reason"] for f in find((reading,))}


def test_finds_a_claim_and_its_reason(read) -> None:
    text = "The request was put off to the next budget, because the hall had to be finished first."
    assert found(read(text)) == {
        "The request was put off to the next budget": "the hall had to be finished first"
    }


def test_doubtful_reasons_are_left_out(read) -> None:
    for text in (
        "It was put off to the next budget because the hall had to be finished first.",  # it?
        "The mill was not closed because the miller was old, whatever people say.",  # so was it?
        "The harbour was closed for a month because of the heavy ice outside.",
        "The harbour was closed because ice lay outside and because nobody could pay.",
        "The harbour was closed to all ships that winter perhaps because ice lay outside it.",
    ):
        assert not found(read(text)), text


def test_a_sentence_that_stands_twice_is_left_out(read) -> None:
    text = "The mill was sold in the spring because the miller had no children at all."
    assert found(read(text))
    assert not found(read(text + "\n\n" + text))


def test_chinese(read) -> None:
    text = "因为河水在冬天结了很厚的冰，所以码头停工了三个月。因为下雨，所以他没有来。"
    assert found(read(text, "zh")) == {"码头停工了三个月": "河水在冬天结了很厚的冰"}


def test_the_claim_is_a_main_clause_and_nothing_of_it_follows_the_reason(read) -> None:
    for text in (
        "Called during the upgrade that failed after unpacking because the action failed badly.",
        "Removing a symbol from the symbols file because it is no longer provided breaks the mill.",
        "Ugliness that had once been hateful to him because it made things real, became dear.",
        "The ducats fall to the bank more often, because a higher rent, or one half per cent.",
    ):
        assert not found(read(text)), text


def test_speech_and_opinions_are_left_out(read) -> None:
    for text in (
        "‘Oh, confound you!’ said the miller to his guest, because the candle was not steady.",
        "The miller thought that the harbour was closed because the ice lay outside the wall.",
    ):
        assert not found(read(text)), text


def test_a_relative_clause_does_not_make_the_main_clause(read) -> None:
    text = (
        "Many of the cases where salt should be used were handled otherwise "
        "because salt was very dear."
    )
    assert found(read(text))


def test_every_answer_isolates_the_reason() -> None:
    for groups in templates("stated_reason").values():
        answers = groups["default"].answers
        assert all("{reason}" in answer and "{sentence}" not in answer for answer in answers)
