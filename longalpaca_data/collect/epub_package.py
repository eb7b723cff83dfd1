"""An EPUB's package document and navigation, read whatever their namespaces and spelling."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote

from lxml import etree

from longalpaca_data.collect.archive import Archive, parse_xml
from longalpaca_data.core.errors import UnreadableError

DOCUMENT_TYPES = frozenset(
    {
        "application/xhtml+xml",
        "text/html",
        "application/x-dtbook+xml",
        "text/x-oeb1-document",
        "text/xml",
        "application/xml",
        "application/html",
        "",
    }
)
MAX_TITLE = 200  # characters


def local(node: etree._Element | None) -> str:
    """Return an element's name without its namespace."""
    return str(node.tag).rpartition("}")[2].rpartition(":")[2] if node is not None else ""


@dataclass(frozen=True, slots=True)
class Item:
    """A spine's entry: ``path`` is '' where the archive has no such member."""

    href: str
    path: str
    is_document: bool


class Package:
    """The package document of a book."""

    def __init__(self, root: etree._Element, path: str, archive: Archive) -> None:
        self._folder = posixpath.dirname(path)
        self._archive = archive
        self._elements = [node for node in root.iter(etree.Element) if isinstance(node.tag, str)]
        self._items = {node.get("id"): node for node in self._elements if local(node) == "item"}
        self.nav = next(
            (
                self._resolve(node.get("href") or "")
                for node in self._items.values()
                if "nav" in (node.get("properties") or "").split()
            ),
            "",
        )
        self.titles = cache(self._titles)

    def spine(self) -> Iterator[Item]:
        """Yield the spine's entries in order."""
        for node in self._elements:
            if local(node) != "itemref":
                continue
            reference = node.get("idref") or ""
            item = self._items.get(reference)
            if item is None:
                yield Item(reference, "", is_document=False)
                continue
            href = item.get("href") or ""
            media = (item.get("media-type") or "").lower().split(";")[0].strip()
            yield Item(href, self._resolve(href), media in DOCUMENT_TYPES)

    def _resolve(self, href: str, folder: str | None = None) -> str:
        base = self._folder if folder is None else folder
        plain = href.partition("#")[0].replace("\\", "/")
        return self._archive.find(posixpath.join(base, plain)) or self._archive.find(
            posixpath.join(base, unquote(plain))
        )

    def _titles(self) -> dict[str, list[str]]:
        """The titles that the navigation (EPUB 3), else the NCX (EPUB 2), has for each path."""
        found: dict[str, list[str]] = {}
        ncx = next(
            (
                self._resolve(node.get("href") or "")
                for node in self._items.values()
                if "ncx" in (node.get("media-type") or "")
                or (node.get("href") or "").endswith(".ncx")
            ),
            "",
        )
        for source in filter(None, (self.nav, ncx)):
            try:
                root = parse_xml(self._archive.read(source), source)
            except UnreadableError:
                continue
            folder = posixpath.dirname(source)
            for href, title in _entries(root):
                path = self._resolve(href, folder)
                if path and title:
                    found.setdefault(path, []).append(title[:MAX_TITLE])
            if found:
                break
        return found

    def metadata(self, name: str) -> str:
        """Return the first value of a Dublin Core field, '' for none."""
        return next(iter(self.all_metadata(name)), "")

    def all_metadata(self, name: str) -> list[str]:
        """Return the values of a Dublin Core field."""
        texts = (
            " ".join("".join(node.itertext()).split())
            for node in self._elements
            if local(node).lower() == name and local(node.getparent()) != "item"
        )
        return [text for text in texts if text]


def _entries(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Yield (href, title) of a navigation document's links, or of an NCX's points."""
    label = ""
    for node in root.iter(etree.Element):
        name = local(node)
        if name == "a" and node.get("href"):
            yield str(node.get("href")), " ".join("".join(node.itertext()).split())
        elif name == "text" and local(node.getparent()) == "navLabel":
            label = " ".join("".join(node.itertext()).split())
        elif name == "content" and node.get("src"):
            yield str(node.get("src")), label
