"""MathML to LaTeX: the author's own LaTeX where the page carries it, else by the elements.

MathML Core (W3C), sections 3 and 4. Each element is written once, so that a formula costs what it
is long.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from longalpaca_data.collect import latex

MAX_DEPTH = 100
TEX_ENCODINGS = frozenset({"application/x-tex", "latex", "tex", "text/x-latex"})
# TeX that converters wrap around a formula that they show in display style.
_STYLE = re.compile(r"^\{?\\(?:displaystyle|textstyle)\b\s*(.*?)\}?$", re.DOTALL)
# MathML's alternative text is TeX where MediaWiki or LaTeXML wrote it, words where a person did.
_WORDS = re.compile(r"[A-Za-z]{3,}\s+[A-Za-z]{2,}\s+[A-Za-z]{2,}")


def tex(node: Any) -> str:
    """Return the LaTeX of a ``math`` element of a parsed page."""
    for annotation in _find(node, "annotation"):
        if (annotation.attributes.get("encoding") or "").lower() in TEX_ENCODINGS:
            return unstyled(annotation.text(deep=True) or "")
    alternative = node.attributes.get("alttext") or ""
    if alternative and not (_WORDS.search(alternative) and "\\" not in alternative):
        return unstyled(alternative)
    return " ".join(_row(node, 0).split())


def is_display(node: Any) -> bool:
    """Whether a ``math`` element stands on a line of its own."""
    attributes = node.attributes
    return bool(attributes.get("display") == "block" or attributes.get("mode") == "display")


def unstyled(formula: str) -> str:
    r"""Return a formula without ``{\displaystyle …}`` around it and ``%`` at its line ends."""
    formula = " ".join(formula.replace("%\n", "").split()).strip("$")
    match = _STYLE.match(formula)
    if match is None:
        return formula
    inner = match.group(1).strip()
    return inner if inner.count("{") == inner.count("}") else formula


def _find(node: Any, name: str) -> list[Any]:
    return [found for found in node.css(name) if found.tag.rpartition(":")[2] == name]


def _local(node: Any) -> str:
    return str(node.tag).rpartition(":")[2]


def _children(node: Any) -> list[Any]:
    return [child for child in node.iter() if not str(child.tag).startswith(("-", "_", "!"))]


def _row(node: Any, depth: int) -> str:
    return latex.joined([_element(child, depth + 1) for child in _children(node)])


def _element(node: Any, depth: int) -> str:
    name = _local(node)
    if name in ("annotation", "annotation-xml", "mphantom", "none", "mprescripts"):
        return ""
    if depth > MAX_DEPTH:
        return latex.symbols(node.text(deep=True) or "")
    if name in ("mi", "mn", "mo", "ms", "mtext", "mspace"):
        return _token(node, name)
    if name == "mtable":
        return latex.matrix(
            [
                [_row(cell, depth + 2) for cell in _children(row) if _local(cell) == "mtd"]
                for row in _children(node)
                if _local(row) in ("mtr", "mlabeledtr")
            ]
        )
    if name == "mfenced":
        return _fenced(node, depth)
    if name == "msqrt":
        return rf"\sqrt{{{_row(node, depth)}}}"
    if name == "mmultiscripts":
        return _row(node, depth)
    rule = _RULES.get(name)
    parts = [_element(child, depth + 1) for child in _children(node)]
    count, write = rule or (-1, latex.joined)
    return write(parts) if rule is None or len(parts) == count else latex.joined(parts)


def _token(node: Any, name: str) -> str:
    text = " ".join((node.text(deep=True) or "").split())
    if name == "mspace":
        return " "
    if name in ("mtext", "ms"):
        return rf"\text{{{text}}}" if re.search(r"\w\w", text) else text
    if name == "mi" and len(text) > 1 and text.isascii() and text.isalpha():
        return rf"\{text} " if text in _FUNCTIONS else rf"\mathrm{{{text}}}"
    symbol = latex.symbols(text)
    return f" {symbol} " if name == "mo" and text in "=<>≤≥≠≈→⇒∈±×+" and len(text) == 1 else symbol


def _fenced(node: Any, depth: int) -> str:
    attributes = node.attributes
    opening = latex.symbols(attributes.get("open") or "(")
    closing = latex.symbols(attributes.get("close") or ")")
    inner = ", ".join(_element(child, depth + 1) for child in _children(node))
    return f"{opening}{inner}{closing}"


def _over(parts: list[str]) -> str:
    base, mark = parts
    command = latex.ACCENTS.get(mark.strip()) or {r"\to": r"\vec", "-": r"\bar"}.get(mark.strip())
    if command:
        return f"{command}{{{base}}}"
    return (
        latex.script(base, upper=mark.strip())
        if _is_big(base)
        else rf"\overset{{{mark}}}{{{base}}}"
    )


def _under(parts: list[str]) -> str:
    base, mark = parts
    return latex.script(base, mark.strip()) if _is_big(base) else rf"\underset{{{mark}}}{{{base}}}"


def _under_over(parts: list[str]) -> str:
    return latex.script(parts[0].strip(), parts[1].strip(), parts[2].strip())


def _is_big(base: str) -> bool:
    """Whether limits stand under and over it: a sum, a product, lim, max."""
    return base.strip().lstrip("\\").rstrip("{}") in _LIMITS or base.startswith(r"\mathrm")


_FUNCTIONS = frozenset(
    [
        "sin",
        "cos",
        "tan",
        "cot",
        "sec",
        "csc",
        "sinh",
        "cosh",
        "tanh",
        "log",
        "ln",
        "exp",
        "lim",
        "max",
        "min",
        "sup",
        "inf",
        "det",
        "arg",
        "dim",
        "ker",
        "gcd",
        "arcsin",
        "arccos",
        "arctan",
        "Pr",
        "deg",
    ]
)
_LIMITS = frozenset(
    [
        "sum",
        "prod",
        "coprod",
        "int",
        "iint",
        "oint",
        "cup",
        "cap",
        "lim",
        "max",
        "min",
        "sup",
        "inf",
    ]
)
_RULES: dict[str, tuple[int, Callable[[list[str]], str]]] = {
    "mfrac": (2, lambda parts: rf"\frac{{{parts[0].strip()}}}{{{parts[1].strip()}}}"),
    "mroot": (2, lambda parts: rf"\sqrt[{parts[1]}]{{{parts[0]}}}"),
    "msub": (2, lambda parts: latex.script(parts[0], parts[1].strip())),
    "msup": (2, lambda parts: latex.script(parts[0], upper=parts[1].strip())),
    "msubsup": (3, _under_over),
    "munderover": (3, _under_over),
    "mover": (2, _over),
    "munder": (2, _under),
}
