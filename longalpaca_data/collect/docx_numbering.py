"""Automatic numbers of a DOCX: "1.1" of a heading and "b)" of an item stand in no run.

ECMA-376 part 1, section 17.9: a paragraph or its style names a list (``numId``) and a level; the
list's abstract definition says how each level counts and looks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from longalpaca_data.collect.docx_package import W

LEVELS = 9
MAX_START = 100_000
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_DIGITS = "〇一二三四五六七八九"
_PLACE = re.compile(r"%([1-9])")


@dataclass(slots=True)
class Level:
    """How one level of a list counts; ``style`` is the paragraph style that it belongs to."""

    format: str = "decimal"
    text: str = ""
    start: int = 1
    style: str = ""


@dataclass
class Numbering:
    """All lists of a document, and how far each has counted."""

    _levels: dict[str, dict[int, Level]] = field(default_factory=dict)  # of abstract lists
    _abstract: dict[str, str] = field(default_factory=dict)  # of lists
    _overrides: dict[tuple[str, int], int] = field(default_factory=dict)
    _counts: dict[str, list[int | None]] = field(default_factory=dict)
    _begun: set[tuple[str, int]] = field(default_factory=set)

    @classmethod
    def of(cls, root: Any) -> Numbering:
        """Read the numbering part."""
        self = cls()
        for abstract in root.iter(f"{W}abstractNum"):
            self._levels[_get(abstract, "abstractNumId")] = {
                _number(_get(level, "ilvl")): Level(
                    _value(level, "numFmt") or "decimal",
                    _value(level, "lvlText"),
                    _number(_value(level, "start") or "1"),
                    _value(level, "pStyle"),
                )
                for level in abstract.iter(f"{W}lvl")
            }
        for item in root.iter(f"{W}num"):
            name = _get(item, "numId")
            self._abstract[name] = _value(item, "abstractNumId")
            for override in item.iter(f"{W}lvlOverride"):
                if start := _value(override, "startOverride"):
                    self._overrides[name, _number(_get(override, "ilvl"))] = _number(start)
        return self

    def level_of_style(self, name: str, style: str) -> int:
        """Return the level of a list that belongs to a paragraph style, 0 where none does."""
        levels = self._levels.get(self._abstract.get(name, ""), {})
        return next((index for index, level in levels.items() if level.style == style), 0)

    def label(self, name: str, level: int) -> str:
        """Count on, and return what stands before the paragraph: "2.1", "-" for a bullet, ''."""
        abstract = self._abstract.get(name, "")
        levels = self._levels.get(abstract)
        if levels is None or level not in levels or level >= LEVELS:
            return "-"
        counts = self._counts.setdefault(abstract, [None] * LEVELS)
        self._count(name, level, levels, counts)
        own = levels[level]
        if own.format == "bullet":
            return "-"
        if own.format == "none" and "%" not in own.text:
            return own.text.strip()

        def written(match: re.Match[str]) -> str:
            at = int(match.group(1)) - 1
            of = levels.get(at, own)
            count = counts[at] if counts[at] is not None else of.start
            return numeral(count or 0, of.format)

        return _PLACE.sub(written, own.text).strip()

    def _count(
        self, name: str, level: int, levels: dict[int, Level], counts: list[int | None]
    ) -> None:
        start = levels[level].start
        first = (name, level) not in self._begun
        self._begun.add((name, level))
        if first and (name, level) in self._overrides:
            counts[level] = self._overrides[name, level]
        else:
            before = counts[level]
            counts[level] = start if before is None else before + 1
        counts[level + 1 :] = [None] * (LEVELS - level - 1)


def numeral(count: int, form: str) -> str:
    """Write a count as a level's format asks (ECMA-376 part 1, section 17.18.59)."""
    if form in ("lowerLetter", "upperLetter") and count > 0:
        letter = chr(ord("a") + (count - 1) % 26) * min(10, 1 + (count - 1) // 26)
        return letter.upper() if form == "upperLetter" else letter
    if form in ("lowerRoman", "upperRoman") and 0 < count < 4000:
        roman = _roman(count)
        return roman.upper() if form == "upperRoman" else roman
    if form.startswith(("chineseCounting", "japaneseCounting", "taiwaneseCounting")):
        return _chinese(count)
    if form == "ideographDigital":
        return "".join(_DIGITS[int(digit)] for digit in str(count))
    if form == "decimalZero":
        return f"{count:02}"
    return "" if form == "none" else str(count)


def _roman(count: int) -> str:
    parts = []
    for value, sign in _ROMAN:
        parts.append(sign * (count // value))
        count %= value
    return "".join(parts)


def _chinese(count: int) -> str:
    if not 0 < count < 100:
        return str(count)
    tens, ones = divmod(count, 10)
    head = "" if tens == 0 else "十" if tens == 1 else _DIGITS[tens] + "十"
    return head + (_DIGITS[ones] if ones else "")


def _get(node: Any, name: str) -> str:
    return node.get(f"{W}{name}") or ""


def _value(node: Any, name: str) -> str:
    child = node.find(f"{W}{name}")
    return (child.get(f"{W}val") or "") if child is not None else ""


def _number(text: str) -> int:
    return min(int(text), MAX_START) if text.isdecimal() and len(text) < 8 else 0
