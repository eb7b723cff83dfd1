"""The sentence with which a chapter or section opens, or closes."""

from __future__ import annotations

from collections.abc import Iterator

from longalpaca_data.core.records import Section
from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.parsed_part import Paragraph, ParsedPart, Sentence
from longalpaca_data.generate.extractive.passages import fit
from longalpaca_data.generate.extractive.section_names import (
    listed,
    named_sections,
    reference,
    unit_of,
)

_LONGEST = {
    "en": 500,
    "zh": 160,
}  # first sentences of chapters may be long; they are asked for whole
_SHORTEST_SECTION = 600  # characters of its own text: the opening of three lines is no opening


def find(material: Material) -> Iterator[Finding]:
    """Yield the first sentence of each section that begins with running text, and the last one of
    each section that ends with it and has no subsections (whose end would be meant?).
    """
    reading = material[0]
    named = {section.start for section in named_sections(reading)}
    complete = {section.start for section in reading.complete_sections}
    for index, section in enumerate(reading.sections):
        following = reading.sections[index + 1] if index + 1 < len(reading.sections) else None
        end = min(section.end, following.start) if following else section.end
        if section.start not in named or end - section.body < _SHORTEST_SECTION:
            continue
        paragraphs = [p for p in reading.paragraphs if section.body <= p.start < end]
        if not paragraphs:
            continue
        opening = _whole(reading, paragraphs[0], first=True)
        if opening:
            yield _finding(reading, section, opening, "opens")
        closing = _whole(reading, paragraphs[-1], first=False)
        ended = section.start in complete and end == section.end
        # A line that looks like a heading may be one: whose end would this be?
        if ended and closing and closing != opening and reading.sure_between(section.body, end):
            yield _finding(reading, section, closing, "closes")


def _whole(reading: ParsedPart, paragraph: Paragraph, *, first: bool) -> Sentence | None:
    """Return the paragraph's first or last sentence if it is one clean sentence."""
    sentences = reading.sentences_in(paragraph.start, paragraph.end)
    if not sentences:
        return None
    at = sentences[0 if first else -1].start
    sentence = fit(reading, at, _LONGEST[reading.language])
    return sentence if sentence and reading.unique(sentence.text) else None


def _finding(reading: ParsedPart, section: Section, sentence: Sentence, wording: str) -> Finding:
    return Finding(
        {
            "section": reference(section, reading),
            "unit": unit_of(section, reading),
            "sentence": listed(sentence.text, reading.language),
        },
        (sentence.span(reading.index), reading.span(section.start, section.body)),
        wording,
    )


FAMILY = Family("section_opening", "document_analysis", frozenset({"en", "zh"}), find)
