from __future__ import annotations

from longalpaca_data.generate.extractive.families.adjacent_sentence import find

TEXT = """
# The Ferry

Children crossed the river every morning with their slates wrapped in oilcloth. Some of them sang
the whole way over and some of them were sick.

Mr. Hale waited on the landing with a bell in his hand.

The evening boat always carried the schoolmaster and his dog.

Tickets:

- one penny for a child

Farmers paid with eggs when the harvest had been poor.

# The Mill

Weavers from the valley remember how the great wheel sounded.
""".replace("\nthe whole", " the whole")


def pairs(reading) -> set[tuple[str, str, str]]:
    return {
        (f.wording, f.slots["quote"].strip("“”"), f.slots["answer"].strip("“”"))
        for f in find((reading,))
    }


def test_neighbours_in_a_paragraph_and_over_its_end(read) -> None:
    found = pairs(read(TEXT))
    children = "Children crossed the river every morning with their slates wrapped in oilcloth."
    some = "Some of them sang the whole way over and some of them were sick."
    hale = "Mr. Hale waited on the landing with a bell in his hand."
    last = "The evening boat always carried the schoolmaster and his dog."
    assert ("after_inline", children, some) in found
    assert ("before_inline", hale, some) in found
    assert any({quote, answer} == {hale, last} for _, quote, answer in found)


def test_never_across_a_heading_or_a_list(read) -> None:
    for _, quote, answer in pairs(read(TEXT)):
        both = quote + answer
        assert not ("Farmers" in both and "Weavers" in both)
        assert not ("evening boat" in both and "Farmers" in both)


def test_a_sentence_with_speech_goes_on_a_line_of_its_own(read) -> None:
    text = (
        "The ferryman put down his pole and looked at the schoolmaster for a long time.\n\n"
        "“You may cross for nothing tonight,” he said, “but the dog pays as always.”"
    )
    assert [f.wording for f in find((read(text),))] == ["after_block"]


def test_a_sentence_that_stands_twice_is_not_asked_about(read) -> None:
    line = "The evening boat always carried the schoolmaster and his dog."
    text = f"{line} Farmers paid with eggs when the harvest had been poor. {line}"
    assert pairs(read(text)) == set()
