"""The records that flow through the pipeline: Document → Window → Example → Sample → Row.

All records are frozen. An id is a content hash, so equal content has an equal id wherever and
whenever it was made, and a later record holds the ids of the records it came from. Text offsets
are Unicode code points (Python string indices), never bytes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal, Protocol

import msgspec

BlockKind = Literal[
    "heading",
    "paragraph",
    "item",
    "table",
    "code",
    "formula",
    "caption",
    "footnote",
    "reference",
    "contents",
    "line",
]
"""What a piece of a document is. ``line`` is one physical line (PDF, hard-wrapped TXT) still to be
joined; no cleaned document has any.
"""

DocumentKind = Literal["book", "paper", "report", "manual", "document"]
"""How a person would call the document; ``document`` where nothing surer is known."""


def content_id(*parts: object) -> str:
    """The first 16 hex digits of the SHA-256 over the parts, encoded canonically (msgpack)."""
    return hashlib.sha256(msgspec.msgpack.encode(parts, order="deterministic")).hexdigest()[:16]


class Record(Protocol):
    """What the stage machinery asks of an item."""

    @property
    def id(self) -> str:
        """Content hash."""
        ...

    @property
    def source(self) -> str:
        """What a person would look for: a file's path, with a position where it helps."""
        ...


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table, at its first row and column (from 0), over ``rowspan`` × ``colspan``."""

    row: int
    column: int
    text: str
    rowspan: int = 1
    colspan: int = 1


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its size, how many of its first rows are headers, and the cells that hold text.

    Positions without a cell are empty, or covered by a cell that spans them.
    """

    rows: int
    columns: int
    header_rows: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a document as its reader saw it.

    ``level`` is 1-6 for headings (0 where unknown) and the nesting depth for list items;
    ``page`` counts from 1 where the format has pages, else 0. A ``table`` has its ``grid``, and its
    text is the grid as a Markdown table. ``bold`` and ``size`` (points, 0 unknown) help to tell
    headings from text in formats without structure.
    """

    kind: BlockKind
    text: str
    level: int = 0
    page: int = 0
    size: float = 0.0
    bold: bool = False
    grid: Grid | None = None


@dataclass(frozen=True, slots=True)
class RawDocument:
    """A document as read, before cleaning. Unknown text fields are empty.

    ``path`` is relative to the source that was named, with ``/`` on every system, so that the
    same inputs give the same bytes on every machine. ``lost`` counts, by reason, the characters
    (white space aside) that the reader saw and left out.
    """

    id: str
    path: str
    format: str
    title: str
    kind: DocumentKind | Literal[""]
    language: str
    licence: str
    author: str
    group: str
    blocks: tuple[Block, ...]
    lost: dict[str, int] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """The document's path."""
        return self.path


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it.

    ``start`` is the offset of the heading's first character, ``body`` that of the first character
    after the heading, ``end`` one past the section's last (subsections included). ``level`` is 1
    for the outermost.
    """

    title: str
    level: int
    start: int
    body: int
    end: int


@dataclass(frozen=True, slots=True)
class CellSpan:
    """Where a table's cell stands in the document's text; see :class:`Cell`."""

    row: int
    column: int
    rowspan: int
    colspan: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Span:
    """A block of a document's text, ``text[start:end]``. ``page`` and ``level`` as in
    :class:`Block`; a table has its ``header_rows`` and ``cells``.
    """

    kind: BlockKind
    start: int
    end: int
    page: int = 0
    level: int = 0
    header_rows: int = 0
    cells: tuple[CellSpan, ...] = ()


def n_characters(text: str) -> int:
    """Count as an :class:`Account` does: the characters that aren't white space."""
    return sum(map(len, text.split()))


@dataclass(frozen=True, slots=True)
class Account:
    """What became of a document's characters, white space aside: how many its reader ``seen``,
    how many of them are ``kept`` in the text, and how many were ``lost`` for which reason.
    ``suspicions`` say, in words, why the document may have been misread; each begins with what it
    is about: ``text: ``, ``sections: ``, ``title: `` or ``page: ``.
    """

    seen: int = 0
    kept: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    suspicions: tuple[str, ...] = ()

    @property
    def unaccounted(self) -> int:
        """Characters of which nobody can say what became of them."""
        return max(0, self.seen - self.kept - sum(self.lost.values()))

    def doubts(self, about: str) -> bool:
        """Whether something is suspicious about the ``text``, the ``sections`` or the ``title``."""
        return any(suspicion.startswith(f"{about}: ") for suspicion in self.suspicions)


@dataclass(frozen=True, slots=True)
class Document:
    """A cleaned document: plain text, blocks separated by a blank line, headings as sections.

    ``blocks`` cover the text in its order, without the blank lines between them.
    """

    id: str
    path: str
    title: str
    kind: DocumentKind
    language: str
    licence: str
    author: str
    group: str
    sections: tuple[Section, ...]
    text: str
    n_tokens: int
    blocks: tuple[Span, ...] = ()
    account: Account = Account()

    @property
    def source(self) -> str:
        """The document's path."""
        return self.path


WindowKind = Literal["single", "papers", "series"]
"""One document or an excerpt of it · papers on one subject · yearly reports of one subject."""


@dataclass(frozen=True, slots=True)
class Part:
    """A span of one document inside a window: ``document.text[start:end]``."""

    document_id: str
    path: str
    title: str
    kind: DocumentKind
    licence: str
    start: int
    end: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Window:
    """The material of one long row: one part, or several documents that belong together."""

    id: str
    kind: WindowKind
    language: str
    parts: tuple[Part, ...]
    n_tokens: int

    @property
    def source(self) -> str:
        """The parts' paths with their offsets."""
        return ", ".join(f"{part.path}[{part.start}:{part.end}]" for part in self.parts)


ANY_PART = -1
"""A quote whose part isn't known yet: grounding looks in all of them."""


@dataclass(frozen=True, slots=True)
class Material:
    """A document that a question is asked about outside of any build: its title, its clean text,
    what it is (``book``, ``paper``, …) and its language.
    """

    title: str
    text: str
    kind: str = "document"
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A verbatim quote that an answer rests on.

    ``part`` is the index of the window's part, :data:`ANY_PART` where grounding is to find it;
    ``start`` and ``end`` are offsets within the *document's* text, -1 until then.
    """

    quote: str
    part: int
    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class Example:
    """A question about a window, its answer, and the evidence.

    ``family`` is the generator's own name for the kind of question; ``task`` is the recipe's
    (short QA, document analysis, ...). ``grounding`` is the share of the quotes that stood in the
    material as they were given, 0-1.
    """

    id: str
    window: Window
    family: str
    task: str
    language: str
    question: str
    answer: str
    evidence: tuple[Evidence, ...]
    generator: str
    grounding: float = 1.0

    @property
    def source(self) -> str:
        """The window's source."""
        return self.window.source


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one filter says of one example. ``score`` is kept; ``passed`` may change with a
    threshold, without scoring again.
    """

    filter: str
    passed: bool
    reason: str = ""
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """An example that has been scored. ``depths`` are those of the pieces of its evidence in the
    material, 0-1 with four digits, in their order.
    """

    example: Example
    depths: tuple[float, ...]
    scores: dict[str, float] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The example's id."""
        return self.example.id

    @property
    def source(self) -> str:
        """The example's source."""
        return self.example.source


@dataclass(frozen=True, slots=True)
class ShortPair:
    """One short instruction sample."""

    id: str
    instruction: str
    input: str
    output: str
    language: str
    licence: str
    source: str
