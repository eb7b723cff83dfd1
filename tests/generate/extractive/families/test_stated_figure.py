from __future__ import annotations

import pytest

from longalpaca_data.generate.extractive.families.stated_figure import find
from longalpaca_data.generate.extractive.figures import as_decimal, spelt_figures, stated_figures
from longalpaca_data.generate.extractive.question_templates import templates


def found(reading):
    return {f.slots["number"]: f for f in find((reading,))}


def test_asks_how_many_where_subject_and_noun_are_sure(read) -> None:
    finding = found(read("The sorted data set contains 369 classes."))["369"]
    assert finding.wording == "counted"
    assert finding.slots["asked"] == "How many classes does the sorted data set contain"


@pytest.mark.parametrize("word", ["selected", "resulting", "final"])
def test_a_subject_that_points_back_is_quoted_with_a_gap(read, word: str) -> None:
    """Where several models are fitted, "the selected model" is no model in particular."""
    finding = found(read(f"The {word} model has 12 components."))["12"]
    assert finding.wording == "gap"
    assert finding.slots["blank"] == f"The {word} model has ____ components."


def test_leaves_a_gap_where_they_are_not(read) -> None:
    finding = found(read("In the control arm 57 households bought a kettle after half a year."))[
        "57"
    ]
    assert finding.wording == "gap"
    assert "control arm ____ households" in finding.slots["blank"]


def test_the_per_cent_sign_belongs_to_the_figure(read) -> None:
    finding = found(read("In the second year the mill sold 42% of its flour abroad."))["42%"]
    assert "sold ____ of its flour" in finding.slots["blank"]


@pytest.mark.parametrize(
    "text",
    [
        "As Table 3 shows, the harbour was deeper than anybody had thought.",
        "The keeper left the island in 1815 and was never heard of again.",
        "They employed 41 people in the summer of the great storm.",  # who are they?
        "The library moved to version 2.4 of the catalogue in the spring.",
        "The values were 90 %, 95 % and 99 % of all those observed.",
        "This amounts to 12 barrels of oil for every man on board.",
    ],
)
def test_labels_years_and_pronouns_are_left_out(read, text: str) -> None:
    assert not found(read(text))


def test_sentences_of_one_shape_answer_each_other(read) -> None:
    text = "The café at Osterby mended 45 kettles. The café at Osterby mended 47 kettles."
    assert not found(read(text))


def test_numbers_in_words(read) -> None:
    assert "two hundred" in found(
        read("The common whale-line measures something over two hundred fathoms.")
    )
    assert not found(read("The spear measures some eight or ten feet from end to end."))
    assert not found(read("The chips were carted off a million years ago by somebody else."))


def test_chinese_figures(read) -> None:
    text = (
        "鄭家葬過了墳，謝了老和尚十二兩銀子。城里的服务器最多只能处理 255 个字符。"
        "第12回里没有数字。"
    )
    assert set(found(read(text, "zh"))) == {"十二", "255"}
    assert not list(spelt_figures("要三四個人替他拂著紙。", "zh"))


def test_numbers_are_read_exactly() -> None:
    assert str(as_decimal("168 233")) == "168233"
    assert str(as_decimal("(1,212.50)")) == "-1212.50"
    assert as_decimal("n/a") is None
    assert not list(stated_figures("It was 1 day.", "en"))


@pytest.mark.parametrize(
    "text",
    [
        "The students in component 2 write on average several long articles.",
        "Patients of group 3 were seen by the same doctor as all of the others.",
        "Errors of type 2 cost the harbour more than all of the storms together.",
        "The capital was augmented to three millions two hundred thousand pounds in all.",
        "The cask held eighty-one pounds and a quarter when it was weighed again.",
        "The miller owed forty pounds to the bank, and said that I never will!’",
    ],
)
def test_labels_pieces_of_numbers_and_stray_quotes_are_left_out(read, text: str) -> None:
    assert not found(read(text))


def test_a_sentence_cut_at_an_abbreviation_is_left_out(read) -> None:
    whole = "The king paid them forty shillings and reduced the old rate to four per cent."
    assert found(read(f"{whole} The bank was closed."))
    assert not found(read(f"{whole} money went on being lent."))


def test_a_sentence_cut_by_a_page_break_is_left_out(read) -> None:
    text = "PDF into individual pages, and feed 40 papers to the reader of the library."
    assert found(read(f"We split them.\n\n{text}"))
    assert not found(read(f"We split each\n\n{text}"))


def test_every_answer_states_the_figure() -> None:
    for groups in templates("stated_figure").values():
        assert all("{number}" in answer for group in groups.values() for answer in group.answers)


def test_verse_has_no_figures(read) -> None:
    assert not found(read("鐘聲遠送三千里，經韻輕飛萬壑高。鐘聲又過十二兩，經韻輕飛萬壑高。", "zh"))
