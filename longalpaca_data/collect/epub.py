"""EPUB 2 and 3: the spine's documents in order, with caps on what they unpack to.

zipfile and lxml read the container (EPUB 3.3, sections 3 and 4); general converters took 42 s and
2.2 GiB for a ZIP bomb, and ebooklib is AGPL. Books break the format in every way that readers
forgive: names in another case, fragments, wrong media types, no namespaces. What can't be found is
counted by name.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from lxml import etree

from longalpaca_data.collect.archive import Archive, parse_xml
from longalpaca_data.collect.epub_package import Package, local
from longalpaca_data.collect.extract import Extract
from longalpaca_data.collect.html import decode_markup, parse, walk
from longalpaca_data.core.errors import UnreadableError
from longalpaca_data.core.records import Block

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
# Obfuscation of fonts (EPUB 3.3, section 4.4, and Adobe's): the text is free.
FONT_ALGORITHMS = frozenset(
    {"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"}
)
DOCUMENT_SUFFIXES = frozenset({"", ".html", ".htm", ".xhtml", ".xml", ".xht"})
MAX_RIGHTS = 2_000  # characters; some publishers put a page of law there
# Parts of a book that are about the file, not the book, by the file names that publishers give.
_FILE_MATTER = (
    "cover coverpage titlepage title-page imprint colophon uncopyright copyright"
    " halftitlepage toc nav loi wrap0000 bookcover"
)
NOT_THE_BOOK = frozenset(_FILE_MATTER.split())
MAX_HEADING = 200  # characters of a paragraph that a navigation entry names
# A paragraph costs some 400 bytes as a block; a book of a million of them isn't one.
MAX_BLOCKS = 400_000


def read(data: bytes, name: str) -> Extract:  # noqa: ARG001 — every reader has the same signature
    """Read an EPUB. Raises UnreadableError: 'corrupt', 'encrypted', 'too large', 'empty'."""
    archive = Archive(data)
    package_path = _package_path(archive)
    package = Package(parse_xml(archive.read(package_path), package_path), package_path, archive)
    locked = _locked(archive)
    blocks: list[Block] = []
    lost: Counter[str] = Counter()
    for path in _book(package, lost):
        if path in locked:
            raise UnreadableError("encrypted", f"the book is locked (DRM): {path}")
        walker = walk(parse(decode_markup(archive.read(path))))
        lost += walker.lost
        blocks += _with_titles(walker.blocks, package.titles().get(path, ()))
        if len(blocks) > MAX_BLOCKS:
            raise UnreadableError("too large", f"more than {MAX_BLOCKS} paragraphs")
    if not blocks:
        raise UnreadableError("empty", _nothing(lost))
    return Extract(
        tuple(blocks),
        title=package.metadata("title"),
        author=", ".join(package.all_metadata("creator")),
        language=package.metadata("language").lower(),
        licence=package.metadata("rights")[:MAX_RIGHTS],
        lost=dict(lost),
    )


def _nothing(lost: Counter[str]) -> str:
    missing = [reason for reason in lost if reason.startswith("missing")]
    return f"no document of the spine holds text{'; ' * bool(missing)}{', '.join(missing[:3])}"


def _package_path(archive: Archive) -> str:
    if CONTAINER in archive.names():
        container = parse_xml(archive.read(CONTAINER), CONTAINER)
        for root in container.iter(etree.Element):
            if local(root) == "rootfile" and (path := archive.find(root.get("full-path") or "")):
                return path
    for path in sorted(archive.names()):
        if path.lower().endswith(".opf"):
            return path
    raise UnreadableError("corrupt", f"{CONTAINER} names no package document")


def _locked(archive: Archive) -> frozenset[str]:
    """Return the members that are encrypted in earnest; obfuscated fonts aren't.

    Raises UnreadableError: 'encrypted' where a rights file says that the book has DRM.
    """
    if ENCRYPTION not in archive.names():
        return frozenset()
    if "META-INF/rights.xml" in archive.names():
        raise UnreadableError("encrypted", "the book is locked (DRM)")
    members = set()
    algorithm = ""
    for node in parse_xml(archive.read(ENCRYPTION), ENCRYPTION).iter(etree.Element):
        if local(node) == "EncryptionMethod" and local(node.getparent()) == "EncryptedData":
            algorithm = node.get("Algorithm") or ""
        elif local(node) == "CipherReference" and algorithm not in FONT_ALGORITHMS:
            members.add(archive.find(node.get("URI") or ""))
    return frozenset(members)


def _book(package: Package, lost: Counter[str]) -> list[str]:
    """Return the paths of the spine's documents, each once, the file's own matter left out.

    What isn't in the archive is counted as a lost character for each of its name: nobody knows
    how long it was.
    """
    spine: dict[str, None] = {}
    for item in package.spine():
        if not item.path:
            lost[f"missing item {item.href}"] += len(item.href)
        elif item.path in spine:
            lost["repeated item"] += len(item.href)
        elif item.is_document or posixpath.splitext(item.path)[1].lower() in DOCUMENT_SUFFIXES:
            spine[item.path] = None
        else:
            lost[f"unread item {item.href}"] += len(item.href)
    book = [path for path in spine if _stem(path) not in NOT_THE_BOOK and path != package.nav]
    return book or list(spine)


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0].lower()


def _with_titles(blocks: list[Block], titles: Sequence[str]) -> Iterator[Block]:
    """Make headings of the paragraphs that the navigation names; a document without any heading
    gets the title that the navigation has for it.
    """
    wanted = {_squeezed(title) for title in titles}
    result = [
        replace(block, kind="heading", text=" ".join(block.text.split()), level=2)
        if block.kind == "paragraph"
        and len(block.text) <= MAX_HEADING
        and _squeezed(block.text) in wanted
        else block
        for block in blocks
    ]
    if result and titles and not any(block.kind == "heading" for block in result):
        yield Block("heading", titles[0], 2)
    yield from result


def _squeezed(text: str) -> str:
    return "".join(text.split()).casefold()
