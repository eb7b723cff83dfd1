from __future__ import annotations

from longalpaca_data.generate.extractive.families.mentions_in_order import find

FILLER = (
    "\n\n".join(
        f"On the {day} day of the voyage the wind was fair and the crew mended their nets."
        for day in ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
    )
    + "\n\n"
)
FIRST = "The boy had never heard of Lindqvist before the storm came."
SECOND = "A letter for Lindqvist lay on the table in the captain's cabin."
THIRD = "On the last morning they saw Lindqvist standing on the pier."


def text(*extra: str) -> str:
    filler = FILLER * 4
    return "\n\n".join([FIRST, filler, SECOND, filler, THIRD, *extra])


def lists(reading) -> dict[str, str]:
    return {f.slots["name"]: f.slots["list"] for f in find((reading,))}


def test_quotes_every_sentence_in_order(read) -> None:
    reading = read(text())
    assert lists(reading)["Lindqvist"] == f"1. “{FIRST}”\n2. “{SECOND}”\n3. “{THIRD}”"
    finding = next(f for f in find((reading,)) if f.slots["name"] == "Lindqvist")
    assert [reading.text[s.start : s.end] for s in finding.evidence] == [FIRST, SECOND, THIRD]


def test_one_mention_in_a_list_or_heading_spoils_it(read) -> None:
    assert "Lindqvist" not in lists(read(text("- Lindqvist, passenger")))
    assert "Lindqvist" not in lists(read(text("# Lindqvist", "The pier was empty.")))


def test_plural_and_lower_case_forms_spoil_it(read) -> None:
    assert "Lindqvist" not in lists(read(text("All the Lindqvists had red hair in those days.")))


def test_near_mentions_need_no_long_context(read) -> None:
    near = "\n\n".join([FILLER * 8, FIRST, SECOND, THIRD])
    assert "Lindqvist" not in lists(read(near))


def test_nouns_are_asked_for_as_words(read) -> None:
    words = (
        "Nothing but solitude awaited him there, and some confidence in his own hands.",
        "They say that confidence is a kind of lantern which one carries in the dark.",
        "After that night he had no confidence in lanterns or in captains.",
    )
    filler = FILLER * 4
    reading = read("\n\n".join([words[0], filler, words[1], filler, words[2]]))
    assert [(f.slots["name"], f.wording) for f in find((reading,))] == [("confidence", "word")]
