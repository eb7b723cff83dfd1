"""Every wording group of the families about passages and sections fills without a missing slot."""

from __future__ import annotations

import pytest

from longalpaca_data.generate.extractive.question_templates import slots_of, templates

SLOTS = {
    "adjacent_sentence": {"quote", "answer"},
    "first_mention": {"here", "Here", "name", "unit", "section", "sentence"},
    "locate_section": {"quote", "section", "unit"},
    "mentions_in_order": {"here", "Here", "name", "count", "list"},
    "order_of_passages": {"here", "Here", "passages", "order", "list", "letter", "answer"},
    "quote_speaker": {"quote", "speaker", "Speaker"},
    "section_mentions": {"here", "Here", "name", "unit", "sections"},
    "section_opening": {"section", "unit", "sentence"},
    "section_sequence": {"given", "other", "answer", "unit", "section", "list"},
}


@pytest.mark.parametrize("family", SLOTS)
def test_wordings_are_varied_and_use_known_slots(family: str) -> None:
    languages = templates(family)
    assert set(languages) == {"en", "zh"}
    for groups in languages.values():
        for group in groups.values():
            assert len(group.questions) >= 4
            assert len(group.answers) >= 2
            for template in (*group.questions, *group.answers):
                assert slots_of(template) <= SLOTS[family] | {"document", "Document"}
