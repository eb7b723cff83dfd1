from __future__ import annotations

from longalpaca_data.generate.extractive.families.section_sequence import find

BODY = "Nobody had ever thought of building a bridge in that place."
TEXT = f"""
# Chapter 1. The Ferry

{BODY}

# Chapter 2. The Mill

{BODY}

# Chapter 3. The Inn

{BODY}

## The Cellar

{BODY}

## The Kitchen

{BODY}

## The Attic

{BODY}

# Chapter 4. The Chapel

{BODY}

# Chapter 6. The Quarry

{BODY}
"""


def found(reading) -> set[tuple[str, str, str]]:
    return {
        (f.wording, f.slots["given"], f.slots["answer"])
        for f in find((reading,))
        if f.wording != "list"
    }


def test_neighbours_are_asked_for_by_their_words(read) -> None:
    assert found(read(TEXT)) == {
        ("before", "The Mill", "Chapter 1, “The Ferry”"),
        ("between", "The Ferry", "Chapter 2, “The Mill”"),
        ("after", "The Mill", "Chapter 3, “The Inn”"),
        # nothing before "The Chapel": the Attic, or the Inn? Nothing after it: 5 is missing.
        ("before", "The Kitchen", "the section “The Cellar”"),
        ("between", "The Cellar", "the section “The Kitchen”"),
        ("after", "The Kitchen", "the section “The Attic”"),
    }


def test_lists_the_subsections_of_a_whole_section(read) -> None:
    lists = [f for f in find((read(TEXT),)) if f.wording == "list"]
    assert [f.slots["section"] for f in lists] == ["Chapter 3, “The Inn”"]
    assert lists[0].slots["list"] == "1. The Cellar\n2. The Kitchen\n3. The Attic"


def test_bare_numbers_and_equal_titles_are_no_question(read) -> None:
    bare = "\n\n".join(f"# Chapter {n}\n\n{BODY}" for n in (1, 2, 3))
    assert list(find((read(bare),))) == []
    equal = "\n\n".join(f"# {title}\n\n{BODY}" for title in ("Notes", "The Ferry", "Notes"))
    assert list(find((read(equal),))) == []


def test_chinese_numbers_are_read(read) -> None:
    text = "\n\n".join(
        f"# 第{n}回 {words}\n\n从前有一座山，山里有一座老磨坊。"
        for n, words in (("十九", "渡口送别"), ("二十", "磨坊夜话"), ("二十二", "山中访友"))
    )
    findings = list(find((read(text, "zh"),)))
    assert [(f.wording, f.slots["answer"]) for f in findings] == [("before", "第十九回“渡口送别”")]


def test_a_line_that_looks_like_a_heading_makes_an_unnumbered_order_doubtful(read) -> None:
    titles = ("The Ferry", "The Mill", "The Inn")
    plain = "\n\n".join(f"# {title}\n\n{BODY}" for title in titles)
    assert len(found(read(plain))) == 3
    gap = plain.replace("# The Inn", f"Taxes upon the Rent of Mills.\n\n{BODY}\n\n# The Inn")
    assert found(read(gap)) == set()


def test_run_together_chapter_numbers_are_no_titles(read) -> None:
    text = "\n\n".join(f"# CHAPTER{n}\n\n{BODY}" for n in ("XXVI", "XXVII", "XXVIII"))
    assert list(find((read(text),))) == []


def test_two_sections_of_one_name_are_not_asked_about(read) -> None:
    text = TEXT.replace("## The Kitchen", "## The Mill")
    for finding in find((read(text),)):
        asked = {finding.slots.get("given"), finding.slots.get("other")}
        assert not any(name and "The Mill" in name for name in asked)
