"""Questions for the figure that the document states for something."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from longalpaca_data.generate.extractive.clauses import uncut
from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.figures import (
    NUMBER,
    masked,
    spelt_figures,
    stated_figures,
)
from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Sentence
from longalpaca_data.generate.extractive.sentence_quality import (
    clean,
    in_references,
    is_term,
    quotable,
    stands_alone,
)

_LENGTH = {"en": (32, 300), "zh": (18, 110)}
_MOST_NUMBERS = 4  # a sentence with more of them is a table in disguise

_VERBS = {
    present: ("do" if present == base else "does" if present.endswith("s") else "did", base)
    for base, forms in {
        "contain": "contains contained", "have": "has had", "employ": "employs employed",
        "comprise": "comprises comprised", "include": "includes included", "sell": "sells sold",
        "produce": "produces produced", "open": "opened", "receive": "receives received",
        "collect": "collects collected", "visit": "visited", "recruit": "recruited",
        "publish": "publishes published", "use": "uses used", "need": "needs needed",
        "require": "requires required", "serve": "serves served", "operate": "operates operated",
        "define": "defines defined", "register": "registers registered", "train": "trains trained",
        "build": "builds built", "repair": "repairs repaired", "buy": "bought", "own": "owns owned",
        "provide": "provides provided", "support": "supports supported", "hold": "holds held",
        "offer": "offers offered", "cover": "covers covered", "host": "hosts hosted",
    }.items()
    for present in (base, *forms.split())
}  # fmt: skip
_COUNTED = re.compile(
    rf"^(?P<subject>(?:The |A |An )?[A-Za-z][\w’' -]{{2,60}}?) (?P<verb>{'|'.join(_VERBS)}) "
    rf"(?P<number>{NUMBER}) (?P<noun>(?:[a-z][a-z-]+ ){{0,3}}[a-z-]+)"
    r"(?P<tail>(?: (?:in|of|from|at|on|for|during|with|to|by|across|per|between|under) "
    r"[\w’' -]+?)?)\.$"
)
# "The selected model has two components": which model was said before. Such a sentence can be
# quoted with a gap, but a question without it would be ambiguous.
_POINTS_BACK = re.compile(
    r"^(?:The )?(?:above|chosen|corresponding|current|estimated|final|first|fitted|following|former"
    r"|last|latter|new|next|original|other|previous|proposed|remaining|resulting|same|second"
    r"|selected)\b",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r" (?:in|of|from|at|on|for|during|with|to|by|across|per|between|under|and|or|that|as) "
)
_PLURALS = ("s", "people", "men", "women", "children", "staff", "data")


def find(material: Material) -> Iterator[Finding]:
    """Yield a figure of every clean sentence that counts or measures something, once each."""
    reading = material[0]
    shortest, longest = _LENGTH[reading.language]
    shapes = Counter(masked(s.text) for s in reading.sentences if re.search(r"\d", s.text))
    for sentence in reading.sentences:
        text = sentence.text
        if shapes[masked(text)] > 1 or not shortest <= len(text) <= longest:
            continue
        if _figure_in(text, reading.language) is None:
            continue
        if not (
            clean(text, reading.language) and stands_alone(text, reading.language, strict=True)
        ):
            continue
        if in_references(reading, sentence) or not uncut(reading, sentence):
            continue
        if len(re.findall(NUMBER, text)) <= _MOST_NUMBERS and reading.unique(text):
            yield from _figure(reading, sentence)


def _figure(reading: ParsedPart, sentence: Sentence) -> Iterator[Finding]:
    text = sentence.text
    match = _figure_in(text, reading.language)
    if match is None:
        return
    span = reading.span(sentence.start, sentence.end)
    if counted := _how_many(text) if reading.language == "en" else None:
        yield Finding({**counted, "sentence": text}, (span,), "counted")
    elif quotable(text):
        percent = re.match(r"\s?[%％]", text[match.end() :])
        end = match.end() + (len(percent[0]) if percent else 0)
        blank = text[: match.start()] + "____" + text[end:]
        slots = {"blank": blank, "number": text[match.start() : end], "sentence": text}
        yield Finding(slots, (span,), "gap")


def _figure_in(text: str, language: str) -> re.Match[str] | None:
    figure = next(stated_figures(text, language), None) if re.search(r"\d", text) else None
    return figure or next(spelt_figures(text, language), None)


def _how_many(text: str) -> dict[str, str] | None:
    """Turn "The data set contains 369 classes." into the parts of "How many classes does …?"."""
    match = _COUNTED.match(text)
    if match is None or _PREPOSITION.search(match["noun"]) or not match["noun"].endswith(_PLURALS):
        return None
    subject = match["subject"]
    if _POINTS_BACK.match(subject):
        return None
    if not is_term(re.sub(r"^(?:The|An?) ", "", subject)) or re.search(r"\d", match["tail"]):
        return None
    helper, base = _VERBS[match["verb"]]
    if subject.startswith(("The ", "A ", "An ")):
        subject = subject[0].lower() + subject[1:]
    asked = f"How many {match['noun']} {helper} {subject} {base}{match['tail']}"
    return {"asked": asked, "number": match["number"], "noun": match["noun"]}


FAMILY = Family("stated_figure", "document_analysis", frozenset({"en", "zh"}), find, atomic=True)
