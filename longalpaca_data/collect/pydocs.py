"""``python-docs:`` — the Python Language Reference that every CPython carries with it.

``pydoc_data.topics`` holds the sections that ``help()`` shows, as a dict of plain texts: one string
per topic, written by Sphinx. Topics overlap (``compound`` contains ``if``), so a paragraph that was
seen before is left out, and with it headings that have nothing left under them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pydoc_data.topics import topics

import msgspec

from longalpaca_data.collect.extract import Extract
from longalpaca_data.core.errors import UnreadableError
from longalpaca_data.core.records import Block

TITLE = "The Python Language Reference"
LICENCE = "PSF-2.0"
# The reference's table of contents in topics' names; a chapter's overview stands before its parts.
# What is not listed here (other versions of Python) follows in alphabetical order.
_TOPICS = (
    # 2 Lexical analysis
    "identifiers id-classes strings numbers integers floating imaginary"
    # 3 Data model
    " objects types specialnames customization attribute-access callable-types sequence-types"
    " numeric-types context-managers"
    # 4 Execution model
    " execmodel naming dynamic-features exceptions"
    # 6 Expressions
    " conversions atom-identifiers atom-literals lists dict attribute-references"
    " subscriptions slicings"
    " calls await power unary binary shifting bitwise comparisons in booleans"
    " assignment-expressions"
    " lambda exprlists operator-summary"
    # 7 Simple statements
    " assignment augassign annassign assert pass del return yield raise break continue"
    " import future"
    " global nonlocal type"
    # 8 Compound statements
    " compound if while for try with match function class async else"
    # Of the library: the types that the reference refers to
    " truth typesseq typesseq-mutable string-methods formatstrings typesmapping bltin-type-objects"
    " typesmodules typesfunctions typesmethods bltin-code-objects bltin-null-object"
    " bltin-ellipsis-object specialattrs debugger"
)
ORDER = tuple(_TOPICS.split())
UNDERLINES = {"*": 1, "=": 2, "-": 3, "~": 4, "^": 5, '"': 5}
UNDERLINE = re.compile(r"""^([*=\-~^"])\1{2,}$""")
ITEM = re.compile(r"^\* +|^\d+\. +")
LIST_SIGN = re.compile(r"^\* +")
EMPHASIS = re.compile(r"(?<![\w*])(\*{1,2})([^*\s](?:[^*\n]*[^*\s])?)\1(?![\w*])")
SENTENCE = re.compile(r"[a-z)\"][.:](?:\s|$)")
MIN_PROSE_WORDS = 7
# Shorter paragraphs ("See also:", "For example:") repeat for good reason.
REPEATED_FROM = 60


def data() -> bytes:
    """Return the topics in the reference's order, encoded: what the collect stage hashes."""
    rank = {name: index for index, name in enumerate(ORDER)}
    names = sorted(topics, key=lambda name: (rank.get(name, len(rank)), name))
    return msgspec.json.encode([[name, topics[name]] for name in names])


def read(data: bytes, name: str) -> Extract:  # noqa: ARG001 — every reader has the same signature
    """Read what :func:`data` returned."""
    try:
        pairs = msgspec.json.decode(data, type=list[tuple[str, str]])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableError("corrupt", f"not the topics of pydoc_data: {error}") from error
    blocks = [block for _, text in pairs for block in _blocks(text)]
    unique = tuple(_with_text(list(_once(blocks))))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Extract(
        unique, f"{TITLE} {version}", "Python Software Foundation", "en", LICENCE, "manual"
    )


def _blocks(text: str) -> Iterator[Block]:
    for chunk in re.split(r"\n\s*\n", text.strip("\n")):
        lines = chunk.rstrip().split("\n")
        if len(lines) > 1 and (rule := UNDERLINE.match(lines[1])) and lines[0].strip():
            yield Block("heading", _joined(lines[:1]), UNDERLINES[rule.group(1)])
            lines = lines[2:]
        if not any(lines):
            continue
        first = next(line for line in lines if line)
        if first.startswith("   ") and not ITEM.match(first.lstrip()):
            yield _indented(lines)
        elif ITEM.match(first.lstrip()):
            yield Block("item", LIST_SIGN.sub("- ", _joined(lines)), 1)
        else:
            yield Block("paragraph", _joined(lines))


def _joined(lines: list[str]) -> str:
    """Join lines; ``*names*`` and ``**PEP 8**`` are Sphinx's italics and bold."""
    text = " ".join("\n".join(line.strip() for line in lines).replace("-\n", "-").split())
    return EMPHASIS.sub(r"\2", text).replace("-[ Footnotes ]-", "Footnotes")


def _indented(lines: list[str]) -> Block:
    """An indented chunk is an example, or a description's prose."""
    text = "\n".join(line.removeprefix("   ") for line in lines)
    words = re.findall(r"[A-Za-z]{2,}", text)
    is_code = "::=" in text or ">>>" in text or not SENTENCE.search(text)
    if is_code or len(words) < MIN_PROSE_WORDS:
        return Block("code", text)
    return Block("paragraph", _joined(lines))


def _once(blocks: list[Block]) -> Iterator[Block]:
    seen: set[str] = set()
    for block in blocks:
        is_long = len(block.text) >= REPEATED_FROM
        if is_long and block.kind != "heading" and block.text in seen:
            continue
        seen.add(block.text)
        yield block


def _with_text(blocks: list[Block]) -> Iterator[Block]:
    """Leave out headings without text under them and the short lines that stood between."""
    titles: set[str] = set()
    for index, block in enumerate(blocks):
        if block.kind == "heading":
            following = blocks[index + 1] if index + 1 < len(blocks) else None
            empty = following is None or (
                following.kind == "heading" and following.level <= block.level
            )
            if empty or block.text in titles:
                continue
            titles.add(block.text)
        yield block
