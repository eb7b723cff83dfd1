from __future__ import annotations

import pytest

from longalpaca_data.core.records import Part
from longalpaca_data.generate.extractive.parsed_part import ParsedPart
from longalpaca_data.generate.extractive.question_templates import in_script, refer

PROSE = "Nobody had ever thought of building a bridge in that place."


def test_a_full_stop_inside_a_word_ends_no_sentence(read) -> None:
    text = "The target is called make no-segfault.Rout here. It still works on every machine."
    assert [s.text for s in read(text).sentences] == [
        "The target is called make no-segfault.Rout here.",
        "It still works on every machine.",
    ]


@pytest.mark.parametrize(
    ("line", "looks"),
    [
        ("Taxes upon the Rent of Houses.", True),
        ("Taxes upon the Rent of Houses", True),
        ("b. Selection and Compensation of the Audit Firm", True),
        ("The boat was late again.", False),
        ("He said nothing:", False),
    ],
)
def test_lines_that_look_like_headings(read, line: str, looks: bool) -> None:
    reading = read(f"# The Ferry\n\n{PROSE}\n\n{line}\n\n{PROSE}")
    assert bool(reading.stand_ins) is looks
    assert reading.sure_between(0, len(reading.text)) is not looks


def test_chinese_lines_that_look_like_headings(read) -> None:
    text = "# 第一章 渡口\n\n从前有一座山。\n\n旧磨坊的来历\n\n山里有一座磨坊。"
    assert len(read(text, "zh").stand_ins) == 1


def test_only_the_next_heading_shows_that_a_section_is_over(read) -> None:
    text = f"# One\n\n{PROSE}\n\n# Two\n\n{PROSE}\n\n# Three\n\n{PROSE}"
    whole = read(text)
    assert [s.title for s in whole.complete_sections] == ["One", "Two", "Three"]
    assert [s.title for s in _cut(whole, whole.text.index("Three")).complete_sections] == ["One"]


def _cut(reading: ParsedPart, end: int) -> ParsedPart:
    class Whole:
        text, language = reading.text, reading.language
        sections = reading._document_sections

    part = Part("d", "d.txt", reading.title, reading.kind, "CC0-1.0", 0, end, False)
    return ParsedPart(Whole, part)  # type: ignore[arg-type]  # only these three are read


def test_the_frame_follows_the_script_of_the_text(read) -> None:
    old = read("子路問於孔子，說他來這個國家的時候，無人為他說話。", "zh", "book", "論語")
    new = read("他来这个国家的时候，没有人为他说话。", "zh", "book", "论语")
    assert in_script("这句话是谁说的？", old) == "這句話是誰說的？"
    assert in_script("这句话是谁说的？", new) == "这句话是谁说的？"


def test_a_chinese_document_without_a_chinese_title_has_no_title(read) -> None:
    assert refer(read("他来这个国家的时候没有说话。", "zh", "book", "Lun Yu")) == "这本书"
    assert refer(read("他来这个国家的时候没有说话。", "zh", "manual", "Debian")) == "这本手册"
    assert refer(read("他来这个国家的时候没有说话。", "zh", "book", "论语")) == "《论语》"
