"""Bytes to text: a bad byte is replaced, and never changes what the text is taken for."""

from __future__ import annotations

import pytest

from longalpaca_data.collect.encoding import decode
from longalpaca_data.collect.sniff import sniff
from longalpaca_data.core.errors import UnreadableError

ZH = "井台边的老人把水桶放在石头上，望着远处的山。他说：“今天的雨不会停了。”\n"
ZH_HANT = "井台邊的老人把水桶放在石頭上，望著遠處的山。他說：「今天的雨不會停了。」\n"
CANTONESE = "佢哋喺屋企等緊我哋，嗰啲嘢冇乜人識，唔使驚㗎。今日落雨，我哋冇得去行街喇。\n"
EN = "The old woman set her pail upon the stone and looked at the hills far away from the well.\n"
QUOTED = "She said “naïve” twice—the café’s clerk owed £5…\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (ZH * 40, "gbk"),
        (ZH * 40 + "𠮷㐂\n", "gb18030"),
        (ZH_HANT * 40, "big5"),
        (ZH_HANT * 40, "gb18030"),
        (CANTONESE * 40, "big5hkscs"),
        (EN * 80 + "井台边的水桶\n" + EN * 80, "gbk"),
        (EN * 80 + "井台邊的水桶\n" + EN * 80, "big5"),
        (EN * 80 + QUOTED + EN * 80, "cp1252"),
        (EN * 80 + QUOTED + EN * 80, "utf-8"),
        ("L’été où nous étions à la forêt, le garçon mangeait des crêpes.\n" * 40, "cp1252"),
        ("Příliš žluťoučký kůň úpěl v tichém lese za širokou řekou.\n" * 40, "cp1250"),
        ("Мы идём домой сегодня вечером и будем читать книгу.\n" * 40, "cp1251"),
        ("Мы идём домой сегодня вечером и будем читать книгу.\n" * 40, "koi8-r"),
        ("오늘은 날씨가 좋습니다. 우리는 집에 갑니다.\n" * 40, "euc-kr"),
        ("今日はとても良い天気です。私たちは公園に行きました。\n" * 40, "cp932"),
        *((text * 40, f"utf-16-{end}") for text in (ZH, ZH_HANT, EN) for end in ("le", "be")),
    ],
)
def test_encodings_without_a_mark(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    assert sniff(data, "a.txt") == "text"
    assert decode(data) == text


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5hkscs"])
@pytest.mark.parametrize("wound", ["gone", "more", "other"])
def test_one_bad_byte_costs_a_line_at_most(encoding: str, wound: str) -> None:
    text = ZH_HANT if encoding == "big5hkscs" else ZH
    data = bytearray((text * 60).encode(encoding))
    place = len(data) // 2
    if wound == "gone":
        del data[place]
    elif wound == "more":
        data.insert(place, 0xFF)
    else:
        data[place] = 0x80
    lines = decode(bytes(data)).split("\n")
    assert sum(line == text.rstrip("\n") for line in lines) >= 58


def test_one_bad_byte_in_english_keeps_the_signs_of_utf_8() -> None:
    data = (EN * 30 + QUOTED + EN * 30).encode().replace(b"pail", b"pa\xe9l", 1)
    assert QUOTED in decode(data)
    assert decode(data).count("\ufffd") == 1


def test_a_stray_nul_is_dropped_and_many_are_binary() -> None:
    for text, encoding in ((EN, "utf-8"), (ZH, "utf-8"), (ZH, "gbk")):
        data = text.encode(encoding) * 20 + b"\0" + text.encode(encoding) * 20
        assert sniff(data, "a.txt") == "text"
        assert decode(data) == text * 40
    with pytest.raises(UnreadableError, match="binary"):
        decode(bytes(range(256)) * 20)
    with pytest.raises(UnreadableError, match="binary"):
        sniff(b"\0\1\2\0" * 20 + EN.encode(), "a.txt")
