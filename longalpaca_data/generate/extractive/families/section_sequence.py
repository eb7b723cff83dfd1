"""The order of headings: what follows, precedes or stands between, and a chapter's sections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from longalpaca_data.core.records import Section
from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Span
from longalpaca_data.generate.extractive.section_names import (
    named_sections,
    number_of,
    reference,
    title_of,
    unit_of,
    words_of,
)

_FEWEST_LISTED, _MOST_LISTED = 3, 15


def find(material: Material) -> Iterator[Finding]:
    """Yield questions about neighbouring headings of one level and about a section's subsections.

    Only headings that carry words: that Chapter 4 follows Chapter 3 needs no reading. Neighbours
    stand in one parent section, both headings in the window, nothing of their level between.
    """
    reading = material[0]
    words = Counter(words_of(section).lower() for section in reading.sections)
    named = {
        section.start
        for section in named_sections(reading)
        if words[words_of(section).lower()] == 1  # 4.2 and 5.2 of one name can't be told apart
    }
    nested = {a.start for a, b in pairwise(reading.sections) if b.start < a.end}
    for parent, siblings in _families(reading):
        usable = [s.start in named and bool(words_of(s)) for s in siblings]
        yield from _neighbours(reading, siblings, usable, nested)
        if parent is None or parent.start not in named or not all(usable):
            continue
        if (
            parent in reading.complete_sections
            and (_FEWEST_LISTED <= len(siblings) <= _MOST_LISTED)
            and all(_follows(reading, a, b) for a, b in pairwise(siblings))
        ):
            yield _listing(reading, parent, siblings)


def _families(reading: ParsedPart) -> Iterator[tuple[Section | None, list[Section]]]:
    """Yield each section with its direct subsections, and the outermost ones under None."""
    children: dict[int | None, list[Section]] = {}
    stack: list[Section] = []
    for section in reading.sections:
        while stack and stack[-1].end <= section.start:
            stack.pop()
        children.setdefault(stack[-1].start if stack else None, []).append(section)
        stack.append(section)
    at = {section.start: section for section in reading.sections}
    for start, siblings in children.items():
        if len({s.level for s in siblings}) == 1:  # mixed levels: the outline is doubtful
            yield (None if start is None else at[start]), siblings


def _neighbours(
    reading: ParsedPart, siblings: Sequence[Section], usable: Sequence[bool], nested: set[int]
) -> Iterator[Finding]:
    for index in range(len(siblings) - 1):
        left, right = siblings[index : index + 2]
        if not (usable[index] and usable[index + 1] and _follows(reading, left, right)):
            continue
        if left.start in nested:  # what comes before the right one may be the left one's last part
            continue
        if index % 2:
            yield _finding(reading, right, {"given": left}, "after")
        else:
            yield _finding(reading, left, {"given": right}, "before")
        if right.start in nested or index + 2 == len(siblings) or not usable[index + 2]:
            continue
        last = siblings[index + 2]
        whole = last in reading.complete_sections  # all three can be read to their end
        if whole and _follows(reading, right, last):
            around = {"given": left, "other": last}
            yield _finding(reading, right, around, "between")


def _follows(reading: ParsedPart, left: Section, right: Section) -> bool:
    """Nothing lies between, and the numbers (of both or neither) say the same: where a reader
    missed the heading of Chapter 17, Chapter 18 does not follow Chapter 16. Without numbers, a
    line in either that looks like one more heading makes it doubtful.
    """
    numbers = number_of(left), number_of(right)
    if numbers != (None, None) and (None in numbers or numbers[1] != (numbers[0] or 0) + 1):
        return False
    if numbers == (None, None) and not reading.sure_between(left.body, right.end):
        return False
    return not reading.text[left.end : right.start].strip()


def _finding(
    reading: ParsedPart, answer: Section, given: dict[str, Section], wording: str
) -> Finding:
    slots = {name: _words(section) for name, section in given.items()}
    slots |= {"answer": reference(answer, reading), "unit": unit_of(answer, reading)}
    heads = [_heading(reading, section) for section in (answer, *given.values())]
    return Finding(slots, tuple(heads), wording)


def _words(section: Section) -> str:
    """The title without its number: with it the question would half answer itself."""
    return words_of(section).removesuffix(".")


def _heading(reading: ParsedPart, section: Section) -> Span:
    return reading.span(section.start, section.body)


def _listing(reading: ParsedPart, parent: Section, children: Sequence[Section]) -> Finding:
    lines = (f"{number}. {title_of(child)}" for number, child in enumerate(children, 1))
    bare = "\n".join(title_of(child) for child in children)
    numbered = title_of(children[0])[0].isdigit()  # 2.1, 2.2: their own numbers are enough
    slots = {
        "section": reference(parent, reading),
        "unit": unit_of(parent, reading),
        "list": bare if numbered else "\n".join(lines),
    }
    heads = tuple(_heading(reading, child) for child in children)
    return Finding(slots, heads, "list")


FAMILY = Family("section_sequence", "document_analysis", frozenset({"en", "zh"}), find)
