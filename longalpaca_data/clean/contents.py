"""Tables of contents: read for the headings that they promise, then left out of the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from longalpaca_data.clean.chunks import Chunk, Piece
from longalpaca_data.clean.labels import label_of
from longalpaca_data.core.records import Block

TITLE = re.compile(
    r"^(?:the )?(?:table of )?contents[.:]?$"
    r"|^list of (?:figures|tables|illustrations|acronyms)[.:]?$|^目\s*[录錄次][:：]?$",
    re.IGNORECASE,
)
# What may stand behind a leader, from the line's end backwards; and the leader's own signs.
LEADER_NUMBER = re.compile(r"(?:[A-Z]-)?(?:\d+(?:,\s?\d+){0,20},?|[ivxlc]{1,8})?$")
LEADER_SIGNS = ("..", ". .", "·", "…", "⋯", "__")
LEADER_TAIL = 200  # characters that are looked at
LEADER = re.compile(r"(?:[.·]\s?){5,}$|[…⋯]{2,}$|\s_{5,}$")
# Without a number: five dots end a sentence, too, and …… is Chinese for three.
LONG_LEADER = re.compile(r"(?:[.·]\s?){10,}$|[…⋯]{5,}$")
MAX_TRIED = 40  # lines that say Contents: handbooks of several volumes have a dozen tables
MAX_CONTENTS = 5_000  # pieces of a table
PAGE_REFERENCE = re.compile(r"(?:\t|\s{2,}|(?<=\D))(?:\d{1,3}-)?\d{1,4}$")
FRONT_PIECES = 400
MIN_INNER_ENTRIES = 10
MAX_ENTRY = 250
PROSE_WORDS = 30
NUMBERING = re.compile(
    r"^\s*(?:chapter\s+)?(?:\d{1,2}(?:\.\d{1,2})*|[A-Z]\.\d+)\.?\s+(?=\S)", re.IGNORECASE
)
BEGIN = 12  # characters that must agree: entries are shortened, headings are
NOT_WORD = re.compile(r"[\W_]+")
MIN_ENTRIES = 3
MIN_CONFIRMED = 0.5


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the contents: what it says, and what recognises it in the body."""

    text: str
    key: str


def key(text: str) -> str:
    """What two writings of one heading have in common."""
    return NOT_WORD.sub("", text).casefold()


def drop_leaders(blocks: Sequence[Block]) -> list[Block]:
    """Leave out lines with dot leaders, and the titles of lists that consisted of them."""
    kept: list[Block] = []
    pending: list[Block] = []  # a list's title and blank lines, waiting for its first entry
    for block in blocks:
        if block.kind in ("line", "paragraph", "item") and _has_leader(block.text):
            pending = []
        elif TITLE.match(block.text.strip()):
            kept += pending
            pending = [block]
        elif pending and not block.text.strip():
            pending.append(block)
        else:
            kept += [*pending, block]
            pending = []
    return kept + pending


def _has_leader(text: str) -> bool:
    """Whether a text ends in dots (or dashes below) and a page's number."""
    tail = text[-LEADER_TAIL:].rstrip()
    if not any(signs in tail for signs in LEADER_SIGNS):
        return False
    number = LEADER_NUMBER.search(tail)
    if number is None or not number.group():
        return bool(LONG_LEADER.search(tail))
    return bool(LEADER.search(tail[: number.start()].rstrip()))


def take_contents(pieces: Sequence[Piece]) -> tuple[list[Piece], list[Entry], int]:
    """Return the pieces without tables of contents, the first one's entries, and where it stood.

    What stands before the contents is the title page: no heading is looked for there. Handbooks of
    several volumes have further tables within; those must be long to be taken for one.
    """
    kept = list(pieces)
    found: list[Entry] = []
    place = start = tried = 0
    while start < len(kept):
        if tried < MAX_TRIED and TITLE.match(kept[start].text.strip()):
            tried += 1
            stop = _end(kept, start)
            entries = _entries(kept[start + 1 : stop])
            wanted = MIN_ENTRIES if start < FRONT_PIECES and not found else MIN_INNER_ENTRIES
            if len(entries) >= wanted and _confirmed(entries, [*kept[:start], *kept[stop:]]):
                place, found = (place, found) if found else (start, entries)
                del kept[start:stop]
                continue
        start += 1
    return kept, found, place


def _end(pieces: Sequence[Piece], start: int) -> int:
    """The list ends where its first entry comes again, at a heading, or at prose."""
    first = ""
    last = start + 1
    for index in range(start + 1, min(len(pieces), start + MAX_CONTENTS)):
        piece = pieces[index]
        lines = piece.lines if isinstance(piece, Chunk) else tuple(piece.text.split("\n"))
        again = first and key(piece.text).startswith(first) and len(first) > 1
        if again or (isinstance(piece, Block) and piece.kind == "heading") or _is_prose(piece):
            return index
        first = first or key(PAGE_REFERENCE.sub("", lines[0]))
        if first and any(key(line) == first for line in lines[1:]):
            return index
        last = index + 1
    return last


def _is_prose(piece: Piece) -> bool:
    text = piece.text
    if (
        isinstance(piece, Chunk)
        and sum(label_of(line.strip()) is not None for line in piece.lines) > 1
    ):
        return False
    short = sum(len(line) for line in text.split("\n")) < 40
    return not short and len(text.split()) > PROSE_WORDS and text.rstrip()[-1:] in ".!?”\"'’;:"


def _entries(pieces: Sequence[Piece]) -> list[Entry]:
    texts: list[str] = []
    for piece in pieces:
        lines = piece.lines if isinstance(piece, Chunk) else tuple(piece.text.split("\n"))
        labelled = [label_of(line.strip()) is not None for line in lines]
        for line, has_label in zip(lines, labelled, strict=True):
            # In a list of labelled entries, a line without a label goes on with the one before.
            if any(labelled) and not has_label and labelled[0] and texts:
                texts[-1] = f"{texts[-1]} {line.strip()}"
            else:
                texts.append(line.strip())
    squeezed = (PAGE_REFERENCE.sub("", " ".join(text.split())) for text in texts)
    return [Entry(text, key(text)) for text in squeezed if key(text) and len(text) <= MAX_ENTRY]


def _confirmed(entries: Sequence[Entry], body: Sequence[Piece]) -> bool:
    """A list is the contents if the body shows most of its entries."""
    keys = {key(NUMBERING.sub("", piece.text)) for piece in body if len(piece.text) <= MAX_ENTRY}
    begins = {text[:BEGIN] for text in keys if text}
    wanted = (key(NUMBERING.sub("", entry.text)) for entry in entries)
    found = sum(text in keys or text[:BEGIN] in begins for text in wanted)
    return found >= MIN_CONFIRMED * len(entries)
