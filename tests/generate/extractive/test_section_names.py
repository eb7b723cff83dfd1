"""Which headings may be named, and how; what may be quoted."""

from __future__ import annotations

import pytest

from longalpaca_data.generate.extractive.passages import clean_sentences, fit
from longalpaca_data.generate.extractive.section_names import named_sections, reference


@pytest.mark.parametrize(
    "title",
    [
        "4) Ellipse Regression",  # an exercise in a list
        "CHAPTERXXVII",  # run together
        "NON-ATTENDANCE BY DEBTORS -",  # cut off
        "Taxes upon the Rent of",
        "Depends, Recommends, En- hances",  # a line break's hyphen
        "The Ferry (and the Mill",
    ],
)
def test_headings_that_are_no_whole_titles_are_not_named(read, title: str) -> None:
    text = f"# The Inn\n\nThe inn was empty.\n\n# {title}\n\nThe mill was sold."
    assert [s.title for s in named_sections(read(text))] == ["The Inn"]


def test_a_number_below_a_lettered_part_is_dropped(read) -> None:
    text = "# B. Annual Report\n\nIt is due.\n\n## 1. Independent Audits\n\nThey are due."
    part, audit = read(text, kind="manual").sections
    assert reference(part, read(text, kind="manual")) == "Section B, “Annual Report”"
    assert reference(audit, read(text, kind="manual")) == "the section “Independent Audits”"


def test_captions_are_not_quoted(read) -> None:
    caption = "Figure 3: All wheels. The diagonal shows how every wheel turned with itself."
    reading = read(f"# The Mill\n\n{caption}")
    assert clean_sentences(reading) == ()
    assert fit(reading, reading.text.index("diagonal"), 300) is None
