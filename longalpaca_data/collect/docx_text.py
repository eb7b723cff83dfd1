"""A paragraph of a DOCX: its text, and what hangs on it: notes and text boxes.

Each element is looked at once, whatever it is nested in.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from longalpaca_data.collect import latex, omml
from longalpaca_data.collect.docx_package import M, W
from longalpaca_data.core.records import n_characters

ALTERNATIVE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
CHOICE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Choice"
PROPERTIES = frozenset(
    f"{W}{name}"
    for name in ("pPr", "rPr", "sdtPr", "tblPr", "trPr", "tcPr", "instrText", "tblGrid")
)
REVISED = {f"{W}del": "deleted", f"{W}moveFrom": "moved away", f"{W}rt": "ruby"}
SIGNS = {
    f"{W}tab": "\t",
    f"{W}br": "\n",
    f"{W}cr": "\n",
    f"{W}noBreakHyphen": "-",
    f"{W}ptab": "\t",
}
NOTES = {f"{W}footnoteReference": "footnote", f"{W}endnoteReference": "endnote"}
OFF = frozenset({"0", "false", "off"})


@dataclass(slots=True)
class Paragraph:
    """What was read of one paragraph; ``notes`` are (footnote or endnote, id)."""

    text: str = ""
    notes: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[Any] = field(default_factory=list)


def read_paragraph(element: Any, lost: Counter[str], hidden_styles: frozenset[str]) -> Paragraph:
    """Read a paragraph; what isn't its text is counted."""
    result = Paragraph()
    parts: list[str] = []
    stack = list(reversed(element))
    while stack:
        node = stack.pop()
        tag = node.tag
        if not isinstance(tag, str) or tag in PROPERTIES:
            continue
        if tag == f"{W}t":
            parts.append(node.text or "")
        elif tag in SIGNS:
            parts.append(SIGNS[tag])
        elif tag == f"{W}sym":
            parts.append(_symbol(node))
        elif reason := _why_lost(node, hidden_styles):
            _lose(lost, reason, node)
        elif tag in NOTES:
            result.notes.append((NOTES[tag], node.get(f"{W}id") or ""))
        elif tag == f"{W}txbxContent":
            result.boxes.append(node)
        elif tag == f"{M}oMathPara":
            parts += [latex.display(omml.tex(formula)) for formula in node.iter(f"{M}oMath")]
        elif tag == f"{M}oMath":
            parts.append(latex.inline(omml.tex(node)))
        else:
            stack.extend(reversed(_inner(node)))
    result.text = "".join(parts)
    return result


def _inner(node: Any) -> list[Any]:
    """An element's children; of alternatives the first only, which newer programs would show."""
    if node.tag != ALTERNATIVE:
        return list(node)
    choice = node.find(CHOICE)
    return list(choice) if choice is not None and len(choice) else list(node)[-1:]


def _why_lost(node: Any, hidden_styles: frozenset[str]) -> str:
    if node.tag in REVISED:
        return REVISED[node.tag]
    if node.tag == f"{W}r" and _is_hidden(node, hidden_styles):
        return "hidden"
    if node.tag == f"{W}sdt" and node.find(f"{W}sdtPr/{W}showingPlcHdr") is not None:
        return "form control"
    return ""


def _is_hidden(run: Any, hidden_styles: frozenset[str]) -> bool:
    properties = run.find(f"{W}rPr")
    if properties is None:
        return False
    if (own := properties.find(f"{W}vanish")) is not None:
        return own.get(f"{W}val") not in OFF
    style = properties.find(f"{W}rStyle")
    return style is not None and style.get(f"{W}val") in hidden_styles


def _lose(lost: Counter[str], reason: str, node: Any) -> None:
    texts = (part.text or "" for part in node.iter(f"{W}t", f"{W}delText"))
    if count := n_characters("".join(texts)):
        lost[reason] += count


def _symbol(node: Any) -> str:
    """A character of a symbol font: those of Unicode as they are, bullets, nothing for others."""
    try:
        code = int(node.get(f"{W}char") or "", 16)
    except ValueError:
        return ""
    if 0xF000 <= code <= 0xF0FF:  # a private place for the font's own code
        return "•" if code in (0xF0B7, 0xF0A7, 0xF06C) else ""
    return chr(code) if 32 <= code < 0xD800 else ""
