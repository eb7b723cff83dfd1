"""The parts of a DOCX by their relationships, in transitional and in strict Office Open XML."""

from __future__ import annotations

import posixpath

from lxml import etree

from longalpaca_data.collect.archive import Archive, parse_xml
from longalpaca_data.core.errors import UnreadableError

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
M = f"{{{OFFICE}/math}}"
R = f"{{{OFFICE}/relationships}}"
# ISO/IEC 29500-1 (strict) names the same elements by other namespaces.
STRICT = (
    (b"http://purl.oclc.org/ooxml/wordprocessingml/main", W[1:-1].encode()),
    (b"http://purl.oclc.org/ooxml/officeDocument/relationships", R[1:-1].encode()),
    (b"http://purl.oclc.org/ooxml/officeDocument/math", M[1:-1].encode()),
)


class WordPackage:
    """A DOCX: its main part and what that refers to."""

    def __init__(self, data: bytes) -> None:
        self._archive = Archive(data)
        self.main_path = next(iter(self._targets("", "officeDocument")), "word/document.xml")
        self.main = self._parse(self.main_path)

    def related(self, kind: str) -> list[etree._Element]:
        """Return the roots of the main part's related parts of a kind: styles, footnotes, ..."""
        paths = self._targets(self.main_path, kind)
        return [self._parse(path) for path in dict.fromkeys(paths) if self._archive.find(path)]

    def properties(self) -> dict[str, str]:
        """Return what the package says about the document: title, creator, language."""
        found: dict[str, str] = {}
        for path in self._targets("", "core-properties"):
            if self._archive.find(path):
                for node in self._parse(path):
                    name = str(node.tag).rpartition("}")[2]
                    found.setdefault(name, " ".join((node.text or "").split()))
        return found

    def _parse(self, path: str) -> etree._Element:
        name = self._archive.find(path)
        if not name:
            raise UnreadableError("corrupt", f"{path} is missing")
        data = self._archive.read(name)
        for strict, transitional in STRICT:
            data = data.replace(strict, transitional)
        return parse_xml(data, path)

    def _targets(self, part: str, kind: str) -> list[str]:
        folder, base = posixpath.split(part)
        name = self._archive.find(posixpath.join(folder, "_rels", f"{base}.rels"))
        if not name:
            return []
        return [
            target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            for node in parse_xml(self._archive.read(name), name).iter(etree.Element)
            if (node.get("Type") or "").rpartition("/")[2] == kind
            and node.get("TargetMode") != "External"
            and (target := node.get("Target"))
        ]
