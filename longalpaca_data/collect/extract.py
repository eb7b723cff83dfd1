"""What a reader hands back: a document's pieces and whatever it says about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from longalpaca_data.core.records import Block, DocumentKind


@dataclass(frozen=True, slots=True)
class Extract:
    """One document as its reader saw it. Unknown text fields are empty; ``lost`` as in
    :class:`~longalpaca_data.core.records.RawDocument`.
    """

    blocks: tuple[Block, ...]
    title: str = ""
    author: str = ""
    language: str = ""
    licence: str = ""
    kind: DocumentKind | Literal[""] = ""
    lost: dict[str, int] = field(default_factory=dict)
