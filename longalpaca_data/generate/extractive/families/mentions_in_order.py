"""Every sentence that mentions a name, or uses an uncommon word, in order."""

from __future__ import annotations

from collections.abc import Iterator

from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.names import Name, common_nouns, names
from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Sentence
from longalpaca_data.generate.extractive.passages import fit
from longalpaca_data.generate.extractive.section_names import here, listed

_FEWEST, _MOST = 3, 6
_LONGEST = {"en": 400, "zh": 130}
_SPREAD = 0.3  # share of the window between first and last: nearer ones need no long context
_SMALLEST_WINDOW = {"en": 5000, "zh": 1800}
_NUMERALS = {"en": ("three", "four", "five", "six"), "zh": ("三", "四", "五", "六")}


def find(material: Material) -> Iterator[Finding]:
    """Yield the names (and nouns) that three to six clean, widely spread sentences mention.

    One mention outside a clean sentence (a heading, a table, verse) and the name is left out: the
    list would not be complete.
    """
    reading = material[0]
    if len(reading.text) < _SMALLEST_WINDOW[reading.language]:
        return
    known = [(name, "name") for name in names(reading) if name.only_form(reading)]
    for name, wording in (*known, *((noun, "word") for noun in common_nouns(reading))):
        sentences = _sentences(reading, name)
        if not _FEWEST <= len(sentences) <= _MOST:
            continue
        if sentences[-1].start - sentences[0].start < _SPREAD * len(reading.text):
            continue
        lines = (f"{i}. {listed(s.text, reading.language)}" for i, s in enumerate(sentences, 1))
        slots = {
            "name": name.text,
            "count": _NUMERALS[reading.language][len(sentences) - _FEWEST],
            "list": "\n".join(lines),
        }
        evidence = tuple(s.span(reading.index) for s in sentences)
        yield Finding(here(reading) | slots, evidence, wording)


def _sentences(reading: ParsedPart, name: Name) -> list[Sentence]:
    """Return the sentences that mention the name, each once; empty if one isn't fit to quote."""
    found: list[Sentence] = []
    for at in name.places:
        sentence = fit(reading, at, _LONGEST[reading.language])
        if sentence is None:
            return []
        if not found or found[-1].start != sentence.start:
            if len(found) == _MOST:
                return []
            found.append(sentence)
    return found


FAMILY = Family("mentions_in_order", "document_analysis", frozenset({"en", "zh"}), find)
