from __future__ import annotations

from longalpaca_data.generate.extractive.families.locate_section import find

ENGLISH = """
# Chapter 1. The Mill

Old weavers from the valley remember how the great wheel sounded in the winter of the ice.

It was never repaired, and in the end they sold the iron to a dealer from the nearest market town.

# Chapter 2. The Ferry

Children crossed the river each morning with their slates wrapped in oilcloth against rain.

Nobody in the village had ever thought of building a bridge where the ferry had always been enough.

# Notes

Every evening the ferryman counted his coins twice and entered the sum in a little green notebook.

# Notes

Every spring the miller's wife painted the shutters blue because her mother had painted them blue.
"""

CHINESE = """
# 第一章 旧渡口

孩子们每天清晨都要坐渡船过河，书包外面裹着一层油布。

# 第二章 磨坊

老磨坊的水轮在发大水的那个冬天断成了两截，再也没有修好。
"""


def located(reading) -> dict[str, str]:
    return {f.slots["quote"]: f.slots["section"] for f in find((reading,))}


def test_says_under_which_heading_a_sentence_stands(read) -> None:
    found = located(read(ENGLISH))
    assert found == {
        "“Old weavers from the valley remember how the great wheel sounded in the winter of"
        " the ice.”": "Chapter 1, “The Mill”",
        "“Children crossed the river each morning with their slates wrapped in oilcloth against"
        " rain.”": "Chapter 2, “The Ferry”",
    }


def test_headings_that_stand_twice_and_pronouns_are_left_out(read) -> None:
    text = " ".join(located(read(ENGLISH)))
    assert "coins" not in text
    assert "shutters" not in text
    assert "It was never" not in text
    assert "Nobody in the village" not in text  # it says "ferry", as its heading does


def test_one_heading_is_no_question(read) -> None:
    assert located(read(ENGLISH.partition("# Chapter 2")[0])) == {}


def test_chinese(read) -> None:
    reading = read(CHINESE, "zh")
    assert (
        located(reading)["“孩子们每天清晨都要坐渡船过河，书包外面裹着一层油布。”"]
        == "第一章“旧渡口”"
    )
    assert {f.slots["unit"] for f in find((reading,))} == {"章"}


def test_a_line_that_looks_like_another_heading_makes_it_doubtful(read) -> None:
    text = ENGLISH.replace("Children crossed", "Taxes upon the Rent of Houses.\n\nChildren crossed")
    assert set(located(read(text)).values()) == {"Chapter 1, “The Mill”"}


def test_an_exercise_is_no_section(read) -> None:
    text = ENGLISH.replace("# Chapter 2. The Ferry", "## 4) Ellipse Regression")
    assert "Children crossed" not in " ".join(located(read(text)))
