from __future__ import annotations

from longalpaca_data.generators.extractive.families.section_mentions import find

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


def test_nested_sections_are_asked_for_by_the_nearest_heading(read) -> None:
    text = TEXT.replace("# Chapter 3. The Inn", "## The Inn")
    assert {f.wording for f in find((read(text),))} == {"nested"}


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
