"""Documents read outside of any build: what a question is asked about, what a model is tried on.

They are read and cleaned as `build` reads and cleans them, so a trained model sees the kind of text
that it was trained on.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from longalpaca_data.clean import clean_document
from longalpaca_data.clean.document import Unusable
from longalpaca_data.collect import Reference, discover, read_reference
from longalpaca_data.core.errors import SourceError, UnreadableError
from longalpaca_data.core.records import Material


class _AnyLanguage(tuple[str, ...]):
    """Contains every language: builds keep to some, a person asks about what they have."""

    __slots__ = ()

    def __contains__(self, language: object) -> bool:
        return True


def read_materials(sources: Iterable[str]) -> list[Material]:
    """Read files, folders, globs, URLs, ``gutenberg:ID`` …: whatever `collect` reads, in order.

    Raises :class:`SourceError`, naming the first document that can't be read.
    """
    return [_reading(reference) for reference in discover(sources)]


def read_texts(sources: Iterable[str]) -> list[str]:
    """Return the documents' text; a UTF-8 text file is taken as it is, character by character."""
    return [_exact(reference) or _reading(reference).text for reference in discover(sources)]


def _reading(reference: Reference) -> Material:
    try:
        raw = read_reference(reference)
        document = clean_document(raw, _not_counted, _AnyLanguage())
    except (UnreadableError, Unusable) as error:
        raise SourceError(
            f"can't read {reference.path}: {error.reason}"
            + (f" ({error.detail})" if error.detail else ""),
            do="give a text, Markdown, HTML, PDF, EPUB or DOCX file with text in it",
        ) from error
    return Material(document.title, document.text, document.kind, document.language)


def _not_counted(_: str) -> int:
    return 0


def _exact(reference: Reference) -> str:
    path = Path(reference.location)
    if path.suffix.lower() not in {".txt", ".md", ""} or not path.is_file():
        return ""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""
    return text if text.strip() and "\0" not in text else ""
