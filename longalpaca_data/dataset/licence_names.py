"""Licences by the names that people give them: identifiers, titles, URLs; English or Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

Kind = Literal[
    "public domain",
    "permissive",
    "attribution",
    "share-alike",
    "copyleft",
    "non-commercial",
    "no-derivatives",
    "reserved",
]
"""What is asked or forbidden: ``permissive`` and ``attribution`` ask for credit alone,
``share-alike`` and ``copyleft`` for the same licence, ``reserved`` gives no right to pass on.
"""


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence as it is known here. ``kinds`` is empty for one that isn't; ``name`` is then the
    text as it was given, empty where there was none. ``version`` is (0, 0) where none was named.
    """

    name: str
    kinds: frozenset[Kind] = frozenset()
    family: str = ""
    version: tuple[int, int] = (0, 0)
    later: bool = False

    @property
    def carries_itself(self) -> bool:
        """Whether what is made from the material must bear the same licence."""
        return bool(self.kinds & {"share-alike", "copyleft"})


_CHINESE = (
    (r"知识共享|創用\s*CC|創用|创作共用", " cc "),
    (r"署名|姓名標示|姓名标示", " by "),
    (r"非商业性使用|非商業性使用|非商业性|非商業性", " nc "),
    (r"禁止演绎|禁止改作|禁止演繹", " nd "),
    (r"相同方式共享|相同方式分享", " sa "),
    (r"公有领域|公有領域|公共领域|公版", " public domain "),
    (r"版权所有|版權所有|保留所有权利|保留所有權利", " all rights reserved "),
)
_CC = re.compile(
    r"\b(?:cc|creative commons|creativecommons\.org(?: licences?)?) ?(?:licence )?"
    r"(?P<terms>(?:by|attribution)(?: ?(?:nc|non ?commercial|nd|no ?deriv\w*|sa|share ?alike)\b)*)"
    r"(?: (?P<version>[1-4](?:\.\d)?)\b)?"
)
_CC_TERMS: tuple[tuple[str, str, Kind], ...] = (
    ("NC", r"\bnc\b|non ?commercial", "non-commercial"),
    ("ND", r"\bnd\b|no ?deriv", "no-derivatives"),
    ("SA", r"\bsa\b|share ?alike", "share-alike"),
)
_GNU = re.compile(
    r"\b(?:(?P<short>agpl|lgpl|gpl|gfdl)|"
    r"gnu (?:(?P<name>lesser|library|affero|free documentation) )?(?:general public )?licence)"
    r"(?:.{0,20}?(?P<version>[1-3](?:\.\d)?)\b)?"
    r"(?P<later> ?\+| or (?:any )?later|.{0,30}any later)?"
)
_GNU_NAMES = {"lesser": "LGPL", "library": "LGPL", "affero": "AGPL", "free documentation": "GFDL"}
# (sign, family, version where none is named, kind); no version: the name has none. What is plain
# without a licence's own name comes last.
_OTHERS: tuple[tuple[str, str, str, Kind], ...] = (
    (r"\bcc ?0\b|\bcc zero\b|creative commons zero|publicdomain zero", "CC0", "1.0",
     "public domain"),
    (r"\bpddl\b|public domain dedication and licence", "PDDL", "1.0", "public domain"),
    (r"\bunlicence\b", "Unlicense", "", "public domain"),
    (r"\bapache\b", "Apache", "2.0", "permissive"),
    (r"\bmozilla public|\bmpl\b", "MPL", "2.0", "copyleft"),
    (r"\bbsd 2|\b2 clause bsd|simplified bsd", "BSD-2-Clause", "", "permissive"),
    (r"\bbsd\b", "BSD-3-Clause", "", "permissive"),
    (r"\bpsf\b|python software foundation", "PSF", "2.0", "permissive"),
    (r"^(?:the )?(?:x11|expat|mit)(?: licence)?$|\bmit licence\b", "MIT", "", "permissive"),
    (r"\bisc licence\b|^isc$", "ISC", "", "permissive"),
    (r"\bzlib\b", "Zlib", "", "permissive"),
    (r"\bboost software|\bbsl 1", "BSL", "1.0", "permissive"),
    (r"\bartistic\b", "Artistic", "2.0", "permissive"),
    (r"\bacademic free|\bafl\b", "AFL", "3.0", "permissive"),
    (r"\bwtfpl\b", "WTFPL", "", "permissive"),
    (r"\bcdla permissive", "CDLA-Permissive", "2.0", "permissive"),
    (r"\bcdla sharing", "CDLA-Sharing", "1.0", "copyleft"),
    (r"\bodc by\b|open data commons attribution", "ODC-BY", "1.0", "attribution"),
    (r"\bodbl\b|open database licence", "ODbL", "1.0", "copyleft"),
    (r"\bopen government licence|\bogl\b", "OGL", "3.0", "attribution"),
    (r"\betalab\b|licence ouverte", "etalab", "2.0", "attribution"),
    (r"\beupl\b", "EUPL", "1.2", "copyleft"),
    (r"\bepl\b|eclipse public", "EPL", "2.0", "copyleft"),
    (r"\bosl\b|open software licence", "OSL", "3.0", "copyleft"),
    (r"\bofl\b|open font licence", "OFL", "1.1", "copyleft"),
    (r"\blppl\b|latex project public", "LPPL", "1.3", "permissive"),
    (r"(?<!not )(?<!not in )(?<!not in the )\bpublic ?domain\b|no known copyright",
     "Public domain", "", "public domain"),
    (r"all rights reserved|\barxiv\b.{0,40}(?:perpetual|non ?exclusive)", "All rights reserved",
     "", "reserved"),
)  # fmt: skip
_NOTHING = re.compile(r"\W*(?:unknown|none|null|nan|n a|not specified|unspecified|tbd)?\W*")


@cache
def licence_named(text: str) -> Licence:
    """Return the licence that a text names: an SPDX identifier, a title, or a URL, in the usual
    spellings, English or Chinese.
    """
    plain = _plain(text)
    if _NOTHING.fullmatch(plain):
        return Licence("")
    if match := _CC.search(plain):
        return _creative_commons(match)
    if match := _GNU.search(plain):
        return _gnu(match)
    for sign, family, version, kind in _OTHERS:
        if match := re.search(sign, plain):
            named = re.search(r"\d\.\d", plain[match.start() :]) if version else None
            return _versioned(family, frozenset({kind}), named[0] if named else version)
    return Licence(" ".join(text.split()))


def _plain(text: str) -> str:
    """Lower case, one spelling of *licence*, words apart by one space."""
    for sign, word in _CHINESE:
        text = re.sub(sign, word, text)
    text = re.sub(r"[\s_/:,;()\[\]“”\"'–—-]+", " ", text.lower()).replace("license", "licence")
    text = re.sub(r"\bccby\b", "cc by", text)
    return " ".join(re.sub(r"(?:\bversion|\bv\.?|(?<=[a-z])v) ?(?=\d)", " ", text).split())


def _creative_commons(match: re.Match[str]) -> Licence:
    found = [(name, kind) for name, sign, kind in _CC_TERMS if re.search(sign, match["terms"])]
    order = [name for name in ("NC", "SA", "ND") if name in dict(found)]
    family = "-".join(["CC-BY", *order])
    kinds: frozenset[Kind] = frozenset({"attribution", *(kind for _, kind in found)})
    return _versioned(family, kinds, match["version"])


def _gnu(match: re.Match[str]) -> Licence:
    family = (match["short"] or _GNU_NAMES.get(match["name"] or "", "GPL")).upper()
    return _versioned(family, frozenset({"copyleft"}), match["version"], bool(match["later"]))


def _versioned(
    family: str, kinds: frozenset[Kind], version: str | None, later: bool = False
) -> Licence:
    if not version:
        return Licence(family, kinds, family)
    version = version if "." in version else f"{version}.0"
    name = f"{family}-{version}" + ("-or-later" if later else "")
    return Licence(name, kinds, family, _version(version), later)


def _version(name: str) -> tuple[int, int]:
    found = re.search(r"(\d)\.(\d)", name)
    return (int(found[1]), int(found[2])) if found else (0, 0)
