"""Passkey retrieval (LongLoRA, section 4.2): a number hidden in filler text, at every depth.

The filler, the hidden sentence and the question are the task's well-known wording (Mohtashami and
Jaggi, arXiv 2305.16300), so that figures can be compared.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.train.ask import Asker

OPENING = (
    "There is an important info hidden inside a lot of irrelevant text. Find it and memorize it. "
    "I will quiz you about the important information there."
)
FILLER = "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again."
HIDDEN = "The pass key is {key}. Remember it. {key} is the pass key."
QUESTION = "What is the pass key?"
LEAD = "The pass key is"
ANSWER_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Cell:
    """How often the key was found at one context length (tokens) and depth (0-1)."""

    context: int
    depth: float
    found: int
    trials: int

    @property
    def accuracy(self) -> float:
        """Share of trials in which the key was found."""
        return self.found / self.trials


def haystack(asker: Asker, context: int, depth: float, key: int) -> list[int]:
    """Return the tokens of a prompt of at most ``context`` tokens, with the key at ``depth``.

    Raises :class:`LongalpacaError` for a context that is too short for any.
    """
    around = f"{OPENING}\n{{}}\n{QUESTION}"
    text = asker.encoder.text
    least = asker.encoder.prompt(around.format(HIDDEN.format(key=key))) + text(LEAD)
    fixed = len(least) + ANSWER_TOKENS
    _check_room(fixed, context)
    each = len(text(f" {FILLER}"))
    count = max(0, (context - fixed) // max(each, 1))
    while True:
        before = round(count * depth)
        lines = [FILLER] * before + [HIDDEN.format(key=key)] + [FILLER] * (count - before)
        tokens = asker.encoder.prompt(around.format("\n".join(lines))) + text(LEAD)
        if len(tokens) + ANSWER_TOKENS <= context or count == 0:
            return tokens
        count -= 1


def _check_room(tokens: int, context: int) -> None:
    if tokens > context:
        raise LongalpacaError(
            f"passkey takes at least {tokens} tokens of this model, {context} are too few",
            do="raise --context",
        )


def passkey(
    asker: Asker,
    contexts: Sequence[int],
    *,
    depths: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0),
    trials: int = 3,
    seed: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Cell]:
    """Measure retrieval at every context length and depth; the same keys for every model."""
    cells = []
    for context in contexts:
        for depth in depths:
            found = 0
            for trial in range(trials):
                key = random.Random(f"{seed} {context} {depth} {trial}").randint(10_000, 99_999)
                tokens = haystack(asker, context, depth, key)
                found += str(key) in asker.complete(tokens, answer=ANSWER_TOKENS)
            cells.append(Cell(context, depth, found, trials))
            progress(f"passkey at {context} tokens, depth {depth:.0%}: {found} of {trials}")
    return cells


def draw_heat_map(cells: Sequence[Cell], path: Path, title: str) -> None:
    """Draw accuracy by depth (downwards) and context length."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - heavy, and only wanted here

    contexts = sorted({cell.context for cell in cells})
    depths = sorted({cell.depth for cell in cells})
    values = {(cell.depth, cell.context): cell.accuracy for cell in cells}
    grid = [[values[depth, context] for context in contexts] for depth in depths]
    figure = Figure(figsize=(2.5 + 0.8 * len(contexts), 1.5 + 0.5 * len(depths)))
    figure.set_layout_engine("constrained")
    axes = figure.add_subplot()
    image = axes.imshow(grid, vmin=0, vmax=1, cmap="RdYlGn", aspect="auto")
    axes.set_xticks(range(len(contexts)), [f"{context:,}" for context in contexts])
    axes.set_yticks(range(len(depths)), [f"{depth:.0%}" for depth in depths])
    axes.set_xlabel("context (tokens)")
    axes.set_ylabel("depth of the key")
    axes.set_title(title, fontsize=9)
    for line, row in enumerate(grid):
        for column, value in enumerate(row):
            axes.text(column, line, f"{value:.0%}", ha="center", va="center", fontsize=8)
    figure.colorbar(image, ax=axes, label="found")
    figure.savefig(path, dpi=120, metadata={"Software": None})
