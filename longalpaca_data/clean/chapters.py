"""Chinese chapter headings among lines (第一章, 正文 第三章：…), and at paragraphs' ends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from longalpaca_data.clean.chunks import Chunk, Piece
from longalpaca_data.clean.counting import DOUBTFUL, Numbered, counting_up
from longalpaca_data.clean.labels import RULE, ZH_DIVISION_UNITS, ZH_GROUPS, ZH_MARK, ZH_ROLL
from longalpaca_data.core import numerals

CERTAIN = 3.0
STYLE = 2.0  # for titles without a blank before them, where they are the document's habit
UNLIKELY = 0.4
APART = 2  # empty lines that a line among indented paragraphs is as good as set off by
INDENTED = 0.5  # of a chunk's lines: they are paragraphs, not wrapped ones
MIN_STYLE = 4  # such lines, and half of all with this unit
MAX_LINE = 80  # characters of a line that is a heading
MAX_SPACED = 50  # characters of a title behind a blank or a colon
MAX_FUSED = 32  # without one
MAX_TITLE_LINE = 25  # of a title on a line of its own below the label, above indented text
DECORATION = r"[\s【〖\[〔☆★◆◇●○■□▲△※=＝\-—*＊#＃·•.、]{0,10}"
NUMBER = numerals.CHINESE_NUMBER
DIVISION = rf"(?:第\s?{NUMBER}\s?[{ZH_DIVISION_UNITS}]|卷之?{NUMBER})"
FRONT = re.compile(
    rf"{DECORATION}(?:(?:正文|作品|VIP)卷?|番外篇?|外[传傳]|《[^《》]{{1,20}}》)?{DECORATION}"
    rf"(?:{DIVISION}[^。！？第]{{0,20}}[\s：:·])?{DECORATION}"
)
SEPARATED = re.compile(r"^[\s：:、.．·•—–（(《【〖\]】〗-]")
SENTENCE_END = re.compile(r"[。；，、：．;,]$")
ENDED = re.compile(r"[。！？”」』…．!?;；：:\-—＊*]\s*$")
WITHOUT_ORDINAL = re.compile(
    rf"^(?P<number>[0-9０-９]{{1,4}}|[{numerals.CHINESE_DIGITS}]{{1,9}})(?P<unit>[章回])(?=$|[\s：:])"
)
GLUED = re.compile(rf"(?<=[。！？”」』…．!?])\s*(?={ZH_MARK.pattern}.{{0,40}}$)")
STORYTELLER = re.compile(r"\s+(?=(?:話|话|卻|却|且|詩|诗|詞|词)(?:說|说|曰))|\s(?=[話话卻却且]$)")
HALVES = re.compile(r"[（(]?[上中下终終][)）]?$|[（(][一二三四五六七八九十\d]+[)）]$")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Line ``line`` of piece ``piece`` from ``start`` may be a heading."""

    piece: int
    line: int
    start: int
    unit: str
    numbered: Numbered
    fused: bool = False  # the title follows the label without a blank


def split_unindented(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the pieces with short lines that stand out among indented paragraphs, each a line of
    its own, as pieces of their own: the headings of files without blank lines.
    """
    result: list[Piece] = []
    for piece in pieces:
        lines = piece.lines if isinstance(piece, Chunk) else ()
        if isinstance(piece, Chunk) and sum(map(_is_indented, lines)) >= INDENTED * len(lines) > 1:
            result += _cut_out(piece)
        else:
            result.append(piece)
    return result


def _is_indented(line: str) -> bool:
    return line.startswith(("\u3000", "  ", "\t"))


def _cut_out(chunk: Chunk) -> Iterator[Chunk]:
    lines, start = chunk.lines, 0
    for index, line in enumerate(lines):
        below = index + 1 == len(lines) or _is_indented(lines[index + 1])
        if below and not _is_indented(line) and len(line) <= MAX_FUSED:
            if start < index:
                yield replace(chunk, lines=lines[start:index], blanks=chunk.blanks * (start == 0))
            yield replace(chunk, lines=(line,), blanks=max(APART, chunk.blanks * (index == 0)))
            start = index + 1
    if start < len(lines):
        yield replace(chunk, lines=lines[start:], blanks=chunk.blanks * (start == 0))


def split_chapters(pieces: Sequence[Piece]) -> tuple[list[Piece], dict[int, str]]:
    """Return the pieces with each chapter heading as a piece of its own, and the headings' places
    with their groups (chapter, volume, …).
    """
    chosen: dict[int, list[Candidate]] = {}
    for candidate in _chosen(_candidates(pieces)):
        chosen.setdefault(candidate.piece, []).append(candidate)
    result: list[Piece] = []
    groups: dict[int, str] = {}
    for index, piece in enumerate(pieces):
        if index not in chosen or not isinstance(piece, Chunk):
            result.append(piece)
            continue
        for part, unit in _parts(piece, chosen[index]):
            if unit:
                groups[len(result)] = ZH_GROUPS.get(unit, "chapter")
            result.append(part)
    return result, groups


def _candidates(pieces: Sequence[Piece]) -> Iterator[Candidate]:
    for index, piece in enumerate(pieces):
        if not isinstance(piece, Chunk):
            continue
        widest = max(map(len, piece.lines))
        for number, line in enumerate(piece.lines):
            found = _of_line(line)
            if found is None:
                found = _at_the_end(line, last=number == len(piece.lines) - 1)
            if found is None:
                continue
            begun = number > 0 and not ENDED.search(piece.lines[number - 1])
            wrapped = number + 1 < len(piece.lines) and len(line) > 0.9 * widest
            weight = found.numbered.weight
            if weight < CERTAIN and (begun or (wrapped and found.fused)):
                weight *= UNLIKELY
            yield replace(
                found, piece=index, line=number, numbered=replace(found.numbered, weight=weight)
            )


def _of_line(line: str) -> Candidate | None:
    text = line.strip()
    if not text or len(text) > MAX_LINE:
        return None
    start = len(line) - len(line.lstrip())
    if match := WITHOUT_ORDINAL.match(text):
        title = text[match.end() :].strip()
        weight = UNLIKELY if SENTENCE_END.search(title) else 0.8 * DOUBTFUL
        return _candidate(match, start, weight, title)
    if roll := ZH_ROLL.match(text):
        title = roll["rest"].strip()
        return _candidate(roll, start, DOUBTFUL if SENTENCE_END.search(title) else CERTAIN, title)
    matches = [m for m in ZH_MARK.finditer(text) if FRONT.fullmatch(text, 0, m.start())]
    return _judged(matches[-1], text, start) if matches else None


def _at_the_end(line: str, *, last: bool) -> Candidate | None:
    """Return a heading that lost its line (…他走了。第三章 石桥)."""
    offset = max(0, len(line) - MAX_LINE)
    places = list(GLUED.finditer(line, offset))
    if not places:
        return None
    text = line[places[-1].end() :].rstrip()
    match = ZH_MARK.match(text)
    found = _judged(match, text, places[-1].start()) if match else None
    doubtful = found is not None and found.numbered.weight < CERTAIN
    if found is None or (doubtful and not (found.fused and last)):
        return None
    return replace(found, numbered=replace(found.numbered, weight=DOUBTFUL))


def _judged(match: re.Match[str], text: str, start: int) -> Candidate | None:
    rest = text[match.end() :]
    if cut := STORYTELLER.search(rest):
        rest = rest[: cut.start()]
    title = rest.strip(" \u3000\t【】〖〗[]〔〕=＝-—*＊#＃☆★")
    separated = bool(SEPARATED.match(rest))
    if len(rest) > (MAX_SPACED if separated else MAX_FUSED):
        return None
    sentence = SENTENCE_END.search(title) or "。" in title
    if not title or (separated and not sentence):
        weight = CERTAIN
    else:
        weight = UNLIKELY if sentence and not separated else DOUBTFUL
    return _candidate(match, start, weight, title, fused=bool(title) and not separated)


def _candidate(
    match: re.Match[str], start: int, weight: float, title: str, *, fused: bool = False
) -> Candidate | None:
    number = numerals.value(match["number"])
    if number is None:
        return None
    again = bool(HALVES.search(title))
    return Candidate(
        0, 0, start, match["unit"], Numbered(number, weight, again, length=len(title)), fused
    )


def _chosen(candidates: Iterator[Candidate]) -> list[Candidate]:
    by_group: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_group.setdefault(candidate.unit, []).append(candidate)
    chosen: list[Candidate] = []
    for group in by_group.values():
        fused = sum(candidate.fused for candidate in group)
        if fused >= max(MIN_STYLE, len(group) / 2):
            group = [_in_style(candidate) for candidate in group]  # noqa: PLW2901
        kept = counting_up([candidate.numbered for candidate in group])
        chosen += [group[index] for index in kept]
    return sorted(chosen, key=lambda candidate: (candidate.piece, candidate.line))


def _in_style(candidate: Candidate) -> Candidate:
    if not candidate.fused or candidate.numbered.weight != DOUBTFUL:
        return candidate
    return replace(candidate, numbered=replace(candidate.numbered, weight=STYLE))


def _parts(chunk: Chunk, chosen: Sequence[Candidate]) -> Iterator[tuple[Chunk, str]]:
    """Yield the chunk in parts, each heading's with its unit."""
    lines = list(chunk.lines)
    taken = {candidate.line for candidate in chosen}
    position, blanks = 0, chunk.blanks
    for candidate in chosen:
        line = lines[candidate.line]
        above = [*lines[position : candidate.line], line[: candidate.start].rstrip()]
        while above and not above[-1].strip():
            above.pop()
        if above:
            yield replace(chunk, lines=tuple(above), blanks=blanks), ""
            blanks = 0
        heading = line[candidate.start :].strip()
        position = candidate.line + 1
        if cut := STORYTELLER.search(heading):
            below = heading[cut.end() :]
            heading = heading[: cut.start()]
            if len(below) == 1 and position < len(lines):  # "… 話" above "說襲人見了"
                lines[position] = below + lines[position].lstrip()
            else:
                position -= 1
                lines[position] = below
        yield replace(chunk, lines=(heading,), blanks=blanks), candidate.unit
        blanks = 0
        stop = position
        while stop < len(lines) and RULE.match(lines[stop]):
            stop += 1
        if stop > position:
            yield replace(chunk, lines=tuple(lines[position:stop]), blanks=0), ""
        position = stop
        if position not in taken and _has_title_line(lines[position : position + 2]):
            yield replace(chunk, lines=(lines[position],), blanks=0), ""
            position += 1
    if position < len(lines):
        yield replace(chunk, lines=tuple(lines[position:]), blanks=blanks), ""


def _has_title_line(lines: Sequence[str]) -> bool:
    """Whether a short line stands above a paragraph that begins with blanks."""
    if len(lines) < 2:
        return False
    title, text = lines
    short = 0 < len(title.strip()) <= MAX_TITLE_LINE and not SENTENCE_END.search(title.strip())
    return short and text[:1].isspace() and not title[:1].isspace()
