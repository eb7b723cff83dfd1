from __future__ import annotations

from longalpaca_data.generate.extractive.families.term_definition import find

TEXT = """
# Terms

The term “tally stick” refers to a piece of wood in which a debt was recorded with notches.

A ledger is a book that holds the accounts of a whole business in one place.

Service survival, defined as being kept by the household and in working order, was high.

This is a method that nobody in the office could explain to the auditors.

The outcome is a plan that we have talked about since the winter.

# Parts

Policy engine (PE): This component decides whether a request is granted or refused.

Policy administrator (PA): This component opens and closes the way to the resource.
"""


def found(reading) -> dict[str, str]:
    return {f.slots["term"]: f.slots["sentence"] for f in find((reading,))}


def test_finds_defining_sentences_and_glossary_entries(read) -> None:
    terms = found(read(TEXT, kind="manual"))
    assert set(terms) == {
        "tally stick",
        "ledger",
        "Service survival",
        "Policy engine (PE)",
        "Policy administrator (PA)",
    }


def test_pronouns_and_vague_subjects_define_nothing(read) -> None:
    sentences = " ".join(found(read(TEXT, kind="manual")).values())
    assert "nobody in the office" not in sentences
    assert "since the winter" not in sentences


def test_a_term_that_is_defined_twice_is_not_asked_for(read) -> None:
    again = "The term “tally stick” means any stick that was split in two halves as a receipt."
    assert "tally stick" not in found(read(TEXT + "\n\n" + again, kind="manual"))


def test_a_novel_defines_only_what_it_says_it_defines(read) -> None:
    text = (
        "A captain is a man who never sleeps while others do.\n\n"
        "Starbuck means mischief for all of us tonight."
    )
    assert not found(read(text))
    assert found(read(text, kind="manual"))


def test_chinese_definitions(read) -> None:
    grey = "所谓灰名单，是指服务器先暂时拒绝陌生来信、稍后才接收的做法。"
    text = f"{grey}\n\n这是指另外一种情况，与本章无关。"
    assert found(read(text, "zh")) == {"灰名单": grey}


def test_terms_are_noun_phrases(read) -> None:
    for text in (
        "Social Contract simply refers to “areas” of the archive and to nothing else at all.",
        "The methods package code partly refers to generics by name and partly by function.",
        "Usable is the share of full and partial repairs among those that were presented.",
        "Version 3 is a format that was introduced in the third year of the old project.",
    ):
        assert not found(read(text, kind="manual")), text


def test_a_name_is_explained_by_what_bears_it(read) -> None:
    named = "A group of statements is sometimes called a block."
    assert found(read(named, kind="manual")) == {"block": named}
    text = "The current default format is called ‘version 3’, and has been introduced in spring."
    assert not found(read(text, kind="manual"))


def test_duties_describe_nothing(read) -> None:
    text = (
        "Immigration Laws: The trustee must comply with all of the immigration laws there are.\n\n"
        "Leave Act: If required by law, the trustee must comply with the whole of this act."
    )
    assert not found(read(text, kind="manual"))


def test_a_year_is_no_term(read) -> None:
    assert not found(read("2020年是这座剧院历史上最艰难的一年。", "zh", kind="report"))
