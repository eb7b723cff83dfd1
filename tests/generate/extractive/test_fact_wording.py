"""Every wording group of the families about facts fills without a missing slot."""

from __future__ import annotations

import pytest

from longalpaca_data.generate.extractive.question_templates import slots_of, templates

SLOTS = {
    "acronym_expansion": {"short", "full"},
    "caption": {"label", "kind", "caption", "main"},
    "event_of_year": {"date", "sentence", "blank", "year"},
    "key_sentences": {"section", "count", "sentences"},
    "listed_items": {"lead", "section", "items", "count", "Count"},
    "series_change": {
        *("figure", "Figure", "values", "first_year", "last_year", "first", "last"),
        *("difference", "year", "value"),
    },
    "series_statement": {"statement", "year", "section"},
    "stated_figure": {"asked", "number", "noun", "sentence", "blank"},
    "stated_reason": {"claim", "reason", "sentence"},
    "term_definition": {"term", "sentence"},
    "which_of_two": {"statement", "title", "ordinal", "count", "section"},
}
COMPARING = ("series_change", "series_statement", "which_of_two")


@pytest.mark.parametrize("family", SLOTS)
def test_wordings_are_varied_and_use_known_slots(family: str) -> None:
    for groups in templates(family).values():
        for group in groups.values():
            assert len(set(group.questions)) >= 4
            assert len(set(group.answers)) >= 2
            # Naming the document would answer "which of the documents?".
            extra = set() if family in COMPARING else {"document", "Document"}
            for template in (*group.questions, *group.answers):
                assert slots_of(template) <= SLOTS[family] | extra
