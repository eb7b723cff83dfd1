"""Questions for what happened in a year or on a date, or for the year of an event."""

from __future__ import annotations

import re
from collections.abc import Iterator

from longalpaca_data.generate.extractive.clauses import main_clause, uncut
from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Sentence
from longalpaca_data.generate.extractive.sentence_quality import (
    clean,
    in_references,
    quotable,
    stands_alone,
)

_LENGTH = {"en": (40, 320), "zh": (12, 130)}
_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_YEAR = r"(?P<year>1[0-9]\d\d|20[0-4]\d)"
_EN_DATED = re.compile(
    rf"^(?P<date>(?:(?:In|During) (?:the year )?(?:(?:early|late) )?(?:{_MONTH},? )?{_YEAR})|"
    rf"(?:On (?:\d{{1,2}} {_MONTH},?|{_MONTH} \d{{1,2}},?) (?P<year2>1[0-9]\d\d|20[0-4]\d))),? "
    r"(?P<event>[A-Za-z“‘].{20,280}[.!])$"
)
_DATED_THINGS = (
    r"[Aa]ct|[Oo]rder|[Ee]dict|[Ww]ar|[Tt]reaty|[Pp]eace|[Ll]aw|[Ss]tatute|[Rr]evolution|[Cc]risis|"
    r"[Ff]ire|[Ff]lood|[Ee]arthquake|[Ss]torm|[Rr]egulations?|[Cc]harter|[Ee]vents?|[Ee]lections?|"
    r"[Ee]nd|[Bb]eginning|[Ss]pring|[Ss]ummer|[Aa]utumn|[Ww]inter|[Ff]all|[Cc]onvention|[Cc]ongress"
)
_EN_WITHIN = re.compile(
    rf"(?:\b(?:in|since|until|during) (?:the year )?(?:{_MONTH} )?|\bby the year |"
    rf"\b(?:of|by) {_MONTH} |\b(?:{_MONTH}|{_DATED_THINGS}) of ){_YEAR}"
    r"(?=[ ,.;])(?! ?[–-]|, \d| (?!was\b|has\b|this\b|does\b|is\b|as\b|less\b|us\b)[a-z]+s\b|"
    r" (?:or|and|to) \d| (?:MB|KB|KiB|MiB|km|men|people|per)\b)"
)
"""A year in the company of a date: "divided by 1024" and "in 2048 bytes" are none."""
_REIGNS = (
    "洪武|建文|永樂|永乐|洪熙|宣德|正統|正统|景泰|天順|天顺|成化|弘治|正德|嘉靖|隆慶|隆庆|萬曆|万历|泰昌|天啟|天启|崇禎|崇祯|順治|顺治|"
    "康熙|雍正|乾隆|嘉慶|嘉庆|道光|咸豐|咸丰|同治|光緒|光绪|宣統|宣统|貞觀|贞观|開元|开元|民國|民国"
)
_ZH_DATED = re.compile(
    r"^(?:[早在到]{0,2})(?P<date>(?:公元)?(?P<year>1\d{3}|20\d\d|[一二][〇○零一二三四五六七八九]{3})\s?年(?![度代级級版以之前后後])(?:\s?\d{1,2}\s?月(?:\s?\d{1,2}\s?日)?|初|底|末|[春夏秋冬][天季]?)?|"
    rf"(?P<reign>(?:{_REIGNS})[元一二三四五六七八九十]{{1,3}}年))[，,、]?(?P<event>[^，,].{{5,110}}[。！])$"
)
_PERSONS = re.compile(
    r"^(?:[Ii]|[Ww]e|[Hh]e|[Ss]he|[Ii]t|[Tt]hey|[Tt]his|[Tt]hese|[Tt]hose|[Tt]here|[Yy]ou|[Hh]is|[Hh]er|"
    r"[Tt]heir|[Mm]y|[Oo]ur|[Ii]ts|[Tt]hat|[Ss]uch|[Oo]ne|[Ss]ome|[Aa]nother|[Aa]nd|[Oo]r|[Bb]ut|[Tt]o)\b"
)


_UNNAMED = re.compile(
    r"(?:the|a|an|all the) (?:[a-z]+ )?(?:company|society|board|council|committee|house|crew|ship|"
    r"king|author|group|two|three|number|amount|figure|sum|total|fund|bank|same)\b(?! of\b| [A-Z])"
)
"""The company: which? A question that gives only the year does not say."""
_STATE = re.compile(
    r".{3,160}? (?:is|are|was|were|amounted|stood|had been)\b(?! (?:[a-z]+ly )?(?:[a-z]+(?:ed|en)|"
    r"built|made|held|sold|brought|found|paid|put|set|sent|lost|laid|begun|cut|shot|won|hung)\b)"
)
"""What was so in a year did not happen in it."""


def find(material: Material) -> Iterator[Finding]:
    """Yield dated events whose year stands once in the window: no second event can fit."""
    reading = material[0]
    shortest, longest = _LENGTH[reading.language]
    for sentence in reading.sentences:
        text = sentence.text
        if not (shortest <= len(text) <= longest and re.search(r"\d{4}|年", text)):
            continue
        if not (clean(text, reading.language) and uncut(reading, sentence)):
            continue
        if not in_references(reading, sentence):
            yield from _dated(reading, sentence)


def _dated(reading: ParsedPart, sentence: Sentence) -> Iterator[Finding]:
    text, language = sentence.text, reading.language
    span = reading.span(sentence.start, sentence.end)
    match = (_ZH_DATED if language == "zh" else _EN_DATED).match(text)
    if match:
        groups = match.groupdict()
        year = groups["year"] or groups.get("year2") or groups.get("reign")
        if year and _once(reading, year) and _self_explaining(match["event"], language):
            date = (
                match["date"] if language == "zh" else match["date"][0].lower() + match["date"][1:]
            )
            yield Finding({"date": date, "sentence": text}, (span,), "event")
    elif language == "en" and len(re.findall(r"\d{4}", text)) == 1 and quotable(text):
        within = _EN_WITHIN.search(text)
        if not (within and reading.unique(text) and main_clause(text)):
            return
        if stands_alone(text, language, strict=True):
            blank = text[: within.start("year")] + "____" + text[within.end("year") :]
            yield Finding(
                {"blank": blank, "year": within["year"], "sentence": text}, (span,), "gap"
            )


def _self_explaining(event: str, language: str) -> bool:
    if language == "zh":
        return not event.startswith(("是", "为", "為", "的")) and stands_alone(event, "zh")
    if _PERSONS.match(event) or _UNNAMED.match(event) or _STATE.match(event):
        return False
    return main_clause(event) and stands_alone(event[0].upper() + event[1:], "en", strict=True)


def _once(reading: ParsedPart, year: str) -> bool:
    return reading.text.count(year) == 1


# Off by default: 15 of 17 rows on unseen documents, where 19 of 20 are asked for (an event told of
# "the same fund" needs the sentence before it).
FAMILY = Family(
    "event_of_year",
    "document_analysis",
    frozenset({"en", "zh"}),
    find,
    atomic=True,
    default=False,
)
