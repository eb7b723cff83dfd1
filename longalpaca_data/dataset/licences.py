"""What a licence asks of those who pass material on, and which licences a data set may then bear.

A list of names and rules, not legal advice: it finds what is plainly at odds, such as share-alike
material under a permissive card, and takes what it doesn't know as not agreed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from longalpaca_data.dataset.licence_names import Licence, licence_named
from longalpaca_data.dataset.manifest import Manifest

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
