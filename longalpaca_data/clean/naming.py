"""What is the work called? Metadata, cover, file name and text are heard in turn.

A title from metadata that is a file's or a form's name counts less than what the first page says
in its largest letters. Where nothing names the work the
title is empty, and questions say "this book".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from longalpaca_data.clean import title
from longalpaca_data.clean.chunks import Piece
from longalpaca_data.clean.gutenberg import Facts
from longalpaca_data.clean.labels import NUMBERED, label_of
from longalpaca_data.clean.sequences import body_size
from longalpaca_data.core.language import HAN, HAN_CHARACTERS
from longalpaca_data.core.records import Block, RawDocument

FRONT_PIECES = 80
LARGER = 1.1  # times the text's size: a title on a first page
SAME_SIZE = 0.6  # points
MIN_LETTERS, MIN_WORDS, MAX_WORDS = 6, 2, 30
MAX_OTHERS = 1
MIN_TEXT = 200  # characters right below a heading: below a title stand names
MIN_MENTIONS = 2
NOBODY = re.compile(r"^\W*(?:anonymous|unknown|author|user|admin\w*|owner)?\W*$", re.IGNORECASE)
STAMP = re.compile(r"arxiv:|https?://|\bdoi\b|\bvol\.?\s*\d|\bissn\b|@", re.IGNORECASE)
FORM = re.compile(r"\bform\s+(10-?[KQ](?:/A)?|20-F|40-F|8-K|6-K|S-[134])\b", re.IGNORECASE)
REGISTRANT = re.compile(r"^\W*exact name of .{0,60}specified in its charter", re.IGNORECASE)
PERIOD = re.compile(r"\b(?:year|period) ended\s+(?:\w+\s+\d{1,2},?\s+)?(\d{4})\b", re.IGNORECASE)
MENTION = re.compile(rf"《([{HAN_CHARACTERS}]{{2,8}})》")


@dataclass(frozen=True, slots=True)
class Witnesses:
    """A document on its way: what its reader and Gutenberg's header said, its pieces before
    headings were looked for and with them, and its finished blocks.
    """

    raw: RawDocument
    facts: Facts
    pieces: Sequence[Piece]
    marked: Sequence[Piece]
    finished: Sequence[Block]


def name(seen: Witnesses) -> tuple[str, str]:
    """Return the work's title, which may be empty, and its author."""
    raw, facts = seen.raw, seen.facts
    page_title, page_author = title.of_title_page(seen.pieces)
    file_title, file_author = title.of_file_name(raw.path)
    metadata = title.judge(title.without_site(raw.title, _headings(seen)))
    metadata = title.in_own_script(metadata, seen.pieces)
    cover = largest_lines(seen.pieces) if raw.format == "pdf" else ""
    # A title that the recipe gave counts, shown or not; the PDF reader has judged the metadata's.
    chapter = raw.format == "pdf" and is_heading(metadata, seen.pieces)
    trusted = not title.is_weak(raw.title) and not chapter
    found = (
        (metadata if trusted else "")
        or title.in_own_script(title.judge(facts.title), seen.pieces)
        or of_filing(seen.pieces)
        or page_title
        or cover
        or file_title
        or title.of_colophon(seen.pieces)
        or (title.of_first_line(seen.marked) if raw.format == "text" else "")
        or title.judge(facts.closing_title)
        or _first_heading(seen.finished, raw.format)
        or of_mentions(seen.finished)
        or (title.of_path(metadata) if title.is_weak(raw.title) else "")
        or title.of_path(raw.path)
    )
    author = "" if NOBODY.match(raw.author) else raw.author
    author = author or facts.author or page_author or file_author
    is_book = facts.found or raw.format == "epub" or (raw.format == "text" and bool(author))
    return title.without_subtitle(found, is_book), author


def _headings(seen: Witnesses) -> list[str]:
    return [block.text for block in seen.finished if block.kind == "heading"][:5]


def _first_heading(blocks: Sequence[Block], file_format: str) -> str:
    """The first heading of the highest level, if it is the only one of that level."""
    if file_format in ("text", "pdf"):
        return ""
    levels = [block.level for block in blocks if block.kind == "heading"]
    tops = [
        block.text for block in blocks if block.kind == "heading" and block.level == min(levels)
    ]
    return title.judge(tops[0]) if len(tops) == 1 and not label_of(tops[0]) else ""


def largest_lines(pieces: Sequence[Piece]) -> str:
    """Return what the first page says in its largest letters, which a paper's or a report's title
    is set in; nothing where they are no larger than the text, or say no title.
    """
    page = min((piece.page for piece in pieces if piece.page), default=0)
    body = body_size(pieces)
    front = [piece for piece in pieces[:FRONT_PIECES] if piece.page == page and piece.size]
    lines = [
        piece
        for piece in front
        if piece.size >= LARGER * body and sum(map(str.isalpha, piece.text)) >= MIN_LETTERS
    ]
    lines = [piece for piece in lines if not STAMP.search(piece.text)]
    if not page or not lines:
        return ""
    largest = max(piece.size for piece in lines)
    first = next(index for index, piece in enumerate(lines) if piece.size > largest - SAME_SIZE)
    parts = []
    for piece in lines[first:]:
        if piece.size <= largest - SAME_SIZE:
            break
        parts.append(piece.text)
    if _others(pieces, largest, parts) > MAX_OTHERS:
        return ""
    text = " ".join(" ".join(parts).split())
    if label_of(text):
        return ""
    words = len(HAN.findall(text)) // 2 + len(text.split())
    return title.judge(text) if MIN_WORDS <= words <= MAX_WORDS and not NUMBERED.match(text) else ""


def _others(pieces: Sequence[Piece], size: float, parts: Sequence[str]) -> int:
    """Count what else is as large: a title is set larger than chapters' headings."""
    return sum(
        piece.size > size - SAME_SIZE
        and piece.text not in parts
        and sum(map(str.isalpha, piece.text)) >= MIN_LETTERS
        for piece in pieces
    )


def is_heading(name: str, pieces: Sequence[Piece]) -> bool:
    """Whether a title is the first chapter's: numbered, or as large as others and over its text."""
    if label_of(name) or NUMBERED.match(name):
        return True
    places = [index for index, piece in enumerate(pieces[:FRONT_PIECES]) if piece.text == name]
    if not places or places[-1] + 1 >= len(pieces) or not pieces[places[-1]].size:
        return False
    text = pieces[places[-1] + 1].text
    return len(text) >= MIN_TEXT and _others(pieces, pieces[places[-1]].size, [name]) > MAX_OTHERS


def of_filing(pieces: Sequence[Piece]) -> str:
    """Return what a filing's cover says: the registrant, the form, the year."""
    lines = [
        text
        for piece in pieces[:FRONT_PIECES]
        for line in piece.text.split("\n")
        if (text := " ".join(line.split()))
    ]
    places = [index for index, line in enumerate(lines) if REGISTRANT.match(line)]
    form = next((match for line in lines if (match := FORM.search(line))), None)
    if not places or not places[0] or form is None:
        return ""
    company = title.judge(lines[places[0] - 1])
    year = next((f" for {match[1]}" for line in lines if (match := PERIOD.search(line))), "")
    company += "." * lines[places[0] - 1].endswith(".")
    return f"{company} Form {form[1].upper()}{year}" if company else ""


def of_mentions(blocks: Sequence[Block]) -> str:
    """Return the name between 《》 that a Chinese novel's text and its headings have in common."""
    mentions: Counter[str] = Counter()
    for block in blocks:
        if "《" in block.text:
            mentions.update(MENTION.findall(block.text))
    headings = [block.text for block in blocks if block.kind == "heading"]
    for found, count in mentions.most_common(20):
        shown = sum(found in heading for heading in headings)
        if count >= MIN_MENTIONS and shown >= MIN_MENTIONS:
            return found
    return ""
