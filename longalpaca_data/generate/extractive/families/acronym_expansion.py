"""Questions for what an abbreviation stands for, or for the abbreviation of a name.

Only expansions that the letters confirm are believed: "Access Control Lists (ACLs)".
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator

from longalpaca_data.core.language import HAN_CHARACTERS
from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.parsed_part import ParsedPart
from longalpaca_data.generate.extractive.sentence_quality import as_within, word_set

_SHORT = r"[A-Z][A-Za-z&/-]{0,7}[A-Z]s?"
_AFTER = re.compile(rf" \([“\"]?({_SHORT})[”\"]?\)")
_WORDS = re.compile(r"(?:[A-Za-z][\w’'/-]*(?: |$)){1,9}$")
_BEFORE = re.compile(rf"(?<![\w(])({_SHORT}) \(([A-Za-z][\w’' /-]{{6,80}})\)")
_ZH_FULL = re.compile(
    rf"[（(]([A-Z][A-Za-z’' /-]{{6,80}})[,，、;；]\s*"
    rf"(?:简称|簡稱|缩写为|縮寫為|即)?\s*({_SHORT})[)）]"
)
_ZH_IS = re.compile(
    rf"(?<![A-Za-z])({_SHORT})\s?(?:是|的意思是|代表)\s?"
    rf"([A-Z][A-Za-z’' -]{{6,80}}?)\s?(?=[（(的，。])"
)
_ZH_BEFORE = re.compile(rf"(?<![A-Za-z])({_SHORT})\s?[（(]([A-Z][A-Za-z’' /-]{{6,80}})[,，)）]")
_ZH_NAME = re.compile(
    rf"(?:^|(?<=[\n。！？；，、：“「《（(]))([{HAN_CHARACTERS}]{{3,12}})\s?[（(]({_SHORT})[)）]"
)
_ZH_NO_NAME = re.compile(
    r"[的是在了和与與或对對为為以及把被从從由用将將向让讓使可能会會有来來这這那其该該称稱如即则則而但也都还還所]|^(?:例|包括|基于|通过|通過|采用|支持|属于|屬於)"
)
_LINKS = word_set("of and for the in to on a an with by from or at as de & und")


def find(material: Material) -> Iterator[Finding]:
    """Yield every abbreviation with exactly one expansion, whose expansion has no second one."""
    reading = material[0]
    meanings: dict[str, set[str]] = defaultdict(set)
    shorts: dict[str, set[str]] = defaultdict(set)
    places: dict[str, tuple[str, int, int]] = {}
    for short, full, start, end in _expansions(reading):
        meanings[_singular(short)].add(_key(full))
        shorts[_key(full)].add(_singular(short))
        if _singular(short) not in {_singular(known) for known in places}:
            places[short] = (full, start, end)
    for short, (full, start, end) in places.items():
        if len(meanings[_singular(short)]) == 1 and len(shorts[_key(full)]) == 1:
            # One direction for each, always the same one, so that no row answers another.
            tells = initials(full) == _singular(short).lower()
            wording = "expand" if tells or zlib.crc32(short.encode()) % 2 else "abbreviate"
            slots = {"short": short, "full": as_within(reading, full)}
            yield Finding(slots, (reading.span(start, end),), wording)


def _expansions(reading: ParsedPart) -> Iterator[tuple[str, str, int, int]]:
    """Yield (abbreviation, expansion, start, end)."""
    text = reading.text
    for match in _AFTER.finditer(text):
        words = _WORDS.search(text[max(0, match.start() - 100) : match.start()])
        if words and (full := spelt_out(match[1], words[0])):
            yield match[1], full, match.start() - len(full), match.end()
    for match in _BEFORE.finditer(text):
        if spelt_out(match[1], match[2]) == match[2]:
            yield match[1], match[2], match.start(), match.end()
    if reading.language != "zh":
        return
    for match in _ZH_FULL.finditer(text):
        if spelt_out(match[2], match[1]) == match[1]:
            yield match[2], match[1], match.start(1), match.end(2)
    for match in (*_ZH_BEFORE.finditer(text), *_ZH_IS.finditer(text)):
        if spelt_out(match[1], match[2]) == match[2]:
            yield match[1], match[2], match.start(), match.end(2)
    for match in _ZH_NAME.finditer(text):
        if not _ZH_NO_NAME.search(match[1]):
            yield match[2], match[1], match.start(1), match.end()


def spelt_out(short: str, words: str) -> str:
    """Return the last words whose initials spell the abbreviation, "" where none do.

    Every initial of the expansion is a letter of the abbreviation; only link words ("of", "and")
    may be passed over.
    """
    letters = [letter for letter in _singular(short).lower() if letter.isalpha()]
    pieces = list(re.finditer(r"[A-Za-z][\w’']*", words))
    at = len(pieces)
    while letters and at:
        at -= 1
        link = pieces[at][0].lower() in _LINKS
        if pieces[at][0][0].lower() == letters[-1] and not (link and len(letters) == 1):
            letters.pop()
        elif not link:
            return ""
    if letters:
        return ""
    full = words[pieces[at].start() :].rstrip()
    whole_word = pieces[at].start() == 0 or words[pieces[at].start() - 1] == " "
    return full if (whole_word and len(full.split()) > 1) or "-" in full else ""


def initials(full: str) -> str:
    """Return the first letters of a name's words, link words left out: who is asked for the
    abbreviation could write it down without looking.
    """
    words = re.findall(r"[A-Za-z][\w’']*", full)
    return "".join(word[0].lower() for word in words if word.lower() not in _LINKS)


def _singular(short: str) -> str:
    return short.removesuffix("s")


def _key(full: str) -> str:
    return re.sub(r"[\s-]+", " ", full.lower()).rstrip("s")


FAMILY = Family(
    "acronym_expansion", "document_analysis", frozenset({"en", "zh"}), find, atomic=True
)
