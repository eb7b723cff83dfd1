"""Questions for how the document defines a term."""

from __future__ import annotations

import re
from collections.abc import Iterator

from longalpaca_data.core.language import HAN_CHARACTERS
from longalpaca_data.generate.extractive.clauses import uncut
from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Sentence
from longalpaca_data.generate.extractive.sentence_quality import (
    as_within,
    clean,
    is_term,
    stands_alone,
    told_once,
    without_article,
)

_LENGTH = {"en": (40, 420), "zh": (12, 160)}
_LONGEST_TERM = {"en": 6, "zh": 14}

_TERM = r"[“\"‘]?(?P<term>[A-Za-z][\w’'/ -]{1,60}?)(?P<short> \([A-Z][A-Za-z-]{1,9}\))?[”\"’]?"
_OFTEN = r"(?:(?:generally|often|commonly|usually|formally|here|sometimes|also) )?"
_NO_KIND = (
    r"(?!(?:\w+ ){0,2}(?:cause|example|response|result|style|way|part|member|problem|matter|reason|"
    r"step|lot|number|question|good|bad|key|challenge|need|risk|case|function of|consequence)\b)"
)
"""What follows "is a" without saying what kind of thing it is."""


def _defining(*pieces: str, everywhere: bool = False) -> tuple[re.Pattern[str], bool]:
    return re.compile("".join(pieces)), everywhere


_EN = (
    _defining(
        rf"^The (?:term|phrase|word|expression) {_TERM} (?:{_OFTEN}(?:refers to|means|denotes|",
        rf"describes|designates|stands for)|is {_OFTEN}(?:used to (?:describe|denote|mean|",
        r"refer to)|defined as|understood as)) ",
        everywhere=True,
    ),
    _defining(
        rf"^(?:An? |The )?{_TERM} (?:is|are|can be|may be) {_OFTEN}defined (?:as|to be) ",
        everywhere=True,
    ),
    _defining(rf"^By {_TERM},? (?:is meant|we mean|I mean|we understand) ", everywhere=True),
    _defining(rf"^We {_OFTEN}define (?:an? |the )?{_TERM} as ", everywhere=True),
    _defining(rf"^(?:An? |The )?{_TERM}, (?:which is )?{_OFTEN}defined as ", everywhere=True),
    _defining(rf"^(?:An? )?{_TERM} {_OFTEN}(?:refers to|denotes|means) (?:an?|the|any|one|those) "),
    _defining(
        rf"^(?:An? |The )?{_TERM} (?:is|are) {_OFTEN}(?:an?|any) {_NO_KIND}",
        r"[^,;:]{3,80}?\b(?:that|which|who|whose|used|using|designed|consisting|containing|",
        r"composed|made|intended) ",
    ),
    _defining(
        rf"^(?:An? |The )?{_TERM} (?:at [\w ]{{1,20}} )?is {_OFTEN}the (?:probability|ratio|share|",
        r"proportion|fraction|process|set|degree|rate|act|practice|total|sum|period|ability) ",
    ),
    _defining(
        r"^(?:An? |Any )(?:(?!, (?:and|but|or)\b)[^;:.]){12,200}? (?:is|are) ",
        rf"{_OFTEN}(?:called|known as|termed|referred to as) (?:an? (?=[a-z])|(?=[“‘\"])){_TERM}",
        r"(?=\.$|, (?:and|which|or|because|since)\b)",
    ),
)
"""Defining sentences and whether they define in any document: in a novel "Starbuck means mischief"
is no definition."""

_ZH_TERM = (
    rf"[“「『]?(?P<term>[{HAN_CHARACTERS}A-Za-z0-9·/ -]{{2,20}}?)"
    r"(?P<short>（[^（）]{2,50}）)?[”」』]?"
)
_ZH = (
    _defining(
        rf"^(?:所谓|所謂)的?{_ZH_TERM}[，,]?\s*(?:就是|是指|即是|乃是|指的是|是)", everywhere=True
    ),
    _defining(
        rf"^{_ZH_TERM}\s*(?:是指|指的是|指的就是|的定义是|的定義是|的意思是|被?定义为|被?定義為)",
        everywhere=True,
    ),
    _defining(
        rf"^{_ZH_TERM}\s*是(?:一种|一種|一个|一個|一类|一類|一款|一套|一项|一組|一组|用于|用於|",
        "用来|用來)",
    ),
    _defining(
        rf"^{_ZH_TERM}\s*是[^，。；：“”]{{4,60}}的(?!一年|时候|時候|事情|原因|结果|結果|关键|關鍵|重点|",
        rf"重點|基础|基礎|部分|例子|情况|情況|地方|问题|問題|目的)[{HAN_CHARACTERS}]{{2,6}}。$",
    ),
)
_ZH_NO_TERM = re.compile(
    r"[的了这這那它他她我你在和与與或对對为為把被从從由以而但如若当當所每各此其该該不没沒也都还還就则則]|^[一二三四五六七八九十]|"
    r"^(?:目的|结果|結果|问题|問題|原因|方法|作用|内容|內容|意思|文章|本文|论文|報告|报告|首先|其次)$"
)


def find(material: Material) -> Iterator[Finding]:
    """Yield the terms that one clean sentence of the window defines, and only one."""
    reading = material[0]
    found = list(_definitions(reading))
    entries = list(_entries(reading)) if reading.kind != "book" else []
    once = told_once([_key(t) for t, _, _ in found] + [_key(t) for t, _ in entries])
    for term, shown, sentence in found:
        if _key(term) in once and _usable(reading, term, sentence):
            slots = {"term": as_within(reading, shown), "sentence": sentence.text}
            yield Finding(slots, (reading.span(sentence.start, sentence.end),))
    for term, finding in entries:
        sense = finding.slots["sentence"]
        if (
            _key(term) in once
            and is_term(term)
            and not _REMARK.search(term)
            and _clean_entry(sense)
        ):
            yield finding


_ENTRY = re.compile(
    r"^(?:[-*•·–] ?|\(?\d{1,2}[.)] )?(?P<term>[A-Z][\w’'/ -]{2,50}?)"
    r"(?P<short> \([A-Z][A-Za-z-]{1,9}\))?"
    r"(?::| [–—]) (?P<sense>[A-Z].+)$"
)


def _entries(reading: ParsedPart) -> Iterator[tuple[str, Finding]]:
    """Glossary entries, "Policy engine (PE): This component …": two or more in a row, since a
    single "Note: …" looks the same.
    """
    run: list[tuple[str, Finding]] = []
    for paragraph in reading.paragraphs:
        match = _ENTRY.match(paragraph.text) if reading.language == "en" else None
        if match is None:
            yield from run if len(run) > 1 else ()
            run = []
            continue
        slots = {"term": match["term"] + (match["short"] or ""), "sentence": match["sense"]}
        start = paragraph.start + match.start("term")
        run.append((match["term"], Finding(slots, (reading.span(start, paragraph.end),), "entry")))
    yield from run if len(run) > 1 else ()


def _definitions(reading: ParsedPart) -> Iterator[tuple[str, str, Sentence]]:
    """Every defining sentence, good or not: a second, unclear one makes the question ambiguous."""
    patterns = _ZH if reading.language == "zh" else _EN
    for sentence in reading.sentences:
        for pattern, everywhere in patterns:
            if not everywhere and reading.kind == "book":
                continue
            if match := pattern.search(sentence.text):
                term = without_article(match["term"].strip())
                yield term, term + (match["short"] or ""), sentence
                break


def _usable(reading: ParsedPart, term: str, sentence: Sentence) -> bool:
    language = reading.language
    shortest, longest = _LENGTH[language]
    if not shortest <= len(sentence.text) <= longest or not clean(sentence.text, language):
        return False
    if not uncut(reading, sentence):
        return False
    if language == "zh":
        return (
            not re.search(r"\d", term)
            and not _ZH_NO_TERM.search(term)
            and len(term) <= _LONGEST_TERM["zh"]
        )
    return (
        is_term(term, _LONGEST_TERM["en"])
        and not _NO_NOUN_PHRASE.search(term)
        and not re.match(
            r"The \w+ (?:is|are) an? ", sentence.text
        )  # "The outcome is a plan that …"
        and not re.match(r"\w+ing ", term)  # "Forgetting to do so is a …" defines nothing
        and "as follows" not in sentence.text
        and (stands_alone(sentence.text, "en") or sentence.text.startswith(("By ", "We ")))
        and reading.unique(sentence.text)
    )


_NO_NOUN_PHRASE = re.compile(
    r"(?:^|\s)(?:\w+ly|partly|simply|here|there|then|now|always|never|today|version|release|\d\S*)$"
    r"|^[Vv]ersion\b|^\w+(?:able|ible|ential|ive|ful|less|ous)$|\b(?:is|are|was|were|by|to|from)\b"
)
"""An adverb before the verb, a version's label, a lone adjective: no name of a thing."""
_REMARK = re.compile(
    r"\b(?:detail|notes?|example|warning|changed|new in|tip|see|source|author|date|address|version|"
    r"copyright|status|keywords?|published|submitted)\b",
    re.IGNORECASE,
)
"""Labels with a colon that head a remark or a title page's line, not a glossary entry."""


_DUTY = re.compile(r"\b(?:must|should|shall|required|comply|complies|recommended)\b")
"""What one has to do under a heading is no description of what the heading names."""


def _clean_entry(sense: str) -> bool:
    shortest, longest = _LENGTH["en"]
    if _DUTY.search(sense):
        return False
    return shortest <= len(sense) <= longest and all(
        clean(sentence, "en") for sentence in re.split(r"(?<=[.!?]) (?=[A-Z])", sense)
    )


def _key(term: str) -> str:
    return term.lower().rstrip("s")


FAMILY = Family("term_definition", "document_analysis", frozenset({"en", "zh"}), find, atomic=True)
