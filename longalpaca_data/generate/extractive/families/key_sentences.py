"""A section summed up in its own key sentences.

LexRank (Erkan & Radev 2004): sentences that share words with many others are central. Sentences
that open the section or take up its heading's words are raised, near-repeats left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from math import log

import numpy as np
from numpy.typing import NDArray

from longalpaca_data.core.records import Section
from longalpaca_data.generate.extractive.clauses import pointer, uncut
from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Sentence
from longalpaca_data.generate.extractive.section_names import listed, named_sections, reference
from longalpaca_data.generate.extractive.sentence_quality import clean, content_words, stands_alone

_FEWEST, _MOST = 8, 60  # five sentences can't sum up more
_LENGTH = {"en": (60, 360), "zh": (18, 140)}
_DIALOGUE = 0.12  # above this share of sentences with quoted speech a summary is no summary
_NARRATIVE = 0.2  # the same for sentences about persons: the section is a story or a letter
_PERSONS = re.compile(
    r"\b(?:I|me|my|myself|he|him|his|himself|she|her|herself|you|your|thou|thee|thy|said)\b|[我你他她俺吾汝]|道："
)
_OWN_AIM = re.compile(
    r"^(?:In )?[Tt]his (?:paper|article|study|report|section|chapter|document|manual|guide)\b"
    r"|^本(?:文|章|节|節|报告|報告|论文|論文)"
)
"""What a text says of itself needs no sentence before it and is what a summary should hold."""
_LETTER = re.compile(
    r"\b(?:letter|foreword|preface|dedication)\b|序言|前言|致辞|致辭", re.IGNORECASE
)
_LINKS = re.compile(r"\b(?:also|too|however|again|likewise|as well|therefore|thus)\b")
_DAMPING = 0.85
_ALIKE = 0.45
_MARGINAL = 0.4  # the share of a section's sentences that are too far from its centre to be key
_COUNTS = {"en": ("three", "four", "five"), "zh": ("三", "四", "五")}


def find(material: Material) -> Iterator[Finding]:
    """Yield one summary for each section that stands whole in the window, has enough running
    text of its own and can be named.
    """
    reading = material[0]
    named = set(named_sections(reading)) & set(reading.complete_sections)
    for section in sorted(named, key=lambda s: s.start):
        if _LETTER.search(section.title) or _has_parts(reading, section):
            continue
        sentences = reading.sentences_in(section.body, section.end)
        if _FEWEST <= len(sentences) <= _MOST and not _told(reading, sentences):
            yield from _summary(reading, section, sentences)


def _has_parts(reading: ParsedPart, section: Section) -> bool:
    return any(section.start < other.start < section.end for other in reading.sections)


def _told(reading: ParsedPart, sentences: Sequence[Sentence]) -> bool:
    """Say whether a section tells a story or reports talk: no three sentences sum that up."""
    speaking = sum(any(mark in s.text for mark in '“”"「」') for s in sentences)
    persons = sum(bool(_PERSONS.search(s.text)) for s in sentences)
    telling = reading.kind not in {"paper", "manual"} and persons > _NARRATIVE * len(sentences)
    if reading.language == "zh" and reading.kind == "book":  # classical prose drops its persons
        return True
    return telling or speaking > _DIALOGUE * len(sentences)


def _summary(
    reading: ParsedPart, section: Section, sentences: Sequence[Sentence]
) -> Iterator[Finding]:
    size = 3 + (len(sentences) >= 14) + (len(sentences) >= 25)
    scores, likeness = _ranked(reading.language, section, sentences)
    central = np.sort(scores)[int(_MARGINAL * len(scores))]  # a pick from the margin is no key
    usable = [i for i, s in enumerate(sentences) if scores[i] >= central and _usable(reading, s)]
    if len(usable) < size + 1:
        return
    chosen: list[int] = []
    for i in sorted(usable, key=lambda i: (-scores[i], i)):
        if len(chosen) < size and all(likeness[i, j] < _ALIKE for j in chosen):
            chosen.append(i)
    if len(chosen) < size:
        return
    picked = [sentences[i] for i in sorted(chosen)]
    lines = "\n".join(f"- {listed(s.text, reading.language)}" for s in picked)
    slots = {
        "section": reference(section, reading),
        "count": _COUNTS[reading.language][size - 3],
        "sentences": lines,
    }
    yield Finding(slots, tuple(reading.span(s.start, s.end) for s in picked))


def _usable(reading: ParsedPart, sentence: Sentence) -> bool:
    shortest, longest = _LENGTH[reading.language]
    return (
        shortest <= len(sentence.text) <= longest
        and clean(sentence.text, reading.language)
        and (
            stands_alone(sentence.text, reading.language, strict=True)
            or bool(_OWN_AIM.search(sentence.text))
        )
        and not _LINKS.search(sentence.text)
        and not pointer(sentence.text)
        and uncut(reading, sentence)
        and sentence.text[-1] in ".。"
    )


def _ranked(
    language: str, section: Section, sentences: Sequence[Sentence]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each sentence's centrality and the matrix of their likeness (cosine of tf-idf)."""
    words = [content_words(sentence.text, language) for sentence in sentences]
    spread = Counter(word for group in words for word in group)
    columns = {word: column for column, word in enumerate(sorted(spread))}
    weights = np.zeros((len(words), max(1, len(columns))))
    for row, group in enumerate(words):
        for word in group:
            weights[row, columns[word]] = log(1 + len(words) / spread[word])
    weights /= np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-9)
    likeness = weights @ weights.T
    links = likeness * (likeness > 0.03) * (1 - np.eye(len(words)))
    links /= np.maximum(links.sum(axis=1, keepdims=True), 1e-9)
    scores = np.full(len(words), 1 / len(words))
    for _ in range(30):
        scores = (1 - _DAMPING) / len(words) + _DAMPING * links.T @ scores
    heading = content_words(section.title, language)
    raised = [
        1
        + 0.6 * (place == 0)
        + 0.2 * sentence.first
        + 0.3 * bool(heading & group)
        + 0.6 * bool(_OWN_AIM.search(sentence.text))
        for place, (sentence, group) in enumerate(zip(sentences, words, strict=True))
    ]
    # Rounded, so that another machine's last bits pick no other sentence.
    return np.round(scores * np.array(raised), 6), likeness


# Readers found the main points in 6 of 20 of its rows: whoever wants it asks for it.
FAMILY = Family("key_sentences", "summarization", frozenset({"en", "zh"}), find, default=False)
