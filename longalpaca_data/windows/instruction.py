"""The text of a long row: opening line, material, closing line, question.

The form is LongAlpaca's (a paper stands between a "begins" and an "ends" line, several papers are
numbered, a book excerpt names its book); the wording is our own and lies in
``windows/wrappers.yaml``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from longalpaca_data.core.language import HAN
from longalpaca_data.core.records import Example, Window

_TITLE_MARKS = '《》“”"*'
_UNNAMED_ZH = {
    "book": "这本书",
    "paper": "这篇论文",
    "report": "这份报告",
    "manual": "这本手册",
    "document": "这份文档",
}
_KINDS = frozenset(_UNNAMED_ZH)
# What a wording without a title leaves out, and where it needs a noun in its place.
_TITLE = re.compile(r", “\{title\}”,?| “\{title\}”|(?<=论文|报告)《\{title\}》")
_TITLE_NOUN = re.compile(r"(?<=of |om )“\{title\}”|(?<!论文|报告)《\{title\}》")


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the material; ``parts`` are the lines before each document, or empty."""

    opening: str
    parts: tuple[str, ...]
    closing: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """An assembled instruction.

    ``offsets`` are the offsets of the parts' texts within ``text``; ``start`` and ``end`` bound
    the material (first part's first character, last part's last), in code points.
    """

    text: str
    offsets: tuple[int, ...]
    start: int
    end: int

    def spans(self, example: Example) -> list[tuple[int, int]]:
        """Return where the example's pieces of evidence begin and end in the instruction."""
        moved = [
            offset - part.start
            for offset, part in zip(self.offsets, example.window.parts, strict=True)
        ]
        return [(moved[e.part] + e.start, moved[e.part] + e.end) for e in example.evidence]

    def depth(self, start: int, end: int) -> float:
        """Return how deep in the material a span of the instruction lies, 0-1."""
        return ((start + end) / 2 - self.start) / max(1, self.end - self.start)


def assemble(example: Example, texts: Sequence[str], seed: int) -> Instruction:
    """Put an example's window and question into one instruction. ``texts`` are the parts'."""
    rng = random.Random(f"{seed} {example.id}")
    window = example.window
    titles = [part.title for part in window.parts]
    frame = word_frame(_wrapper_kind(window), window.language, titles, rng.choice)
    text = frame.opening + "\n"
    offsets = []
    for line, part_text in zip(frame.parts, texts, strict=True):
        if line:
            text += f"\n{line}\n"
        text += "\n"
        offsets.append(len(text))
        text += part_text + "\n"
    end = len(text) - 1
    text += f"\n{frame.closing}\n{example.question}"
    return Instruction(text, tuple(offsets), offsets[0], end)


def word_frame(
    kind: str, language: str, titles: Sequence[str], choose: Callable[[Sequence[str]], str]
) -> Frame:
    """Word what stands around documents of these ``titles``; ``choose`` takes one of the wordings.

    ``kind`` is one of ``windows/wrappers.yaml``. A language without wrappers has the English ones.
    """
    words = _wrappers().get(language, _wrappers()["en"])[kind]
    plain = [plain_title(title) for title in titles]
    slots = {"title": plain[0], "count": len(plain)}
    opening = _worded(choose(words["openings"]), kind, language, slots)
    parts = tuple(
        _worded(choose(words["parts"]), kind, language, {"n": number, "title": title})
        if "parts" in words
        else ""
        for number, title in enumerate(plain, 1)
    )
    return Frame(opening, parts, _worded(choose(words["closings"]), kind, language, slots))


def _worded(template: str, kind: str, language: str, slots: Mapping[str, object]) -> str:
    """Fill a wording; without a title it speaks of a book, a report, a document."""
    if not slots["title"]:
        noun = kind if kind in _KINDS else "document"
        words = _UNNAMED_ZH[noun] if language == "zh" else f"a {noun}"
        template = _TITLE.sub("", _TITLE_NOUN.sub(words, template))
    return template.format(**slots)


def plain_title(title: str) -> str:
    """Return a title without marks around it: the wording has marks of its own."""
    return title.strip(_TITLE_MARKS)


def unnamed(title: str, kind: str, language: str) -> str:
    """Return what a question calls a document without a title ("this book"), else nothing. For
    Chinese words a title without a Chinese character is none: 《Lun Yu》 names no book.
    """
    if language == "zh":
        return "" if HAN.search(title) else _UNNAMED_ZH[kind]
    return "" if title else f"this {kind}"


def whole_kind(kind: str) -> str:
    """Return how a whole document of this kind is announced."""
    return kind if kind in ("book", "paper", "report") else "document"


def _wrapper_kind(window: Window) -> str:
    if window.kind != "single":
        return window.kind
    part = window.parts[0]
    return whole_kind(part.kind) if part.whole else "excerpt"


@cache
def _wrappers() -> dict[str, Any]:
    file = resources.files("longalpaca_data.windows") / "wrappers.yaml"
    loaded: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return loaded


def wrappers_fingerprint() -> str:
    """Return the wrappers as one string: a changed wording makes the rows anew."""
    return repr(_wrappers())
