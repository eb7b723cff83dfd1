"""Headings of texts that have lines and no structure: TXT, and PDF without bookmarks.

Three witnesses, in this order: the table of contents, labels ("CHAPTER I", "第一回"), and sequences
(I, II, III; 1, 2, 2.1). A candidate stands alone and is short; sequences must count up and have
text between them, or else they are lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from longalpaca_data.clean.chapters import split_chapters, split_unindented
from longalpaca_data.clean.chunks import Chunk, Piece
from longalpaca_data.clean.contents import PAGE_REFERENCE, Entry, key
from longalpaca_data.clean.labels import DIVISIONS, RULE, ZH_MARK, Label, label_of
from longalpaca_data.clean.sequences import (
    MAX_LINES,
    MIN_SEQUENCE,
    Mark,
    bare_titles,
    body_size,
    candidate,
    numbers_alone,
    sections,
    stands_out,
)
from longalpaca_data.core import numerals
from longalpaca_data.core.language import HAN
from longalpaca_data.core.records import Block

CONTENTS_RUN = 3  # so many headings without text between them are a list of contents
MAX_ZH_TITLE = 40  # characters of a title below its label
LOOSE = frozenset({"matter", "entry", "division"})


def mark_headings(pieces: Sequence[Piece], entries: Sequence[Entry]) -> list[Piece]:
    """Return the pieces with heading blocks in place of the chunks that are headings."""
    structured = sum(isinstance(p, Block) and p.kind == "heading" for p in pieces) >= MIN_SEQUENCE
    chapters: dict[int, str] = {}
    if not structured:
        pieces, chapters = split_chapters(_split_labels(split_unindented(pieces)))
    marks = _of_structured(pieces) if structured else _marks(pieces, entries, chapters)
    levels = _levels(marks, any(isinstance(p, Block) and p.kind == "heading" for p in pieces))
    result: list[Piece] = []
    position = 0
    for mark, level in zip(marks, levels, strict=True):
        first = pieces[mark.start]
        result += pieces[position : mark.start]
        result.append(Block("heading", mark.text, level, first.page, first.size, first.bold))
        position = mark.stop
    return [*result, *pieces[position:]]


def _split_labels(pieces: Sequence[Piece]) -> list[Piece]:
    """A label on the first line of a long chunk (no blank line after it) stands for itself."""
    result: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Chunk) and len(piece.lines) > 1:
            first = " ".join(piece.lines[0].split())
            label = label_of(first)
            whole = label_of(piece.text) is not None and len(piece.lines) <= MAX_LINES
            alone = label is not None and (label.bare or first.isupper())
            if label and alone and not label.counts and label.group != "matter" and not whole:
                result.append(replace(piece, lines=(first,)))
                result.append(replace(piece, lines=piece.lines[1:], blanks=0))
                continue
        result.append(piece)
    return result


def _of_structured(pieces: Sequence[Piece]) -> list[Mark]:
    body = body_size(pieces)
    return [
        mark
        for mark in _labelled(pieces)
        if mark.group == "matter" and stands_out(pieces[mark.start], body)
    ]


def _marks(
    pieces: Sequence[Piece], entries: Sequence[Entry], chapters: dict[int, str]
) -> list[Mark]:
    found = {mark.start: mark for mark in sections(pieces)}
    found |= {mark.start: mark for mark in _labelled(pieces)}
    found |= {
        index: Mark(index, index + 1, pieces[index].text, group)
        for index, group in chapters.items()
    }
    found |= {mark.start: mark for mark in _promised(pieces, entries) if mark.start not in chapters}
    groups = [mark.group for mark in found.values() if mark.group not in LOOSE]
    if sum(group not in DIVISIONS for group in groups) < MIN_SEQUENCE:
        numbers = {mark.start: mark for mark in numbers_alone(pieces)}
        found |= numbers
        if len(groups) + len(numbers) < MIN_SEQUENCE and not entries:
            found = {mark.start: mark for mark in bare_titles(pieces)} | found
    ordered = _without_overlap(sorted(found.values(), key=lambda mark: mark.start))
    return _once(_with_titles(pieces, _without_contents(ordered)))


def _labelled(pieces: Sequence[Piece]) -> list[Mark]:
    marks = []
    for index, piece in enumerate(pieces):
        text = candidate(piece, 400)
        if text and (label := label_of(text)) and not label.counts:
            marks.append(Mark(index, index + 1, text, label.group))
    return marks


def _promised(pieces: Sequence[Piece], entries: Sequence[Entry]) -> list[Mark]:
    """Chunks, up to three in a row, that say what an entry of the contents says."""
    wanted = {entry.key: entry for entry in entries}
    cased = {entry.text.isupper() for entry in entries if label_of(entry.text) is None}
    marks: list[Mark] = []
    index = 0
    while wanted and index < len(pieces):
        step = 1
        for count in (3, 2, 1):
            texts = [candidate(piece, 300) for piece in pieces[index : index + count]]
            entry = wanted.get(key(" ".join(texts))) if all(texts) and len(texts) == count else None
            if entry:
                label = label_of(entry.text)
                group = "entry" if len(cased) < 2 or not entry.text.isupper() else "division"
                named = label is not None and label.group != "matter"
                marks.append(
                    Mark(
                        index,
                        index + count,
                        " ".join(texts),
                        label.group if label and named else group,
                    )
                )
                step = count
                break
        index += step
    return marks


def _without_overlap(marks: Sequence[Mark]) -> list[Mark]:
    kept: list[Mark] = []
    for mark in marks:
        if not kept or mark.start >= kept[-1].stop:
            kept.append(mark)
    return kept


def _without_contents(marks: list[Mark]) -> list[Mark]:
    """Leave out runs of headings without text between them whose members come again later."""
    names = [_name(mark) for mark in marks]
    last = {name: index for index, name in enumerate(names)}
    dropped: set[int] = set()
    run: list[int] = []
    for index, mark in enumerate(marks):
        if run and mark.start != marks[run[-1]].stop:
            run = []
        run.append(index)
        if len(run) == CONTENTS_RUN:
            dropped |= {i for i in run if last[names[i]] > i}
        elif len(run) > CONTENTS_RUN and last[names[index]] > index:
            dropped.add(index)
    return [mark for index, mark in enumerate(marks) if index not in dropped]


def _once(marks: Sequence[Mark]) -> list[Mark]:
    """Take a heading and the same one right below it, as hasty copies have them, for one."""
    kept: list[Mark] = []
    for mark in marks:
        if kept and mark.start == kept[-1].stop and key(mark.text) == key(kept[-1].text):
            kept[-1] = replace(kept[-1], stop=mark.stop)
        else:
            kept.append(mark)
    return kept


def _name(mark: Mark) -> str:
    """What a heading and its line in the contents, which may name a page, have in common."""
    label = ZH_MARK.search(mark.text)
    if label:
        return f"{label['unit']} {numerals.value(label['number'])}"
    return key(PAGE_REFERENCE.sub("", mark.text))


def _with_titles(pieces: Sequence[Piece], marks: Sequence[Mark]) -> list[Mark]:
    """Join a bare label ("CHAPTER I.") with a title that stands below it, and leave out rules."""
    starts = {mark.start for mark in marks}
    result = []
    for mark in marks:
        stop = _behind_rules(pieces, mark.stop)
        label = label_of(mark.text) or Label("", bare=mark.group == "number" and _is_number(mark))
        if label.bare and stop < len(pieces) and stop not in starts:
            title = pieces[stop]
            text = candidate(title, 90)
            if text and isinstance(title, Chunk) and _is_title(text, title):
                stop = _behind_rules(pieces, stop + 1)
                mark = replace(mark, text=f"{mark.text} {text}")  # noqa: PLW2901
        result.append(replace(mark, stop=stop))
    return result


def _is_number(mark: Mark) -> bool:
    return " " not in mark.text


def _behind_rules(pieces: Sequence[Piece], index: int) -> int:
    while index < len(pieces) and RULE.match(candidate(pieces[index], 200)):
        index += 1
    return index


def _is_title(text: str, chunk: Chunk) -> bool:
    if len(chunk.lines) > 2 or text[:1] in "“‘\"'「『(" or text[-1:] in ',;:”"。；，、：．…—-':
        return False
    if HAN.search(text):
        return len(text) <= MAX_ZH_TITLE
    if text.isupper():
        return True
    words = [word for word in text.split() if len(word) > 3]
    titled = bool(words) and all(word[:1].isupper() for word in words) and len(text.split()) <= 10
    return titled and text[-1:] not in "!?"


def _levels(marks: Sequence[Mark], structured: bool) -> list[int]:
    """Levels by the order in which classes first appear: BOOK, then CHAPTER, then PART within."""
    if structured:
        return [1] * len(marks)
    named = [mark.group for mark in marks if mark.group not in ("matter", "entry")]
    order: list[str] = []
    for group in ("division", *named, "entry"):
        known = group == "division" and "division" not in named
        if group not in order and not known:
            order.append(group)
    labelled = any(not group.startswith(("entry", "division")) for group in order)
    top_section = next((g for g in ("chapter", "section 1", "number") if g in order), "")
    levels: list[int] = []
    divided, before = False, ""
    for mark in marks:
        divided = divided or mark.group in DIVISIONS
        loose = mark.group == "matter" or (labelled and mark.group in ("entry", "division"))
        if not loose:
            level = order.index(mark.group) + 1
        elif divided and levels and before not in DIVISIONS:
            level = levels[-1]  # a chapter's conclusion, an article's appendix
        elif top_section and (divided or not DIVISIONS & set(order)):
            level = order.index(top_section) + 1
        else:
            level = 1
        levels.append(level)
        before = mark.group
    return levels
