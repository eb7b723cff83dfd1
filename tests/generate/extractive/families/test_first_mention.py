from __future__ import annotations

from longalpaca_data.generate.extractive.families.first_mention import find

TEXT = (
    """
# Chapter 1. The Ferry

The old ferryman had heard of Father Ambrose long before he met him. Somebody had seen Corin near
the landing, and old Miss Lindqvist said so too.

# Chapter 2. The Mill

It was in the mill that Father Ambrose kept his books and his boots. A letter from Lindqvist lay
there, and behind the door old Miss Lindqvist found a hat. The boy asked Tamsin about the mill.

# Chapter 3. The Inn

Nobody in the inn believed that Father Ambrose would come back in the spring. Then Corin left, and
then old Miss Lindqvist left, and the corin tree fell. The landlord asked Tamsin to stay.
""".replace("\nthe landing", " the landing")
    .replace("\nthere", " there")
    .replace("\nthen", " then")
)


def found(reading) -> dict[tuple[str, str], tuple[str, str]]:
    return {
        (f.slots["name"], f.wording): (f.slots["section"], f.slots["sentence"].strip("“”"))
        for f in find((reading,))
    }


def test_first_and_last_mention_with_their_sentences(read) -> None:
    mentions = found(read(TEXT))
    assert mentions["Father Ambrose", "first"] == (
        "Chapter 1, “The Ferry”",
        "The old ferryman had heard of Father Ambrose long before he met him.",
    )
    assert mentions["Father Ambrose", "last"] == (
        "Chapter 3, “The Inn”",
        "Nobody in the inn believed that Father Ambrose would come back in the spring.",
    )
    assert mentions["Tamsin", "first"][0] == "Chapter 2, “The Mill”"


def test_a_name_with_another_spelling_is_left_out(read) -> None:
    assert not any(name == "Corin" for name, _ in found(read(TEXT)))


def test_a_shorter_form_before_the_first_mention_forbids_it(read) -> None:
    text = TEXT.replace("Somebody had", "It was Ambrose himself who told him. Somebody had")
    assert ("Father Ambrose", "first") in found(read(text))  # after the full name: no harm
    early = text.replace(
        "The old ferryman had", "They all knew Ambrose well here. The ferryman had"
    )
    assert ("Father Ambrose", "first") not in found(read(early))


def test_without_headings_there_is_no_question(read) -> None:
    assert found(read(TEXT.replace("# ", ""))) == {}


def test_an_excerpt_is_called_one(read) -> None:
    finding = next(iter(find((read(TEXT, whole=False),))))
    assert finding.slots["here"] == "in this excerpt from *The Harbour Book*"


def test_words_that_only_a_link_capitalises_are_no_names(read) -> None:
    text = TEXT.replace("asked Tamsin", "would see Details of the boat and asked Tamsin")
    assert not any(name == "Details" for name, _ in found(read(text)))


def test_a_word_that_the_document_also_writes_small_is_no_name(read) -> None:
    assert ("Tamsin", "first") in found(read(TEXT))
    assert not any(name == "Tamsin" for name, _ in found(read(TEXT + "\n\nA lot of tamsins.")))
