"""DOCX by its XML, behind the same caps as EPUB.

python-docx refuses strict files and main parts under other names, and knows neither notes, formulas
and text boxes nor automatic numbers; so the parts are read here (ECMA-376 part 1, section 17).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from longalpaca_data.collect.docx_headings import bold_headings, heading_text, with_last_letter
from longalpaca_data.collect.docx_numbering import Numbering
from longalpaca_data.collect.docx_package import W, WordPackage
from longalpaca_data.collect.docx_styles import Styles
from longalpaca_data.collect.docx_tables import read_table
from longalpaca_data.collect.docx_text import Paragraph, read_paragraph
from longalpaca_data.collect.extract import Extract
from longalpaca_data.core.errors import UnreadableError
from longalpaca_data.core.records import Block, n_characters

LIST_STYLE = re.compile(r"^list\b", re.IGNORECASE)
CONTENTS_STYLE = re.compile(r"^(?:toc|table of (?:contents|figures)|目录)\b", re.IGNORECASE)
CODE_STYLE = re.compile(r"code|preformatted|html", re.IGNORECASE)
CAPTION_STYLE = re.compile(r"^(?:caption|题注)$", re.IGNORECASE)
FORMULA = re.compile(r"\$\$[^$]+\$\$\Z")
TITLE_PAGE = 40  # paragraphs, empty ones included
TITLE_SIZE = 36  # half points: 18 pt; headings of the first level have 14-16
MAX_HEADING = 200  # characters; longer "headings" are paragraphs in a heading's style
MAX_DEPTH = 60  # tables, boxes and controls in one another
# Parts beside the text, and what their text is.
BESIDE = {"comments": "comment", "header": "running head", "footer": "running head"}
CONTAINERS = frozenset({f"{W}sdtContent", f"{W}ins", f"{W}moveTo", f"{W}customXml", f"{W}smartTag"})
DELETED = {f"{W}del": "deleted", f"{W}moveFrom": "moved away"}


def read(data: bytes, name: str) -> Extract:  # noqa: ARG001 — every reader has the same signature
    """Read a DOCX. Raises UnreadableError: 'corrupt', 'encrypted', 'too large', 'empty'."""
    package = WordPackage(data)
    body = package.main.find(f"{W}body")
    if body is None:
        raise UnreadableError("corrupt", f"{package.main_path} has no body")
    reader = _Reader.of(package)
    blocks = tuple(bold_headings(list(reader.blocks(body))))
    if not blocks:
        raise UnreadableError("empty", "no paragraph holds text")
    for kind, reason in BESIDE.items():
        for part in package.related(kind):
            if count := n_characters("".join(part.itertext())):
                reader.lost[reason] += count
    properties = package.properties()
    return Extract(
        blocks,
        title=properties.get("title") or " ".join(reader.title(body).split()),
        author=properties.get("creator", ""),
        language=properties.get("language", "").lower(),
        lost=dict(reader.lost),
    )


@dataclass
class _Reader:
    """Walks the body; styles, lists and notes are looked up beside it."""

    styles: Styles
    numbering: Numbering
    notes: dict[tuple[str, str], Any]
    hidden: frozenset[str]
    lost: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, package: WordPackage) -> _Reader:
        styles = next((Styles.of(root) for root in package.related("styles")), Styles())
        lists = (Numbering.of(root) for root in package.related("numbering"))
        notes = {
            (kind, node.get(f"{W}id") or ""): node
            for kind in ("footnote", "endnote")
            for root in package.related(f"{kind}s")
            for node in root.iter(f"{W}{kind}")
            if node.get(f"{W}type") in (None, "normal")
        }
        return cls(styles, next(lists, Numbering()), notes, styles.hidden())

    def blocks(self, parent: Any, depth: int = 0) -> Iterator[Block]:
        """Yield the blocks of a body, a cell, a text box or a content control."""
        for element in parent:
            if element.tag == f"{W}p":
                yield from self._paragraph(element, depth)
            elif element.tag == f"{W}tbl" and depth < MAX_DEPTH:
                yield from read_table(element, lambda cell: list(self.blocks(cell, depth + 1)))
            elif element.tag == f"{W}sdt":
                content = element.find(f"{W}sdtContent")
                if content is not None and depth < MAX_DEPTH:
                    yield from self.blocks(content, depth + 1)
            elif element.tag in CONTAINERS and depth < MAX_DEPTH:
                yield from self.blocks(element, depth + 1)
            elif element.tag in (f"{W}tbl", *CONTAINERS):
                text = " ".join("".join(element.itertext()).split())
                if text:
                    yield Block("paragraph", text)
            elif element.tag in DELETED:
                self.lost[DELETED[element.tag]] += n_characters("".join(element.itertext()))

    def _paragraph(self, element: Any, depth: int) -> Iterator[Block]:
        paragraph = self._read(element)
        block = self._block(element, paragraph)
        if block is not None:
            yield block
        for key in paragraph.notes:
            note = self.notes.pop(key, None)
            if note is not None and (text := self._note(note)):
                yield Block("footnote", text)
        if depth < MAX_DEPTH:
            for box in paragraph.boxes:
                yield from self.blocks(box, depth + 1)

    def _read(self, element: Any) -> Paragraph:
        return read_paragraph(element, self.lost, self.hidden)

    def _note(self, note: Any) -> str:
        texts = (self._read(paragraph).text for paragraph in note.iter(f"{W}p"))
        return " ".join(" ".join(texts).split())

    def _block(self, element: Any, paragraph: Paragraph) -> Block | None:
        text = with_last_letter(paragraph.text)
        if not text.strip():
            return None
        style = self.styles.name(element)
        if CONTENTS_STYLE.match(style):
            self.lost["contents"] += n_characters(text)
            return None
        level = self.styles.level(element)
        if level and len(text) <= MAX_HEADING:
            return Block("heading", self._numbered(element, heading_text(text)), level)
        if CODE_STYLE.search(style):
            return Block("code", text.rstrip())
        if FORMULA.match(text.strip()):
            return Block("formula", text.strip())
        number, depth, _ = self.styles.list_of(element)
        if number not in ("", "0") or LIST_STYLE.match(style):
            deep = int(depth) + 1 if depth.isdecimal() else 1
            return Block("item", self._numbered(element, text.strip(), "-"), min(deep, 9))
        if CAPTION_STYLE.match(style):
            return Block("caption", text.strip())
        return Block("paragraph", text.strip(), bold=_is_bold(element))

    def _numbered(self, element: Any, text: str, default: str = "") -> str:
        number, level, style = self.styles.list_of(element)
        label = default
        if number not in ("", "0"):
            deep = int(level) if level.isdecimal() else 0
            if style and not level:
                deep = self.numbering.level_of_style(number, style)
            label = self.numbering.label(number, deep)
        if label == "-" and not default:  # a heading with a bullet
            label = ""
        return f"{label} {text}" if label and not text.startswith(f"{label} ") else text

    def title(self, body: Any) -> str:
        """Return the paragraph in the title's style, else the title page's largest."""
        for paragraph in body.iterchildren(f"{W}p"):
            if self.styles.name(paragraph).lower() in ("title", "标题"):
                return _plain(paragraph)
        return _largest(list(islice(body.iterchildren(f"{W}p"), TITLE_PAGE)))


def _plain(paragraph: Any) -> str:
    return read_paragraph(paragraph, Counter(), frozenset()).text.strip()


def _largest(paragraphs: list[Any]) -> str:
    """Return the title page's largest paragraphs, those that follow each other, as one."""
    sizes = [(_size(paragraph), _plain(paragraph)) for paragraph in paragraphs]
    largest = max((size for size, text in sizes if text), default=0)
    if largest < TITLE_SIZE:
        return ""
    title: list[str] = []
    for size, text in sizes:
        if size == largest and text:
            title.append(text)
        elif title and text:
            break
    return " ".join(title)


def _size(paragraph: Any) -> int:
    """Return the size of a paragraph's first run in half points, 0 where its style says it."""
    node = paragraph.find(f"{W}r/{W}rPr/{W}sz")
    value = node.get(f"{W}val") if node is not None else ""
    return int(value) if value and value.isdecimal() and len(value) < 6 else 0


def _is_bold(element: Any) -> bool:
    runs = [run for run in element.iter(f"{W}r") if (run.findtext(f"{W}t") or "").strip()]
    return bool(runs) and all(
        (bold := run.find(f"{W}rPr/{W}b")) is not None and bold.get(f"{W}val") not in ("0", "false")
        for run in runs
    )
