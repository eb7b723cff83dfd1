"""What a reader hands back: a document's pieces and whatever it says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from longalpaca_data.records import Block, DocumentKind


@dataclass(frozen=True, slots=True)
class Extract:
    """One document as its reader saw it. Unknown text fields are empty."""

    blocks: tuple[Block, ...]
    title: str = ""
    author: str = ""
    language: str = ""
    licence: str = ""
    kind: DocumentKind | Literal[""] = ""
