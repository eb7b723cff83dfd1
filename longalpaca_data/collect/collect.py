"""The stage ``collect``: Reference → RawDocument."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Literal, cast

from longalpaca_data.collect import pydocs, web
from longalpaca_data.collect.discover import PYTHON_DOCS, REMOTE, Reference
from longalpaca_data.collect.readers import read
from longalpaca_data.core.errors import UnreadableError
from longalpaca_data.core.records import DocumentKind, RawDocument
from longalpaca_data.pipeline.stage import Context, Stage

RULES = 5  # raised when a reader's output changes: documents are then read again


def collect_stage(bases: Mapping[str, str] | None = None) -> Stage[Reference, RawDocument]:
    """Return the stage; ``bases`` replaces the hosts behind ``gutenberg:`` and ``arxiv:``."""
    hosts = dict(bases or {})
    return Stage(
        "collect", partial(collect, bases=hosts), RawDocument, (RULES, sorted(hosts.items()))
    )


def collect(
    references: Iterable[Reference], ctx: Context, *, bases: Mapping[str, str] | None = None
) -> Iterator[RawDocument]:
    """Read every reference; what can't be read is dropped with its reason."""
    for reference in references:
        try:
            document = read_reference(reference, bases)
        except UnreadableError as error:
            ctx.drop(reference, error.reason, error.detail)
        else:
            ctx.count(f"format {document.format}")
            yield document


def read_reference(reference: Reference, bases: Mapping[str, str] | None = None) -> RawDocument:
    """Read one document. Raises UnreadableError."""
    if reference.refused:
        reason, _, detail = reference.refused.partition(": ")
        raise UnreadableError(reason, detail)
    data, name, remote = _load(reference, bases)
    format_, extract = read(data, name, format=reference.format, lenient=remote)
    return RawDocument(
        id=reference.id,
        path=reference.path,
        format=format_,
        title=reference.title or extract.title,
        kind=cast("DocumentKind | Literal['']", reference.kind or extract.kind),
        language=reference.language or extract.language,
        licence=reference.licence or extract.licence,
        author=extract.author,
        group=reference.group,
        blocks=extract.blocks,
        lost=extract.lost,
    )


def _load(reference: Reference, bases: Mapping[str, str] | None) -> tuple[bytes, str, bool]:
    """Return the bytes, the name, and whether they came from the web."""
    if reference.location == PYTHON_DOCS:
        return pydocs.data(), PYTHON_DOCS, False
    if REMOTE.match(reference.location):
        return (*web.fetch(web.url_of(reference.location, bases)), True)
    path = Path(reference.location)
    try:
        return path.read_bytes(), path.name, False
    except OSError as error:
        raise UnreadableError("unreadable", f"{error.strerror}") from error
