"""Assignment → the messages that a model is sent: document first, question last.

The document comes first and is the same for all questions about it, so that servers with a prefix
cache read it once. It stands between fence lines that no document can know beforehand (a hash over
the document itself), and whatever it says between them is material.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from longalpaca_data.core.language import HAN
from longalpaca_data.core.records import Part, Window, content_id
from longalpaca_data.generate.prompted.plan import Anchor, Assignment
from longalpaca_data.generate.prompted.templates import Templates, render
from longalpaca_data.windows.instruction import plain_title, unnamed

Strategy = Literal["whole", "anchored"]
_NEAR_WORDS = 14  # of a passage's beginning: enough to find the place, too few to answer from
_NEAR_CHARACTERS = 90
_NEAR_HAN = 24  # characters of Chinese, which has no spaces to count words by
_FOCUS = 3  # more anchors than this mean the material as a whole: a summary, a review
_REFERENCES = re.compile(
    r"\n\n(?:\d+\.?\s*|[IVX]+\.\s*)?"
    r"(?:references|bibliography|works cited|literature cited|参考文献)\s*\n",
    re.IGNORECASE,
)
_REFERENCES_FROM = 0.5  # a heading of that name in the first half is no list at the end


@dataclass(frozen=True, slots=True)
class Passage:
    """What is shown of a part of the window, from ``start`` on (offset within the part's text);
    it stands at ``at`` to ``end`` in the material.
    """

    part: int
    start: int
    at: int
    end: int


@dataclass(frozen=True, slots=True)
class Composed:
    """What is sent: the system prompt, the material, and what is asked after it.

    ``passages`` are those in the material, the whole parts for the strategy ``whole``. ``fence`` is
    the word on the fence lines.
    """

    system: str
    material: str
    ask: str
    fence: str
    passages: tuple[Passage, ...]

    @property
    def user(self) -> str:
        """The user's message."""
        return f"{self.material}\n\n{self.ask}"

    def find(self, quote: str) -> tuple[int, int] | None:
        """Return the part and the offset within its text at which a quote was read, word for word;
        None where it wasn't. No text of a document is needed for that.
        """
        for passage in self.passages:
            at = self.material.find(quote, passage.at, passage.end)
            if at >= 0:
                return passage.part, passage.start + at - passage.at
        return None


@dataclass(frozen=True, slots=True)
class Composer:
    """Puts prompts together. ``passage_tokens`` is the size of one passage of ``anchored``."""

    templates: Templates
    strategy: Strategy
    passage_tokens: int
    seed: int

    def compose(self, assignment: Assignment, texts: Sequence[str]) -> Composed:
        """Return the messages of an assignment. ``texts`` are those of the window's parts."""
        window, template = assignment.window, assignment.template
        language = template.language
        fence = "material-" + content_id("fence", self.seed, window.id)
        if self.strategy == "whole":
            spans = tuple((index, 0, len(text)) for index, text in enumerate(texts))
        else:
            spans = _passages(assignment.anchors, texts, self._characters(window, texts))
        focused = len(assignment.anchors) <= _FOCUS
        values = {
            "strategy": self.strategy,
            "fence": fence,
            "parts": [_shown(window, number) for number in range(1, len(window.parts) + 1)],
            "window": window.kind,
            "excerpt": not all(part.whole for part in window.parts),
            "passages": len(spans),
            "near": [_near(a, texts[a.part]) for a in assignment.anchors if focused],
            "anchors": len(assignment.anchors),
            "style": assignment.style,
            "persona": assignment.persona,
        }
        body = render(template.body, template.file, values)
        ask = self._frame("ask", language, {**values, "task": body, "output": template.output})
        system = self._frame("system", language, {"strategy": self.strategy})
        material, passages = _material(window, texts, spans, fence)
        return Composed(system, material, ask, fence, passages)

    def repair(self, language: str, problem: str, output: Mapping[str, object]) -> str:
        """Return what is said to a model whose reply could not be read."""
        return self._frame("repair", language, {"problem": problem, "output": output})

    def _frame(self, name: str, language: str, values: Mapping[str, object]) -> str:
        return render(self.templates.frame(name, language), f"{name}.{language}.md", values)

    def _characters(self, window: Window, texts: Sequence[str]) -> int:
        """Return a passage's size in this window's characters."""
        per_token = sum(map(len, texts)) / max(1, window.n_tokens)
        return max(200, round(self.passage_tokens * per_token))


def _shown(window: Window, number: int) -> dict[str, object]:
    """Return what prompts may say of a part. Its title is text of the document, too, and stands
    outside of the fence: on one line, and not too long.
    """
    part = window.parts[number - 1]
    title = plain_title(_one_line(part.title))
    quoted = f"《{title}》" if window.language == "zh" else f'"{title}"'
    return {
        "number": number,
        "title": title,
        "name": _unnamed(window, part) or quoted,
        "kind": part.kind,
    }


def _unnamed(window: Window, part: Part) -> str:
    """Name a row's only document that has no title for its readers; where there are several, their
    titles tell them apart.
    """
    alone = len(window.parts) == 1
    nameless = alone or not part.title
    return unnamed(part.title, part.kind, window.language) if nameless else ""


def _material(
    window: Window, texts: Sequence[str], spans: Sequence[tuple[int, int, int]], fence: str
) -> tuple[str, tuple[Passage, ...]]:
    """Return the passages between their fences, and where each of them stands."""
    pieces: list[str] = []
    passages, length = [], 0
    for number, (part, start, end) in enumerate(spans, 1):
        title = _unnamed(window, window.parts[part]) or _one_line(window.parts[part].title)
        opening = f"<{fence} {number} {title}>\n"
        whole = texts[part][start:end].rstrip()
        shown = whole.lstrip()
        at = length + len(opening)
        passages.append(Passage(part, start + len(whole) - len(shown), at, at + len(shown)))
        pieces.append(f"{opening}{shown}\n</{fence}>")
        length += len(pieces[-1]) + 1
    return "\n".join(pieces), tuple(passages)


def _one_line(title: str) -> str:
    return " ".join(title.replace("<", " ").replace(">", " ").split())[:200]


def _near(anchor: Anchor, text: str) -> str:
    """Return the first words of the paragraph at an anchor."""
    at = min(len(text) - 1, int(anchor.depth * _readable(text)))
    start = text.rfind("\n\n", 0, at) + 2 if "\n\n" in text[:at] else 0
    words = " ".join(text[start : start + 400].split()[:_NEAR_WORDS])[:_NEAR_CHARACTERS]
    return words[:_NEAR_HAN] if HAN.search(words) else words


def _readable(text: str) -> int:
    """Return where the text ends that questions can rest on: before a list of references."""
    found = _REFERENCES.search(text, int(_REFERENCES_FROM * len(text)))
    return found.start() if found else len(text)


def _passages(
    anchors: Sequence[Anchor], texts: Sequence[str], size: int
) -> tuple[tuple[int, int, int], ...]:
    """Return one passage of whole paragraphs around each anchor; those that meet become one."""
    spans = sorted((a.part, *_around(texts[a.part], a.depth, size)) for a in anchors)
    merged: list[tuple[int, int, int]] = []
    for part, start, end in spans:
        if merged and merged[-1][0] == part and start <= merged[-1][2]:
            merged[-1] = (part, merged[-1][1], max(end, merged[-1][2]))
        else:
            merged.append((part, start, end))
    return tuple(merged)


def _around(text: str, depth: float, size: int) -> tuple[int, int]:
    """Return a span of about ``size`` characters round a depth that breaks between paragraphs,
    else between lines or words, where one is near.
    """
    centre = int(depth * _readable(text))
    start = max(0, min(centre - size // 2, len(text) - size))
    end = min(len(text), start + size)
    slack = size // 4
    for mark in ("\n\n", "\n", "。", " "):
        at = text.find(mark, start, start + slack) if start else 0
        if at >= 0:
            start = at + len(mark) if start else 0
            break
    for mark in ("\n\n", "\n", "。", " "):
        at = text.rfind(mark, end - slack, end) if end < len(text) else end
        if at >= 0:
            end = at + (mark == "。")
            break
    return start, min(end, len(text))
