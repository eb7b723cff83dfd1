"""What a page's paragraphs and raised signs are: notes, references, captions, exponents."""

from __future__ import annotations

import re
from typing import Any

from longalpaca_data.core.records import BlockKind

NOTES = frozenset(
    {
        "doc-footnote",
        "doc-endnote",
        "doc-endnotes",
        "footnote",
        "endnote",
        "rearnote",
        "footnotes",
        "endnotes",
        "rearnotes",
    }
)
NOTE_CLASS = re.compile(r"(?:^|\s)(?:footnotes?|endnotes?|fnote|note-text)(?=\s|$)", re.IGNORECASE)
REFERENCES_CLASS = re.compile(
    r"(?:^|\s)(?:references|reflist|bibliography|csl-bib-body|biblist)(?=\s|$)", re.IGNORECASE
)
EXPONENT = re.compile(r"[-−+]?\d{1,4}\Z")
BEFORE_NOTE = re.compile(r"(?:[^\W\d_]{4,}|[.,;:!?”’»。，；：！？」』])\Z")


def role_of(node: Any, tag: str) -> BlockKind | None:
    """Return what an element's paragraphs are, where its tag, role or class says so."""
    if tag in ("figcaption", "caption"):
        return "caption"
    attributes = node.attributes
    if not attributes:
        return None
    names = {attributes.get("role") or "", *(attributes.get("epub:type") or "").split()}
    classes = attributes.get("class") or ""
    if names & NOTES or (classes and NOTE_CLASS.search(classes)):
        return "footnote"
    if "doc-bibliography" in names or (classes and REFERENCES_CLASS.search(classes)):
        return "reference"
    return None


def is_note_link(node: Any) -> bool:
    """Whether a raised sign leads to a note: [1], *, a linked number."""
    text = (node.text(deep=True) or "").strip(" []()")
    if not node.css("a[href]"):
        return bool(
            re.fullmatch(r"\[[\w ]{1,12}\]|[*†‡§¶]{1,3}", (node.text(deep=True) or "").strip())
        )
    return (
        len(text) <= 1
        or re.fullmatch(r"[\w ,;:–-]{0,3}\d{1,4}[a-z]?|citation needed|note \d+", text) is not None
    )
