"""Formulas in a page: MathML, and what MediaWiki, KaTeX, MathJax and converters make of it."""

from __future__ import annotations

import re
from typing import Any

from longalpaca_data.collect import latex, mathml

# Elements that hold one formula more than once: as MathML, as a picture, as laid-out letters.
WRAPPERS = re.compile(
    r"(?:^|\s)(?:mwe-math-element|katex(?:-display)?|MathJax(?:_Display|_CHTML|_SVG)?)(?=\s|$)"
)
DISPLAYED = re.compile(r"display|block", re.IGNORECASE)
IMAGE_CLASS = re.compile(r"math|\btex\b|latex|equation|formula", re.IGNORECASE)
LATEX = re.compile(r"\\[a-zA-Z]{2,}|[_^]\{|\$[^$]+\$")


def of_math(node: Any) -> str:
    """Return a ``math`` element as it stands in the text."""
    formula = mathml.tex(node)
    return latex.display(formula) if mathml.is_display(node) else latex.inline(formula)


def is_wrapper(node: Any) -> bool:
    """Whether an element is a formula that some program laid out."""
    if node.tag == "mjx-container":
        return True
    classes = node.attributes.get("class")
    return bool(classes) and WRAPPERS.search(classes) is not None


def wrapped(node: Any) -> str:
    """Return the formula that such an element shows, from the part that says it in words."""
    classes = node.attributes.get("class") or ""
    shown = "mwe-math" not in classes and DISPLAYED.search(classes) is not None
    for math in node.css("math"):
        formula = mathml.tex(math)
        return latex.display(formula) if shown or mathml.is_display(math) else latex.inline(formula)
    for image in node.css("img"):
        return of_image(image, image.attributes.get("alt") or "")
    # MathJax without MathML: a script beside it holds the source (see in_script).
    return ""


def of_image(node: Any, alt: str) -> str:
    """Return the formula that a picture shows, from its alternative text; '' for other pictures."""
    classes = node.attributes.get("class") or ""
    if not alt or not (LATEX.search(alt) or IMAGE_CLASS.search(classes)):
        return ""
    if alt.startswith(("http", "data:", "[")):
        return ""
    formula = mathml.unstyled(alt)
    return latex.display(formula) if DISPLAYED.search(classes) else latex.inline(formula)


def in_script(node: Any) -> str:
    """Return the formula that a ``<script type="math/tex">`` holds."""
    kind = (node.attributes.get("type") or "") if node.tag == "script" else ""
    if not kind.startswith("math/tex"):
        return ""
    formula = mathml.unstyled(node.text(deep=True) or "")
    return latex.display(formula) if "display" in kind else latex.inline(formula)
