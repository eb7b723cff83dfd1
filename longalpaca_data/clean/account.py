"""The account of a document: how many characters were seen, kept, and lost for which reason.

White space doesn't count, for layout decides about it; the bars and dashes of a table don't, for
the document doesn't have them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from longalpaca_data.clean.chunks import Piece
from longalpaca_data.clean.labels import RULE
from longalpaca_data.clean.running_headers import PAGE_NUMBER
from longalpaca_data.clean.spans import COLUMN
from longalpaca_data.core.records import Account, Block, RawDocument, n_characters

RUNNING_HEAD, PAGE_MARK = "running head", "page number"
LINE_END_HYPHENS = ("-", "‐", "\u00ad", "¬", "\u0002")
FULL_PAGE = 300  # characters; a page of fewer may be a title and nothing else
THIN_PAGE = 0.6  # of a page's characters must stay when running lines go

# What stands beside a text in every good document of its kind.
BESIDE_THE_TEXT = frozenset(
    [
        "navigation",
        "contents",
        "form control",
        "licence text",
        "publisher's matter",
        "Project Gutenberg's matter",
    ]
)

AnyPiece = TypeVar("AnyPiece", bound=Piece)
OtherPiece = TypeVar("OtherPiece", bound=Piece)


def count(pieces: Iterable[Piece]) -> int:
    """Count the characters of blocks or chunks."""
    return sum(map(_characters_of, pieces))


def _characters_of(piece: Piece) -> int:
    if not isinstance(piece, Block):
        return sum(map(n_characters, piece.lines))
    if piece.grid is not None:
        return sum(n_characters(cell.text) for cell in piece.grid.cells)
    text = piece.text.replace(COLUMN, " ") if piece.kind == "table" else piece.text
    return n_characters(text)


def of_the_text(account: Account) -> tuple[dict[str, int], int]:
    """Return what was lost of a document's own text, by reason, and how long that text was."""
    lost = {r: n for r, n in account.lost.items() if r not in BESIDE_THE_TEXT}
    return lost, account.seen - sum(account.lost.values()) + sum(lost.values())


class Losses:
    """What the steps of cleaning leave out, by reason."""

    def __init__(self, raw: RawDocument) -> None:
        self._lost: Counter[str] = Counter(raw.lost)
        self._seen = count(raw.blocks) + sum(raw.lost.values())
        self.thin_pages: list[int] = []

    def step(
        self, reason: str, before: Sequence[Piece], after: Sequence[AnyPiece]
    ) -> Sequence[AnyPiece]:
        """Count what a step took away, and return what it left."""
        gone, new = _difference(before, after)
        self._lose(reason, count(gone) - count(new))
        return after

    def running_lines(self, before: Sequence[Block], after: Sequence[Block]) -> Sequence[Block]:
        """Count running heads and page numbers, and note pages that lost much more than those."""
        gone, new = _difference(before, after)
        if gone:
            numbers = sum(count([block]) for block in gone if PAGE_NUMBER.match(block.text.strip()))
            self._lose(PAGE_MARK, numbers)
            self._lose(RUNNING_HEAD, count(gone) - count(new) - numbers)
            self._note_thin_pages(before, gone, new)
        return after

    def headed(self, before: Sequence[Piece], after: Sequence[Piece]) -> Sequence[Piece]:
        """Count the rules around headings (-----); what else went, nobody can say."""
        gone, new = _difference(before, after)
        rules = sum(n_characters(line) for line in _lines(gone) if RULE.match(line))
        rules -= sum(n_characters(line) for line in _lines(new) if RULE.match(line))
        self._lose("ruled line", min(rules, count(gone) - count(new)))
        return after

    def joined(self, before: Sequence[Piece], after: Sequence[Block]) -> Sequence[Block]:
        """Count the hyphens that went when lines were joined; what else went, nobody can say."""
        hyphens = sum(line.rstrip().endswith(LINE_END_HYPHENS) for line in _lines(before))
        if hyphens:
            self._lose("line-end hyphen", min(hyphens, count(before) - count(after)))
        return after

    def account(self, kept: Iterable[Block]) -> Account:
        """Return the account of a document whose blocks are ``kept``, without suspicions."""
        return Account(self._seen, count(kept), dict(sorted(self._lost.items())))

    def _lose(self, reason: str, number: int) -> None:
        if number > 0:
            self._lost[reason] += number

    def _note_thin_pages(
        self, before: Iterable[Block], gone: Iterable[Block], new: Iterable[Block]
    ) -> None:
        on_page: dict[int, int] = defaultdict(int)
        lost: dict[int, int] = defaultdict(int)
        for block in before:
            on_page[block.page] += count([block])
        for block in gone:
            lost[block.page] += count([block])
        for block in new:
            lost[block.page] -= count([block])
        self.thin_pages = [
            page
            for page, number in lost.items()
            if on_page[page] >= FULL_PAGE and number > (1 - THIN_PAGE) * on_page[page]
        ]


def _lines(pieces: Iterable[Piece]) -> Iterator[str]:
    """The lines of chunks: blocks have none left to join."""
    return (line for piece in pieces if not isinstance(piece, Block) for line in piece.lines)


def _difference(
    before: Sequence[AnyPiece], after: Sequence[OtherPiece]
) -> tuple[list[AnyPiece], list[OtherPiece]]:
    """Return what stands only before a step, and only after it. The steps hand on what they keep
    as the object that it is, so that nothing else is counted again.
    """
    earlier, later = {id(piece) for piece in before}, {id(piece) for piece in after}
    return (
        [piece for piece in before if id(piece) not in later],
        [piece for piece in after if id(piece) not in earlier],
    )
