from __future__ import annotations

from longalpaca_data.generators.extractive.families.event_of_year import find

TEXT = """
In 1778, the ship Amelia rounded Cape Horn with a full cargo of oil.

In 1801, he came back to the island and built a second lighthouse there.

In May 1815, the town council bought the old mill from the miller’s widow.

Nobody forgot what was said in 1815 about the council.

The library has kept every ledger of the harbour since 1824, and some of them are still read.
"""


def found(reading):
    return list(find((reading,)))


def test_finds_what_happened_and_when(read) -> None:
    findings = found(read(TEXT))
    events = {f.slots["date"] for f in findings if f.wording == "event"}
    gaps = {f.slots["year"]: f.slots["blank"] for f in findings if f.wording == "gap"}
    assert events == {"in 1778"}  # "he" is nobody, and 1815 is named twice
    assert gaps["1824"].startswith("The library has kept every ledger of the harbour since ____,")


def test_chinese_dates_and_reigns(read) -> None:
    text = (
        "1993年5月，镇上的图书馆搬进了老粮仓。1997年，他又离开了那座小城。"
        "嘉靖九年八月初二日，縣里的老塔倒了一半。"
    )
    dates = [f.slots["date"] for f in found(read(text, "zh"))]
    assert dates == ["1993年5月", "嘉靖九年"]
