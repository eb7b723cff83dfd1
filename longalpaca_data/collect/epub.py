"""EPUB 2 and 3: the spine's documents in order, with caps on what they unpack to.

zipfile and lxml read the container (EPUB 3.3, sections 3 and 4); general converters took 42 s and
2.2 GiB for a ZIP bomb, and ebooklib is AGPL.
"""

from __future__ import annotations

import posixpath
from urllib.parse import unquote

from lxml import etree

from longalpaca_data.collect.archive import Archive, parse_xml
from longalpaca_data.collect.extract import Extract
from longalpaca_data.collect.html import decode_markup, parse, walk
from longalpaca_data.core.errors import UnreadableError
from longalpaca_data.core.records import Block

CONTAINER = "META-INF/container.xml"
NS = {
    "c": "urn:oasis:names:tc:opendocument:xmlns:container",
    "o": "http://www.idpf.org/2007/opf",
    "dc": "http://purl.org/dc/elements/1.1/",
}
DOCUMENT_TYPES = frozenset(
    {"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"}
)
# Parts of a book that are about the file, not the book, by the file names that publishers give.
MAX_RIGHTS = 2_000  # characters; some publishers put a page of law there
_FILE_MATTER = (
    "cover coverpage titlepage title-page imprint colophon uncopyright copyright"
    " halftitlepage toc nav loi wrap0000 bookcover"
)
NOT_THE_BOOK = frozenset(_FILE_MATTER.split())


def read(data: bytes, name: str) -> Extract:  # noqa: ARG001 — every reader has the same signature
    """Read an EPUB. Raises UnreadableError: 'corrupt', 'encrypted', 'too large', 'empty'."""
    archive = Archive(data)
    package_path = _package_path(archive)
    package = parse_xml(archive.read(package_path), package_path)
    _refuse_encrypted(archive)
    blocks: list[Block] = []
    for path in _spine(package, package_path):
        if path in archive.names():
            blocks += walk(parse(decode_markup(archive.read(path)))).blocks
    if not blocks:
        raise UnreadableError("empty", "no document of the spine holds text")
    return Extract(
        tuple(blocks),
        title=_metadata(package, "title"),
        author=", ".join(_all_metadata(package, "creator")),
        language=_metadata(package, "language").lower(),
        licence=_metadata(package, "rights")[:MAX_RIGHTS],
    )


def _package_path(archive: Archive) -> str:
    container = parse_xml(archive.read(CONTAINER), CONTAINER)
    for root in container.iterfind(".//c:rootfile", NS):
        path = root.get("full-path")
        if path:
            return str(path)
    raise UnreadableError("corrupt", f"{CONTAINER} names no package document")


def _refuse_encrypted(archive: Archive) -> None:
    """META-INF/rights.xml is DRM; encryption.xml alone may only obfuscate fonts."""
    if "META-INF/rights.xml" in archive.names() and "META-INF/encryption.xml" in archive.names():
        raise UnreadableError("encrypted", "the book has DRM")


def _spine(package: etree._Element, package_path: str) -> list[str]:
    """Return the paths of the spine's documents, the file's own matter left out."""
    folder = posixpath.dirname(package_path)
    items = {}
    for item in package.iterfind(".//o:manifest/o:item", NS):
        is_nav = "nav" in (item.get("properties") or "").split()
        if item.get("media-type") in DOCUMENT_TYPES and not is_nav:
            items[item.get("id")] = posixpath.normpath(
                posixpath.join(folder, unquote(item.get("href") or ""))
            )
    spine = [
        items[ref.get("idref")]
        for ref in package.iterfind(".//o:spine/o:itemref", NS)
        if ref.get("idref") in items
    ]
    book = [path for path in spine if _stem(path) not in NOT_THE_BOOK]
    return book or spine


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0].lower()


def _metadata(package: etree._Element, name: str) -> str:
    return next(iter(_all_metadata(package, name)), "")


def _all_metadata(package: etree._Element, name: str) -> list[str]:
    found = (
        " ".join("".join(node.itertext()).split()) for node in package.iterfind(f".//dc:{name}", NS)
    )
    return [text for text in found if text]
