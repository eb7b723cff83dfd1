from __future__ import annotations

from longalpaca_data.generators.extractive.families.stated_reason import find


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
