"""Which format is it? The bytes answer; the name only chooses between kinds of plain text."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import PurePosixPath

from longalpaca_data.collect.encoding import BYTE_ORDER_MARKS, wide_encoding
from longalpaca_data.core.errors import UnreadableError

MARKDOWN_SUFFIXES = frozenset({".md", ".markdown", ".mdown", ".mkd"})
HTML_SUFFIXES = frozenset({".htm", ".html", ".xhtml", ".shtml"})
TEXT_SUFFIXES = frozenset({"", ".txt", ".text", ".asc", ".rst", ".utf8", ".utf-8"})
PACKED_SUFFIXES = frozenset({".pdf", ".epub", ".docx"})

PDF_MARK_WITHIN = 1024  # ISO 32000-1, annex H: readers accept %PDF- within the first 1024 bytes
CONTENT_TYPES = "[Content_Types].xml"
MAX_CONTENT_TYPES = 1 << 20
WORD_TYPES = (
    b"wordprocessingml.document.main",
    b"wordprocessingml.template.main",
    b"ms-word.document.macroEnabled.main",
)
OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_NULS = 0.005  # of the first bytes
HTML_WITHIN = 16_384  # licences in comments before <html> were seen to be 2 KB long
HTML_TAG = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|title|h1|p|div|article)\b", re.IGNORECASE
)
SURE_HTML_TAG = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)


def sniff(data: bytes, name: str, *, lenient: bool = False) -> str:
    """Return the name of the format, a key of ``READERS``.

    ``name`` is a file's name or a URL's last part. ``lenient`` takes any plain text as a document
    (URLs have no reliable suffix; in a folder ``.py`` or ``.csv`` isn't a document). Raises
    UnreadableError: 'empty', 'encrypted', 'corrupt', 'binary', 'unknown format'.
    """
    if not data.strip():
        raise UnreadableError("empty", "no bytes" if not data else "only white space")
    head = data[:PDF_MARK_WITHIN]
    if b"%PDF-" in head:
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return _sniff_zip(data)
    if head.startswith(OLE_MARK):
        if "EncryptedPackage".encode("utf-16-le") in data[: 1 << 20]:
            raise UnreadableError("encrypted", "an Office file with a password")
        raise UnreadableError("unknown format", "an old Office file; save it as DOCX")
    if _is_binary(data):
        raise UnreadableError("binary", "NUL bytes")
    return _sniff_text(data, PurePosixPath(name).suffix.lower(), lenient)


def _is_binary(data: bytes) -> bool:
    """Whether there are more NUL bytes than a damaged text has, and it is no UTF-16 either."""
    head = data[:HTML_WITHIN]
    if head.count(0) <= MAX_NULS * len(head) or data.startswith(
        tuple(m for m, _ in BYTE_ORDER_MARKS)
    ):
        return False
    return not wide_encoding(data)


def _sniff_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            is_word = _is_word(archive, names)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UnreadableError("corrupt", f"broken ZIP container: {error}") from error
    if "META-INF/container.xml" in names:
        return "epub"
    if is_word:
        return "docx"
    raise UnreadableError("unknown format", "a ZIP container that is neither EPUB nor DOCX")


def _is_word(archive: zipfile.ZipFile, names: set[str]) -> bool:
    """A DOCX's main part may have any name: the package's list of content types knows it."""
    if "word/document.xml" in names:
        return True
    if CONTENT_TYPES not in names or archive.getinfo(CONTENT_TYPES).file_size > MAX_CONTENT_TYPES:
        return False
    try:
        return any(mark in archive.read(CONTENT_TYPES) for mark in WORD_TYPES)
    except (RuntimeError, zlib.error, EOFError):
        return False


def _sniff_text(data: bytes, suffix: str, lenient: bool) -> str:
    head = data[:HTML_WITHIN]
    tags = HTML_TAG if suffix in HTML_SUFFIXES or lenient else SURE_HTML_TAG
    if suffix not in MARKDOWN_SUFFIXES and tags.search(head) and _begins_with_markup(head):
        return "html"
    if suffix in PACKED_SUFFIXES:
        raise UnreadableError("corrupt", f"its name ends in {suffix}, its bytes are something else")
    if suffix in HTML_SUFFIXES:
        return "html"
    if suffix in MARKDOWN_SUFFIXES:
        return "markdown"
    if lenient or suffix in TEXT_SUFFIXES:
        return "text"
    known = sorted(MARKDOWN_SUFFIXES | HTML_SUFFIXES | TEXT_SUFFIXES - {""} | PACKED_SUFFIXES)
    raise UnreadableError("unknown format", f"{suffix} is none of {' '.join(known)}")


def _begins_with_markup(head: bytes) -> bool:
    """A text that *mentions* ``<html>`` isn't a page: a page's first character is ``<``."""
    for mark, _ in BYTE_ORDER_MARKS:
        head = head.removeprefix(mark)
    return head.replace(b"\0", b"").lstrip()[:1] == b"<"
