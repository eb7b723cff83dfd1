"""The order in which passages stand in the text, and which of them comes first or last."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Sentence
from longalpaca_data.generate.extractive.passages import clean_sentences, single
from longalpaca_data.generate.extractive.section_names import here, listed
from longalpaca_data.generate.extractive.sentence_quality import stands_alone

_LONGEST = {"en": 180, "zh": 60}  # five of them must be read side by side
_SHORTEST_WINDOW = 6000
_SETS = 3  # of each size and kind per window
_SIZES = (3, 4, 5)
_NEAREST = 0.06  # share of the window that lies between two passages at least


def find(material: Material) -> Iterator[Finding]:
    """Yield sets of sentences from far apart, shuffled (the same way on every run)."""
    reading = material[0]
    if len(reading.text) < _SHORTEST_WINDOW / (3 if reading.language == "zh" else 1):
        return
    candidates = [s for s in clean_sentences(reading) if _usable(s, reading)]
    used: set[int] = set()
    rng = random.Random(f"{len(reading.text)} {reading.text[:80]}")
    for number in range(_SETS * len(_SIZES)):
        size = _SIZES[number % len(_SIZES)]
        for wording in ("order", "first", "last"):
            unused = [s for s in candidates if s.start not in used]
            chosen = _far_apart(unused, size, len(reading.text), rng)
            if chosen:
                used.update(sentence.start for sentence in chosen)
                yield _finding(reading, chosen, wording, rng)


def _usable(sentence: Sentence, reading: ParsedPart) -> bool:
    text, language = sentence.text, reading.language
    return (
        len(text) <= _LONGEST[language]
        and single(text, language)
        and stands_alone(text, language)
        and not any(mark in text for mark in '“”"「」')
    )


def _far_apart(
    candidates: Sequence[Sentence], size: int, length: int, rng: random.Random
) -> list[Sentence]:
    """Draw one sentence from each of ``size`` equal stretches, none near another.

    The stretches make up the window's rest from a random point in its first third: rows whose
    first passage always stood at the very beginning would teach where to look.
    """
    chosen: list[Sentence] = []
    begin = rng.random() / 3
    width = (1 - begin) / size
    for stretch in range(size):
        low, high = length * (begin + width * stretch), length * (begin + width * (stretch + 1))
        after = chosen[-1].end + _NEAREST * length if chosen else 0.0
        pool = [s for s in candidates if max(low, after) <= s.start < high]
        if not pool:
            return []
        chosen.append(rng.choice(pool))
    return chosen


def _finding(
    reading: ParsedPart, chosen: Sequence[Sentence], wording: str, rng: random.Random
) -> Finding:
    shuffled = list(chosen)
    while shuffled == list(chosen):
        rng.shuffle(shuffled)
    letters = {s.start: chr(ord("A") + i) for i, s in enumerate(shuffled)}
    lines = [f"({letters[s.start]}) {listed(s.text, reading.language)}" for s in shuffled]
    slots = here(reading) | {"passages": "\n".join(lines)}
    ordered = list(chosen)
    if wording == "order":
        slots["order"] = _joined([letters[s.start] for s in ordered], reading.language)
        slots["list"] = "\n".join(
            f"{i}. {listed(s.text, reading.language)}" for i, s in enumerate(ordered, 1)
        )
    else:
        answer = ordered[0 if wording == "first" else -1]
        ordered.remove(answer)
        ordered.insert(0, answer)
        slots["letter"] = letters[answer.start]
        slots["answer"] = listed(answer.text, reading.language)
    return Finding(slots, tuple(s.span(reading.index) for s in ordered), wording)


def _joined(letters: Sequence[str], language: str) -> str:
    return "、".join(letters) if language == "zh" else ", ".join(letters)


FAMILY = Family("order_of_passages", "document_analysis", frozenset({"en", "zh"}), find)
