"""Which rows the page lists: facets, ranges, words, and the order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
import numpy as np

from longalpaca_data.mix.reviews import Review
from longalpaca_data.review.rows import FACETS, Mask, Numbers, Rows

State = Literal["", "undecided", "accepted", "rejected", "edited", "noted"]
Order = Literal["file", "longest", "shortest", "best", "worst"]
Positions = np.ndarray[Any, np.dtype[np.intp]]


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the list is narrowed to; an empty text or None asks for nothing.

    ``score`` names the score that ``score_min``, ``score_max`` and the orders ``best`` and
    ``worst`` are about.
    """

    task: str = ""
    family: str = ""
    language: str = ""
    split: str = ""
    state: State = ""
    words: str = ""
    tokens_min: int | None = None
    tokens_max: int | None = None
    score: str = ""
    score_min: float | None = None
    score_max: float | None = None
    order: Order = "file"


STATES: dict[str, Callable[[Review], bool]] = {
    "undecided": lambda review: not review.decision and not review.edited,
    "accepted": lambda review: review.decision == "accept",
    "rejected": lambda review: review.decision == "reject",
    "edited": lambda review: review.edited,
    "noted": lambda review: bool(review.note),
}
"""A row can be in several: an edited one may be accepted too."""


class Selector:
    """Answers queries over one set of rows; remembers the last words searched for."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._words = ""
        self._held: Mask = np.ones(len(rows), dtype=np.bool_)

    def select(
        self, query: Query, reviews: Mapping[str, Review]
    ) -> tuple[list[str], dict[str, dict[str, int]]]:
        """Return the ids asked for, in order, and how many rows each facet's values would give.

        A facet's numbers are those under all the other conditions, so that its other values can
        be seen before they are chosen.
        """
        states = self.states(reviews)
        chosen = self._chosen(query, states)
        rest = self._in_range(query) & self._holding(query.words, reviews)
        facets = {
            facet: self._counts(facet, _all(rest, chosen, but=facet), states)
            for facet in (*FACETS, "state")
        }
        order = self._ordered(query, np.flatnonzero(_all(rest, chosen)))
        return [self._rows.ids[at] for at in order], facets

    def states(self, reviews: Mapping[str, Review]) -> dict[str, Mask]:
        """Return the rows of each state."""
        masks = {name: np.zeros(len(self._rows), dtype=np.bool_) for name in STATES}
        masks["undecided"][:] = True
        for review in reviews.values():
            position = self._rows.position(review.id)
            if position is not None:
                for name, applies in STATES.items():
                    masks[name][position] = applies(review)
        return masks

    def _chosen(self, query: Query, states: Mapping[str, Mask]) -> dict[str, Mask]:
        chosen: dict[str, Mask] = {"state": states[query.state]} if query.state else {}
        for facet in FACETS:
            value, column = getattr(query, facet), self._rows.facets[facet]
            if value:
                code = column.names.index(value) if value in column.names else -1
                chosen[facet] = column.codes == code
        return chosen

    def _in_range(self, query: Query) -> Mask:
        tokens = self._rows.tokens
        held = np.ones(len(tokens), dtype=np.bool_)
        if query.tokens_min is not None:
            held &= tokens >= query.tokens_min
        if query.tokens_max is not None:
            held &= tokens <= query.tokens_max
        if query.score and (query.score_min is not None or query.score_max is not None):
            # A row without the score is NaN, and no comparison with that holds.
            scores = self._scores(query)
            held &= scores >= (-np.inf if query.score_min is None else query.score_min)
            held &= scores <= (np.inf if query.score_max is None else query.score_max)
        return held

    def _holding(self, words: str, reviews: Mapping[str, Review]) -> Mask:
        words = words.strip()
        if not words:
            return np.ones(len(self._rows), dtype=np.bool_)
        if words != self._words:
            self._held, self._words = self._rows.holding(words), words
        held, wanted = self._held.copy(), words.casefold()
        for review in reviews.values():
            position = self._rows.position(review.id)
            texts = (review.question, review.output, review.note)
            if position is not None and any(wanted in (text or "").casefold() for text in texts):
                held[position] = True
        return held

    def _ordered(self, query: Query, found: Positions) -> Positions:
        tokens, scores = self._rows.tokens, self._scores(query)
        keys: dict[Order, Callable[[], Any]] = {
            "file": lambda: found,
            "longest": lambda: -tokens[found],
            "shortest": lambda: tokens[found],
            "best": lambda: -scores[found],
            "worst": lambda: scores[found],
        }
        return found[np.argsort(keys[query.order](), kind="stable")]

    def _scores(self, query: Query) -> Numbers:
        none = np.full(len(self._rows), np.nan)
        return self._rows.scores.get(query.score, none)

    def _counts(self, facet: str, among: Mask, states: Mapping[str, Mask]) -> dict[str, int]:
        if facet == "state":
            return {name: int((mask & among).sum()) for name, mask in states.items()}
        column = self._rows.facets[facet]
        counts = np.bincount(column.codes[among], minlength=len(column.names))
        return dict(zip(column.names, counts.tolist(), strict=True))


def _all(rest: Mask, chosen: Mapping[str, Mask], but: str = "") -> Mask:
    """Return the rows that meet every condition, one of them left out."""
    held = rest.copy()
    for name, mask in chosen.items():
        if name != but:
            held &= mask
    return held
