"""Word's formulas (Office Math, ECMA-376 part 1, section 22.1) to LaTeX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from longalpaca_data.collect import latex
from longalpaca_data.collect.docx_package import M, W

MAX_DEPTH = 100
_FUNCTIONS = frozenset(
    {"sin", "cos", "tan", "cot", "log", "ln", "exp", "lim", "max", "min", "sup", "inf", "det"}
)


def tex(node: Any, depth: int = 0) -> str:
    """Return the LaTeX of an ``m:oMath``, or of any element within one."""
    return latex.joined([_element(child, depth + 1) for child in node if _is_element(child)])


def _is_element(node: Any) -> bool:
    return isinstance(node.tag, str)


def _element(node: Any, depth: int) -> str:
    name = node.tag.removeprefix(M)
    if depth > MAX_DEPTH:
        return latex.symbols("".join(node.itertext()))
    if name == "r":
        return _run(node)
    if name.endswith("Pr") or node.tag in (f"{W}del", f"{W}moveFrom"):
        return ""
    rule = _RULES.get(name)
    return rule(node, depth) if rule else tex(node, depth)


def _run(node: Any) -> str:
    text = "".join(part.text or "" for part in node if part.tag in (f"{M}t", f"{W}t"))
    properties = node.find(f"{M}rPr")
    if properties is not None and properties.find(f"{M}nor") is not None:
        return rf"\text{{{text}}}" if text.strip() else text
    return latex.symbols(text)


def _part(node: Any, name: str, depth: int) -> str:
    child = node.find(f"{M}{name}")
    return tex(child, depth + 1).strip() if child is not None else ""


def _value(node: Any, name: str, default: str = "") -> str:
    """A property's value: ``m:accPr/m:chr`` of an accent, ``m:dPr/m:begChr`` of brackets."""
    kind = node.tag.removeprefix(M)
    found = node.find(f"{M}{kind}Pr/{M}{name}")
    return (found.get(f"{M}val") or "") if found is not None else default


def _fraction(node: Any, depth: int) -> str:
    above, below = _part(node, "num", depth), _part(node, "den", depth)
    return f"{above}/{below}" if _value(node, "type") == "lin" else rf"\frac{{{above}}}{{{below}}}"


def _script(node: Any, depth: int) -> str:
    base, lower, upper = (_part(node, name, depth) for name in ("e", "sub", "sup"))
    return latex.script(base, lower, upper)


def _before(node: Any, depth: int) -> str:
    lower, upper = _part(node, "sub", depth), _part(node, "sup", depth)
    return latex.joined([latex.script("", lower, upper), _part(node, "e", depth)])


def _root(node: Any, depth: int) -> str:
    degree = _part(node, "deg", depth)
    return rf"\sqrt{f'[{degree}]' if degree else ''}{{{_part(node, 'e', depth)}}}"


def _large(node: Any, depth: int) -> str:
    sign = latex.symbols(_value(node, "chr", "∫"))
    lower, upper = _part(node, "sub", depth), _part(node, "sup", depth)
    return f"{latex.script(sign, lower, upper)} {_part(node, 'e', depth)}"


def _brackets(node: Any, depth: int) -> str:
    opening = latex.symbols(_value(node, "begChr", "("))
    closing = latex.symbols(_value(node, "endChr", ")"))
    separator = latex.symbols(_value(node, "sepChr", "|"))
    parts = [tex(child, depth + 1).strip() for child in node.findall(f"{M}e")]
    return f"{opening}{separator.join(parts)}{closing}"


def _accent(node: Any, depth: int) -> str:
    inner = _part(node, "e", depth)
    command = latex.ACCENTS.get(_value(node, "chr", "̂")) or r"\hat"
    return f"{command}{{{inner}}}"


def _bar(node: Any, depth: int) -> str:
    command = r"\overline" if _value(node, "pos") == "top" else r"\underline"
    return f"{command}{{{_part(node, 'e', depth)}}}"


def _limit(name: str) -> Callable[[Any, int], str]:
    def write(node: Any, depth: int) -> str:
        base, limit = _part(node, "e", depth), _part(node, "lim", depth)
        return latex.script(base, **{name: limit})

    return write


def _function(node: Any, depth: int) -> str:
    name = _part(node, "fName", depth)
    word = name.partition("_")[0]
    return f"{chr(92) if word in _FUNCTIONS else ''}{name} {_part(node, 'e', depth)}"


def _matrix(node: Any, depth: int) -> str:
    return latex.matrix(
        [
            [tex(cell, depth + 2).strip() for cell in row.findall(f"{M}e")]
            for row in node.findall(f"{M}mr")
        ]
    )


def _equations(node: Any, depth: int) -> str:
    return latex.matrix([[tex(row, depth + 1).strip()] for row in node.findall(f"{M}e")])


_RULES: dict[str, Callable[[Any, int], str]] = {
    "f": _fraction,
    "sSub": _script,
    "sSup": _script,
    "sSubSup": _script,
    "sPre": _before,
    "rad": _root,
    "nary": _large,
    "d": _brackets,
    "acc": _accent,
    "bar": _bar,
    "limLow": _limit("lower"),
    "limUpp": _limit("upper"),
    "func": _function,
    "m": _matrix,
    "eqArr": _equations,
}
