from __future__ import annotations

from longalpaca_data.generate.extractive.families.which_of_two import find

FIRST = """
# Methods

Every kettle was weighed on a brass balance before and after the repair.

Volunteers worked in the parish hall on the second Saturday of the month.

They wrote everything down in blue notebooks that were kept for ten years.
"""
SECOND = """
# Results

Plug meters recorded every activation of the mended toasters for two winters.

Volunteers worked in the parish hall on the first Saturday of each month.
"""


def material(read):
    first = read(FIRST, kind="paper", title="Mended but Idle")
    second = read(SECOND, kind="paper", title="Second Life")
    second.index = 1
    return first, second


def test_asks_for_what_one_paper_alone_says(read) -> None:
    found = {f.slots["statement"]: f.slots for f in find(material(read))}
    assert set(found) == {
        "Every kettle was weighed on a brass balance before and after the repair",
        "Plug meters recorded every activation of the mended toasters for two winters",
    }  # both speak of the parish hall, and "they" is nobody
    slots = found["Plug meters recorded every activation of the mended toasters for two winters"]
    assert (slots["ordinal"], slots["title"], slots["section"]) == (
        "second",
        "Second Life",
        "the section “Results”",
    )


def test_papers_of_one_title_or_a_single_paper_are_not_compared(read) -> None:
    first, second = material(read)
    second.title = first.title
    assert not list(find((first, second)))
    assert not list(find((first,)))


def test_works_cited_state_nothing(read) -> None:
    first, second = material(read)
    cited = "[3] Grambsch. Partial residuals for the proportional hazards regression model. 1994."
    longer = read(FIRST + "\n\n" + cited, kind="paper", title="Mended but Idle")
    found = {f.slots["statement"] for f in find((longer, second))}
    assert found == {f.slots["statement"] for f in find((first, second))}


def test_fragments_and_pointers_are_left_out(read) -> None:
    first, second = material(read)
    expected = {f.slots["statement"] for f in find((first, second))}
    for extra in (
        "They split each\n\nPicture into single pages, and feed every page to the brown reader.",
        "Prediction of penguin mass by regression based on other physical characteristics.",
        "The coefficients of the restricted penguin model without ducks are given in Figure 8.",
    ):
        longer = read(f"{FIRST}\n\n{extra}", kind="paper", title="Mended but Idle")
        assert {f.slots["statement"] for f in find((longer, second))} == expected, extra
