"""Questions for the items that the document lists after a sentence or under a heading."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.lists import Item, ListRun, list_runs, numbered_through
from longalpaca_data.generate.extractive.parsed_part import Paragraph, ParsedPart, Span
from longalpaca_data.generate.extractive.sentence_quality import balanced, quotable, stands_alone

_FEWEST, _MOST = 3, 10
_LONGEST_ITEM = {"en": 300, "zh": 120}
_SENTENCE_END = re.compile(r"(?<=[a-z0-9)”’][.?!]) (?=[A-Z])|(?<=[。！？])")
_LEAD = {"en": (25, 300), "zh": (8, 120)}
_DEBRIS = re.compile(
    r"[{}<>\\=^~|\n�\x02\t]|\.\.|\. \.|https?:|www\.|\(\)|  |`|\w_\w|--"
    r"|[,;][A-Za-z]|\bISBN\b|\d{4}\)\.$|;$\s*and$|/\S*/ \S|[./]/$|\./|/\.$| :|\S :"
    r"|(?<!e\.g)(?<!i\.e)(?<!etc)(?<!vs)(?<!cf)(?<!\.[a-z])\. [a-z]"
    r"|\b(?:described|listed|given|shown|see|discussed) (?:below|above)\b"
)
_EN_NUMBERS = dict(
    enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    )
)
_ZH_NUMBERS = dict(enumerate("零一二三四五六七八九十"))


def find(material: Material) -> Iterator[Finding]:
    """Yield complete lists of three to ten short, clean items with a unique lead-in."""
    reading = material[0]
    titles = Counter(section.title for section in reading.sections)
    for run in list_runs(reading):
        if not _sound(run, reading.language):
            continue
        lead = _lead(reading, run)
        section = reading.section_at(run.items[0].start)
        if lead is not None:
            yield _finding(reading, run, {"lead": lead[0]}, lead[1], "after")
        elif (
            section
            and titles[section.title] == 1
            and reading.text[section.body : run.items[0].start].strip(" -*•\n") == ""
            and not reading.text[run.items[-1].end : section.end].strip()
        ):
            where = reading.span(section.start, section.body)
            yield _finding(reading, run, {"section": section.title}, where, "under")


def _finding(
    reading: ParsedPart, run: ListRun, slots: dict[str, str], lead: Span, wording: str
) -> Finding:
    count = len(run.items)
    texts = tidied(run.items)
    if max(map(len, texts)) > _LONGEST_ITEM[reading.language]:
        texts, wording = [_opening(text) for text in texts], f"{wording}_openings"
    lines = "\n".join(f"{n}. {text}" for n, text in enumerate(texts, 1))
    number = (_ZH_NUMBERS if reading.language == "zh" else _EN_NUMBERS)[count]
    filled = {**slots, "items": lines, "count": number, "Count": number.capitalize()}
    items = tuple(reading.span(item.start, item.end) for item in run.items)
    return Finding(filled, (lead, *items), wording)


def _opening(text: str) -> str:
    """Return an item's first sentence."""
    return _SENTENCE_END.split(text, maxsplit=1)[0]


def tidied(items: tuple[Item, ...]) -> list[str]:
    """Return the items' texts, all with their full stops or all without."""
    texts = [_tidy(item.text) for item in items]
    if all(text[-1] in ".!?。！？" for text in texts):
        return texts
    return [re.sub(r"(?<!etc)[.。]$", "", text) for text in texts]


def _tidy(item: str) -> str:
    """An item without the "; and" that joined it to the next."""
    return re.sub(r"(?:[;,；，]\s*(?:and|or|以及|和|或)?|,)$", "", item).strip()


def _sound(run: ListRun, language: str) -> bool:
    """All items are there, whole, and of one make."""
    items = run.items
    if not _FEWEST <= len(items) <= _MOST or not numbered_through(items):
        return False
    if any(not _clean(item, language) for item in items):
        return False
    longest = _LONGEST_ITEM[language]
    if any(len(item.text) > longest for item in items) and any(
        len(_opening(item.text)) > longest or item.text[-1] not in ".。" for item in items
    ):
        return False
    if run.after is None:  # the window may end within the list
        return False
    stops = [item.text[-1] in ".!?。！？" for item in items]
    joined = all(
        item.text[-1] in ";,；，" or item.text.endswith(("and", "or")) for item in items[:-1]
    )
    if not (all(stops) or not any(stops) or (joined and stops[-1])):
        return False
    # An unfinished last item goes on in the next block.
    goes_on = run.after.text[0].islower() or items[-1].text[-1] in ",，;；:："
    return not goes_on and len({_tidy(item.text) for item in items}) == len(items)


def _clean(item: Item, language: str) -> bool:
    text = item.text
    if (
        not 2 <= len(text) <= _MOST * _LONGEST_ITEM[language]
        or _DEBRIS.search(text)
        or not balanced(text)
    ):
        return False
    letters = sum(character.isalpha() or character == " " for character in text)
    return letters >= 0.75 * len(text) and text[-1] not in ":：-("


def _lead(reading: ParsedPart, run: ListRun) -> tuple[str, Span] | None:
    """Return the sentence that ends in a colon right before the list, without the colon."""
    before = run.before
    if before is None or "\n" in before.text or _begins_in_the_middle(reading, before):
        return None
    sentences = [s for s in _SENTENCE_END.split(before.text) if s]
    shortest, longest = _LEAD[reading.language]
    lead, first = sentences[-1].strip(), len(sentences) - 1
    while first and (len(lead) < shortest or not stands_alone(lead, reading.language)):
        first -= 1  # "These are:" says nothing by itself
        lead = before.text[before.text.rindex(sentences[first]) :].strip()
    announced = lead[-1] in ":：" or re.search(r"\bfollowing\b[^.]{3,40}\.$|如下。$", lead)
    if not announced or not shortest <= len(lead) <= longest:
        return None
    if not (balanced(lead) and quotable(lead) and stands_alone(lead, reading.language)):
        return None
    if (
        _DEBRIS.search(lead)
        or lead[0].islower()
        or not lead[0].isalpha()
        or not reading.unique(lead)
    ):
        return None
    at = before.start + before.text.rindex(lead)
    return lead.rstrip(":：.。"), reading.span(at, at + len(lead))


def _begins_in_the_middle(reading: ParsedPart, paragraph: Paragraph) -> bool:
    """Say whether a page or column break cut the paragraph off from its beginning."""
    index = reading.paragraphs.index(paragraph)
    if index == 0:
        return reading.offset > 0
    previous = reading.paragraphs[index - 1]
    headings = {section.start for section in reading.sections}
    return previous.start not in headings and previous.text[-1] in ",;-–("


FAMILY = Family("listed_items", "document_analysis", frozenset({"en", "zh"}), find)
