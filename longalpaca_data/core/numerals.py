"""Numbers as people write them: 12, XII, twelve, 十二, 一二○, 廿. One reader for all of them."""

from __future__ import annotations

import re
import unicodedata

ROMAN = r"(?=[IVXLCDMivxlcdm])M{0,4}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
"""A Roman numeral of up to 4,999 in capitals."""

_ONES, _TEENS, _TENS = (
    words.split()
    for words in (
        "one two three four five six seven eight nine",
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
        "twenty thirty forty fifty sixty seventy eighty ninety",
    )
)
_ORDINAL_ONES, _ORDINAL_TEENS, _ORDINAL_TENS = (
    words.split()
    for words in (
        "first second third fourth fifth sixth seventh eighth ninth",
        "tenth eleventh twelfth",
        "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth",
    )
)
_ORDINAL_TEENS += [f"{word}th" for word in _TEENS[3:]]
ENGLISH_WORDS: dict[str, int] = {
    **{word: n for words in (_ONES, _ORDINAL_ONES) for n, word in enumerate(words, 1)},
    **{word: n for words in (_TEENS, _ORDINAL_TEENS) for n, word in enumerate(words, 10)},
    **{word: 10 * n for words in (_TENS, _ORDINAL_TENS) for n, word in enumerate(words, 2)},
}
"""A cardinal or ordinal that is one word of small letters → its value."""

_UP_TO_19 = "|".join([*_TEENS, *_ORDINAL_TEENS, *_ORDINAL_ONES, *_ONES])
_UP_TO_9 = "|".join([*_ORDINAL_ONES, *_ONES])
_BELOW_100 = (
    rf"(?:(?:{'|'.join([*_ORDINAL_TENS, *_TENS])})(?:[-\s](?:{_UP_TO_9})\b)?|(?:{_UP_TO_19}))"
)
ENGLISH = (
    rf"(?:(?:(?:an?|{'|'.join(_ONES)})\s+)?hundred(?:th)?(?:\s+(?:and\s+)?{_BELOW_100})?"
    rf"|{_BELOW_100})"
)
"""A number below 1,000 in English words; to be matched without regard to case."""

CHINESE_DIGITS = "〇○零一二三四五六七八九十百千万萬两兩廿卅卌壹贰貳叁參肆伍陆陸柒捌玖拾佰仟"
"""The characters that Chinese numbers are written with; a class of a regular expression."""

CHINESE_NUMBER = rf"(?:[0-9０-９]{{1,4}}|[{CHINESE_DIGITS}]{{1,9}})"
"""A chapter's number in a Chinese text."""

_DIGITS = {
    **dict.fromkeys("〇○零", 0),
    **{digit: n for n, digit in enumerate("一二三四五六七八九", 1)},
    **{digit: n for n, digit in enumerate("壹贰叁肆伍陆柒捌玖", 1)},
    "两": 2,
    "兩": 2,
    "貳": 2,
    "參": 3,
    "陸": 6,
    **{str(n): n for n in range(10)},
}
_SCORES = {"廿": 20, "卅": 30, "卌": 40}
_POWERS = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_MYRIADS = frozenset("万萬")
_LONGEST = 40  # characters
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN = re.compile(ROMAN)
_ENGLISH = re.compile(ENGLISH)


def value(text: str) -> int | None:
    """Return the value of a number however it is written, None for what is none."""
    text = unicodedata.normalize("NFKC", text.strip())  # full-width digits, Ⅻ
    if not text or len(text) > _LONGEST:
        return None
    if text.isascii() and text.isdigit():
        return int(text)
    if text.isascii():
        spelt = english(text)
        return roman(text) if spelt is None else spelt
    return chinese(text)


def roman(text: str) -> int | None:
    """Return the value of a Roman numeral in capitals or small letters (XLII is 42)."""
    text = text.upper()
    if not _ROMAN.fullmatch(text):
        return None
    digits = [_ROMAN_VALUES[digit] for digit in text]
    following = [*digits[1:], 0]
    return sum(-a if a < b else a for a, b in zip(digits, following, strict=True))


def english(text: str) -> int | None:
    """Return the value of a number below 1,000 in words, cardinal or ordinal."""
    text = text.lower().removeprefix("the ").strip()
    if not _ENGLISH.fullmatch(text):
        return None
    total = 0
    for word in re.split(r"[-\s]+", text):
        if word.startswith("hundred"):
            total = max(total, 1) * 100
        else:
            total += ENGLISH_WORDS.get(word, 0)
    return total


def chinese(text: str) -> int | None:
    """Return the value of a Chinese number: 一百二十, 一二○, 第-numbers like 百廿一, 兩千, 1百.

    Without a sign for ten or above the digits stand in their places (一一九 is 119); a last digit
    right behind 百 or 千 counts the next lower power, as it is spoken (一百二 is 120).
    """
    if not text or not set(text) <= {*_DIGITS, *_SCORES, *_POWERS, *_MYRIADS}:
        return None
    if set(text) <= set(_DIGITS):
        return int("".join(str(_DIGITS[digit]) for digit in text))
    total = section = 0
    digit: int | None = None
    power, after_zero = 1, False
    for character in text:
        if character in _DIGITS:
            after_zero = after_zero or (digit is None and _DIGITS[character] == 0)
            digit = 10 * (digit or 0) + _DIGITS[character]
            continue
        if character in _MYRIADS:
            total += max(section + (digit or 0), 1) * 10_000
            section, power = 0, 10_000
        elif character in _SCORES:
            section += _SCORES[character]
            power = 10
        else:
            power = _POWERS[character]
            section += power * (1 if digit is None or digit == 0 else digit)
        digit, after_zero = None, False
    if digit:
        spoken = power > 10 and not after_zero and digit < 10
        section += digit * (power // 10 if spoken else 1)
    return total + section
