"""Documents that look as if they had been misread, from the accounts in the manifest."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from longalpaca_data.dataset.manifest import DocumentAccount, DocumentEntry, Manifest


@dataclass(frozen=True, slots=True)
class Suspect:
    """A document that looks misread: the share of its characters that is in its text (0-1), and
    the reasons, each of which begins with what it is about ("sections: no heading for chapter 2").
    """

    title: str
    path: str
    language: str
    kept: float
    rows: int
    reasons: tuple[str, ...]


def suspects(manifest: Manifest) -> list[Suspect]:
    """Return the documents that look misread, those with the most reasons first."""
    found = [
        _suspect(document, document.account)
        for document in manifest.documents
        if document.account is not msgspec.UNSET and document.account.suspicions
    ]
    return sorted(found, key=lambda suspect: (-len(suspect.reasons), suspect.kept, suspect.path))


def _suspect(document: DocumentEntry, account: DocumentAccount) -> Suspect:
    return Suspect(
        title=document.title,
        path=document.path,
        language=document.language,
        kept=account.kept / max(1, account.seen),
        rows=document.rows,
        reasons=account.suspicions,
    )
