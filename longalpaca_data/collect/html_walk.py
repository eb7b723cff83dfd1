"""A parsed HTML page as blocks, by a walk over its structure.

Used for every HTML document and for the chapters of an EPUB. What a reader of the page wouldn't
call its text is left out: scripts, navigation, lists of links at the start, page numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from longalpaca_data.collect.extract import table
from longalpaca_data.core.records import Block, BlockKind

_NO_TEXT = (
    "script style noscript template nav form button select option input textarea iframe"
    " object embed svg math audio video canvas map head title link meta aside dialog"
)
SKIPPED_TAGS = frozenset(_NO_TEXT.split())
# Whole words of class and id names, of texinfo, docbook/publican, Sphinx, Project Gutenberg,
# Standard Ebooks and common blog engines.
SKIPPED_NAMES = re.compile(
    r"(?:^|\s)(?:toc|toctree-wrapper|table-of-contents|contents|contents_element|shortcontents|docnav"
    r"|nav(?:bar|igation|-links|header|footer)?|menu|sidebar|sphinxsidebar|breadcrumbs?|pagenum|pageno"
    r"|page-number|headerlink|copiable-(?:anchor|link)|noprint|section-toc|mini-toc|region-contents|printindex|pg-?header|pg-?footer"
    r"|pg-boilerplate|pgheader|skip-link|share|social|cookie\S*|related|footnote-backlink|docnav"
    r"|calibre_?toc|banner|footer|site-header|transnote|caption-hidden)(?=\s|$)",
    re.IGNORECASE,
)
TEXINFO_LINKS = re.compile(r"\[Contents\]|\[Index\]|\b(?:Next|Previous|Up): ")
SKIPPED_ROLES = frozenset(
    {
        "navigation",
        "banner",
        "contentinfo",
        "search",
        "doc-toc",
        "doc-pagebreak",
        "doc-backlink",
        "doc-noteref",
        "doc-index",
    }
)
SKIPPED_TYPES = frozenset(
    {
        "toc",
        "noteref",
        "backlink",
        "pagebreak",
        "titlepage",
        "imprint",
        "colophon",
        "copyright-page",
        "landmarks",
        "loi",
        "index",
    }
)
_BLOCKS = (
    "p div section article main header footer blockquote ul ol li dl dt dd table tr td th"
    " thead tbody tfoot caption pre figure figcaption hr h1 h2 h3 h4 h5 h6 body html address"
    " center details summary fieldset hgroup"
)
BLOCK_TAGS = frozenset(_BLOCKS.split())
SPACE = re.compile(r"[ \t\n\r\f\u200b]+")
MAX_DEPTH = 200  # deeper nesting is an attack or a broken page; its text is taken as one piece
DROP_CAP = re.compile(r"[“‘\"'«]?[A-ZÀ-Þ]\Z")
INDEX_LINKS = 0.7  # share of a list's or table's text that stands in links: it is navigation
MIN_INDEX_LINKS = 3
MAX_TERM = 160  # characters; a longer "term" is a paragraph


@dataclass
class Walker:
    """Collects blocks; inline text gathers in a buffer until a block ends."""

    blocks: list[Block] = field(default_factory=list)
    _buffer: list[str] = field(default_factory=list)
    _kind: BlockKind = "paragraph"
    _level: int = 0
    _marker: str = ""

    def flush(self) -> None:
        """End the paragraph or item in progress."""
        text = "\n".join(
            SPACE.sub(" ", line).strip() for line in "".join(self._buffer).split("\u2028")
        ).strip("\n")
        self._buffer.clear()
        if not text.strip():
            return
        self.blocks.append(Block(self._kind, self._marker + text, self._level))
        self._marker = ""
        if self._kind == "item":
            self._kind = "paragraph"

    def walk(self, node: Any, depth: int = 0) -> None:
        """Add a node's children to the blocks."""
        for child in node.iter(include_text=True):
            tag = child.tag
            if tag == "-text":
                self._buffer.append(child.text_content or "")
            elif tag is None or tag.startswith(("-", "_", "!")) or is_skipped(child):
                continue
            elif depth > MAX_DEPTH:
                self._buffer.append(child.text(deep=True))
            else:
                self._element(child, tag, depth)

    def _element(self, node: Any, tag: str, depth: int) -> None:
        if tag == "br":
            self._buffer.append("\u2028")
        elif tag == "img":
            alt = (node.attributes.get("alt") or "").strip()
            if DROP_CAP.match(alt):
                self._buffer.append(alt)
        elif tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self._heading(node, int(tag[1]))
        elif tag == "pre":
            self._code(node)
        elif tag == "table":
            self._table(node, depth)
        elif tag in ("ul", "ol"):
            self._list(node, depth)
        elif tag == "dl":
            self._definitions(node, depth)
        elif tag in BLOCK_TAGS:
            self.flush()
            self.walk(node, depth + 1)
            self.flush()
        elif tag != "sup" or not _is_note_link(node):
            self.walk(node, depth + 1)

    def _heading(self, node: Any, level: int) -> None:
        self.flush()
        for caption in node.css(".caption, figcaption"):  # a picture's, above the chapter's title
            caption.decompose()
        inner = Walker()
        inner.walk(node)
        inner.flush()
        title = " ".join(" ".join(block.text.split()) for block in inner.blocks)
        if not title:  # a heading that is a picture
            alts = (image.attributes.get("alt") or "" for image in node.css("img"))
            title = " ".join(" ".join(alts).split())
            title = "" if title.startswith("[") else title
        if title:
            self.blocks.append(Block("heading", title, level))

    def _code(self, node: Any) -> None:
        self.flush()
        text = node.text(deep=True).strip("\n")
        if text.strip():
            self.blocks.append(Block("code", text))

    def _table(self, node: Any, depth: int) -> None:
        self.flush()
        if is_index(node):
            return
        rows = []
        for row in node.css("tr"):
            cells = [_inline(cell) for cell in row.iter() if cell.tag in ("td", "th")]
            if any(cells):
                rows.append(cells)
        if rows and max(sum(map(bool, row)) for row in rows) == 1:  # a table for layout
            self.walk(node, depth + 1)
            self.flush()
        elif rows:
            self.blocks.append(table(rows))

    def _definitions(self, node: Any, depth: int) -> None:
        """A term and what it means are one block: "term: meaning"."""
        self.flush()
        if is_index(node):
            return
        terms: list[str] = []
        for child in definition_parts(node):
            if is_skipped(child):
                continue
            if child.tag == "dt":
                terms += filter(None, [_inline(child)])
                continue
            first = len(self.blocks)
            self.walk(child, depth + 1)
            self.flush()
            term, terms = ", ".join(terms), []
            if not term:
                continue
            meaning = self.blocks[first] if first < len(self.blocks) else None
            if meaning is not None and meaning.kind == "paragraph" and len(term) <= MAX_TERM:
                colon = "" if term.endswith((":", "?", "!", ".")) else ":"
                self.blocks[first] = replace(meaning, text=f"{term}{colon} {meaning.text}")
            else:
                self.blocks.insert(first, Block("paragraph", term, self._level))
        self.blocks += [Block("paragraph", term, self._level) for term in terms]

    def _list(self, node: Any, depth: int) -> None:
        self.flush()
        if is_index(node):
            return
        level = self._level
        self._level = level + 1
        number = _start(node)
        for child in node.iter():
            if is_skipped(child):
                continue
            if child.tag == "li":
                self._kind = "item"
                self._marker = f"{number}. " if node.tag == "ol" else "- "
                number += 1
            elif child.tag not in ("ul", "ol", "div"):
                continue
            if child.tag in ("ul", "ol"):
                self._list(child, depth + 1)
            else:
                self.walk(child, depth + 1)
                self.flush()
            self._kind, self._marker = "paragraph", ""
        self._level = level


def definition_parts(node: Any) -> list[Any]:
    """Return a list's <dt> and <dd>; HTML allows a <div> around each group."""
    parts: list[Any] = []
    for child in node.iter():
        if child.tag == "div":
            parts += definition_parts(child)
        elif child.tag in ("dt", "dd"):
            parts.append(child)
    return parts


def is_skipped(node: Any) -> bool:
    """Whether an element's tag, class, id or role says that it isn't text."""
    if node.tag in SKIPPED_TAGS:
        return True
    attributes = node.attributes
    if not attributes:
        return False
    if "hidden" in attributes or (
        attributes.get("aria-hidden") == "true" and not node.text().strip()
    ):
        return True
    if attributes.get("class") == "header" and TEXINFO_LINKS.search(node.text(deep=True)):
        return True
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    if names != " " and SKIPPED_NAMES.search(names) and node.tag not in ("body", "html", "main"):
        return True
    types = set((attributes.get("epub:type") or "").split())
    return (attributes.get("role") or "") in SKIPPED_ROLES or bool(types & SKIPPED_TYPES)


def is_index(node: Any) -> bool:
    """Whether a list or table is mostly links: contents, menus, back-of-book indexes."""
    links = node.css("a[href]")
    if len(links) < MIN_INDEX_LINKS:
        return False
    linked = sum(len((link.text(deep=True) or "").strip()) for link in links)
    total = len("".join((node.text(deep=True) or "").split()))
    return linked > INDEX_LINKS * total


def _is_note_link(node: Any) -> bool:
    text = (node.text(deep=True) or "").strip(" []()")
    return bool(node.css("a[href]")) and (text.isdigit() or len(text) <= 1)


def _inline(node: Any) -> str:
    walker = Walker()
    walker.walk(node)
    walker.flush()
    return " ".join(" ".join(block.text.split()) for block in walker.blocks)


def _start(node: Any) -> int:
    value = node.attributes.get("start") or "1"
    return int(value) if value.isdigit() and len(value) < 6 else 1
