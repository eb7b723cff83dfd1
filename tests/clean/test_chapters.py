"""Chinese chapters: found by their labels where the numbers count up."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longalpaca_data.clean.chapters import split_chapters, split_unindented
from longalpaca_data.clean.chunks import chunk
from tests.clean.make import cleaned, lines, titles

TEXT = "井台边的老人把水桶放在石头上，望着远处的山，想起许多年前的那个早晨。"
LINES = "\n\n".join(f"　　{TEXT * 3}" for _ in range(3))


def novel(*headings: str, gap: str = "\n\n", front: str = "") -> str:
    return front + gap.join(f"{heading}\n\n{LINES}" for heading in headings)


def found(text: str) -> list[str]:
    return [title for _, title in titles(cleaned(text))]


@pytest.mark.parametrize(
    "headings",
    [
        ["第一章 井台", "第二章 雨停了，水桶呢？", "第三章 跑！快跑；别回头", "第四章 山"],
        ["第一回：老人提水　小儿望山", "第二回：雨落石桥　云开古寺", "第三回：夜半钟声"],
        ["第九十九回 水", "第一百回 山", "第一百零一回 石", "第一○二回 桥", "第一〇三回 井"],
        ["第一一八回 水", "第一一九回 山", "第一二○回 石"],
        ["第十九章 水", "第廿章 山", "第廿一章 石"],
        ["第一章井台", "第二章雨停了，水桶呢", "第三章山", "第四章石桥", "第五章夜"],
        ["第1章 井台", "第2章 雨", "第3章 山"],
        ["第１章　井台", "第２章　雨", "第３章　山"],
        ["正文 第一章 井台", "正文 第二章 雨", "正文 第三章 山"],
        ["楔子", "第一章 井台", "第二章 雨", "番外 山那边", "后 记"],
        ["前　言", "第一章 井台", "第二章 雨", "尾　声"],
        ["序", "第一回 井台", "第二回 雨", "番外一：山", "番外二：石"],
        ["第一章 井台", "第二章 雨", "三章 山", "第四章 石"],
        ["第一章（上）", "第一章（下）", "第二章（上）", "第二章（下）"],
        ["第一章 井台", "第二章 雨", "第二章 山", "第四章 石"],
        ["第一节 井台", "第二节 雨", "第三节 山"],
        ["卷一 井台", "卷二 雨", "卷三 山"],
        ["【第一章】井台", "【第二章】雨", "【第三章】山"],
        ["一", "二", "三", "四"],
        ["一、井台", "二、雨", "三、山"],
        ["1、井台", "2、雨", "3、山"],
        ["一　井台", "二　雨", "三　山"],
        ["01 井台", "02 雨", "03 山"],
        ["Chapter 1 井台", "Chapter 2 雨", "Chapter 3 山"],
        ["第一章 井……", "第二章 雨……", "第三章 “山”"],
        ["序章 井", "第一章 雨", "第二章 山", "终章 石"],
        ["（一）", "（二）", "（三）"],
        ["Ⅰ", "Ⅱ", "Ⅲ"],
    ],
)
def test_every_heading_is_a_section(headings: list[str]) -> None:
    expected = [" ".join(heading.split()) for heading in headings]
    assert found(novel(*headings)) == expected
    paragraphs = "\n".join(f"　　{TEXT * 3}" for _ in range(3))
    assert found("\n".join(f"{heading}\n{paragraphs}" for heading in headings)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "第六回合开始的时候",
        "第二集团军的先头部队，已经到了河边",
        "第二节课的铃声响过很久",
        "第三章里说过的那口井",
        "第九章会讲到这座山。",
        "第一章写得最好",
        "第二部分的账，还没有算清",
        "第二回了，你怎么尝不出来",
        "“第三章写得好。”他说。",
    ],
)
@pytest.mark.parametrize("space", [" ", ""])
def test_what_does_not_count_up_is_no_heading(line: str, space: str) -> None:
    headings = [f"第{n}章{space}{t}" for n, t in zip("一二三四五六", "井雨山石桥夜", strict=True)]
    parts = novel(*headings).split("\n\n")
    for place in (6, 14, len(parts) - 1):
        text = "\n\n".join([*parts[:place], line, *parts[place:]])
        assert found(text) == [" ".join(heading.split()) for heading in headings]


def test_a_reference_within_a_wrapped_sentence_is_no_heading() -> None:
    wrapped = "　　老人又想起了他在\n第三章 里说过的那口井，\n于是他走到石桥上，望着水。"
    text = novel("第一章 井", "第二章 雨", "第三章 山", "第四章 石")
    assert len(found(text.replace("第三章 山", f"{wrapped}\n\n第三章 山"))) == 4


def test_headings_glued_to_a_paragraph() -> None:
    text = f"第一章 井\n\n{LINES}第二章 雨\n\n{LINES}\n\n第三章 山\n\n{LINES}第四章 石桥\n{LINES}"
    assert found(text) == ["第一章 井", "第二章 雨", "第三章 山", "第四章 石桥"]
    assert "早晨。\n\n第二章 雨\n\n井台" in cleaned(text).text


def test_lines_without_blank_lines_between_them() -> None:
    text = "\n".join(
        f"第{n}章 {t}\n{LINES.replace(chr(10) * 2, chr(10))}" for n, t in ("一井", "二雨", "三山")
    )
    assert found(text) == ["第一章 井", "第二章 雨", "第三章 山"]


def test_a_title_below_its_label_and_a_rule() -> None:
    text = "\n\n".join(
        [
            f"第一回\n------------\n井台提水　石桥望山\n\n{LINES}",
            f"第二回\n\n------------\n\n　　　雨落石桥　云开古寺\n\n{LINES}",
            f"第三回　夜半钟声到客船　月落乌啼霜满天　话\n说老人又走到井边，望着山。\n\n{LINES}",
        ]
    )
    assert found(text) == [
        "第一回 井台提水 石桥望山",
        "第二回 雨落石桥 云开古寺",
        "第三回 夜半钟声到客船 月落乌啼霜满天",
    ]
    assert "话说老人又走到井边，望着山" in cleaned(text).text
    assert "----" not in cleaned(text).text


def test_volumes_hold_chapters_that_begin_again() -> None:
    headings = ["第一卷 水", "第一章 井", "第二章 雨", "第二卷 山", "第一章 石", "第二章 桥"]
    assert [level for level, _ in titles(cleaned(novel(*headings)))] == [1, 2, 2, 1, 2, 2]
    assert len(found(novel(*headings))) == 6
    paragraphs = "\n".join(f"　　{TEXT * 3}" for _ in range(3))
    below = ["第一卷", "第一章", paragraphs, "第二章", paragraphs, "第二卷", "第三章", paragraphs]
    tight = cleaned("\n".join(below))
    levels = [(1, "第一卷"), (2, "第一章"), (2, "第二章"), (1, "第二卷"), (2, "第三章")]
    assert titles(tight) == levels
    assert tight.text.count("第三章") == 1


def test_a_line_that_names_volume_and_chapter_is_a_chapter() -> None:
    headings = ["第一卷 水 第一章 井", "第一卷 水 第二章 雨", "第二卷 山 第三章 石"]
    assert found(novel(*headings)) == headings


@pytest.mark.parametrize("page", ["", " 12", "　　12"])
def test_the_contents_are_no_sections(page: str) -> None:
    headings = ["第一章 井", "第二章 雨", "第三章 山", "第四章 石"]
    for front in ("目录\n\n", "", "《井台》\n\n"):
        for gap in ("\n", "\n\n"):
            contents = gap.join(f"{heading}{page}" for heading in headings)
            assert found(novel(*headings, front=f"{front}{contents}\n\n")) == headings


def test_stories_with_bare_titles() -> None:
    stories = ["井台", "雨停了", "山的那一边"]
    paragraphs = "\n".join(f"　　{TEXT * 3}" for _ in range(6))
    for text in (
        "\n\n\n".join(f"{story}\n\n{LINES}\n\n{LINES}" for story in stories),
        "\n\n".join(f"{story}\n\n{LINES}\n\n{LINES}" for story in stories),
        "\n".join(f"{story}\n{paragraphs}" for story in stories),
    ):
        assert found(text) == stories
        assert found(f"《井台集》\n\n作者：无名氏\n\n{text}") == stories


LINES_OF_NOVELS = """第一章
第二章 雨
第三章雨
　　第四章：山
正文 第五章 石
第一卷
卷二 山
第六章 桥　話說老人
第七章 桥　話
說老人又走到井边。
他走了。第八章 夜
------
　　井台边的老人。
望着远处的山
八章 夜

一
12"""


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(LINES_OF_NOVELS.split("\n")), max_size=40))
def test_cutting_at_headings_loses_nothing(texts: list[str]) -> None:
    before = chunk(lines("\n".join(texts)))
    after, groups = split_chapters(split_unindented(before))
    assert all(index < len(after) for index in groups)
    assert "".join(p.text for p in after).replace(" ", "") == "".join(
        p.text for p in before
    ).replace(" ", "")
