"""Questions for the reason that the document gives for something."""

from __future__ import annotations

import re
from collections.abc import Iterator

from longalpaca_data.generate.extractive.clauses import main_clause, uncut
from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Sentence
from longalpaca_data.generate.extractive.sentence_quality import clean, quotable, stands_alone

_LENGTH = {"en": (60, 320), "zh": (16, 120)}
_EN = re.compile(
    r"^(?P<claim>[^;:“”\"]{25,200}?),? because (?!of\b)(?P<reason>[^;:“”\"]{15,200})\.$"
)
_EN_NO_CLAIM = re.compile(
    r"\b(?:not|n’t|n't|only|simply|just|merely|chiefly|mainly|partly|perhaps|precisely|probably|"
    r"largely|possibly|maybe|or|and|but|is|was|be|are|were|rather|either|neither|more|that|which|who|"
    r"if|because|why|whether)$",
    re.IGNORECASE,
)
_EN_PERSONAL = re.compile(
    r"[‘’](?!\w)|(?<!\w)‘|!|\?|\b(?:I|me|my|mine|we|us|our|you|your|thou|thee|thy|said|says?|cried|replied|"
    r"answered|asked|think|thinks|thought|believes?|believed|argues?|argued|claims?|claimed)\b"
)
"""Speech, and opinions: the reason may be that of the speaker or that of the thing."""
_ZH = (
    re.compile(
        r"^(?:因为|因爲|因為|由于|由於)(?P<reason>[^。！？；“”「」]{6,70}?)[，,]\s*(?:所以|因此|因而|故而)(?P<claim>[^。！？；“”「」]{6,60})。$"
    ),
    re.compile(
        r"^(?P<claim>[^。！？；“”「」]{6,60})[，,]\s*(?:这|這)?(?:是|都是|乃是|就是)?(?:因为|因爲|因為)(?P<reason>[^。！？；“”「」]{6,70})。$"
    ),
    re.compile(
        r"^(?P<claim>[^。！？；“”「」，]{2,20}之所以[^。！？；“”「」]{4,50})[，,]\s*(?:就)?是(?:因为|因爲|因為|由于|由於)(?P<reason>[^。！？；“”「」]{6,70})。$"
    ),
)


def find(material: Material) -> Iterator[Finding]:
    """Yield clean sentences that state a thing and its reason, and stand once in the window."""
    reading = material[0]
    cue = ("因", "由") if reading.language == "zh" else (" because ",)
    shortest, longest = _LENGTH[reading.language]
    for sentence in reading.sentences:
        if shortest <= len(sentence.text) <= longest and any(c in sentence.text for c in cue):
            yield from _reason(reading, sentence)


def _reason(reading: ParsedPart, sentence: Sentence) -> Iterator[Finding]:
    language = reading.language
    text = sentence.text
    patterns = _ZH if language == "zh" else (_EN,)
    match = next((m for pattern in patterns if (m := pattern.match(text))), None)
    if match is None or not (clean(text, language) and quotable(text) and reading.unique(text)):
        return
    if not uncut(reading, sentence):
        return
    claim, reason = match["claim"], match["reason"]
    if not stands_alone(claim, language, strict=True) or _doubtful(claim, reason, language):
        return
    slots = {"claim": claim, "reason": reason, "sentence": text}
    yield Finding(slots, (reading.span(sentence.start, sentence.end),))


def _doubtful(claim: str, reason: str, language: str) -> bool:
    """Two reasons, a denied reason, or a reason that may belong to part of the claim only."""
    if language == "zh":
        return "因" in claim or "因" in reason or "不是" in claim or "並非" in claim
    return (
        " because" in reason
        or " because" in claim
        or " since " in claim
        or bool(_EN_NO_CLAIM.search(claim))
        or bool(re.search(r"\b(?:not|never|no|n’t|n't)\b", claim))
        or len(reason.split()) < 4
        or bool(_EN_PERSONAL.search(claim + " " + reason))
        or bool(re.search(r", (?:and|but|or|so|nor)\b|\bon the contrary\b|\bhowever\b", claim))
        # After a comma the main clause may go on; "that" may hold the reason in its own clause.
        or "," in reason
        or not main_clause(claim)
        or not main_clause(reason[0].upper() + reason[1:])
    )


FAMILY = Family("stated_reason", "document_analysis", frozenset({"en", "zh"}), find, atomic=True)
