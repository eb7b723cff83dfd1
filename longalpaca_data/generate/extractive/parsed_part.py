"""A window's part as the extractive families read it: paragraphs, sentences, sections, offsets.

Everything here is local to the part: offset 0 is the window's first character, whatever comes
before it in the document does not exist. That is what makes answers honest: a heading that the
window does not show can't be asked for.
"""

from __future__ import annotations

import bisect
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import sentencex

from longalpaca_data.core.blocks import blocks_within
from longalpaca_data.core.language import HAN_CHARACTERS
from longalpaca_data.core.records import (
    BlockKind,
    CellSpan,
    Document,
    DocumentKind,
    Part,
    Section,
)
from longalpaca_data.core.records import Span as DocumentSpan

_BREAK = re.compile(r"\n{2,}")
_LIST_ITEM = re.compile(r"^(?:[-*•·◦–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s")
_CODE_LINE = re.compile(r"^(?:```|    |\t|>>> |\$ |#!)")
_MAY_BE_HEADING = frozenset({"paragraph", "item"})
_END_MARKS = ".!?…。！？;；:：”’\"'」』)）]"
_TRADITIONAL, _SIMPLIFIED = "說這來為個們時過會後見問聽無對", "说这来为个们时过会后见问听无对"
_SCRIPT_SAMPLE = 20_000  # characters
_STAND_IN = re.compile(
    r"^(?=\S.{2,89}$)(?:\(?(?:[a-zA-Z]|[ivxIVX]{1,4}|\d{1,3}(?:\.\d+)*)[.)] ?)?"
    r"[A-Z0-9“‘][^.!?;]*[^\s.!?;:,”’\"')\]—–-]$"
)
_STAND_IN_SENTENCE = re.compile(r"^(?=\S.{5,89}$)[A-Z][\w’'-]*(?:,? [\w’'-]+){1,11}\.$")
_STAND_IN_ZH = re.compile(rf"^[{HAN_CHARACTERS}0-9A-Z（(][^。！？；：，、”」』…\n]{{1,24}}$")
_MAYBE_VERB = re.compile(
    r"\b(?:I|he|she|it|we|they|you|who|is|are|was|were|be|been|am|has|have|had|do|does|did|can"
    r"|could|will|would|shall|should|may|might|must|[a-z]+ed|[a-z]+n’t)\b"
)
"""What a heading without a finite verb lacks; a plain sentence nearly always has one of these."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """``text[start:end]`` of the window's part with index ``part``."""

    start: int
    end: int
    part: int = 0

    @property
    def middle(self) -> int:
        """The offset halfway."""
        return (self.start + self.end) // 2


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of running text; ``paragraph`` is the index of its paragraph."""

    start: int
    end: int
    text: str
    paragraph: int
    first: bool
    last: bool

    def span(self, part: int = 0) -> Span:
        """Return the sentence's place."""
        return Span(self.start, self.end, part)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A block of the text, or a part of one between blank lines. ``prose`` is running text: no
    heading, list, table, code, formula, caption, footnote or reference. ``cells`` and
    ``header_rows`` are a table's, if the window holds all of it.
    """

    start: int
    end: int
    text: str
    prose: bool
    kind: BlockKind = "paragraph"
    header_rows: int = 0
    cells: tuple[CellSpan, ...] = ()


class ParsedPart:
    """One part of a window, analysed once and shared by all families (lazily: a family that does
    not ask for sentences does not pay for them).
    """

    def __init__(self, document: Document, part: Part, index: int = 0) -> None:
        self.index = index
        self.title = part.title
        self.path = part.path
        self.kind: DocumentKind = part.kind
        self.language = document.language
        self.whole = part.whole
        self.offset = part.start
        self.text = document.text[part.start : part.end]
        self.document_text = document.text
        self._document = document
        self._document_sections = document.sections

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The sections whose headings stand in the window, cut to it, in reading order."""
        size = len(self.text)
        found = []
        for section in self._document_sections:
            start, body = section.start - self.offset, section.body - self.offset
            if start >= 0 and body < size:
                end = min(section.end - self.offset, size)
                found.append(Section(section.title, section.level, start, body, end))
        return tuple(found)

    @property
    def sections_doubted(self) -> bool:
        """Whether the document's account says that its sections don't look sane."""
        return self._document.account.doubts("sections")

    @cached_property
    def outermost(self) -> int:
        """The level of the document's outermost sections."""
        return min((section.level for section in self._document_sections), default=1)

    @cached_property
    def complete_sections(self) -> tuple[Section, ...]:
        """The sections that stand in the window from heading to last word.

        A section at the window's end is left out unless the document ends there: only the next
        heading shows a reader that a section is over.
        """
        last = self.offset + len(self.text)
        if last < len(self.document_text.rstrip()):
            last = self.offset + max((section.start for section in self.sections), default=0)
        ends = {s.start - self.offset: s.end for s in self._document_sections}
        return tuple(s for s in self.sections if ends[s.start] <= last)

    @cached_property
    def stand_ins(self) -> tuple[int, ...]:
        """The offsets of lines that look like headings and are in no section's title, in order.

        A short line that stands alone before running text, has no full stop, or is no sentence
        (“Taxes upon the Rent of Houses.”). Where one lies between a heading and a passage the
        outline is not sure.
        """
        headings = {section.start for section in self.sections}
        looks = _zh_stand_in if self.language == "zh" else _en_stand_in
        return tuple(
            line.start
            for line, following in pairwise(self.paragraphs)
            if line.start not in headings
            and line.kind in _MAY_BE_HEADING
            and looks(line.text)
            and (following.prose or looks(following.text) or following.start in headings)
        )

    def sure_between(self, start: int, end: int) -> bool:
        """Say whether no heading-looking line stands in ``[start, end)`` that is no section's."""
        at = bisect.bisect_left(self.stand_ins, start)
        return at == len(self.stand_ins) or self.stand_ins[at] >= end

    @cached_property
    def traditional(self) -> bool:
        """Whether a Chinese text is written in traditional characters, by the commonest ones."""
        times = Counter(self.text[:_SCRIPT_SAMPLE])
        return sum(times[c] for c in _TRADITIONAL) > sum(times[c] for c in _SIMPLIFIED)

    def section_at(self, offset: int) -> Section | None:
        """Return the innermost section around an offset, None where its heading isn't shown."""
        innermost = None
        for section in self.sections:
            if section.start <= offset < section.end:
                innermost = section
        return innermost

    def path_at(self, offset: int) -> tuple[Section, ...]:
        """Return all sections around an offset, outermost first."""
        return tuple(s for s in self.sections if s.start <= offset < s.end)

    @cached_property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """The document's blocks as far as they stand in the window, in order."""
        headings = {section.start for section in self.sections}
        found = []
        for block in blocks_within(self._document, self.offset, self.offset + len(self.text)):
            for start, end in self._stretches(block):
                text = self.text[start:end]
                kind: BlockKind = "heading" if start in headings else block.kind
                prose = kind == "paragraph" and _is_prose(text)
                cells = tuple(self._moved(cell) for cell in block.cells)
                found.append(Paragraph(start, end, text, prose, kind, block.header_rows, cells))
        return tuple(found)

    def _stretches(self, block: DocumentSpan) -> Iterator[tuple[int, int]]:
        """Yield where a block's text stands, white space trimmed; prose is cut at blank lines."""
        start, end = block.start - self.offset, block.end - self.offset
        gaps = [] if block.kind == "code" else list(_BREAK.finditer(self.text, start, end))
        for stop, following in [*((gap.start(), gap.end()) for gap in gaps), (end, end)]:
            raw = self.text[start:stop]
            if text := raw.strip():
                at = start + raw.index(text[0])
                yield at, at + len(text)
            start = following

    def _moved(self, cell: CellSpan) -> CellSpan:
        return replace(cell, start=cell.start - self.offset, end=cell.end - self.offset)

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences of the prose paragraphs, in order."""
        return tuple(
            sentence
            for index, paragraph in enumerate(self.paragraphs)
            if paragraph.prose
            for sentence in _sentences(paragraph, index, self.language)
        )

    @cached_property
    def _sentence_starts(self) -> list[int]:
        return [sentence.start for sentence in self.sentences]

    def sentence_at(self, offset: int) -> Sentence | None:
        """Return the sentence around an offset, None outside running text."""
        at = bisect.bisect_right(self._sentence_starts, offset) - 1
        if at >= 0 and self.sentences[at].start <= offset < self.sentences[at].end:
            return self.sentences[at]
        return None

    def sentences_in(self, start: int, end: int) -> tuple[Sentence, ...]:
        """Return the sentences that lie wholly within ``[start, end)``."""
        low = bisect.bisect_left(self._sentence_starts, start)
        high = bisect.bisect_left(self._sentence_starts, end)
        return tuple(s for s in self.sentences[low:high] if s.end <= end)

    def occurrences(self, phrase: str) -> list[int]:
        """Return where a phrase stands, as whole words where its edges are Latin word characters
        (case matters; Chinese has no word edges and is matched as it is).
        """
        before = r"(?<![A-Za-z0-9])" if phrase[:1].isascii() and phrase[:1].isalnum() else ""
        after = r"(?![A-Za-z0-9])" if phrase[-1:].isascii() and phrase[-1:].isalnum() else ""
        return [m.start() for m in re.finditer(before + re.escape(phrase) + after, self.text)]

    def unique(self, quote: str) -> bool:
        """Say whether the quote stands exactly once in the part."""
        first = self.text.find(quote)
        return first >= 0 and self.text.find(quote, first + 1) < 0

    def span(self, start: int, end: int) -> Span:
        """Return a place in this part."""
        return Span(start, end, self.index)

    def depth(self, span: Span) -> float:
        """Return where a span's middle lies, 0 at the part's start, 1 at its end."""
        return span.middle / max(1, len(self.text))


def _is_prose(text: str) -> bool:
    """Running text: closed by a sentence mark, no list item, table row or code line."""
    first_line = text.split("\n", 1)[0]
    if _LIST_ITEM.match(first_line) or _CODE_LINE.match(first_line) or " | " in text:
        return False
    if text[-1] not in _END_MARKS:
        return False
    letters = sum(character.isalpha() for character in text)
    return letters >= 0.6 * len(text.replace(" ", ""))


def _en_stand_in(line: str) -> bool:
    if _STAND_IN.match(line):
        return " | " not in line and not _CODE_LINE.match(line)
    return bool(_STAND_IN_SENTENCE.match(line)) and not _MAYBE_VERB.search(line)


def _zh_stand_in(line: str) -> bool:
    return bool(_STAND_IN_ZH.match(line)) and " | " not in line


def _sentences(paragraph: Paragraph, index: int, language: str) -> Iterator[Sentence]:
    """Cut a paragraph at sentencex's boundaries; its offsets are kept, its strings are not.

    A cut with no white space around it in Latin script is inside a word ("no-segfault.Rout").
    """
    bounds = sentencex.get_sentence_boundaries(language, paragraph.text)
    pieces: list[tuple[int, int]] = []
    for bound in bounds:
        start, end = bound["start_index"], bound["end_index"]
        if pieces and _inside_word(paragraph.text, start):
            start = pieces.pop()[0]
        if paragraph.text[start:end].strip():
            pieces.append((start, end))
    for position, (start, end) in enumerate(pieces):
        raw = paragraph.text[start:end]
        text = raw.strip()
        at = paragraph.start + start + raw.index(text[0])
        yield Sentence(
            at,
            at + len(text),
            text,
            index,
            first=position == 0,
            last=position == len(pieces) - 1,
        )


def _inside_word(text: str, at: int) -> bool:
    around = text[at - 1 : at + 1]
    return len(around) == 2 and around.isascii() and not any(c.isspace() for c in around)
