"""The chapters or sections that mention a name."""

from __future__ import annotations

from collections.abc import Iterator

from longalpaca_data.generators.extractive.family import Family, Finding, Material
from longalpaca_data.generators.extractive.names import Name, names
from longalpaca_data.generators.extractive.phrasing import (
    here,
    named_sections,
    references,
    unit_of,
)
from longalpaca_data.generators.extractive.reading import Reading
from longalpaca_data.records import Section

_FEWEST, _MOST = 2, 6
_FEWEST_SECTIONS = 3
_MOST_SHARE = 0.7  # a name that nearly every section mentions is no question


def find(material: Material) -> Iterator[Finding]:
    """Yield the names that two to six sections mention, all of them shown whole and by heading.

    A mention in a heading, before the first heading or in a section that can't be named makes the
    list doubtful: such names are left out.
    """
    reading = material[0]
    sections = named_sections(reading)
    if len(sections) < _FEWEST_SECTIONS:
        return
    # With chapters and their sections both in sight the question says which are meant.
    wording = "flat" if len({section.level for section in reading.sections}) == 1 else "nested"
    for name in names(reading):
        mentions = _by_section(reading, sections, name)
        if not _FEWEST <= len(mentions) <= min(_MOST, _MOST_SHARE * len(sections)):
            continue
        if not name.only_form(reading):
            continue
        yield Finding(
            here(reading)
            | {
                "name": name.text,
                "unit": unit_of(next(iter(mentions)), reading),
                "sections": references(list(mentions), reading),
            },
            tuple(reading.span(at, at + len(name.text)) for at in mentions.values()),
            wording,
        )


def _by_section(reading: Reading, sections: tuple[Section, ...], name: Name) -> dict[Section, int]:
    """Return the sections that mention the name, with its first place there; empty in doubt."""
    found: dict[Section, int] = {}
    named = {section.start for section in sections}
    for at in name.places:
        section = reading.section_at(at)
        if section is None or section.start not in named or at < section.body:
            return {}
        if reading.sentence_at(at) is None:  # in code or a table: is that a mention?
            return {}
        found.setdefault(section, at)
    return found


FAMILY = Family("section_mentions", "document_analysis", frozenset({"en", "zh"}), find)
