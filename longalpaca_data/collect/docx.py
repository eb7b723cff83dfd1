"""DOCX by python-docx's object model, behind the same caps as EPUB."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import docx
from docx.oxml.ns import qn

from longalpaca_data.collect.archive import Archive
from longalpaca_data.collect.docx_headings import bold_headings, heading_text, with_last_letter
from longalpaca_data.collect.extract import Extract, table
from longalpaca_data.core.errors import UnreadableError
from longalpaca_data.core.records import Block

HEADING_STYLE = re.compile(r"^(?:heading|标题|überschrift|titre)\s*(\d)$", re.IGNORECASE)
LIST_STYLE = re.compile(r"^list\b", re.IGNORECASE)
CONTENTS_STYLE = re.compile(r"^(?:toc|table of (?:contents|figures)|目录)\b", re.IGNORECASE)
CODE_STYLE = re.compile(r"code|preformatted|html", re.IGNORECASE)
TITLE_PAGE = 40  # paragraphs, empty ones included
TITLE_SIZE = 36  # half points: 18 pt; headings of the first level have 14-16
MAX_HEADING = 200  # characters; longer "headings" are paragraphs in a heading's style
TEXT, TAB, BREAK, CR, HYPHEN = map(qn, ("w:t", "w:tab", "w:br", "w:cr", "w:noBreakHyphen"))
PARAGRAPH, TABLE, ROW, CELL, STRUCTURED = map(qn, ("w:p", "w:tbl", "w:tr", "w:tc", "w:sdt"))
DELETED = frozenset(map(qn, ("w:del", "w:moveFrom")))
LEADING_TAB_STOPS = qn("w:tabs")


def read(data: bytes, name: str) -> Extract:  # noqa: ARG001 — every reader has the same signature
    """Read a DOCX. Raises UnreadableError: 'corrupt', 'encrypted', 'too large', 'empty'."""
    Archive(data)  # the caps
    document = docx.Document(io.BytesIO(data))
    styles = {style.style_id: style.name or "" for style in document.styles}
    blocks = tuple(bold_headings(list(_blocks(document.element.body, styles))))
    if not blocks:
        raise UnreadableError("empty", "no paragraph holds text")
    properties = document.core_properties
    title = properties.title or _title_paragraph(document.element.body, styles)
    return Extract(
        blocks,
        title=" ".join(title.split()),
        author=" ".join((properties.author or "").split()),
        language=(properties.language or "").lower(),
    )


def _title_paragraph(body: Any, styles: dict[str, str]) -> str:
    for paragraph in body.iterchildren(PARAGRAPH):
        if _style(paragraph, styles).lower() in ("title", "标题"):
            return _text(paragraph)
    return _largest(list(islice(body.iterchildren(PARAGRAPH), TITLE_PAGE)))


def _largest(paragraphs: list[Any]) -> str:
    """Return the title page's largest paragraphs, those that follow each other, as one."""
    sizes = [(_size(paragraph), _text(paragraph).strip()) for paragraph in paragraphs]
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
    node = paragraph.find(f"{qn('w:r')}/{qn('w:rPr')}/{qn('w:sz')}")
    value = node.get(qn("w:val")) if node is not None else ""
    return int(value) if value and value.isdigit() else 0


def _blocks(parent: Any, styles: dict[str, str]) -> Iterator[Block]:
    for element in parent.iterchildren():
        if element.tag == PARAGRAPH:
            block = _paragraph(element, styles)
            if block is not None:
                yield block
        elif element.tag == TABLE:
            yield from _table(element, styles)
        elif (
            element.tag == STRUCTURED and (content := element.find(qn("w:sdtContent"))) is not None
        ):
            yield from _blocks(content, styles)


def _paragraph(element: Any, styles: dict[str, str]) -> Block | None:
    text = with_last_letter(_text(element))
    if not text.strip():
        return None
    style = _style(element, styles)
    if CONTENTS_STYLE.match(style):
        return None
    level = _heading_level(element, style)
    if level and len(text) <= MAX_HEADING:
        return Block("heading", heading_text(text), level)
    if CODE_STYLE.search(style):
        return Block("code", text.rstrip())
    numbering = element.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
    if numbering is not None or LIST_STYLE.match(style):
        return Block("item", "- " + text.strip(), _depth(numbering))
    return Block("paragraph", text.strip(), bold=_is_bold(element))


def _style(element: Any, styles: dict[str, str]) -> str:
    node = element.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
    return styles.get(node.get(qn("w:val")), "") if node is not None else ""


def _heading_level(element: Any, style: str) -> int:
    match = HEADING_STYLE.match(style)
    if match:
        return min(6, max(1, int(match.group(1))))
    outline = element.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
    value = outline.get(qn("w:val")) if outline is not None else ""
    # Level 9 means body text (ECMA-376, 17.3.1.20).
    return int(value) + 1 if value and value.isdigit() and int(value) < 6 else 0


def _depth(numbering: Any) -> int:
    level = numbering.find(qn("w:ilvl")) if numbering is not None else None
    value = level.get(qn("w:val")) if level is not None else "0"
    return int(value) + 1 if value and value.isdigit() else 1


def _is_bold(element: Any) -> bool:
    runs = [run for run in element.iter(qn("w:r")) if (run.findtext(TEXT) or "").strip()]
    return bool(runs) and all(
        (bold := run.find(f"{qn('w:rPr')}/{qn('w:b')}")) is not None
        and bold.get(qn("w:val")) not in ("0", "false")
        for run in runs
    )


def _text(element: Any) -> str:
    """Return a paragraph's text; deleted revisions and text boxes' second copies are left out."""
    parts: list[str] = []
    stack = list(reversed(element))
    while stack:
        node = stack.pop()
        if node.tag == TEXT:
            parts.append(node.text or "")
        elif node.tag == TAB:
            parts.append("\t")
        elif node.tag in (BREAK, CR):
            parts.append("\n")
        elif node.tag == HYPHEN:
            parts.append("-")
        elif node.tag not in DELETED and node.tag != LEADING_TAB_STOPS and _is_element(node):
            stack.extend(reversed(node))
    return "".join(parts)


def _is_element(node: Any) -> bool:
    return isinstance(node.tag, str) and not node.tag.endswith("}Fallback")


def _table(element: Any, styles: dict[str, str]) -> Iterator[Block]:
    rows = []
    for row in element.iterchildren(ROW):
        cells = [
            " ".join(" ".join(_text(p) for p in cell.iter(PARAGRAPH)).split())
            for cell in row.iterchildren(CELL)
        ]
        if any(cells):
            rows.append(cells)
    if rows and max(map(len, rows)) == 1:  # a box around text
        for cell in element.iter(CELL):
            yield from _blocks(cell, styles)
    elif rows:
        yield table(rows)
