from __future__ import annotations

from longalpaca_data.generate.extractive.families.section_mentions import find

TEXT = """
# Chapter 1. The Ferry

The old ferryman had heard of Tamsin long before he met her. The boy knew Corin and Zebulon.

# Chapter 2. The Mill

Nobody spoke in the mill, except that Corin asked for Mrs. Holloway now and then.

# Chapter 3. The Inn

Nobody in the inn believed that Tamsin would come back, but Holloway did, and Mrs. Holloway too.

# Chapter 4. Zebulon

The end of it was that Zebulon sold the boat, and that Mrs. Holloway bought it.
"""


def found(reading) -> dict[str, str]:
    return {f.slots["name"]: f.slots["sections"] for f in find((reading,))}


def test_lists_every_chapter_that_mentions_a_name(read) -> None:
    assert found(read(TEXT)) == {
        "Tamsin": "Chapter 1, “The Ferry” and Chapter 3, “The Inn”",
        "Corin": "Chapter 1, “The Ferry” and Chapter 2, “The Mill”",
    }


def test_names_in_headings_and_short_forms_are_left_out(read) -> None:
    names = found(read(TEXT))
    assert "Zebulon" not in names  # the heading mentions him too
    assert "Mrs. Holloway" not in names  # is "Holloway" a mention of her?


def test_a_mention_before_the_first_heading_makes_the_list_doubtful(read) -> None:
    assert "Tamsin" not in found(read("Here begins the tale that Tamsin told us.\n\n" + TEXT))


def test_subsections_count_as_part_of_their_chapter(read) -> None:
    text = TEXT.replace("and Zebulon.", "and Zebulon.\n\n## The Landing\n\nThe boy went home.")
    findings = list(find((read(text),)))
    assert {f.wording for f in findings} == {"nested"}
    assert {f.slots["sections"] for f in findings if f.slots["name"] == "Tamsin"} == {
        "Chapter 1, “The Ferry” and Chapter 3, “The Inn”"
    }


def test_sections_below_a_chapter_in_sight_are_not_asked_for(read) -> None:
    below = TEXT.replace("# Chapter 1. ", "# Chapter 1. The River\n\n## ")
    for number in (2, 3, 4):
        below = below.replace(f"# Chapter {number}. ", "## ")
    assert found(read(below)) == {}


def test_an_unnumbered_outline_must_be_complete(read) -> None:
    plain = TEXT
    for number in (1, 2, 3, 4):
        plain = plain.replace(f"Chapter {number}. ", "")
    assert "Tamsin" in found(read(plain))
    gap = plain.replace("Nobody spoke", "Taxes upon the Rent of Mills.\n\nNobody spoke")
    assert found(read(gap)) == {}


def test_plurals_beside_singulars_and_spelled_out_acronyms_are_left_out(read) -> None:
    text = TEXT.replace("Corin", "Miss Bennets").replace("Tamsin", "EOUST")
    assert "Miss Bennets" in found(read(text))
    assert "EOUST" in found(read(text))
    assert "Miss Bennets" not in found(read(text.replace("the boat", "the boat to Miss Bennet")))
    assert "EOUST" not in found(read(text.replace("the boat", "the boat of the Office (EOUST)")))


def test_chinese_terms(read) -> None:
    text = """
# 第一节 安装

管理员首先安装 Postfix 软件包，然后修改配置。

# 第二节 防火墙

防火墙需要打开相应的端口才能接收邮件。

# 第三节 维护

升级之后必须重启 Postfix 服务，否则新的配置不会生效。
"""
    assert found(read(text, "zh", "manual")) == {"Postfix": "第一节“安装”、第三节“维护”"}
