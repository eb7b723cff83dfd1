"""The sentence directly before or after a quoted one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Sentence
from longalpaca_data.generate.extractive.passages import clean_sentences, single
from longalpaca_data.generate.extractive.section_names import quoting
from longalpaca_data.generate.extractive.sentence_quality import stands_alone


def find(material: Material) -> Iterator[Finding]:
    """Yield pairs of clean sentences of which one follows the other at once.

    They stand in one paragraph, or close one and open the next with nothing between: no heading,
    list, table or verse line. Pairs alternate between the two directions.
    """
    reading = material[0]
    for number, (left, right) in enumerate(_pairs(reading)):
        forward = number % 2 == 0
        if forward and not stands_alone(left.text, reading.language):
            forward = False  # the asked sentence should be one that a reader can make sense of
        if not forward and not stands_alone(right.text, reading.language):
            continue
        asked, answer = (left, right) if forward else (right, left)
        slots, marks = quoting({"quote": asked.text, "answer": answer.text}, reading.language)
        yield Finding(
            slots,
            (answer.span(reading.index), asked.span(reading.index)),
            f"{'after' if forward else 'before'}_{marks}",
        )


def _pairs(reading: ParsedPart) -> Iterator[tuple[Sentence, Sentence]]:
    text, language = reading.text, reading.language
    for left, right in pairwise(clean_sentences(reading)):
        if text[left.end : right.start].strip(" \n“”「」") or not _one_run(reading, left, right):
            continue
        if single(left.text, language) and single(right.text, language):
            yield left, right


def _one_run(reading: ParsedPart, left: Sentence, right: Sentence) -> bool:
    if left.paragraph == right.paragraph:
        return True
    # A page or scene break leaves three line breaks or more, a paragraph's end leaves two.
    gap = reading.text[left.end : right.start]
    return gap.count("\n") <= 2 and reading.path_at(left.start) == reading.path_at(right.start)


FAMILY = Family("adjacent_sentence", "document_analysis", frozenset({"en", "zh"}), find)
