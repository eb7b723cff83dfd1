"""A parsed HTML page as blocks, by one walk over its structure.

Used for every HTML document, for the chapters of an EPUB and for Markdown once it is rendered.
Every node is visited once, nested tables and lists included, so that the work is the page's size.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from longalpaca_data.collect import html_formulas, html_lists, html_tables
from longalpaca_data.collect.furniture import why_skipped
from longalpaca_data.collect.html_roles import BEFORE_NOTE, EXPONENT, is_note_link, role_of
from longalpaca_data.core.records import Block, BlockKind, n_characters

_BLOCKS = (
    "p div section article main header footer blockquote ul ol li dl dt dd table tr td th"
    " thead tbody tfoot caption pre figure figcaption hr h1 h2 h3 h4 h5 h6 body html address"
    " center details summary fieldset hgroup aside form legend menu dir optgroup"
)
BLOCK_TAGS = frozenset(_BLOCKS.split())
CONTAINERS = frozenset(
    [
        "div",
        "section",
        "article",
        "main",
        "body",
        "td",
        "aside",
        "header",
        "footer",
        "form",
        "details",
    ]
)
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
SPACE = re.compile(r"[ \t\n\r\f\u200b]+")
BREAK = "\u2028"
# Two line breaks, or one before an indented line, end a paragraph.
WALL = re.compile(
    rf"{BREAK}(?:(?:[ \t\n\r\f\xa0]*{BREAK})+"
    r"|(?=[ \t\n\r\f]*(?:\u3000|\xa0\xa0)))"
)
# A line end between Chinese characters is no space (CSS Text 3, section 4.1.3).
LINE_END = re.compile(
    r"(?<=[\u3000-\u9fff\uff00-\uffef])[ \t]?\n[ \t]*(?=[\u3000-\u9fff\uff00-\uffef])"
)
MAX_DEPTH = 200  # deeper nesting is an attack or a broken page; its text is taken as one piece
DROP_CAP = re.compile(r"[“‘\"'«]?[A-ZÀ-Þ]\Z")
INDEX_LINKS = 0.7  # share of a list's or table's text that stands in links: it is navigation
MIN_INDEX_LINKS = 3
FORMULA = re.compile(r"\$\$[^$]+\$\$\Z")


@dataclass(slots=True)
class Mark:
    """Where a block stood: its container, and how many of its characters are in links."""

    container: int = 0
    chars: int = 0
    linked: int = 0
    furniture: bool = False  # within an aside, header or footer of the page


@dataclass
class Walker:
    """Collects blocks; inline text gathers in a buffer until a block ends.

    ``keep`` names the reasons that are not to count (see :mod:`furniture`); ``lost`` counts what
    was left out, by reason; ``marks`` stand beside ``blocks``.
    """

    keep: frozenset[str] = frozenset()
    lost: Counter[str] = field(default_factory=Counter)
    blocks: list[Block] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    _buffer: list[str] = field(default_factory=list)
    kind: BlockKind = "paragraph"
    role: BlockKind = "paragraph"  # what paragraphs are here: footnotes, references, captions
    level: int = 0
    marker: str = ""
    _mark: Mark = field(default_factory=Mark)
    _links: int = 0  # how many links are open
    links_seen: int = 0

    # --- text ---

    def flush(self) -> None:
        """End the paragraph or item in progress."""
        if not self._buffer:
            return
        text = "".join(self._buffer)
        self._buffer.clear()
        if "\n" in text:
            text = LINE_END.sub("", text)
        pieces = WALL.split(text) if BREAK in text else [text]
        for piece in pieces:
            lines = (SPACE.sub(" ", line).strip() for line in piece.split(BREAK))
            if block := "\n".join(lines).strip("\n"):
                self._add_paragraph(block)
        self._mark = Mark(self._mark.container, furniture=self._mark.furniture)

    def _add_paragraph(self, text: str) -> None:
        kind = self.kind
        if kind == "paragraph" or self.role in ("footnote", "reference"):
            kind = self.role
        if kind == "paragraph" and FORMULA.match(text):
            kind = "formula"
        self.add(Block(kind, self.marker + text, self.level if kind == "item" else 0))
        self.marker = ""
        if self.kind == "item":
            self.kind = "paragraph"

    def add(self, block: Block, mark: Mark | None = None) -> None:
        """Add a block and where it stood."""
        self.blocks.append(block)
        self.marks.append(mark or self._mark)

    def mark_of(self, chars: int) -> Mark:
        """Return a mark for a block of its own at this place."""
        return Mark(self._mark.container, chars, 0, self._mark.furniture)

    def walk_as(self, role: BlockKind, node: Any, depth: int) -> None:
        """Add a node's children, its paragraphs as blocks of a kind."""
        outer, self.role = self.role, role
        self.walk(node, depth + 1)
        self.flush()
        self.role = outer

    def lose(self, reason: str, text: str) -> None:
        """Count what is left out."""
        if count := n_characters(text):
            self.lost[reason] += count

    def walk(self, node: Any, depth: int = 0) -> None:
        """Add a node's children to the blocks."""
        for child in node.iter(include_text=True):
            tag = child.tag
            if tag == "-text":
                self.text(child.text_content or "")
            elif tag is None or tag.startswith(("-", "_", "!")) or self.skips(child):
                continue
            elif depth > MAX_DEPTH:
                self.text(child.text(deep=True))
            else:
                self._element(child, tag, depth)

    def skips(self, node: Any, *, in_heading: bool = False) -> bool:
        """Whether an element is left out; what it holds is counted then."""
        reason = why_skipped(node, in_heading=in_heading or self.kind == "heading")
        if reason is None or (reason in self.keep and node.tag != "nav"):
            return False
        if reason:
            self.lose(reason, node.text(deep=True) or "")
        elif formula := html_formulas.in_script(node):
            self._buffer.append(formula)
        return True

    def text(self, text: str) -> None:
        """Add a piece of inline text."""
        self._buffer.append(text)
        count = len(text) - text.count(" ") if text.strip() else 0
        self._mark.chars += count
        if self._links:
            self._mark.linked += count

    # --- elements ---

    def _element(self, node: Any, tag: str, depth: int) -> None:
        if tag in HEADINGS:
            self._heading(node, int(tag[1]))
        elif tag == "table":
            self.flush()
            html_tables.read(self, node, depth)
        elif tag in ("ul", "ol", "menu", "dir"):
            html_lists.read_list(self, node, depth)
        elif tag == "dl":
            html_lists.read_definitions(self, node, depth)
        elif tag in BLOCK_TAGS:
            self._block(node, tag, depth)
        else:
            self._inline(node, tag, depth)

    def _inline(self, node: Any, tag: str, depth: int) -> None:
        if tag == "br":
            self._buffer.append(BREAK)
        elif tag == "img":
            self._image(node)
        elif tag.rpartition(":")[2] == "math":
            self._buffer.append(html_formulas.of_math(node))
        elif tag == "a":
            is_link = "href" in node.attributes
            self._links += is_link
            self.links_seen += is_link
            self.walk(node, depth + 1)
            self._links -= is_link
        elif tag in ("sup", "sub"):
            self._script(node, tag, depth)
        elif html_formulas.is_wrapper(node):
            self._buffer.append(html_formulas.wrapped(node))
        else:
            self.walk(node, depth + 1)

    def _block(self, node: Any, tag: str, depth: int) -> None:
        self.flush()
        if tag == "pre":
            if (text := node.text(deep=True).strip("\n")).strip():
                self.add(Block("code", text))
            return
        mark, role = self._mark, self.role
        if tag in CONTAINERS:
            outside = tag in ("aside", "header", "footer") or mark.furniture
            self._mark = Mark(node.mem_id, furniture=outside)
        self.role = role_of(node, tag) or role
        self.walk(node, depth + 1)
        self.flush()
        self._mark, self.role = mark, role

    def _heading(self, node: Any, level: int) -> None:
        self.flush()
        for caption in node.css(".caption, figcaption"):  # a picture's, above the chapter's title
            caption.decompose()
        inner = self.nested()
        inner.kind = "heading"
        inner.walk(node)
        title = " ".join("".join(inner._buffer).replace(BREAK, " ").split())  # noqa: SLF001
        inner._buffer.clear()  # noqa: SLF001
        title = " ".join(filter(None, [*(" ".join(b.text.split()) for b in inner.blocks), title]))
        if not title:  # a heading that is a picture
            alts = (image.attributes.get("alt") or "" for image in node.css("img"))
            title = " ".join(" ".join(alts).split())
            title = "" if title.startswith("[") else title
        if title:
            self.add(Block("heading", title, level), self.mark_of(len(title)))

    def nested(self) -> Walker:
        """Return a walker for a part of the page whose blocks are looked at first."""
        return Walker(
            self.keep,
            self.lost,
            role=self.role,
            _mark=Mark(self._mark.container, furniture=self._mark.furniture),
            _links=self._links,
        )

    def take(self, other: Walker) -> None:
        """Add the blocks of a nested walker."""
        self.blocks += other.blocks
        self.marks += other.marks

    def _image(self, node: Any) -> None:
        alt = (node.attributes.get("alt") or "").strip()
        if DROP_CAP.match(alt):
            self._buffer.append(alt)
        elif formula := html_formulas.of_image(node, alt):
            self._buffer.append(formula)
        elif alt and len(alt) > 1:
            self.lose("picture", alt)

    def _script(self, node: Any, tag: str, depth: int) -> None:
        if tag == "sup" and is_note_link(node):
            self.lose("note mark", node.text(deep=True) or "")
            return
        text = (node.text(deep=True) or "").strip()
        if EXPONENT.match(text):
            before = "".join(self._buffer[-3:])[-12:]
            if tag == "sup" and BEFORE_NOTE.search(before):
                self.lose("note mark", text)
                return
            if tag == "sup" and before[-1:].strip():
                self._buffer.append("^")
            elif before[-1:].isdigit():
                self._buffer.append("_")
        self.walk(node, depth + 1)

    def drop_index(self, start: int, links: int) -> None:
        """Leave out what was read from ``start`` on where it is mostly links: contents, menus."""
        if self.links_seen - links < MIN_INDEX_LINKS or "index" in self.keep:
            return
        marks = _unique(self.marks[start:])
        linked, chars = sum(mark.linked for mark in marks), sum(mark.chars for mark in marks)
        if linked > INDEX_LINKS * chars:
            self.lose("navigation", "".join(block.text for block in self.blocks[start:]))
            del self.blocks[start:], self.marks[start:]


def _unique(marks: list[Mark]) -> list[Mark]:
    """A paragraph in several pieces has one mark for all."""
    return list({id(mark): mark for mark in marks}.values())
