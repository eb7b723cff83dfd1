"""What of a page isn't its text: hidden elements, navigation, controls, publishers' matter.

Class names and roles count; ids don't, for converters make them of headings ("related",
"contents", "menu"). Whatever is left out has a reason, which the document's account shows.
"""

from __future__ import annotations

import re
from typing import Any

from longalpaca_data.core.records import n_characters

# Nothing of these is text at all, so that nobody counts it.
SILENT_TAGS = frozenset(
    ["script", "style", "head", "title", "link", "meta", "base", "param", "source", "track"]
)
HIDDEN_TAGS = frozenset(
    [
        "noscript",
        "template",
        "iframe",
        "object",
        "embed",
        "audio",
        "video",
        "canvas",
        "map",
        "ix:header",
        "noembed",
        "noframes",
        "svg",
        "area",
    ]
)
CONTROL_TAGS = frozenset(
    ["select", "option", "optgroup", "datalist", "input", "textarea", "progress", "meter"]
)
# Whole words of class names, of texinfo, docbook/publican, Sphinx, Project Gutenberg, Standard
# Ebooks, MediaWiki and common blog engines. What each of them says is its reason.
_NAMES = {
    "contents": "toc toctree-wrapper table-of-contents contents contents_element shortcontents"
    " section-toc mini-toc region-contents printindex calibre_?toc",
    "navigation": "docnav nav nav-?bar navigation nav-links nav-?header nav-?footer menu sidebar"
    " sphinxsidebar breadcrumbs? headerlink copiable-(?:anchor|link) noprint skip-link jump-link"
    " mw-jump-link mw-editsection navbox\\S* catlinks sistersitebox footnote-backlink social share"
    " related cookie\\S* site-header banner footer printfooter mw-cite-backlink vector-\\S+"
    " mw-indicators hatnote-nav",
    "page number": "pagenum pageno page-number",
    "publisher's matter": "pg-?header pg-?footer pg-boilerplate transnote pgheader",
    "hidden": "caption-hidden visually-?hidden sr-only screen-reader-text MathJax_Preview MathJax"
    " MathJax_Display mwe-math-mathml-a11y",
}
NAMES = {
    reason: re.compile(rf"(?:^|\s)(?:{'|'.join(names.split())})(?=\s|$)", re.IGNORECASE)
    for reason, names in _NAMES.items()
}
ANY_NAME = re.compile(
    "|".join(f"(?:{pattern.pattern})" for pattern in NAMES.values()), re.IGNORECASE
)
# Names of furniture that stand around long prose, too: such an element is read.
WEAK_NAMES = re.compile(
    r"(?:^|\s)(?:contents|region-contents|menu|sidebar|social|share|related|banner|footer|nav)(?=\s|$)",
    re.IGNORECASE,
)
MIN_PROSE = 80  # characters, links aside: a textbook's box; menus have none
MAX_LINKED = 0.3
SKIPPED_ROLES = {
    "navigation": "navigation",
    "banner": "navigation",
    "contentinfo": "navigation",
    "search": "form control",
    "doc-toc": "contents",
    "doc-pagebreak": "page number",
    "doc-backlink": "navigation",
    "doc-noteref": "note mark",
    "doc-index": "contents",
}
SKIPPED_TYPES = {
    "toc": "contents",
    "noteref": "note mark",
    "backlink": "navigation",
    "pagebreak": "page number",
    "titlepage": "publisher's matter",
    "imprint": "publisher's matter",
    "colophon": "publisher's matter",
    "copyright-page": "publisher's matter",
    "landmarks": "contents",
    "loi": "contents",
    "index": "contents",
}
INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)", re.IGNORECASE)
TEXINFO_LINKS = re.compile(r"\[Contents\]|\[Index\]|\b(?:Next|Previous|Up): ")
# Elements that hold a page's text: a form around them is the page (ASP.NET), not a form.
_PAGE = "p, h1, h2, h3, article, section, table, pre, dl"
MIN_PAGE = 400  # characters
MAX_STYLE = 2_000  # characters; longer ones hold pictures
# Reasons that a rule of thumb gave; one that would remove most of a page was wrong about it.
DOUBTFUL = ("hidden", "navigation", "contents", "form control", "publisher's matter")


def why_skipped(node: Any, *, in_heading: bool = False) -> str | None:
    """Return the reason for which an element isn't text: '' for none that counts, None for text."""
    tag = node.tag
    if tag in SILENT_TAGS:
        return ""
    if tag in HIDDEN_TAGS:
        return "hidden"
    if tag in CONTROL_TAGS or (tag == "button" and not in_heading):
        return "form control"
    if tag == "nav":
        return "navigation"
    if tag in ("rt", "rp", "rtc"):
        return "ruby"
    if tag == "form" and not _holds_a_page(node):
        return "form control"
    attributes = node.attributes
    return _by_attributes(node, attributes) if attributes else None


def _by_attributes(node: Any, attributes: dict[str, str | None]) -> str | None:
    if is_hidden(node, attributes):
        return "hidden"
    classes = attributes.get("class") or ""
    if classes:
        if classes == "header" and TEXINFO_LINKS.search(node.text(deep=True)):
            return "navigation"
        if ANY_NAME.search(classes) and (reason := _by_name(node, classes)):
            return reason
    if (role := attributes.get("role")) and role in SKIPPED_ROLES:
        return SKIPPED_ROLES[role]
    for name in (attributes.get("epub:type") or "").split():
        if name in SKIPPED_TYPES:
            return SKIPPED_TYPES[name]
    return None


def is_hidden(node: Any, attributes: dict[str, str | None]) -> bool:
    """Whether an element's attributes say that a reader doesn't see it."""
    if "hidden" in attributes and attributes["hidden"] != "until-found":
        return True
    if attributes.get("aria-hidden") == "true" and node.tag != "img":
        return True
    if node.tag == "dialog" and "open" not in attributes:
        return True
    style = attributes.get("style")
    return bool(style) and INVISIBLE.search((style or "")[:MAX_STYLE]) is not None


def _by_name(node: Any, classes: str) -> str:
    if node.tag in ("body", "html", "main", "article"):
        return ""
    for reason, names in NAMES.items():
        if names.search(classes):
            if WEAK_NAMES.search(classes) and _is_prose(node):
                return ""
            return reason
    return ""


def _is_prose(node: Any) -> bool:
    total = _length(node)
    linked = sum(_length(link) for link in node.css("a[href]")) if total >= MIN_PROSE else 0
    return total - linked >= MIN_PROSE and linked <= MAX_LINKED * total


def _holds_a_page(form: Any) -> bool:
    found = 0
    for node in form.css(_PAGE):
        found += _length(node)
        if found >= MIN_PAGE:  # the outermost come first: those within them aren't looked at
            return True
    return False


def _length(node: Any) -> int:
    return n_characters(node.text(deep=True) or "")
