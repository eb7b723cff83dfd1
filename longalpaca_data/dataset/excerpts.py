"""Evidence in its place: what stands around each quote of a long text, for pages that can't show
the whole of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longalpaca_data.export import EvidenceSpan

AROUND = 280  # characters shown on each side of a quote
MOST = 12  # pieces of evidence shown of one row
_LONGEST = 800  # characters shown of one quote
_WORD = 24  # an excerpt begins and ends at a blank, if there is one within so many characters


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of a text: ``pieces`` are its words in order, each with whether it is evidence.

    ``depths`` are those of the evidence in it; ``begins`` and ``ends`` say whether the text goes
    on before and after.
    """

    depths: tuple[float, ...]
    pieces: tuple[tuple[str, bool], ...]
    begins: bool
    ends: bool


def excerpts(text: str, evidence: Sequence[EvidenceSpan], around: int = AROUND) -> list[Excerpt]:
    """Return the evidence with its surroundings, in the order of the text.

    What lies close together is one excerpt; of very many pieces the first :data:`MOST` are shown.
    """
    stretches: list[list[EvidenceSpan]] = []
    for piece in sorted(evidence, key=lambda piece: (piece["start"], piece["end"]))[:MOST]:
        last = max((other["end"] for other in stretches[-1]), default=0) if stretches else 0
        if stretches and piece["start"] - last <= 2 * around:
            stretches[-1].append(piece)
        else:
            stretches.append([piece])
    return [_excerpt(text, stretch, around) for stretch in stretches]


def _excerpt(text: str, stretch: Sequence[EvidenceSpan], around: int) -> Excerpt:
    marked = _spans(stretch, len(text))
    start = _blank_after(text, max(0, marked[0][0] - around), marked[0][0])
    end = _blank_before(text, min(len(text), marked[-1][1] + around), marked[-1][1])
    pieces = [(text[start : marked[0][0]].lstrip(), False)]
    for (left, right), (following, _) in itertools.pairwise([*marked, (end, end)]):
        pieces.extend(_quote(text[left:right]))
        pieces.append((text[right:following], False))
    pieces[-1] = (pieces[-1][0].rstrip(), False)
    depths = tuple(piece["depth"] for piece in stretch)
    shown = tuple(piece for piece in pieces if piece[0])
    return Excerpt(depths, shown, begins=start > 0, ends=end < len(text))


def _spans(stretch: Sequence[EvidenceSpan], length: int) -> list[tuple[int, int]]:
    """Return the spans to mark, within the text, those that overlap as one."""
    spans: list[tuple[int, int]] = []
    for piece in stretch:
        start, end = (min(length, max(0, at)) for at in (piece["start"], piece["end"]))
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((start, max(start, end)))
    return spans


def _quote(quote: str) -> Iterator[tuple[str, bool]]:
    """Yield a quote, the middle of a very long one left out and said to be."""
    left_out = len(quote) - _LONGEST
    if left_out <= 0:
        yield quote, True
        return
    yield quote[: _LONGEST // 2], True
    yield f" [… {left_out:,} characters …] ", False
    yield quote[-_LONGEST // 2 :], True


def _blank_after(text: str, at: int, limit: int) -> int:
    """Move an excerpt's beginning to the next word, if that is near and a word was cut."""
    if at == 0 or text[at - 1].isspace():
        return at
    return next((i + 1 for i in range(at, min(at + _WORD, limit)) if text[i].isspace()), at)


def _blank_before(text: str, at: int, limit: int) -> int:
    """Move an excerpt's end back to the end of a word, if that is near and a word was cut."""
    if at == len(text) or text[at].isspace():
        return at
    return next((i for i in range(at - 1, max(at - _WORD, limit) - 1, -1) if text[i].isspace()), at)
