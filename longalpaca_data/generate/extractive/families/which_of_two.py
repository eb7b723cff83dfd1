"""Questions for the paper that states something, and for the section."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from longalpaca_data.generate.extractive.contrast import Vocabulary, telling_sentences
from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.section_names import named_sections, reference
from longalpaca_data.generate.extractive.sentence_quality import statement

_ORDINALS = {"en": ("first", "second", "third", "fourth"), "zh": ("一", "二", "三", "四")}
_COUNTS = {"en": ("two", "three", "four"), "zh": ("两", "三", "四")}


def find(material: Material) -> Iterator[Finding]:
    """Yield sentences of one paper whose words show that no other paper says the same."""
    titles = Counter(reading.title for reading in material)
    if not 2 <= len(material) <= len(_ORDINALS["en"]) or max(titles.values()) > 1 or "" in titles:
        return
    vocabularies = [Vocabulary.of(reading) for reading in material]
    for reading, own in zip(material, vocabularies, strict=True):
        others = [vocabulary for vocabulary in vocabularies if vocabulary is not own]
        named = named_sections(reading)
        for sentence in telling_sentences(reading, others):
            slots = {
                "statement": statement(sentence.text),
                "title": reading.title,
                "ordinal": _ORDINALS[reading.language][material.index(reading)],
                "count": _COUNTS[reading.language][len(material) - 2],
            }
            evidence = [reading.span(sentence.start, sentence.end)]
            section = reading.section_at(sentence.start)
            if section in named:
                slots["section"] = reference(section, reading)
                evidence.append(reading.span(section.start, section.body))
            yield Finding(slots, tuple(evidence), "section" if section in named else "paper")


FAMILY = Family(
    "which_of_two",
    "comparison",
    frozenset({"en", "zh"}),
    find,
    windows=frozenset({"papers"}),
)
