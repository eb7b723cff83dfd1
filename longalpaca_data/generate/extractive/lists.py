"""Lists in a window: runs of items, with the line that leads into them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from longalpaca_data.generate.extractive.parsed_part import Paragraph, ParsedPart

_MARKER = re.compile(
    r"^(?P<mark>[-*•·◦–▪]|\(?(?P<count>\d{1,2}|[a-z]|[ivx]{1,4})[.)])\s+(?=\S)|^(?P<zh>[（(]?[一二三四五六七八九十]{1,2}[）)、.])\s*"
)
_MAY_BE_LIST = frozenset({"paragraph", "item"})


@dataclass(frozen=True, slots=True)
class Item:
    """A list item: its text without the marker, its marker, and its place."""

    text: str
    mark: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ListRun:
    """Items that stand one after another, the paragraph before and the one after them."""

    items: tuple[Item, ...]
    before: Paragraph | None
    after: Paragraph | None


def list_runs(reading: ParsedPart) -> Iterator[ListRun]:
    """Yield every run of list items. An item is a block of its own or a line of a block."""
    run: list[Item] = []
    before: Paragraph | None = None
    previous: Paragraph | None = None
    for paragraph in reading.paragraphs:
        items = list(_items(paragraph))
        if run and items and items[0].mark in {"1", "a"} and run[-1].mark != "-":
            yield ListRun(tuple(run), before, paragraph)  # numbering starts again: another list
            run = []
        if items and not run:
            before = previous
        if not items and run:
            yield ListRun(tuple(run), before, paragraph)
            run = []
        run.extend(items)
        previous = paragraph
    if run:
        yield ListRun(tuple(run), before, None)


def _items(paragraph: Paragraph) -> Iterator[Item]:
    """Yield the items of a block all of whose lines are items; nothing for other blocks."""
    if paragraph.kind not in _MAY_BE_LIST:
        return
    lines = paragraph.text.split("\n")
    at, found = paragraph.start, []
    for line in lines:
        match = _MARKER.match(line)
        if match is None:
            return
        mark = match["count"] or ("一" if match["zh"] else "-")
        found.append(Item(line[match.end() :].strip(), mark, at + match.end(), at + len(line)))
        at += len(line) + 1
    yield from found


def numbered_through(items: tuple[Item, ...]) -> bool:
    """Say whether a list's numbers run from 1 (or a) without a gap; bullets always do."""
    marks = [item.mark for item in items]
    if marks[0].isdigit():
        return marks == [str(n) for n in range(1, len(marks) + 1)]
    if marks[0] == "a":
        return marks == [chr(ord("a") + n) for n in range(len(marks))]
    return len(set(marks)) == 1 and marks[0] in "-一"
