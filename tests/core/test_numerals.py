"""Numbers in four ways of writing."""

from __future__ import annotations

import pytest

from longalpaca_data.core import numerals


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("０７", 7),
        ("xii", 12),
        ("XLII", 42),
        ("Ⅻ", 12),
        ("IIII", None),
        ("One", 1),
        ("TWENTY-ONE", 21),
        ("Thirty four", 34),
        ("the tenth", 10),
        ("twentieth", 20),
        ("forty-second", 42),
        ("one hundred and one", 101),
        ("two hundred twenty-five", 225),
        ("一", 1),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("廿一", 21),
        ("卅", 30),
        ("百廿", 120),
        ("一一九", 119),
        ("一二○", 120),
        ("一二〇", 120),
        ("第", None),
        ("一百二十", 120),
        ("一百零一", 101),
        ("一百二", 120),
        ("兩千零五", 2005),
        ("一万二千", 12_000),
        ("壹佰贰拾叁", 123),
        ("walrus", None),
        ("", None),
    ],
)
def test_one_reader_of_numbers(text: str, number: int | None) -> None:
    assert numerals.value(text) == number


def test_every_roman_numeral_and_english_number_is_read_back() -> None:
    tens = ["", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC"]
    ones = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"]
    for number in range(1, 100):
        assert numerals.roman(tens[number // 10] + ones[number % 10]) == number
    for word, number in numerals.ENGLISH_WORDS.items():
        assert numerals.english(word) == number


def test_chinese_numbers_count_up() -> None:
    digits = "零一二三四五六七八九"
    for number in range(1, 1000):
        hundreds, rest = divmod(number, 100)
        tens, one = divmod(rest, 10)
        text = f"{digits[hundreds]}百" if hundreds else ""
        if tens:
            text += f"{digits[tens]}十"
        elif hundreds and one:
            text += "零"
        text += digits[one] if one else ""
        assert numerals.chinese(text) == number
        assert numerals.chinese("".join(digits[int(c)] for c in str(number))) == number
