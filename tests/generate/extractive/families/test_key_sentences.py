from __future__ import annotations

from longalpaca_data.core.recipe import GenerateSpec
from longalpaca_data.generate.extractive.families.key_sentences import FAMILY, find
from longalpaca_data.generate.extractive.generate import chosen_families

PROSE = (
    "The harbour of Osterby is kept open by a small dredger that works all through the winter. "
    "Most of the sand comes down the river when the snow melts in the hills. "
    "It settles where the current slows, just inside the harbour walls. "
    "A dredger can lift about ten barges of sand from the harbour in a week. "
    "The sand is sold to a brickworks two miles up the river. "
    "Without the dredger the harbour would close within three years. "
    "The town pays for the coal, and the brickworks pays for the crew. "
    "Neither has ever asked the other for more. "
    "Ships pay a small due for every visit to the harbour. "
    "The dues cover the repair of the harbour walls and of the dredger."
)


def test_picks_sentences_in_order_from_a_named_section(read) -> None:
    reading = read(
        f"# Keeping the harbour open\n\n{PROSE}\n\n# The mill\n\nIt stands.", kind="manual"
    )
    (finding,) = find((reading,))
    quotes = [reading.text[span.start : span.end] for span in finding.evidence]
    assert len(quotes) == 3
    assert quotes == sorted(quotes, key=reading.text.index)
    assert not any(quote.startswith(("It", "Neither", "Without the")) for quote in quotes[:1])
    assert finding.slots["section"] == "the section “Keeping the harbour open”"
    assert finding.slots["sentences"].count("\n- ") == 2


def test_stories_talk_and_short_sections_are_left_out(read) -> None:
    story = PROSE.replace("The ", "He saw that the ").replace("the town", "his town")
    assert not list(find((read(f"# One\n\n{story}"),)))
    talk = " ".join(f"“{sentence}.”" for sentence in PROSE.rstrip(".").split(". "))
    assert not list(find((read(f"# One\n\n{talk}", kind="manual"),)))
    assert not list(find((read(f"# One\n\n{PROSE[:300]}", kind="manual"),)))


def test_a_section_that_the_window_cuts_off_is_left_out(read) -> None:
    reading = read(f"# One\n\n{PROSE}", kind="manual")
    reading._document_sections = tuple(
        type(s)(s.title, s.level, s.start, s.body, s.end + 99) for s in reading._document_sections
    )
    assert not list(find((reading,)))


def test_it_writes_only_where_the_recipe_asks_for_it() -> None:
    assert not FAMILY.default
    on = {"key_sentences": True, "caption": False}
    assert "key_sentences" not in chosen_families(GenerateSpec.model_validate({}))
    chosen = chosen_families(GenerateSpec.model_validate({"families": on}))
    assert "key_sentences" in chosen
    assert "caption" not in chosen
    assert "multi_hop" in chosen


def test_pointers_are_no_key_sentences(read) -> None:
    words = (
        "The dues of the harbour of Osterby and the dredger are listed in Table 3 of the report."
    )
    text = PROSE.replace("Neither has ever asked the other for more.", words)
    reading = read(
        f"# Keeping the harbour open\n\n{text}\n\n# The mill\n\nIt stands.", kind="manual"
    )
    assert all(words not in finding.slots["sentences"] for finding in find((reading,)))
