"""Styles of a DOCX: what a paragraph is by the style that it names, and by those below it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from longalpaca_data.collect.docx_package import W

HEADING_STYLE = re.compile(r"^(?:heading|标题|überschrift|titre)\s*(\d)$", re.IGNORECASE)
MAX_CHAIN = 20  # styles based on one another
OFF = frozenset({"0", "false", "off"})


@dataclass(frozen=True, slots=True)
class Style:
    """A style as its part defines it; ``list`` is (numId, ilvl), '' where unsaid."""

    name: str = ""
    based_on: str = ""
    outline: str = ""
    list: tuple[str, str] = ("", "")
    hidden: bool = False


@dataclass
class Styles:
    """All styles of a document, by id."""

    styles: dict[str, Style] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Any) -> Styles:
        """Read the styles part."""
        return cls({_get(node, "styleId"): _style(node) for node in root.iter(f"{W}style")})

    def chain(self, paragraph: Any) -> list[tuple[str, Style]]:
        """Return the ids and styles of a paragraph, its own first."""
        node = paragraph.find(f"{W}pPr/{W}pStyle")
        name = _get(node, "val") if node is not None else ""
        found: list[tuple[str, Style]] = []
        while name in self.styles and len(found) < MAX_CHAIN:
            found.append((name, self.styles[name]))
            name = self.styles[name].based_on
        return found

    def name(self, paragraph: Any) -> str:
        """Return the name of a paragraph's style, '' for none."""
        return next((style.name for _, style in self.chain(paragraph)), "")

    def level(self, paragraph: Any) -> int:
        """Return the level of a heading, 0 for other paragraphs."""
        own = paragraph.find(f"{W}pPr/{W}outlineLvl")
        if own is not None:
            return _outline(_get(own, "val"))
        for _, style in self.chain(paragraph):
            if match := HEADING_STYLE.match(style.name):
                return min(6, max(1, int(match.group(1))))
            if style.outline:
                return _outline(style.outline)
        return 0

    def list_of(self, paragraph: Any) -> tuple[str, str, str]:
        """Return the list of a paragraph: (numId, ilvl, the style that says so), '' for none."""
        own = paragraph.find(f"{W}pPr/{W}numPr")
        number, level = _list(own)
        if number:
            return number, level, ""
        for name, style in self.chain(paragraph):
            if style.list[0]:
                return style.list[0], level or style.list[1], name
        return "", level, ""

    def hidden(self) -> frozenset[str]:
        """Return the ids of the styles whose text isn't shown."""
        return frozenset(name for name, style in self.styles.items() if style.hidden)


def _style(node: Any) -> Style:
    outline = node.find(f"{W}pPr/{W}outlineLvl")
    vanish = node.find(f"{W}rPr/{W}vanish")
    return Style(
        _value(node, "name"),
        _value(node, "basedOn"),
        _get(outline, "val") if outline is not None else "",
        _list(node.find(f"{W}pPr/{W}numPr")),
        vanish is not None and vanish.get(f"{W}val") not in OFF,
    )


def _list(node: Any) -> tuple[str, str]:
    return (_value(node, "numId"), _value(node, "ilvl")) if node is not None else ("", "")


def _outline(value: str) -> int:
    # Level 9 means body text (ECMA-376 part 1, section 17.3.1.20).
    return int(value) + 1 if value.isdecimal() and int(value) < 6 else 0


def _get(node: Any, name: str) -> str:
    return node.get(f"{W}{name}") or ""


def _value(node: Any, name: str) -> str:
    child = node.find(f"{W}{name}")
    return _get(child, "val") if child is not None else ""
