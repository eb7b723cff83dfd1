"""The table of families. A new one is a module with ``FAMILY``, a row here, its wording in
``prompts/extractive/``, a fixture and a test.
"""

from __future__ import annotations

from longalpaca_data.generate.extractive.families import (
    acronym_expansion,
    adjacent_sentence,
    caption,
    event_of_year,
    first_mention,
    key_sentences,
    listed_items,
    locate_section,
    mentions_in_order,
    order_of_passages,
    quote_speaker,
    section_mentions,
    section_opening,
    section_sequence,
    series_change,
    series_statement,
    stated_figure,
    stated_reason,
    term_definition,
    which_of_two,
)
from longalpaca_data.generate.extractive.family import Family

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        acronym_expansion.FAMILY,
        adjacent_sentence.FAMILY,
        caption.FAMILY,
        event_of_year.FAMILY,
        first_mention.FAMILY,
        key_sentences.FAMILY,
        listed_items.FAMILY,
        locate_section.FAMILY,
        mentions_in_order.FAMILY,
        order_of_passages.FAMILY,
        quote_speaker.FAMILY,
        section_mentions.FAMILY,
        section_opening.FAMILY,
        section_sequence.FAMILY,
        series_change.FAMILY,
        series_statement.FAMILY,
        stated_figure.FAMILY,
        stated_reason.FAMILY,
        term_definition.FAMILY,
        which_of_two.FAMILY,
    )
}
