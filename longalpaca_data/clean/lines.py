"""Chunks to paragraphs: lines joined, sentences mended across pages, verse left alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from longalpaca_data.clean.chunks import Chunk, Piece
from longalpaca_data.clean.joining import UNWRAPPED, Joiner, joiner
from longalpaca_data.core.language import HAN
from longalpaca_data.core.records import Block

UNWRAPPED_SHARE = 1.5  # of the document's width: as above, in a document with wrapped lines
BROKEN_SHARE = 0.5  # of a chunk's line ends where the next word would have fitted: verse or a list
COLUMNS = re.compile(r"\S(?: {3,}|\t+)\S")
BULLET = re.compile(r"^\s*(?:[•◦▪●○■□‣∙·–*-]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])\s+\S")
BULLET_SIGN = re.compile(r"^\s*[•◦▪●○■□‣∙·*-]\s+")
SENTENCE_END = re.compile(r"[.!?:。！？：；…][”’\"')\]」』]*$")
CAPTION = re.compile(r"^(?:figure|fig\.|table|listing|图|表|圖)\s*\d+", re.IGNORECASE)
EMPHASIS = re.compile(r"(?<![\w_])_([^_\n]+?)_(?![\w_])")
INDENT = 2
SAME_SIZE = 0.3  # points
ZH_STOP = re.compile(r"[，。！？；：、﹔][”’」』]*$")
ZH_VERSE_SHARE = 0.6
ZH_SHORT = 0.8  # of the longest line: a paragraph's last


def paragraphs(pieces: Sequence[Piece]) -> list[Block]:
    """Turn every chunk into paragraphs, items or tables; other blocks pass unchanged."""
    how = joiner(pieces)
    result: list[Block] = []
    for piece in _float_out(list(_across_pages(pieces, how)), how):
        if isinstance(piece, Chunk):
            result += _blocks(piece, how)
        else:
            result.append(piece)
    return result


def _across_pages(pieces: Sequence[Piece], how: Joiner) -> Iterator[Piece]:
    """Join the last chunk of a page with the first of the next where a sentence runs on."""
    current: Piece | None = None
    for piece in pieces:
        if (
            isinstance(current, Chunk)
            and isinstance(piece, Chunk)
            and _runs_on(current, piece, how)
        ):
            current = replace(current, lines=current.lines + piece.lines, page=piece.page)
            continue
        if current is not None:
            yield current
        current = piece
    if current is not None:
        yield current


def _runs_on(a: Chunk, b: Chunk, how: Joiner) -> bool:
    if (
        a.page == b.page
        or BULLET.match(b.lines[0])
        or abs(a.size - b.size) > 1
        or CAPTION.match(b.lines[0])
    ):
        return False
    last, first = a.lines[-1].rstrip(), b.lines[0].lstrip()
    if SENTENCE_END.search(last) or CAPTION.match(a.lines[0]):
        return False
    if first[:1].islower() or last.endswith("-"):
        return True
    return _is_full(a, b, how) and (a.bold == b.bold or len(a.lines) > 1)


def _is_full(a: Chunk, b: Chunk, how: Joiner) -> bool:
    """Whether only the margin ended a chunk's last line, and a long line follows."""
    full = not how.fits(a.lines[-1].rstrip(), b.lines[0].lstrip())
    return full and len(b.text) > how.width / 2 and abs(a.size - b.size) < SAME_SIZE


def _float_out(pieces: list[Piece], how: Joiner) -> list[Piece]:
    """Move captions and footnotes that interrupt a sentence behind the paragraph."""
    result: list[Piece] = []
    index = 0
    while index < len(pieces):
        piece = pieces[index]
        index += 1
        if not isinstance(piece, Chunk) or not piece.page:
            result.append(piece)
            continue
        floats: list[Piece] = []
        stop = index
        while stop < len(pieces) and len(floats) < 6 and _is_float(pieces[stop], piece):
            floats.append(pieces[stop])
            stop += 1
        following = pieces[stop] if stop < len(pieces) else None
        if floats and isinstance(following, Chunk) and _continues(piece, following, how):
            pieces[stop] = replace(following, lines=piece.lines + following.lines)
            pieces[stop + 1 : stop + 1] = floats
            index = stop
        else:
            result.append(piece)
    return result


def _is_float(piece: Piece, host: Chunk) -> bool:
    if isinstance(piece, Block):
        return False
    return bool(CAPTION.match(piece.lines[0])) or (0 < piece.size < host.size - 0.7)


def _continues(a: Chunk, b: Chunk, how: Joiner) -> bool:
    open_end = not SENTENCE_END.search(a.lines[-1].rstrip())
    first = b.lines[0].lstrip()
    goes_on = (
        first[:1].islower() or a.lines[-1].rstrip().endswith(("-", ",", "(")) or first[:1].isdigit()
    )
    other_page = a.page != b.page and _is_full(a, b, how) and not BULLET.match(b.lines[0])
    return open_end and (goes_on or other_page) and abs(a.size - b.size) < 1


def _blocks(chunk: Chunk, how: Joiner) -> Iterator[Block]:
    lines = chunk.lines
    for run in _unwrapped(lines, how):
        for part in _by_indent(run):
            yield from _part(part, chunk, how)


def _unwrapped(lines: Sequence[str], how: Joiner) -> Iterator[Sequence[str]]:
    """Cut after lines that no margin ended: each is a paragraph, alone or a wrapped one's end."""
    start = 0
    for index, line in enumerate(lines):
        if len(line) >= UNWRAPPED or (len(line) > UNWRAPPED_SHARE * how.width and not how.paged):
            if start < index:
                yield lines[start:index]
            yield lines[index : index + 1]
            start = index + 1
    if start < len(lines):
        yield lines[start:]


def _by_indent(lines: Sequence[str]) -> Iterator[list[str]]:
    """Cut where the indentation changes: a first line, or verse within prose."""
    widths = [_indentation(line) for line in lines]
    part: list[str] = []
    for index, line in enumerate(lines):
        deeper = index > 0 and widths[index] >= widths[index - 1] + INDENT
        back = (
            index > 1
            and widths[index] <= widths[index - 1] - INDENT
            and widths[index - 2] >= widths[index - 1] - 1
        )
        if part and (deeper or back or BULLET_SIGN.match(line)):
            yield part
            part = []
        part.append(line)
    if part:
        yield part


def _indentation(line: str) -> int:
    """Blanks before the text, in columns; an ideographic space takes two."""
    return sum(2 if c == "\u3000" else 1 for c in line[: len(line) - len(line.lstrip())])


def _part(lines: list[str], chunk: Chunk, how: Joiner) -> Iterator[Block]:
    if (
        len(lines) > 1
        and sum(bool(COLUMNS.search(line.strip())) for line in lines) > len(lines) / 2
    ):
        rows = (re.sub(r" {3,}|\t+", " | ", line.strip()) for line in lines)
        yield Block("table", "\n".join(rows), page=chunk.page)
        return
    if len(lines) > 1 and _is_chinese(lines):
        yield from (Block("paragraph", text, page=chunk.page) for text in _chinese(lines, how))
        return
    broken = sum(how.fits(a, b) for a, b in pairwise(lines))
    if len(lines) > 1 and broken > BROKEN_SHARE * (len(lines) - 1):
        text = "\n".join(line.strip() for line in lines)
    else:
        text = how.join(lines)
    kind = "item" if BULLET_SIGN.match(lines[0]) else "paragraph"
    text = BULLET_SIGN.sub("- ", text) if kind == "item" else text
    yield (
        Block("item", text, 1, chunk.page)
        if kind == "item"
        else Block("paragraph", text, 0, chunk.page)
    )


def _is_chinese(lines: Sequence[str]) -> bool:
    text = "".join(lines)
    return len(HAN.findall(text)) > len(text) / 3


def _chinese(lines: Sequence[str], how: Joiner) -> Iterator[str]:
    """Chinese prose breaks anywhere (one line end in seven has punctuation), verse at its stops."""
    stops = sum(bool(ZH_STOP.search(line.rstrip())) for line in lines[:-1])
    if stops > ZH_VERSE_SHARE * (len(lines) - 1):
        yield "\n".join(line.strip(" \u3000") for line in lines)
        return
    full = max(map(len, lines))
    part: list[str] = []
    for line in lines:
        part.append(line.strip(" \u3000"))
        if SENTENCE_END.search(part[-1]) and len(line) < ZH_SHORT * full:
            yield how.join(part)
            part = []
    if part:
        yield how.join(part)


def without_emphasis(text: str) -> str:
    """``_so_`` is how plain text writes italics."""
    return EMPHASIS.sub(r"\1", text)
