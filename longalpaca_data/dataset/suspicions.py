"""Documents that look as if they had been misread, from the accounts in the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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


def suspects(manifest: Mapping[str, Any]) -> list[Suspect]:
    """Return the documents that look misread, those with the most reasons first."""
    found = [
        _suspect(document)
        for document in manifest["documents"]
        if document.get("account", {}).get("suspicions")
    ]
    return sorted(found, key=lambda suspect: (-len(suspect.reasons), suspect.kept, suspect.path))


def _suspect(document: Mapping[str, Any]) -> Suspect:
    account = document["account"]
    return Suspect(
        title=document["title"],
        path=document["path"],
        language=document["language"],
        kept=account["kept"] / max(1, account["seen"]),
        rows=document["rows"],
        reasons=tuple(account["suspicions"]),
    )
