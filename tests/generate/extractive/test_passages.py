from __future__ import annotations

import pytest

from longalpaca_data.core.records import Section
from longalpaca_data.generate.extractive.passages import clean, single
from longalpaca_data.generate.extractive.section_names import (
    marked,
    number_of,
    quoting,
    split_title,
)


def section(title: str) -> Section:
    return Section(title, 1, 0, len(title), len(title))


@pytest.mark.parametrize(
    "text",
    [
        "and so the wheel was never repaired by anybody.",  # cut off at its beginning
        "The wheel was never repaired by anybody in the",  # cut off at its end
        "“The wheel was never repaired by anybody.",  # an open quotation mark
        "The wheel was never repaired12 by anybody in the valley.",  # a footnote mark
        "The wheel was never re- paired by anybody in the valley.",  # a line break's hyphen
        "Call wheel.turn(x) to turn the wheel for everybody in the valley.",  # code
        "The wheel with x turns and y handles was never repaired.",  # formula letters
        "The wheel was sold to the smith and to his partner, Mr.",  # cut after an abbreviation
        "Default: false, even though the warnings are justifiable.",  # an option's label
        "Can only be used while the great wheel is turning.",  # an entry without its subject
        "(The great wheel was sold to the smith in the winter.)",  # an aside
        "The name of the smallest wheel in the whole valley.",  # no verb
        "The miller was obedient to her father’s commands?’",  # the end of a quotation
        "The miller was obedient to her father's commands.'",
    ],
)
def test_broken_sentences_are_no_quotes(text: str) -> None:
    assert not clean(text, "en")


def test_whole_sentences_are() -> None:
    assert clean("Mr. Hale sold the wheel to a dealer from the nearest town.", "en")
    assert clean("老磨坊的水轮在发大水的那个冬天断成了两截。", "zh")
    assert not clean("老磨坊的 水轮在发大水的那 个冬天断成了两截。", "zh")
    assert not clean("古人云：病不拘禮。’我方才看见老磨坊的水轮断了。", "zh")
    assert not clean("說道：“老磨坊的水轮断成了两截。", "zh")


def test_several_sentences_in_one_speech_are_not_single() -> None:
    assert not single("“Sit down. The boat is late,” he said.", "en")
    assert single("“Is the boat late?” asked Mr. Hale.", "en")
    assert not single("林晓道：“请坐。船还没有来。”", "zh")


def test_nested_marks_choose_another_form() -> None:
    assert marked("He went.", "en") == "“He went.”"
    assert marked("“He went,” she said.", "en") is None
    assert marked("“He went.”", "en") == "“He went.”"
    assert marked("他说：“走吧。”", "zh") == "「他说：“走吧。”」"
    assert quoting({"a": "He went.", "b": "“So,” she said."}, "en")[1] == "block"


@pytest.mark.parametrize(
    ("title", "label", "words", "number"),
    [
        ("CHAPTER 12. The Ferry.", "CHAPTER 12", "The Ferry", 12),
        ("Chapter IV", "Chapter IV", "", 4),
        ("XIX", "XIX", "", 19),
        ("3.2.4 Sandboxing", "3.2.4", "Sandboxing", 4),
        ("2 2 Objects", "2", "Objects", 2),
        ("第二十一回 渡口送别", "第二十一回", "渡口送别", 21),
        ("第 11 章 网络服务", "第 11 章", "网络服务", 11),
        ("Civic Duties", "", "Civic Duties", None),
        ("第二○回 渡口送别", "第二○回", "渡口送别", 20),
        ("第一○三回 渡口送别", "第一○三回", "渡口送别", 103),
        ("CHAPTER TWELVE The Ferry", "CHAPTER TWELVE", "The Ferry", 12),
        ("D. Prohibition of Fishing", "D", "Prohibition of Fishing", 4),
        ("Appendix C: Tides", "Appendix C", "Tides", 3),
        ("CHAPTER L.", "CHAPTER L", "", 50),
        ("ARTICLE II.—Taxes upon Profit", "ARTICLE II", "Taxes upon Profit", 2),
        ("4) Ellipse Regression", "", "4) Ellipse Regression", None),
        ("The Ferry", "", "The Ferry", None),
    ],
)
def test_titles_are_split(title: str, label: str, words: str, number: int | None) -> None:
    assert split_title(section(title)) == (label, words)
    assert number_of(section(title)) == number
