"""Who says a quoted line.

Only lines whose speaker the text itself names, in the words right before or after the line. A
speaker who is "he", "the old man" or 那人 is no answer; neither is one whom the text leaves to the
context, as dialogue and Chinese chapter novels often do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from longalpaca_data.core.language import HAN_CHARACTERS
from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.parsed_part import ParsedPart
from longalpaca_data.generate.extractive.passages import clean
from longalpaca_data.generate.extractive.section_names import quoting
from longalpaca_data.generate.extractive.speakers import speaks_after, speaks_before, zh_speakers

_SAID = (
    r"(?:said|cried|replied|asked|answered|returned|exclaimed|observed|shouted|whispered|murmured"
    r"|remarked|continued|added|muttered|rejoined|repeated|demanded|roared|inquired|enquired"
    r"|responded|interrupted|declared|growled|groaned|gasped|stammered|called|says|asks|replies|cries)"
)
_TITLE = (
    r"(?:Mrs?|Ms|Dr|Sir|Lady|Lord|Captain|Father|Miss|Madame|Professor|Colonel|Major|Aunt|Uncle)"
)
_SPEAKER = (
    rf"(?P<name>(?:{_TITLE}\.? )?[A-Z][a-z]+(?:[A-Z][a-z]+)?(?: [A-Z][a-z]+){{0,2}}"
    r"|the [A-Z][a-z]+(?: [A-Z][a-z]+)?)"
)
_AFTER = re.compile(
    rf" (?:{_SAID} {_SPEAKER.replace('name', 'second')}(?=[,.;:!?—]| [a-z])"
    rf"(?! and (?:[A-Z]|the |his |her )| or )|{_SPEAKER} {_SAID}(?=[,.;:—]| \w+ly\b))"
)
_NOT_A_SPEAKER = frozenset(
    re.findall(
        r"\w+",
        "I He She It They We You The A An This That These Those There One Who What Then But And "
        "Both All Nobody Somebody Everybody Everyone Another Others God Heaven",
    )
)
_BEFORE = re.compile(
    rf"(?:^|[.!?;”] |\b(?:and|but|then|And|But|Then) ){_SPEAKER} {_SAID}(?: \w+ly)?[,:] $"
)
_OPEN_END = re.compile(r"[,!?—]$")
_FULL_STOP = re.compile(r"[.!?]")
_SHORTEST, _LONGEST = {"en": 30, "zh": 12}, {"en": 260, "zh": 90}
_RECURS = 3  # a speaker's name must stand in the window so often: a misread word does not
_TAG_REACH = 80
_CLOSING = {"“": "”", "「": "」"}
_OPENING = {close: opening for opening, close in _CLOSING.items()}
_RUNAWAY = 2000  # characters after which a line that doesn't close has lost its mark


@dataclass(frozen=True, slots=True)
class _Speech:
    """A line between quotation marks: ``text[start:end]`` is the line, marks excluded."""

    start: int
    end: int
    text: str


def find(material: Material) -> Iterator[Finding]:
    """Yield each line that stands once in the window and whose speaker is named beside it."""
    reading = material[0]
    if reading.kind not in {"book", "document"}:
        return
    lines = _zh_lines(reading) if reading.language == "zh" else _en_lines(reading)
    for line, speaker, tag in lines:
        said = _shown(line.text, reading.language)
        if not said or not reading.unique(said) or speaker.removeprefix("the ") in said:
            continue
        slots, wording = quoting({"quote": said}, reading.language)
        start = line.start + line.text.index(said)
        evidence = (reading.span(start, start + len(said)), reading.span(*tag))
        capital = speaker[:1].upper() + speaker[1:]
        yield Finding(slots | {"speaker": speaker, "Speaker": capital}, evidence, wording)


def _shown(line: str, language: str) -> str:
    """Return the part of a line that is quoted: all of it, or as many whole sentences from its
    beginning as fit; empty where that isn't clean.
    """
    said = line.strip()
    if len(said) > _LONGEST[language]:
        mark = r"[。！？]" if language == "zh" else r"(?<!Mr)(?<!Mrs)(?<!Dr)(?<!St)[.!?](?= [A-Z])"
        ends = [m.end() for m in re.finditer(mark, said[: _LONGEST[language] + 1])]
        said = said[: ends[-1]] if ends else ""
    if len(said) < _SHORTEST[language]:
        return ""
    whole = said
    if language == "en" and said[-1] == ",":  # the comma stands for the full stop of the sentence
        said = said[:-1]
        whole = said + "."
    return said if clean(whole, language) else ""


def _en_lines(reading: ParsedPart) -> Iterator[tuple[_Speech, str, tuple[int, int]]]:
    """Yield lines of English dialogue with their speaker and the place of the words that name
    the speaker.
    """
    for paragraph in reading.paragraphs:
        if not paragraph.prose or not any(mark in paragraph.text for mark in '“"'):
            continue
        speeches = _speeches(paragraph.text)
        for index, speech in enumerate(speeches):
            following = speeches[index + 1] if index + 1 < len(speeches) else None
            until = following.start - 1 if following else len(paragraph.text)
            for line, speaker, tag in _attributed(paragraph.text, speech, following, until):
                if reading.text.count(speaker.rsplit(" ", 1)[-1]) < _RECURS:
                    continue
                moved = _Speech(line.start + paragraph.start, line.end + paragraph.start, line.text)
                yield moved, speaker, (tag[0] + paragraph.start, tag[1] + paragraph.start)


def _speeches(text: str) -> list[_Speech]:
    """Return what stands between double quotation marks, curly or (where even) straight."""
    if "“" in text:
        pattern = r"“([^“”]*)”"
    elif text.count('"') % 2 == 0:
        pattern = r'"([^"]*)"'
    else:
        return []
    return [_Speech(m.start(1), m.end(1), m[1]) for m in re.finditer(pattern, text)]


def _attributed(
    text: str, speech: _Speech, following: _Speech | None, until: int
) -> Iterator[tuple[_Speech, str, tuple[int, int]]]:
    opening = speech.start - 1
    before = _BEFORE.search(text, max(0, opening - _TAG_REACH), opening)
    if before and _is_name(before["name"]):
        yield speech, before["name"], (before.start("name"), opening)
        return
    tag = _AFTER.match(text, speech.end + 1, until)
    if tag is None or not _OPEN_END.search(speech.text):
        return
    speaker = tag["second"] or tag["name"]
    if not _is_name(speaker):
        return
    between = text[tag.end() : until]
    place = (tag.start() + 1, tag.end())
    if following is None or _FULL_STOP.search(between):
        yield speech, speaker, place
    if following is not None and between.rstrip(" ") in {".", ";", ","}:
        ended = between[0] == "." or speech.text[-1] in "!?"
        if ended and following.text[:1].isupper() and len(speech.text) < len(following.text):
            yield following, speaker, place


def _is_name(speaker: str) -> bool:
    return not any(word in _NOT_A_SPEAKER for word in speaker.split())


def _zh_lines(reading: ParsedPart) -> Iterator[tuple[_Speech, str, tuple[int, int]]]:
    """Yield lines introduced by a name and a verb of saying, or (modern prose) closed by them."""
    text, speakers = reading.text, zh_speakers(reading)
    for match in speaks_before(text):
        start = match.end()
        close = _closing(text, start)
        if (
            match["name"] in speakers
            and close > 0
            and not _goes_on(text[close + 1 : close + 12], speakers)
        ):
            line = _Speech(start, close, text[start:close])
            yield line, match["name"], (match.start(), match.end() - 2)
    for match in speaks_after(text):
        close = match.start() - 1
        start = text.rfind(_OPENING[text[close]], max(0, close - _RUNAWAY), close) + 1
        if match["name"] in speakers and start > 0 and _closing(text, start) == close:
            if text[: start - 1].endswith(("：", ":")):  # introduced by somebody already
                continue
            yield _Speech(start, close, text[start:close]), match["name"], match.span()


def _closing(text: str, start: int) -> int:
    """Return where the line that opens right before ``start`` closes, -1 where it runs away."""
    opening = text[start - 1]
    close = text.find(_CLOSING[opening], start, start + _RUNAWAY)
    again = text.find(opening, start, close) if close > 0 else -1
    return -1 if again >= 0 else close


def _goes_on(after: str, speakers: frozenset[str]) -> bool:
    """A second attribution right behind the line ("…”X道。") would contradict the first."""
    match = re.match(rf"([{HAN_CHARACTERS}]{{1,4}}?)笑?[道說说問问][，。]", after)
    return match is not None and (match[1] in {"他", "她"} or match[1] in speakers)


FAMILY = Family("quote_speaker", "book_qa", frozenset({"en", "zh"}), find, atomic=True)
