"""Samples and short pairs → the data set: counts, shares, caps, an even spread over depth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from longalpaca_data.core.errors import SourceError
from longalpaca_data.core.recipe import MixSpec
from longalpaca_data.core.records import Sample, ShortPair
from longalpaca_data.mix.choose import choose
from longalpaca_data.mix.holdout import MIN_DOCUMENTS_FOR_VALIDATION, held_out_documents
from longalpaca_data.mix.pool import Cell, Pool, documents_of, stable_order
from longalpaca_data.mix.quotas import Caps, attainable, quotas
from longalpaca_data.mix.reviewed import (
    Reviews,
    edited,
    rejected,
    replace_rejected,
    replace_rejected_pairs,
)
from longalpaca_data.mix.shortfall import (
    Shares,
    lacking_cells,
    listed,
    missed_shares,
    realised_shares,
    why_fewer,
)
from longalpaca_data.pipeline.stage import Context

_SMALL_STEP = 10  # rows of a ratio's step (3:1 has 4) that are given up to keep it exactly
_EXACT = 0.9  # of the rows that there could be: a larger step costs no more than that


@dataclass(frozen=True, slots=True)
class Mixture:
    """What was chosen, in the order of the files, beside what had been asked for.

    ``target`` and ``realised`` are numbers of rows per part (``long``, ``short``; realised also
    ``validation``). ``shares`` holds, for ``task``, ``length`` and ``language`` as far as the
    recipe asks for them, value → ``target`` and ``realised`` as shares of the long train rows,
    0-1; a length is named by its bucket's upper bound in tokens of material (``"8000"``), what
    lies above the last one ``"over 32000"``. ``lacking`` lists the cells that would need more
    rows, most first: any of ``task``, ``length``, ``language``, and ``rows``.
    """

    train: tuple[Sample | ShortPair, ...]
    validation: tuple[Sample, ...]
    target: Mapping[str, int]
    realised: Mapping[str, int]
    note: str
    shares: Shares
    lacking: tuple[Mapping[str, Any], ...]

    def about(self) -> dict[str, Any]:
        """Return all but the rows as plain values: the manifest's entry ``mix``."""
        return {
            "target": dict(self.target),
            "realised": dict(self.realised),
            "shares": self.shares,
            "lacking": [dict(entry) for entry in self.lacking],
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class _Part:
    """One part's rows by the place that each was given; None where a rejected row has no successor.
    ``cells`` are those of the rows that are there.
    """

    places: tuple[str, ...]
    rows: tuple[Sample | ShortPair | None, ...]
    cells: tuple[Cell, ...] = ()

    @property
    def found(self) -> int:
        """The number of rows that are there."""
        return sum(row is not None for row in self.rows)


def mix(
    samples: Sequence[Sample],
    shorts: Sequence[ShortPair],
    spec: MixSpec,
    seed: int,
    context: Context,
    reviews: Reviews | None = None,
) -> Mixture:
    """Choose the data set's rows. ``shorts`` stand in the order in which they are wanted; the
    order of ``samples`` makes no difference.

    The choice is made as if nobody had reviewed it; then each rejected row gives its place to the
    next best of its cell, and edited rows take their new wording. SourceError under
    ``on_shortfall: error`` where rows are short or a share can't be met.
    """
    reviews = reviews or {}
    held_out = held_out_documents(samples, spec, seed)
    pool = Pool.of([s for s in samples if not documents_of(s) & held_out], spec, seed)
    reserve = Pool.of([s for s in samples if documents_of(s) <= held_out], spec, seed)
    available = attainable(pool, spec.long, spec)
    n_long, n_short = _counts(pool, available, len(shorts), spec)
    long = _long_part(pool, n_long, spec, reviews)
    short = _short_part(shorts, n_short, seed, reviews)
    wanted = round(spec.validation * n_long)
    held = _long_part(reserve, wanted, spec, reviews)
    caps = Caps.of(pool, n_long, spec)
    shares = realised_shares(long.cells, spec)
    lacking = lacking_cells(pool, long.cells, caps, spec)
    if lacking and spec.on_shortfall == "error":
        raise SourceError(
            f"the mix lacks {listed(lacking)}",
            do="add documents that give such rows, change the shares, or set on_shortfall: scale",
        )
    train, validation = _in_place(long, short), _in_place(held)
    _count_drops([*samples, *shorts], [*train, *validation], reviews, context)
    made = {"long": long.found, "short": short.found, "validation": held.found}
    notes = (
        _note_counts(pool, available, len(shorts), spec, (n_long, n_short)),
        _note_shares(shares) if long.found else "",
        _note_validation(pool, held_out, wanted, len(held.rows)),
        _note_reviews(long, short, held),
    )
    return Mixture(
        tuple(edited(row, reviews) for row in train),
        tuple(row for row in (edited(r, reviews) for r in validation) if isinstance(row, Sample)),
        {"long": spec.long, "short": spec.short},
        made,
        "; ".join(note for note in notes if note),
        shares,
        tuple(lacking),
    )


def _counts(pool: Pool, long: int, short: int, spec: MixSpec) -> tuple[int, int]:
    """Return how many long and short rows to take, by the recipe's rule for a shortfall."""
    if long >= spec.long and short >= spec.short:
        return spec.long, spec.short
    if spec.on_shortfall == "error":
        raise SourceError(
            f"the mix asks for {spec.long} long and {spec.short} short rows; there are {long} and "
            f"{short} ({why_fewer(pool, short, spec, long)})",
            do="add documents or short samples, lower the counts, or set on_shortfall: scale",
        )
    if spec.on_shortfall == "fill" or not spec.long or not spec.short:
        return min(long, spec.long), min(short, spec.short)
    if long and not short:
        raise SourceError(
            f"no short pairs, and a mix of {spec.long}:{spec.short} has none without them",
            do="add short samples to the recipe, or set mix.short: 0 or on_shortfall: fill",
        )
    while True:
        n_long, n_short = _scaled(long, short, spec)
        long = attainable(pool, n_long, spec)
        if long == n_long:  # the caps bite harder on a smaller set
            return n_long, n_short


def _scaled(long: int, short: int, spec: MixSpec) -> tuple[int, int]:
    """Return the largest counts in the recipe's ratio that these rows allow.

    Whole steps of the ratio keep 9000:3000 at exactly 3:1, whatever the size. Where they would cost
    rows (9000:7 has steps of 9000) the counts are rounded.
    """
    step = math.gcd(spec.long, spec.short)
    steps = min(long * step // spec.long, short * step // spec.short)
    exact = steps * spec.long // step, steps * spec.short // step
    share = min(Fraction(long, spec.long), Fraction(short, spec.short))
    rounded = round(share * spec.long), round(share * spec.short)
    least = 1 if spec.long + spec.short <= _SMALL_STEP * step else _EXACT * sum(rounded)
    return exact if sum(exact) >= least else rounded


def _long_part(pool: Pool, wanted: int, spec: MixSpec, reviews: Reviews) -> _Part:
    total = attainable(pool, wanted, spec)
    caps = Caps.of(pool, total, spec)
    chosen = choose(pool, quotas(pool, total, spec), caps.document)
    final = replace_rejected(chosen, pool, caps, reviews)
    return _Part(
        tuple(row.order for row in chosen),
        tuple(row.sample if row else None for row in final),
        tuple(row.cell for row in final if row),
    )


def _short_part(shorts: Sequence[ShortPair], wanted: int, seed: int, reviews: Reviews) -> _Part:
    places = tuple(stable_order(seed, pair.id) for pair in shorts[:wanted])
    return _Part(places, tuple(replace_rejected_pairs(shorts, wanted, reviews)))


def _in_place(*parts: _Part) -> list[Sample | ShortPair]:
    """Return the rows of the parts together, in the random but stable order of their places."""
    together = [pair for part in parts for pair in zip(part.places, part.rows, strict=True)]
    return [row for _, row in sorted(together, key=lambda pair: pair[0]) if row is not None]


def _count_drops(
    everything: Sequence[Sample | ShortPair],
    chosen: Sequence[Sample | ShortPair],
    reviews: Reviews,
    context: Context,
) -> None:
    kept, refused = {row.id for row in chosen}, set(rejected(reviews))
    for row in everything:
        if row.id in refused:
            context.drop(row, "rejected in review", reviews[row.id].note[:200])
        elif row.id not in kept:
            context.drop(row, "not needed", "its cell had enough better rows, or a cap was reached")


def _note_counts(
    pool: Pool, available: int, shorts: int, spec: MixSpec, made: tuple[int, int]
) -> str:
    if made == (spec.long, spec.short):
        return ""
    why = why_fewer(pool, shorts, spec, available)
    if spec.on_shortfall == "scale" and 0 < made[0] < available - made[0] // 100:
        why += f"; with more of them, or on_shortfall: fill, there are {available} long rows"
    return (
        f"asked for {spec.long} long + {spec.short} short, made {made[0]} + {made[1]} "
        f"(on_shortfall: {spec.on_shortfall}; {why})"
    )


def _note_shares(shares: Shares) -> str:
    missed = missed_shares(shares)
    return f"shares not met, others took their place: {missed}" if missed else ""


def _note_validation(pool: Pool, held_out: set[str], wanted: int, made: int) -> str:
    if made >= wanted:
        return ""
    if held_out:
        return f"validation has {made} rows of {wanted}: its documents give no more under the caps"
    documents = len(pool.all_documents())
    if documents < MIN_DOCUMENTS_FOR_VALIDATION:
        why = f"{documents} documents, fewer than {MIN_DOCUMENTS_FOR_VALIDATION}"
    else:
        why = f"too many of the {documents} documents share rows with one another"
    return f"no validation split: {why}"


def _note_reviews(*parts: _Part) -> str:
    gone = sum(len(part.rows) - part.found for part in parts)
    rows = "1 row rejected in review has" if gone == 1 else f"{gone} rows rejected in review have"
    return f"{rows} no successor" if gone else ""
