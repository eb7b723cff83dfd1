"""What a licence asks of those who pass material on, and which licences a data set may then bear.

A list of names and rules, not legal advice: it finds what is plainly at odds, such as share-alike
material under a permissive card, and takes what it doesn't know as not agreed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from longalpaca_data.dataset.manifest import Manifest

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

# https://huggingface.co/docs/hub/repositories-licenses, without the families of model licences.
HUB_LICENCES = frozenset(
    "afl-3.0 agpl-3.0 apache-2.0 apple-amlr apple-ascl artistic-2.0 bigcode-openrail-m "  # noqa: SIM905 — shorter than sixty quoted names
    "bigscience-bloom-rail-1.0 bigscience-openrail-m bsd bsd-2-clause bsd-3-clause "
    "bsd-3-clause-clear bsl-1.0 c-uda cc cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 "
    "cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 "
    "cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0 "
    "cdla-permissive-2.0 cdla-sharing-1.0 creativeml-openrail-m ecl-2.0 epl-1.0 epl-2.0 "
    "etalab-2.0 eupl-1.1 eupl-1.2 fair-noncommercial-research-license gemma gfdl gpl gpl-2.0 "
    "gpl-3.0 h-research intel-research isc lgpl lgpl-2.1 lgpl-3.0 lgpl-lr llama2 llama3 llama3.1 "
    "llama3.2 llama3.3 llama4 lppl-1.3c mit mpl-2.0 ms-pl ncsa odbl odc-by ofl-1.1 openmdw-1.0 "
    "openrail openrail++ osl-3.0 pddl postgresql unlicense wtfpl zlib".split()
)


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


@dataclass(frozen=True, slots=True)
class Source:
    """Something that gave rows: a document's title or a short set's name, and its licence."""

    name: str
    licence: str
    rows: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """A source whose licence and the data set's don't go together, and why."""

    source: Source
    reason: str

    def __str__(self) -> str:
        return f"“{self.source.name}” ({self.reason})"


def conflicts(licence: str, sources: Iterable[Source]) -> list[Conflict]:
    """Return the sources that a data set under ``licence`` can't hold; those without rows don't
    count. An unset licence conflicts with nothing: there is nothing to compare yet.
    """
    if not licence.strip():
        return []
    target = licence_named(licence)
    found = ((s, objection(target, licence_named(s.licence))) for s in sources if s.rows)
    return [Conflict(source, reason) for source, reason in found if reason]


def conflict_line(manifest: Manifest, most: int = 5) -> str:
    """Say which sources of a built data set its licence doesn't suit, and why; empty where it
    suits all.
    """
    licence = manifest.settings.licence
    found = [str(conflict) for conflict in conflicts(licence, sources_of(manifest))]
    if not found:
        return ""
    more = f" and {len(found) - most} more" if len(found) > most else ""
    sources = "source" if len(found) == 1 else "sources"
    named = ", ".join(found[:most])
    return f"the licence {licence} does not suit {len(found)} {sources}: {named}{more}"


def sources_of(manifest: Manifest) -> Iterator[Source]:
    """Yield what gave rows to a built data set: documents first, then sets of short samples."""
    for document in manifest.documents:
        yield Source(document.name, document.licence, document.rows)
    for short in manifest.short:
        yield Source(short.source, short.licence, short.rows)


def objection(target: Licence, source: Licence) -> str:
    """Say why material under ``source`` can't be passed on under ``target``; empty if it can."""
    if not source.name:
        return "licence unknown"
    for applies, reason in _OBJECTIONS:
        if applies(target, source):
            return reason.format(source=source.name, target=target.name)
    return ""


# Ways out of a licence that asks for itself: (its family, the other's), with the lowest versions.
# https://creativecommons.org/share-your-work/licensing-considerations/compatible-licenses,
# LGPL-3.0 section 2, GPL-3.0 section 13.
_COMPATIBLE = {
    ("CC-BY-SA", "GPL"): ((4, 0), (3, 0)),
    ("LGPL", "GPL"): ((2, 0), (2, 0)),
    ("GPL", "AGPL"): ((3, 0), (3, 0)),
}


def _same_or_compatible(target: Licence, source: Licence) -> bool:
    if target.family == source.family:
        if not target.version[0] or not source.version[0]:
            return True
        # Adaptations of Creative Commons material may take a later version of the same licence.
        later = source.later or source.family.startswith("CC-")
        return target.version == source.version or (later and target.version > source.version)
    lowest = _COMPATIBLE.get((source.family, target.family))
    return lowest is not None and source.version >= lowest[0] and target.version >= lowest[1]


def _own(target: Licence, source: Licence) -> bool:
    return source.name.casefold() == target.name.casefold()


# The first that applies is the answer; an empty reason ends the search in the set's favour.
_OBJECTIONS: tuple[tuple[Callable[[Licence, Licence], bool], str], ...] = (
    (lambda _, s: "no-derivatives" in s.kinds, "{source} forbids passing on changed versions"),
    (_own, ""),
    (lambda _, s: not s.kinds, "licence not recognised: {source}"),
    (lambda _, s: "reserved" in s.kinds, "{source}: may not be passed on"),
    (lambda t, s: s.carries_itself and not _same_or_compatible(t, s),
     "{source} asks for the same licence"),
    (lambda t, s: "non-commercial" in s.kinds - t.kinds, "{source} forbids commercial use"),
    (lambda t, s: "public domain" in t.kinds - s.kinds,
     "{source} asks for credit, {target} for none"),
)  # fmt: skip


def hub_header(text: str) -> dict[str, str]:
    """Return a licence as the lines of a card's header: the Hub's own identifier, or ``other``
    with a name and, where one is known, a link.
    """
    identifier = text.strip().lower()
    if identifier in HUB_LICENCES:
        return {"license": identifier}
    licence = licence_named(text)
    for name in (licence.name.lower(), licence.name.lower().removesuffix("-or-later")):
        if name in HUB_LICENCES:
            return {"license": name}
    if licence.family.lower() in HUB_LICENCES:  # gfdl, odbl and others stand without a version
        return {"license": licence.family.lower()}
    header = {"license": "other", "license_name": _slug(licence.name)}
    if link := _link(text, licence):
        header["license_link"] = link
    return header


_URL = re.compile(r"https?://[^\s\"'<>|`]+")


def _slug(name: str) -> str:
    words = re.findall(r"[a-z0-9]+(?:\.[0-9]+)*", _URL.sub("", name).lower())
    return "-".join(words)[:80].strip("-") or "other"


def _link(text: str, licence: Licence) -> str:
    if url := _URL.search(text):
        return url[0].rstrip(".,;)")
    if licence.family.startswith("CC-BY") and licence.version[0]:
        version = "{}.{}".format(*licence.version)
        return f"https://creativecommons.org/licenses/{licence.family[3:].lower()}/{version}/"
    if licence.family == "Public domain":
        return "https://creativecommons.org/publicdomain/mark/1.0/"
    return ""


# --- names -----------------------------------------------------------------------------------

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
