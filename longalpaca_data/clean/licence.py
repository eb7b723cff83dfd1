"""A licence by its short name (SPDX where it has one), from metadata or a first page's note."""

from __future__ import annotations

import re
from collections.abc import Sequence

from longalpaca_data.core.records import Block

MAX_LICENCE = 80  # characters: what isn't known by a name is cut at a word
FRONT_BLOCKS = 150  # title page, imprint, the margin of a paper's first page
CC = re.compile(
    r"(?:creativecommons\.org/licenses/|\bCC[ -]|Creative Commons )"
    r"(?P<parts>(?:BY|Attribution)(?:[ -]*(?:NC|ND|SA|Non-?Commercial|No-?Deriv\w*|Share-?Alike))*)"
    r"[ /-]*(?P<version>[1-4]\.\d)",
    re.IGNORECASE,
)
CC_PARTS = (("NC", r"NC|Non"), ("SA", r"SA\b|Share"), ("ND", r"ND\b|Deriv"))
GNU = re.compile(
    r"GNU (?P<name>Lesser|Library|Affero|Free Documentation)?\s*(?:General Public )?Licen[cs]e"
    r".{0,60}?version (?P<version>\d(?:\.\d)?)(?P<later>.{0,40}?\blater)?|"
    r"\b(?P<short>A?GPL|LGPL|GFDL)[ -]?v?(?P<number>\d(?:\.\d)?)(?P<plus>\+|-or-later)?",
    re.IGNORECASE | re.DOTALL,
)
GNU_NAMES = {"lesser": "LGPL", "library": "LGPL", "affero": "AGPL", "free documentation": "GFDL"}
NAMES = (
    (r"public domain in the (?:USA|US|United States)|United States public domain",
     "Public domain in the USA"),
    (r"\bCC0\b|creativecommons\.org/publicdomain/zero", "CC0-1.0"),
    (r"\bpublic domain\b", "Public domain"),
    (r"\bApache[ -](?:Licen[cs]e,? )?(?:Version )?2(?:\.0)?\b", "Apache-2.0"),
    (r"\bMozilla Public Licen[cs]e.{0,12}2\.0|\bMPL-2\.0", "MPL-2.0"),
    (r"\bMIT Licen[cs]e\b|^MIT$", "MIT"),
    (r"\bBSD[ -]3|3-Clause BSD", "BSD-3-Clause"),
    (r"\bPSF-2\.0\b|Python Software Foundation Licen[cs]e", "PSF-2.0"),
    (r"\ball rights reserved\b", "All rights reserved"),
)  # fmt: skip
# On a first page only a note that speaks of nothing else counts, or "licensed under …".
SIGN = r"(?:CC0[ -]1\.0|CC[ -]BY(?:-\w\w)*[ -]\d\.\d)"
NOTE = re.compile(rf"^[（(\[]?\s*{SIGN}\s*[)）\]]?[.。]?$", re.IGNORECASE)
IN_BRACKETS = re.compile(rf"[（(]\s*{SIGN}\s*[)）]", re.IGNORECASE)
GRANT = re.compile(
    r"(?:licen[cs]ed|released?|available|published|distributed) under (?:the |an? )?"
    r"(?=Creative Commons|CC|GNU|Apache|MIT)",
    re.IGNORECASE,
)
GRANT_LENGTH = 160


def short(text: str) -> str:
    """Return a licence's short name; what isn't recognised is cut to 80 characters."""
    text = " ".join(text.split())
    if name := _known(text):
        return name
    if len(text) <= MAX_LICENCE:
        return text.rstrip(" .")
    return text[: MAX_LICENCE - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def of_front(blocks: Sequence[Block]) -> str:
    """Return the licence that a document's first lines name, or nothing."""
    front = [block.text.strip() for block in blocks[:FRONT_BLOCKS]]
    for text in front:
        if NOTE.match(text) or IN_BRACKETS.search(text):
            return _known(text)
    joined = " ".join(filter(None, front))
    if match := GRANT.search(joined):
        return _known(joined[match.end() : match.end() + GRANT_LENGTH])
    return ""


def _known(text: str) -> str:
    first, *others = NAMES
    if re.search(first[0], text, re.IGNORECASE):
        return first[1]
    if match := CC.search(text):
        parts = [name for name, sign in CC_PARTS if re.search(sign, match["parts"], re.IGNORECASE)]
        return "-".join(["CC-BY", *parts, match["version"]])
    if match := GNU.search(text):
        return _gnu(match)
    return next((name for sign, name in others if re.search(sign, text, re.IGNORECASE)), "")


def _gnu(match: re.Match[str]) -> str:
    name = match["short"] or GNU_NAMES.get((match["name"] or "").lower(), "GPL")
    version = match["version"] or match["number"]
    version = version if "." in version else f"{version}.0"
    later = match["later"] or match["plus"]
    return f"{name.upper()}-{version}-{'or-later' if later else 'only'}"
