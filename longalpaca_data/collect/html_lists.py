"""Lists of a page: items with their numbers, and terms with what they mean."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from longalpaca_data.collect.html_roles import role_of
from longalpaca_data.core.records import Block

if TYPE_CHECKING:
    from longalpaca_data.collect.html_walk import Walker

MAX_DEPTH = 200  # lists in one another
MAX_TERM = 160  # characters; a longer "term" is a paragraph


def read_definitions(walker: Walker, node: Any, depth: int) -> None:
    """A term and what it means are one block: "term: meaning"."""
    walker.flush()
    start, links = len(walker.blocks), walker.links_seen
    terms: list[str] = []
    for child in definition_parts(node):
        if walker.skips(child):
            continue
        first = len(walker.blocks)
        walker.walk(child, depth + 1)
        walker.flush()
        if child.tag == "dt":
            texts = [" ".join(block.text.split()) for block in walker.blocks[first:]]
            del walker.blocks[first:], walker.marks[first:]
            terms += filter(None, [" ".join(texts)])
            continue
        term, terms = ", ".join(terms), []
        if term:
            _define(walker, first, term)
    for term in terms:
        walker.add(Block(walker.role, term), walker.mark_of(len(term)))
    walker.drop_index(start, links)


def _define(walker: Walker, first: int, term: str) -> None:
    meaning = walker.blocks[first] if first < len(walker.blocks) else None
    if meaning is not None and meaning.kind in ("paragraph", "footnote") and len(term) <= MAX_TERM:
        colon = "" if term.endswith((":", "?", "!", ".", "：", "？", "。")) else ":"
        walker.blocks[first] = replace(meaning, text=f"{term}{colon} {meaning.text}")
    else:
        walker.blocks.insert(first, Block(walker.role, term))
        walker.marks.insert(first, walker.mark_of(len(term)))


def read_list(walker: Walker, node: Any, depth: int) -> None:
    """Each item is a block, with its number or a dash; lists in it are a level deeper."""
    walker.flush()
    level, role = walker.level, walker.role
    start, links = len(walker.blocks), walker.links_seen
    walker.level = level + 1
    walker.role = role_of(node, node.tag) or role
    number = _start(node)
    for child in node.iter(include_text=True):
        tag = child.tag
        if tag == "-text" and (child.text_content or "").strip():
            walker.text(child.text_content or "")
        if tag is None or tag.startswith(("-", "_", "!")) or walker.skips(child):
            continue
        walker.flush()
        if tag == "li":
            walker.kind = "item"
            walker.marker = f"{_value(child, number)}. " if node.tag == "ol" else "- "
            number = _value(child, number) + 1
        if tag in ("ul", "ol") and depth < MAX_DEPTH:
            read_list(walker, child, depth + 1)
        else:
            outer, walker.role = walker.role, role_of(child, tag) or walker.role
            walker.walk(child, depth + 1)
            walker.flush()
            walker.role = outer
        walker.kind, walker.marker = "paragraph", ""
    walker.flush()
    walker.level, walker.role = level, role
    if level == 0 and walker.role != "reference":
        walker.drop_index(start, links)


def definition_parts(node: Any) -> list[Any]:
    """Return a list's <dt> and <dd>; HTML allows a <div> around each group."""
    parts: list[Any] = []
    stack = list(reversed(list(node.iter())))
    while stack:
        child = stack.pop()
        if child.tag == "div":
            stack += reversed(list(child.iter()))
        elif child.tag in ("dt", "dd"):
            parts.append(child)
    return parts


def _value(node: Any, number: int) -> int:
    value = node.attributes.get("value") or ""
    return int(value) if value.isdigit() and len(value) < 6 else number


def _start(node: Any) -> int:
    value = node.attributes.get("start") or "1"
    return int(value) if value.isdigit() and len(value) < 6 else 1
