"""HTML: books and manuals by a walk over their structure, web pages by their main content.

selectolax walks a book in a tenth of a second per megabyte; on web pages resiliparse's main
content extraction says which of the walk's blocks are the article.
"""

from __future__ import annotations

import re
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from longalpaca_data.collect.encoding import BYTE_ORDER_MARKS, decode
from longalpaca_data.collect.extract import Extract
from longalpaca_data.collect.furniture import DOUBTFUL
from longalpaca_data.collect.html_walk import Walker
from longalpaca_data.collect.main_content import article
from longalpaca_data.core.errors import UnreadableError
from longalpaca_data.core.records import Block, n_characters

CHARSET = re.compile(
    rb"""<(?:meta[^>]{0,200}charset|\?xml[^>]{0,100}encoding)\s*=\s*["']?([\w:-]+)""", re.IGNORECASE
)
CHARSET_WITHIN = 4096
# XHTML may close any element in its tag; HTML parsers take <a id="x"/> for an opening tag.
VOID_TAGS = "area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr"
SELF_CLOSED = re.compile(rf"<(?!(?:{VOID_TAGS})\b)([a-zA-Z][\w:.-]*)((?:\s[^<>]*)?)/>")
CHAPTER = re.compile(r"^(?:chapter|appendix)\s+\w+|^第\s?\w{1,3}\s?章|^\d+\.\s", re.IGNORECASE)
SITE = re.compile(r"\s+[-–—|·•»_]\s*\S")
BOOK_GENERATORS = re.compile(
    r"texi|docbook|publican|sphinx|docutils|ebookmaker|pandoc|latex", re.IGNORECASE
)
# Signs of a web page around an article; a book in HTML has none of them.
WEB_PAGE = "nav, header, footer, aside, [role=navigation], [role=main], meta[property^='og:'], form"
MIN_SIGNS = 2
# What is open until it is closed. At each of them the parser looks through all that are open:
# 5,000 divs in one another take 0.1 s, 20,000 lists 15 s, 100,000 divs minutes.
NESTING = re.compile(
    r"<(/?)(?:div|[uo]l|dl|table|blockquote|center|section|article|main|aside|header|footer|nav"
    r"|figure|fieldset|details|menu|dir|address|hgroup|search|summary|listing)\b",
    re.IGNORECASE,
)
MAX_ATTRIBUTES = 200  # 50,000 take 10 s
MAX_TAG = 20_000  # characters in which attributes are looked for
LONG_TAG = re.compile(r"""<[a-zA-Z](?:[^<>"']|"[^"]*+"|'[^']*+'){2000,}+>""")
ATTRIBUTE = re.compile(r"""[^\s"'<>/=]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+))?""")
MAX_REPLACED = 0.002  # share of the characters
MAX_NESTING = 5_000  # browsers cut at 512


def read(data: bytes, name: str) -> Extract:  # noqa: ARG001 — every reader has the same signature
    """Read one HTML or XHTML page. Raises UnreadableError: 'empty', 'binary'."""
    text = decode_markup(data)
    parser = parse(text)
    walker = walk(parser)
    if not walker.blocks:
        raise UnreadableError("empty", "the page holds no text")
    blocks = _main_content(walker, text) if _is_web_page(parser) else walker.blocks
    return Extract(
        tuple(blocks),
        title=_page_title(parser),
        author=_meta(parser, "author", "dc.creator"),
        language=(_attribute(parser, "html", "lang") or _meta(parser, "dc.language")).lower(),
        licence=_licence(parser),
        lost=dict(walker.lost),
    )


def parse(text: str) -> LexborHTMLParser:
    """Parse a page. Raises UnreadableError: 'corrupt' where it would take minutes or hours."""
    text = LONG_TAG.sub(_shortened, text)
    depth = 0
    if text.count("<") > MAX_NESTING:
        for tag in NESTING.finditer(text):
            depth = max(0, depth - 1) if tag[1] else depth + 1
            if depth > MAX_NESTING:
                raise UnreadableError("corrupt", f"more than {MAX_NESTING} elements deep")
    return LexborHTMLParser(text)


def _shortened(tag: re.Match[str]) -> str:
    """Keep a tag's first attributes: the parser compares each of them with all before it."""
    name, _, rest = tag.group(0)[1:-1].partition(" ")
    attributes = ATTRIBUTE.findall(rest, 0, MAX_TAG)
    if len(attributes) <= MAX_ATTRIBUTES:
        return tag.group(0)
    return f"<{name} {' '.join(attributes[:MAX_ATTRIBUTES])}>"


def decode_markup(data: bytes) -> str:
    """Decode a page; its own declaration counts only where the bytes aren't UTF-8."""
    try:
        text = decode(data) if _has_mark(data) else data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        declared = CHARSET.search(data[:CHARSET_WITHIN])
        text = _declared(data, declared.group(1).decode("ascii")) if declared else decode(data)
    if (
        text.lstrip("\ufeff \n\t").startswith("<?xml")
        or 'xmlns="http://www.w3.org/1999/xhtml"' in text[:4096]
    ):
        text = SELF_CLOSED.sub(r"<\1\2></\1>", text)
    return text


def _has_mark(data: bytes) -> bool:
    return data.startswith(tuple(mark for mark, _ in BYTE_ORDER_MARKS))


def _declared(data: bytes, encoding: str) -> str:
    # Browsers read these two as their supersets (WHATWG Encoding, names and labels).
    encoding = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252"}.get(
        encoding.lower(), encoding
    )
    try:
        text = data.decode(encoding, errors="replace")
    except LookupError:
        return decode(data)
    # A byte or two that went wrong are replaced; many say that the declaration is wrong.
    return text if text.count("\ufffd") <= MAX_REPLACED * len(text) else decode(data)


def walk(parser: LexborHTMLParser) -> Walker:
    """Return a parsed page as blocks, with what was left out.

    A rule of thumb that would remove most of the page was wrong about it: it is read again
    without that rule.
    """
    keep: frozenset[str] = frozenset()
    while True:
        walker = Walker(keep)
        if parser.body is not None:
            walker.walk(parser.body)
            walker.flush()
        kept = sum(n_characters(block.text) for block in walker.blocks)
        reason = max(DOUBTFUL, key=lambda name: walker.lost[name])
        if reason in keep or walker.lost[reason] <= kept:
            return walker
        keep |= {reason}


def _is_web_page(parser: LexborHTMLParser) -> bool:
    if BOOK_GENERATORS.search(_meta(parser, "generator")):
        return False
    return len(parser.css(WEB_PAGE)) >= MIN_SIGNS


def _main_content(walker: Walker, page: str) -> list[Block]:
    """Return the blocks of the page's article; the others are counted."""
    kept = []
    for block, keep in zip(walker.blocks, article(walker.blocks, walker.marks, page), strict=True):
        if keep:
            kept.append(block)
        else:
            walker.lose("beside the article", block.text)
    return kept


def _page_title(parser: LexborHTMLParser) -> str:
    title = _meta(parser, "dc.title") or _meta_property(parser, "og:title")
    node = parser.css_first("head title") or parser.css_first("title")
    title = title or (" ".join(node.text(deep=True).split()) if node else "")
    title = _without_site(title, parser)
    return f"{_work(parser)}: {title}" if CHAPTER.match(title) and _work(parser) else title


def _without_site(title: str, parser: LexborHTMLParser) -> str:
    """Cut what follows the page's only first-level heading in its title: " - Wikipedia"."""
    headings = parser.css("h1")
    name = " ".join((headings[0].text(deep=True) or "").split()) if len(headings) == 1 else ""
    rest = title.removeprefix(name)
    return name if name and rest != title and SITE.match(rest) else title


def _work(parser: LexborHTMLParser) -> str:
    """The title of the work that a chapter's page belongs to, from its navigation links."""
    for node in parser.css("head link[rel=home], head link[rel=start], head link[rel=up]"):
        if title := " ".join((node.attributes.get("title") or "").split()):
            return title
    return ""


def _meta(parser: LexborHTMLParser, *names: str) -> str:
    for node in parser.css("meta[name]"):
        if (node.attributes.get("name") or "").lower() in names:
            return " ".join((node.attributes.get("content") or "").split())
    return ""


def _meta_property(parser: LexborHTMLParser, name: str) -> str:
    node = parser.css_first(f"meta[property='{name}']")
    return " ".join((node.attributes.get("content") or "").split()) if node else ""


def _attribute(parser: LexborHTMLParser, tag: str, attribute: str) -> str:
    node: Any = parser.css_first(tag)
    return (node.attributes.get(attribute) or "") if node else ""


def _licence(parser: LexborHTMLParser) -> str:
    for node in parser.css("[rel~=license]"):
        return (node.attributes.get("href") or "").strip()
    return _meta(parser, "dcterms.license", "license", "dcterms.rights", "dc.rights")
