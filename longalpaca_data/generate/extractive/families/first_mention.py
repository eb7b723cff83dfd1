"""The chapter or section that mentions a name for the first (or last) time."""

from __future__ import annotations

from collections.abc import Iterator

from longalpaca_data.core.records import Section
from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.names import Name, names
from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Sentence
from longalpaca_data.generate.extractive.passages import fit
from longalpaca_data.generate.extractive.section_names import (
    here,
    listed,
    named_sections,
    reference,
    unit_of,
)

_FEWEST_SECTIONS = 3  # in the window: where the name comes first must be worth asking
_FEWEST_MENTIONING = 2
_LONGEST = {"en": 450, "zh": 160}


def find(material: Material) -> Iterator[Finding]:
    """Yield names that two sections or more mention, with the sentence of the first (last).

    A name whose parts stand in the text before it does (or after its last place) isn't asked for:
    "Mapple" would be an earlier mention of "Father Mapple".
    """
    reading = material[0]
    named = {section.start for section in named_sections(reading)}
    if len(named) < _FEWEST_SECTIONS:
        return
    for name in names(reading):
        if name.acronym:  # its long form may well come first
            continue
        sections = [reading.section_at(at) for at in name.places]
        if None in sections or len({s.start for s in sections if s}) < _FEWEST_MENTIONING:
            continue
        for wording, index in (("first", 0), ("last", -1)):
            section = sections[index]
            sentence = fit(reading, name.places[index], _LONGEST[reading.language])
            if section is None or sentence is None or section.start not in named:
                continue
            if not reading.sure_between(section.body, sentence.start):
                continue
            if _other_form(reading, name, wording):
                continue
            yield _finding(reading, name.text, section, sentence, wording)


def _other_form(reading: ParsedPart, name: Name, wording: str) -> bool:
    """Say whether a telling part of the name stands before its first place (after its last), in
    whatever case.
    """
    first, last = name.places[0], name.places[-1] + len(name.text)
    rest = reading.text[:first] if wording == "first" else reading.text[last:]
    rest = rest.casefold()
    return any(word.casefold() in rest for word in name.parts)


def _finding(
    reading: ParsedPart, name: str, section: Section, sentence: Sentence, wording: str
) -> Finding:
    slots = {
        "name": name,
        "section": reference(section, reading),
        "unit": unit_of(section, reading),
        "sentence": listed(sentence.text, reading.language),
    }
    evidence = (sentence.span(reading.index), reading.span(section.start, section.body))
    return Finding(here(reading) | slots, evidence, wording)


FAMILY = Family("first_mention", "document_analysis", frozenset({"en", "zh"}), find)
