"""Characters are mended, Chinese is left alone, and cleaning twice changes nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longalpaca_data.clean.unicode import clean_code, clean_text

CHINESE_MARKS = "，。：；？！“”‘’「」『』（）《》、…—　"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("e\ufb03cient \ufb02ow", "efficient flow"),
        ("cafe\u0301", "café"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("a\u00a0b\u2009c   d ", "a b c d"),
        ("itâ€™s mojibake", "it’s mojibake"),
        ("bell\x07 and null\x00", "bell and null"),
        ("lone \ud83d half", "lone \ufffd half"),
        ("ware\u00ad\nhouse and ware¬\n house", "warehouse and warehouse"),
        ("a ¬ b", "a ¬ b"),
        ("👩\u200d🚀 and 🏳\ufe0f\u200d🌈", "👩\u200d🚀 and 🏳\ufe0f\u200d🌈"),
        ("نمی\u200cخواهم", "نمی\u200cخواهم"),
        ("क\u094d\u200dष", "क\u094d\u200dष"),
        ("plain\u200d words\u200c and 中\u200d文", "plain words and 中文"),
        ("“quotes” stay", "“quotes” stay"),
        ("ＡＢＣ　１２３", "ＡＢＣ　１２３"),
        ("子曰：「學而時習之，不亦說乎？」", "子曰：「學而時習之，不亦說乎？」"),
        ("one\n\n\n\ntwo  \n three", "one\n\ntwo\nthree"),
    ],
)
def test_characters(before: str, after: str) -> None:
    assert clean_text(before) == after


def test_fewer_blanks_may_bring_mojibake_together() -> None:
    once = clean_text("à  Â\x80")
    assert clean_text(once) == once


def test_code_keeps_its_indentation() -> None:
    assert clean_code("def f():\n\treturn\u00a01  \n") == "def f():\n    return 1"


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters(), max_size=60)
    | st.text(st.sampled_from("Ã©â€™\u0301e\ufb01\u200d \n\u3000，"), max_size=20)
)
def test_cleaning_is_idempotent(text: str) -> None:
    for clean in (clean_text, clean_code):
        once = clean(text)
        assert clean(once) == once
        assert unicodedata.is_normalized("NFC", once)
        once.encode()  # no lone surrogates


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from(CHINESE_MARKS.replace("　", "") + "天地玄黃宇宙洪荒"), max_size=60))
def test_chinese_punctuation_never_changes(text: str) -> None:
    assert clean_text(text) == text
