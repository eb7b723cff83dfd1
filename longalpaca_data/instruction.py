"""The text of a long row: opening line, material, closing line, question.

The form is LongAlpaca's (a paper stands between a "begins" and an "ends" line, several papers are
numbered, a book excerpt names its book); the wording is our own and lies in
``prompts/wrappers.yaml``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from longalpaca_data.records import Example, Window

_TITLE_MARKS = '《》“”"*'


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

    def place(self, window: Window, part: int, offset: int) -> int:
        """Return where a document's offset lies in the instruction."""
        return self.offsets[part] + offset - window.parts[part].start

    def depth(self, start: int, end: int) -> float:
        """Return how deep in the material a span of the instruction lies, 0-1."""
        return ((start + end) / 2 - self.start) / max(1, self.end - self.start)


def assemble(example: Example, texts: Sequence[str], seed: int) -> Instruction:
    """Put an example's window and question into one instruction. ``texts`` are the parts'."""
    rng = random.Random(f"{seed} {example.id}")
    window = example.window
    wrapper = _wrappers()[window.language if window.language in _wrappers() else "en"]
    kind = wrapper[_wrapper_kind(window)]
    slots = {"title": window.parts[0].title.strip(_TITLE_MARKS), "count": len(window.parts)}
    text = rng.choice(kind["openings"]).format(**slots) + "\n"
    offsets = []
    for number, (part, part_text) in enumerate(zip(window.parts, texts, strict=True), 1):
        if "parts" in kind:
            title = part.title.strip(_TITLE_MARKS)
            text += "\n" + rng.choice(kind["parts"]).format(n=number, title=title) + "\n"
        text += "\n"
        offsets.append(len(text))
        text += part_text + "\n"
    end = len(text) - 1
    closing = rng.choice(kind["closings"]).format(**slots)
    text += f"\n{closing}\n{example.question}"
    return Instruction(text, tuple(offsets), offsets[0], end)


def _wrapper_kind(window: Window) -> str:
    if window.kind != "single":
        return window.kind
    part = window.parts[0]
    if not part.whole:
        return "excerpt"
    return part.kind if part.kind in ("book", "paper", "report") else "document"


@cache
def _wrappers() -> dict[str, Any]:
    file = resources.files("longalpaca_data") / "prompts" / "wrappers.yaml"
    loaded: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return loaded


def wrappers_fingerprint() -> str:
    """Return the wrappers as one string: a changed wording makes the rows anew."""
    return repr(_wrappers())
