"""The chapter or section in which a quoted passage stands."""

from __future__ import annotations

from collections.abc import Iterator

from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.passages import clean_sentences
from longalpaca_data.generate.extractive.section_names import (
    named_sections,
    quoting,
    reference,
    unit_of,
    words_of,
)
from longalpaca_data.generate.extractive.sentence_quality import stands_alone

_TELLING = {
    "en": 70,
    "zh": 20,
}  # shorter sentences could stand anywhere; nobody would look for them


def find(material: Material) -> Iterator[Finding]:
    """Yield every telling sentence that stands once in the window, under an unambiguous heading.

    The innermost heading is the answer, where no line between looks like another. A sentence that
    repeats the heading's words would give the answer away and is not asked for.
    """
    reading = material[0]
    named = {section.start for section in named_sections(reading)}
    if len(named) < 2:
        return
    for sentence in clean_sentences(reading):
        text = sentence.text
        section = reading.section_at(sentence.start)
        if section is None or section.start not in named or len(text) < _TELLING[reading.language]:
            continue
        if not reading.sure_between(section.body, sentence.start):
            continue
        words = words_of(section).casefold()
        if (words and words in text.casefold()) or not stands_alone(text, reading.language):
            continue
        slots, wording = quoting({"quote": text}, reading.language)
        answer = {"section": reference(section, reading), "unit": unit_of(section, reading)}
        yield Finding(
            slots | answer,
            (sentence.span(reading.index), reading.span(section.start, section.body)),
            wording,
        )


FAMILY = Family("locate_section", "document_analysis", frozenset({"en", "zh"}), find, atomic=True)
