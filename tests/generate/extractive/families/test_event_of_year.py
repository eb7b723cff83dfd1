from __future__ import annotations

from longalpaca_data.generate.extractive.families.event_of_year import find

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


def test_a_number_without_a_date_is_no_year(read) -> None:
    for text in (
        "The disk space is given as the installed size in bytes, divided by 1024 and rounded up.",
        "The harbour keeps its records in 1024 bytes and the mill has lost all of its own.",
        "The keeper counted a total of 1500 and was asked to count all of them again.",
    ):
        assert not found(read(text)), text
    assert found(read("The regulations of 1773 did not put an end to the disorder in the harbour."))


def test_states_and_unnamed_actors_are_no_events(read) -> None:
    for text in (
        "In 1614, the pay of a foot soldier was the same as in the present times.",
        "In 1743, the company advanced another million to the government of the day.",
    ):
        assert not found(read(text)), text


def test_a_sentence_is_not_cut_at_an_abbreviation(read) -> None:
    text = "The edict of 1766 reduced the rate of interest from five to four per cent."
    assert found(read(text))
    assert not found(read(f"{text} money was lent all the same."))
    assert not found(read("Notwithstanding the edict of 1766 about the rate of four per cent."))


def test_a_chinese_year_is_a_date(read) -> None:
    assert not found(read("2019年度报告由理事会在春天通过并印发。", "zh"))
    assert not found(read("2019年是剧院历史上最艰难的一段日子。", "zh"))
