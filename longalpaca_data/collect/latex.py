"""Pieces of LaTeX that both kinds of structured formulas come down to: MathML's and Word's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_GREEK = re.compile(r"GREEK (SMALL|CAPITAL) LETTER (?:FINAL )?([A-Z]+)\Z")
# Capitals that LaTeX has commands for; the others look like Latin letters.
_GREEK_CAPITALS = frozenset(
    ["GAMMA", "DELTA", "THETA", "LAMDA", "XI", "PI", "SIGMA", "UPSILON", "PHI", "PSI", "OMEGA"]
)
_OPERATORS = {
    "∑": r"\sum", "∏": r"\prod", "∐": r"\coprod", "∫": r"\int", "∬": r"\iint", "∮": r"\oint",
    "∂": r"\partial", "∇": r"\nabla", "∞": r"\infty", "√": r"\surd", "±": r"\pm", "∓": r"\mp",
    "×": r"\times", "÷": r"\div", "⋅": r"\cdot", "·": r"\cdot", "∘": r"\circ", "≤": r"\le",
    "≥": r"\ge", "≠": r"\ne", "≈": r"\approx", "≡": r"\equiv", "∼": r"\sim", "≃": r"\simeq",
    "∝": r"\propto", "≪": r"\ll", "≫": r"\gg", "∈": r"\in", "∉": r"\notin", "∋": r"\ni",
    "⊂": r"\subset", "⊆": r"\subseteq", "⊃": r"\supset", "⊇": r"\supseteq", "∪": r"\cup",
    "∩": r"\cap", "∅": r"\emptyset", "∀": r"\forall", "∃": r"\exists", "¬": r"\neg",
    "∧": r"\land", "∨": r"\lor", "⇒": r"\Rightarrow", "⇔": r"\Leftrightarrow", "→": r"\to",
    "←": r"\leftarrow", "↔": r"\leftrightarrow", "↦": r"\mapsto", "…": r"\ldots", "⋯": r"\cdots",
    "⟨": r"\langle", "⟩": r"\rangle", "ℏ": r"\hbar", "ℓ": r"\ell", "′": "'", "″": "''",
    "−": "-", "⊕": r"\oplus", "⊗": r"\otimes", "⊥": r"\perp", "∣": r"\mid", "∥": r"\parallel",
}  # fmt: skip
_ESCAPED = frozenset("{}#$%&_")
# Function application, invisible times, invisible separator, invisible plus; zero-width space.
_INVISIBLE = frozenset("\u2061\u2062\u2063\u2064\u200b")
ACCENTS = {
    "^": r"\hat", "ˆ": r"\hat", "̂": r"\hat", "~": r"\tilde", "˜": r"\tilde", "̃": r"\tilde",
    "¯": r"\overline", "‾": r"\overline", "̅": r"\overline", "̄": r"\bar", "ˉ": r"\bar",
    "→": r"\vec", "⃗": r"\vec", "˙": r"\dot", "̇": r"\dot", "¨": r"\ddot", "̈": r"\ddot",
    "⏞": r"\overbrace", "⏟": r"\underbrace", "_": r"\underline", "̲": r"\underline",
}  # fmt: skip
_COMMAND_END = re.compile(r"\\[A-Za-z]+\Z")
_SIMPLE = re.compile(r"[^\\^_{}&\n]{1,60}\Z")


def symbols(text: str) -> str:
    """Return a formula's token in LaTeX: commands for Greek letters and operators."""
    parts: list[str] = []
    for character in text:
        if character in _INVISIBLE:
            continue
        command = _command(character)
        if parts and command[:1].isalpha() and _COMMAND_END.search(parts[-1]):
            parts.append(" ")
        parts.append(command)
    return "".join(parts)


def _command(character: str) -> str:
    if character in _ESCAPED:
        return "\\" + character
    if character in _OPERATORS:
        return _OPERATORS[character]
    # Mathematical italic and bold letters are letters (NFKC of U+1D400-1D7FF and the like).
    if character > "\uffff":
        character = unicodedata.normalize("NFKC", character)
    if match := _GREEK.match(unicodedata.name(character, "") if len(character) == 1 else ""):
        small, name = match.group(1) == "SMALL", match.group(2)
        if small or name in _GREEK_CAPITALS:
            name = name.replace("LAMDA", "LAMBDA").lower()
            return "\\" + (name if small else name.capitalize())
    return character


def joined(parts: Sequence[str]) -> str:
    r"""Put pieces one after the other: ``\alpha`` and ``x`` need a space between them."""
    result: list[str] = []
    for part in filter(None, parts):
        if result and part[0].isalnum() and _COMMAND_END.search(result[-1]):
            result.append(" ")
        result.append(part)
    return "".join(result)


def script(base: str, lower: str = "", upper: str = "") -> str:
    """Return ``base_{lower}^{upper}``."""
    below = f"_{braced(lower)}" if lower else ""
    above = f"^{braced(upper)}" if upper and upper.strip("'") else upper
    return (base or "{}") + below + above


def braced(text: str) -> str:
    """Return one token as it is, anything longer in braces."""
    return text if len(text) == 1 else f"{{{text}}}"


def matrix(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows of a matrix, a system of equations, or a definition by cases."""
    lines = r" \\ ".join(" & ".join(row) for row in rows)
    return rf"\begin{{matrix}} {lines} \end{{matrix}}"


def inline(formula: str) -> str:
    """Return a formula as it stands within a sentence: L=4k as it is, others between dollars."""
    formula = " ".join(formula.split())
    if not formula:
        return ""
    return formula if _SIMPLE.match(formula) else f"${formula}$"


def display(formula: str) -> str:
    """Return a formula that stands on a line of its own."""
    formula = " ".join(formula.split())
    return f"$${formula}$$" if formula else ""
