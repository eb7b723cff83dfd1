"""What a person decided, applied to a finished choice: only the rejected rows change."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from longalpaca_data.core.records import Sample, ShortPair
from longalpaca_data.mix.pool import Candidate, Cell, Pool
from longalpaca_data.mix.quotas import Caps
from longalpaca_data.mix.reviews import Review

Reviews = Mapping[str, Review]

# Where a rejected row's successor is looked for, nearest first.
_NEARNESS: tuple[Callable[[Cell], tuple[str, ...]], ...] = (
    lambda cell: cell,
    lambda cell: (cell.task, cell.length, cell.language),
    lambda cell: (cell.task, cell.language),
    lambda cell: (cell.language,),
    lambda _: (),
)


def rejected(reviews: Reviews) -> Iterator[str]:
    """Yield the ids of rejected rows in the order of the reviews."""
    return (review.id for review in reviews.values() if review.decision == "reject")


def replace_rejected(
    chosen: Sequence[Candidate], pool: Pool, caps: Caps, reviews: Reviews
) -> list[Candidate | None]:
    """Return the choice with each rejected row's place taken by the next best of its cell.

    Rejections are worked through in their order, so a later one doesn't move the successor of an
    earlier one. The successor comes from the same cell, as near in depth as can be, then by score;
    where the cell has none under the caps, from the next family, the nearest length, the next task.
    None: nobody is left.
    """
    rows: list[Candidate | None] = list(chosen)
    place = {row.sample.id: index for index, row in enumerate(chosen)}
    documents = Counter(row.document for row in chosen)
    families = Counter(row.cell.family for row in chosen)
    barred: set[str] = set()
    near = [_cells_by(pool, key) for key in _NEARNESS]

    def fits(row: Candidate) -> bool:
        return (
            row.sample.id not in place
            and row.sample.id not in barred
            and documents[row.document] < caps.document
            and families[row.cell.family] < caps.family
        )

    for row_id in rejected(reviews):
        barred.add(row_id)
        index = place.pop(row_id, None)
        gone = rows[index] if index is not None else None
        if index is None or gone is None:
            continue
        documents[gone.document] -= 1
        families[gone.cell.family] -= 1
        rows[index] = None
        for key, cells in zip(_NEARNESS, near, strict=True):
            successors = [
                row for cell in cells[key(gone.cell)] for row in pool.cells[cell] if fits(row)
            ]
            if successors:
                best = min(successors, key=lambda row: (*_distance(row, gone), row.rank))
                rows[index] = best
                place[best.sample.id] = index
                documents[best.document] += 1
                families[best.cell.family] += 1
                break
    return rows


def _distance(row: Candidate, gone: Candidate) -> tuple[int, int]:
    """Return how far apart two candidates are: doublings of length, tenths of depth."""
    one, other = (max(1, c.sample.example.window.n_tokens) for c in (row, gone))
    doublings = 0 if row.cell.length == gone.cell.length else abs(round(math.log2(one / other)))
    return doublings, abs(row.decile - gone.decile)


def _cells_by(
    pool: Pool, key: Callable[[Cell], tuple[str, ...]]
) -> dict[tuple[str, ...], list[Cell]]:
    found: dict[tuple[str, ...], list[Cell]] = defaultdict(list)
    for cell in pool.cells:
        found[key(cell)].append(cell)
    return found


def replace_rejected_pairs(
    pairs: Sequence[ShortPair], count: int, reviews: Reviews
) -> list[ShortPair | None]:
    """Return the first ``count`` pairs with each rejected one's place taken by the next of its
    language, or of any. ``pairs`` stand in the order in which they are wanted.
    """
    rows: list[ShortPair | None] = list(pairs[:count])
    place = {pair.id: index for index, pair in enumerate(pairs[:count])}
    waiting = {pair.id: pair for pair in pairs[count:]}
    for row_id in rejected(reviews):
        waiting.pop(row_id, None)
        index = place.pop(row_id, None)
        gone = rows[index] if index is not None else None
        if index is None or gone is None:
            continue
        same = (pair for pair in waiting.values() if pair.language == gone.language)
        rows[index] = found = next(same, next(iter(waiting.values()), None))
        if found is not None:
            place[found.id] = index
            del waiting[found.id]
    return rows


def edited(row: Sample | ShortPair, reviews: Reviews) -> Sample | ShortPair:
    """Return the row with a person's wording. Its id and its evidence stay as they were."""
    review = reviews.get(row.id)
    if review is None or not review.edited:
        return row
    if isinstance(row, ShortPair):
        instruction = row.instruction if review.question is None else review.question
        output = row.output if review.output is None else review.output
        return replace(row, instruction=instruction, output=output)
    example = row.example
    question = example.question if review.question is None else review.question
    answer = example.answer if review.output is None else review.output
    return replace(row, example=replace(example, question=question, answer=answer))
