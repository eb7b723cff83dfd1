"""Questions for the year whose report says something."""

from __future__ import annotations

from collections.abc import Iterator

from longalpaca_data.generate.extractive.contrast import Vocabulary, telling_sentences
from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.section_names import reference
from longalpaca_data.generate.extractive.sentence_quality import statement
from longalpaca_data.generate.extractive.series import YEAR, years_of


def find(material: Material) -> Iterator[Finding]:
    """Yield sentences that one report alone can have said and that don't give its year away."""
    years = years_of(material)
    if years is None:
        return
    vocabularies = [Vocabulary.of(reading) for reading in material]
    for reading, year, own in zip(material, years, vocabularies, strict=True):
        others = [vocabulary for vocabulary in vocabularies if vocabulary is not own]
        for sentence in telling_sentences(reading, others, own_words=1):
            if YEAR.search(sentence.text):
                continue
            slots = {"statement": statement(sentence.text), "year": str(year)}
            evidence = [reading.span(sentence.start, sentence.end)]
            section = reading.section_at(sentence.start)
            if section is None or str(year) in section.title:
                yield Finding(slots, tuple(evidence), "report")
                continue
            slots["section"] = reference(section, reading)
            evidence.append(reading.span(section.start, section.body))
            yield Finding(slots, tuple(evidence), "section")


FAMILY = Family(
    "series_statement",
    "comparison",
    frozenset({"en", "zh"}),
    find,
    windows=frozenset({"series"}),
)
