"""The table of readers: format → function. A new format is one file and one row."""

from __future__ import annotations

from collections.abc import Callable

from longalpaca_data.collect import docx, epub, html, markdown, pdf, pydocs, text
from longalpaca_data.collect.extract import Extract
from longalpaca_data.collect.sniff import sniff
from longalpaca_data.core.errors import UnreadableError

Reader = Callable[[bytes, str], Extract]

READERS: dict[str, Reader] = {
    "docx": docx.read,
    "epub": epub.read,
    "html": html.read,
    "markdown": markdown.read,
    "pdf": pdf.read,
    "python-docs": pydocs.read,
    "text": text.read,
}


def read(
    data: bytes,
    name: str,
    *,
    format: str = "",  # noqa: A002 — the word users know
    lenient: bool = False,
) -> tuple[str, Extract]:
    """Read a document; ``format`` overrides what the bytes say. Returns (format, extract).

    Raises UnreadableError, whatever the bytes are: a library that stumbles over a broken file
    makes the file 'corrupt'.
    """
    kind = format or sniff(data, name, lenient=lenient)
    try:
        return kind, READERS[kind](data, name)
    except UnreadableError:
        raise
    except MemoryError as error:
        raise UnreadableError("too large", "out of memory") from error
    except Exception as error:
        raise UnreadableError("corrupt", f"{type(error).__name__}: {error}") from error
