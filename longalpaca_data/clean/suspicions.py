"""What makes a document look as if it had been misread, in words that the report shows.

Nothing here is certain: a suspicion is a reason for a person to look, and for questions about
sections to keep silent.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from longalpaca_data.clean import title
from longalpaca_data.clean.account import of_the_text
from longalpaca_data.clean.contents import key
from longalpaca_data.clean.labels import (
    ARABIC_ALONE,
    GROUPS,
    LABEL,
    ROMAN_ALONE,
    ROMAN_TITLED,
    ZH_GROUPS,
    ZH_MARK,
)
from longalpaca_data.core import numerals
from longalpaca_data.core.records import Account, Document, RawDocument, Section

UNREAD = ("missing", "unread", "unparsed")  # how a reader's reason for a part of a file begins
MAX_UNACCOUNTED = 0.02
MAX_LOST = 0.25
MAX_SECTION = 0.4
MIN_SECTIONS, MIN_TEXT = 3, 20_000  # characters: of a short text one section may be the half
LATEST_FIRST = 3  # a file that begins with chapter 7 is an excerpt, one that begins with 2 is not
MIN_LABELLED, MIN_UNLABELLED = 2, 4
SHOWN = 3
TITLE_WITHIN = 20_000  # characters of the text in which a title is looked for
ARABIC_TITLED = re.compile(r"(?P<number>\d{1,3})(?:[.:、]\s+|\s+)(?=[^\d\s])")
LETTERS = frozenset("CDLM")  # "C. Claims" counts letters, not a hundred


def with_suspicions(document: Document, raw: RawDocument, thin_pages: Sequence[int]) -> Account:
    """Return a document's account with the reasons to doubt it. ``thin_pages`` are those of which
    the removal of running heads left little.
    """
    found = [
        *(f"text: {reason}" for reason in _of_text(document.account)),
        *(f"sections: {reason}" for reason in _of_sections(document)),
        *(f"title: {reason}" for reason in _of_title(document, raw)),
        *(f"page: {reason}" for reason in _of_pages(thin_pages)),
    ]
    return replace(document.account, suspicions=tuple(found))


def _of_text(account: Account) -> Iterator[str]:
    if account.unaccounted > MAX_UNACCOUNTED * account.seen:
        yield f"nobody knows what became of {_percent(account.unaccounted, account.seen)} of it"
    lost, seen = of_the_text(account)
    if sum(lost.values()) > MAX_LOST * seen:
        reason = max(sorted(lost), key=lost.__getitem__)
        share = _percent(sum(lost.values()), seen)
        yield f"{share} of it was left out, most of that as: {reason}"
    unread = sorted(reason for reason in lost if reason.startswith(UNREAD))
    if unread:
        yield f"{_listed(unread)} could not be read"


def _of_sections(document: Document) -> Iterator[str]:
    yield from _longest(document)
    for (group, _), numbers in _numberings(document.sections).items():
        yield from _gaps(group, numbers)


def _longest(document: Document) -> Iterator[str]:
    """A section's own text ends where the next heading stands."""
    sections, size = document.sections, len(document.text)
    if len(sections) < MIN_SECTIONS or size < MIN_TEXT:
        return
    if sections[0].start > MAX_SECTION * size:
        yield f"{_percent(sections[0].start, size)} of the text stand before the first heading"
    ends = [*(section.start for section in sections[1:]), size]
    for section, end in zip(sections, ends, strict=True):
        if end - section.body > MAX_SECTION * size:
            share = _percent(end - section.body, size)
            yield f"{share} of the text stand under one heading, {section.title[:60]!r}"


def _numberings(sections: Sequence[Section]) -> dict[tuple[str, int], list[int]]:
    """The numbers of headings in their order, by what is numbered. Chapters and parts count at any
    level, for it is often guessed; numbers without such a word at the outermost that has several.
    """
    labelled: dict[tuple[str, int], list[int]] = defaultdict(list)
    plain: dict[tuple[str, int], list[int]] = defaultdict(list)
    for section in sections:
        group, number = _labelled(section.title)
        if number is not None:
            labelled[group, 0].append(number)
        elif not group and (number := _plain_number(section.title)) is not None:
            plain["number", section.level].append(number)
    found = {kind: n for kind, n in labelled.items() if len(n) >= MIN_LABELLED}
    several = sorted(kind for kind, n in plain.items() if len(n) >= MIN_UNLABELLED)
    return found | {kind: plain[kind] for kind in several[:1]}


def _labelled(heading: str) -> tuple[str, int | None]:
    """What a heading says that it is, and its number."""
    if match := LABEL.match(heading):
        label = match["label"].lower()
        return GROUPS.get(label, label), numerals.value(match["number"])
    if mark := ZH_MARK.match(heading):
        return ZH_GROUPS.get(mark["unit"], mark["unit"]), numerals.value(mark["number"])
    return "", None


def _plain_number(heading: str) -> int | None:
    """The number that a heading begins with, or is."""
    match = ROMAN_TITLED.match(heading) or ARABIC_TITLED.match(heading)
    alone = ROMAN_ALONE.match(heading) or ARABIC_ALONE.match(heading)
    text = match["number"] if match else heading.rstrip(".") if alone else ""
    return None if LETTERS.intersection(text) else numerals.value(text)


def _gaps(group: str, numbers: Sequence[int]) -> Iterator[str]:
    """Numbers count up by one; they may begin again (the next volume), or come twice in a row."""
    missing: list[str] = []
    late: list[str] = []
    last = 0 if numbers[0] <= LATEST_FIRST else numbers[0] - 1
    for number in numbers:
        if number > last + 1:
            missing.append(str(last + 1) if number == last + 2 else f"{last + 1}–{number - 1}")
        elif 1 < number < last:
            late.append(f"{number} behind {last}")
        last = number
    if missing:
        yield f"no heading for {group} {_listed(missing)}"
    if late:
        yield f"out of order: {group} {_listed(late)}"


def _of_title(document: Document, raw: RawDocument) -> Iterator[str]:
    name = key(document.title)
    if not name:
        yield "none was found"
    elif title.is_weak(document.title):
        yield f"{document.title!r} is the name of a file or a form"
    elif name == key(title.of_path(document.path)) and name not in key(_front(raw)):
        yield f"{document.title!r} is the file's name, and the text doesn't say it"


def _front(raw: RawDocument) -> str:
    """What a document says about itself: its metadata's title, and its first blocks."""
    texts = [raw.title]
    size = 0
    for block in raw.blocks:
        texts.append(block.text)
        size += len(block.text)
        if size > TITLE_WITHIN:
            break
    return " ".join(texts)


def _of_pages(thin_pages: Sequence[int]) -> Iterator[str]:
    if thin_pages:
        pages = _listed([str(page) for page in thin_pages])
        yield f"much of {pages} was taken for running heads"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
