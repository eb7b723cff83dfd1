"""What a family of extractive questions is, and the table-side types it is built from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Span

Task = Literal["book_qa", "document_analysis", "summarization", "comparison"]
"""The recipe's tasks that extraction can serve. Reviews and free opinions can't be extracted."""

Material = tuple[ParsedPart, ...]
"""A window's parts, in order. Families of one document look at ``material[0]``."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact that a family is sure of, before it is put into words.

    ``slots`` fill the family's question and answer templates; ``wording`` names the group of
    templates to draw from; ``evidence`` are the places that the answer rests on, in answer order.
    """

    slots: Mapping[str, str]
    evidence: tuple[Span, ...]
    wording: str = "default"


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of question.

    ``find`` yields every finding of which the family is sure, in any order; it writes nothing
    when in doubt. ``windows`` says which windows it reads (see records.WindowKind); ``atomic``
    findings ask for one short fact and may be combined into a multi-hop question. Without
    ``default`` a family writes only where the recipe's ``generate.families`` names it: readers
    of its rows found too many of them wanting.
    """

    name: str
    task: Task
    languages: frozenset[str]
    find: Callable[[Material], Iterable[Finding]]
    windows: frozenset[str] = frozenset({"single"})
    atomic: bool = False
    default: bool = True
