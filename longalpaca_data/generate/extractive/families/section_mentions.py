"""The chapters or main sections that mention a name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from longalpaca_data.core.records import Section
from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.names import Name, names
from longalpaca_data.generate.extractive.parsed_part import ParsedPart
from longalpaca_data.generate.extractive.section_names import (
    here,
    named_sections,
    number_of,
    references,
    unit_of,
)

_FEWEST, _MOST = 2, 6
_FEWEST_SECTIONS = 3
_MOST_SHARE = 0.7  # a name that nearly every section mentions is no question


def find(material: Material) -> Iterator[Finding]:
    """Yield the names that two to six divisions mention, all of them shown by heading.

    A mention in a heading, before the first heading or in a division that can't be named makes
    the list doubtful: such names are left out.
    """
    reading = material[0]
    divisions = _divisions(reading)
    if not divisions:
        return
    nested = any(section.level > divisions[0].level for section in reading.sections)
    for name in names(reading):
        mentions = _by_division(reading, divisions, name)
        if not _FEWEST <= len(mentions) <= min(_MOST, _MOST_SHARE * len(divisions)):
            continue
        if not name.only_form(reading) or _spelled_out(reading, name):
            continue
        yield Finding(
            here(reading)
            | {
                "name": name.text,
                "unit": unit_of(next(iter(mentions)), reading),
                "sections": references(list(mentions), reading),
            },
            tuple(reading.span(at, at + len(name.text)) for at in mentions.values()),
            "nested" if nested else "flat",
        )


def _divisions(reading: ParsedPart) -> tuple[Section, ...]:
    """Return the sections of the outermost level that the window shows three of or more; empty
    where that is no level that a person would count by.

    Chapters below a part are asked for as chapters; sections below a chapter that is in sight are
    not, for "which sections" might mean the chapter. An outline without numbers must be complete.
    """
    levels = sorted({section.level for section in reading.sections})
    for level in levels:
        divisions = tuple(section for section in reading.sections if section.level == level)
        if len(divisions) < _FEWEST_SECTIONS:
            continue
        units = {unit_of(section, reading) for section in divisions}
        if level > levels[0] and units & {"section", "节", "節", "部分"}:
            return ()
        numbered = all(_counts_on(a, b) for a, b in pairwise(divisions))
        if len(units) > 1 or not (numbered or reading.sure_between(0, len(reading.text))):
            return ()
        return divisions
    return ()


def _counts_on(left: Section, right: Section) -> bool:
    numbers = number_of(left), number_of(right)
    return None not in numbers and numbers[1] == (numbers[0] or 0) + 1


def _by_division(
    reading: ParsedPart, divisions: tuple[Section, ...], name: Name
) -> dict[Section, int]:
    """Return the divisions that mention the name, with its first place there; empty in doubt."""
    found: dict[Section, int] = {}
    named = {section.start for section in named_sections(reading)}
    headings = [(section.start, section.body) for section in reading.sections]
    for at in name.places:
        division = next((d for d in divisions if d.start <= at < d.end), None)
        if division is None or division.start not in named:
            return {}
        if any(start <= at < body for start, body in headings):
            return {}
        if reading.sentence_at(at) is None:  # in code or a table: is that a mention?
            return {}
        found.setdefault(division, at)
    return found if _alike(found) else {}


def _alike(sections: dict[Section, int]) -> bool:
    """Say whether all of them have numbers or none: a preface is no chapter."""
    return len({number_of(section) is None for section in sections}) <= 1


def _spelled_out(reading: ParsedPart, name: Name) -> bool:
    """Say whether the text gives the long form of an acronym: that mentions the thing as well."""
    return name.acronym and (f"({name.text})" in reading.text or f"{name.text} (" in reading.text)


FAMILY = Family("section_mentions", "document_analysis", frozenset({"en", "zh"}), find)
