"""Which of the numbers on lines count up as chapters do? What doesn't is a reference or a score.

"第六回合", "第二集团军" and "see Chapter 9" look like headings; that their numbers stand out of
order tells them apart, not what they say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

MAX_NUMBER = 4095  # chapters of the longest web novels
GAP = 1.5  # what a jump of numbers costs: a certain heading is worth it, a doubtful one is not
RESTART = 1.5  # at 0 or 1: the next volume's first chapter
LATE_RESTART = 3.5  # elsewhere: more than one certain heading is worth
MIN_RUN = 2.5  # one certain heading, or three doubtful ones in a row
LONGER = 0.002  # per character
DOUBTFUL = 1.0  # below this, both neighbours must be there


@dataclass(frozen=True, slots=True)
class Numbered:
    """A line's number and how much it looks like a heading (3 certain, 1 doubtful, less unlikely).
    ``again`` if it may repeat the number before it: the second half of a chapter in two. ``fresh``
    if a part or volume begins above it, so that numbers may begin again.
    ``length`` of what follows the number: of two such lines the shorter is the heading.
    """

    number: int
    weight: float
    again: bool = False
    fresh: bool = False
    length: int = 0


def counting_up(lines: Sequence[Numbered], min_run: float = MIN_RUN) -> list[int]:
    """Return the indices of the lines that make up the heaviest way of counting.

    Each counts one more than the line before it, but for jumps and fresh starts, which cost; what
    counts without a jump weighs ``min_run`` at least. Takes time proportional to the lines.
    """
    chain = _heaviest(lines)
    kept: list[int] = []
    run: list[int] = []
    for index in chain:
        if run and lines[index].number - lines[run[-1]].number not in (0, 1):
            kept += _believed(run, lines, min_run)
            run = []
        run.append(index)
    return _with_misprints(kept + _believed(run, lines, min_run), lines)


def _with_misprints(kept: list[int], lines: Sequence[Numbered]) -> list[int]:
    """Add the only line between two of which one number is missing: XVI, XXVII, XVIII."""
    added: list[int] = []
    for a, b in pairwise(kept):
        if lines[b].number - lines[a].number == 2:
            wanted = min(lines[a].weight, lines[b].weight)
            between = [index for index in range(a + 1, b) if lines[index].weight >= wanted]
            added += between if len(between) == 1 else []
    return sorted([*kept, *added])


def _believed(run: list[int], lines: Sequence[Numbered], min_run: float) -> list[int]:
    """Unlikely lines count only between likely ones, and a run needs some weight in all."""
    while run and lines[run[0]].weight < DOUBTFUL:
        run = run[1:]
    while run and lines[run[-1]].weight < DOUBTFUL:
        run = run[:-1]
    return run if sum(lines[index].weight for index in run) >= min_run else []


def _heaviest(lines: Sequence[Numbered]) -> list[int]:
    ending: dict[int, tuple[float, int]] = {}  # number → the best chain's weight, its last line
    below = _PrefixMaximum(MAX_NUMBER + 1)
    best = (0.0, -1)
    before: list[int] = []
    for index, line in enumerate(lines):
        before.append(-1)
        number = line.number
        if not 0 <= number <= MAX_NUMBER:
            continue
        fresh = RESTART if number <= 1 else LATE_RESTART
        if line.fresh and number <= 1:
            fresh = 0.0
        options = [(0.0, -1), (best[0] - fresh, best[1])]
        if number - 1 in ending:
            options.append(ending[number - 1])
        if line.again and number in ending:
            options.append(ending[number])
        weight, last = below.up_to(number - 2)
        options.append((weight - GAP, last))
        weight, before[index] = max(options)
        found = (weight + line.weight - LONGER * line.length, index)
        if found[0] > ending.get(number, (0.0, -1))[0]:
            ending[number] = found
            below.put(number, found)
        best = max(best, found, key=lambda pair: pair[0])
    chain = []
    index = best[1]
    while index >= 0:
        chain.append(index)
        index = before[index]
    return chain[::-1]


class _PrefixMaximum:
    """The greatest of the values put at 0 … n, in logarithmic time (a Fenwick tree)."""

    def __init__(self, size: int) -> None:
        self._tree = [(0.0, -1)] * (size + 1)

    def put(self, place: int, value: tuple[float, int]) -> None:
        place += 1
        while place < len(self._tree):
            self._tree[place] = max(self._tree[place], value)
            place += place & -place

    def up_to(self, place: int) -> tuple[float, int]:
        place += 1
        greatest = (0.0, -1)
        while place > 0:
            greatest = max(greatest, self._tree[place])
            place -= place & -place
        return greatest
