from __future__ import annotations

from longalpaca_data.generate.extractive.families.section_opening import find

FILLER = (
    "Every morning the children crossed with their slates wrapped in oilcloth. Some of them sang"
    " the whole way over. Farmers paid with eggs when the harvest had been poor. "
) * 4

TEXT = f"""
# Chapter 1. The Ferry

Nobody had ever thought of building a bridge in that place. {FILLER}

{FILLER} The last boat always carried the schoolmaster and his dog.

# Chapter 2. The Mill

- a list opens this chapter

{FILLER} The iron of the wheel was sold to a dealer from the market town.

# Chapter 3. The Inn

The inn had stood empty since the landlord went to sea. {FILLER}

## The Cellar

{FILLER} The wine was gone before anybody thought of counting it.
"""


def found(reading) -> set[tuple[str, str, str]]:
    return {
        (f.wording, f.slots["section"], f.slots["sentence"].strip("“”")) for f in find((reading,))
    }


def test_opening_and_closing_sentences(read) -> None:
    assert found(read(TEXT)) == {
        (
            "opens",
            "Chapter 1, “The Ferry”",
            "Nobody had ever thought of building a bridge in that place.",
        ),
        (
            "closes",
            "Chapter 1, “The Ferry”",
            "The last boat always carried the schoolmaster and his dog.",
        ),
        # Chapter 2 opens with a list: only its end is sure.
        (
            "closes",
            "Chapter 2, “The Mill”",
            "The iron of the wheel was sold to a dealer from the market town.",
        ),
        # Chapter 3 has a subsection: whose end would "its last sentence" be?
        (
            "opens",
            "Chapter 3, “The Inn”",
            "The inn had stood empty since the landlord went to sea.",
        ),
        (
            "closes",
            "the section “The Cellar”",
            "The wine was gone before anybody thought of counting it.",
        ),
    }


def test_a_short_section_has_no_opening(read) -> None:
    assert (
        found(read("# The Ferry\n\nNobody had ever thought of building a bridge there.")) == set()
    )


def test_a_section_that_ends_with_the_window_is_not_asked_for_its_end(read) -> None:
    reading = read(TEXT)
    reading.document_text += " The next chapter goes on behind the window's end."
    assert not any("Cellar" in where for how, where, _ in found(reading) if how == "closes")
