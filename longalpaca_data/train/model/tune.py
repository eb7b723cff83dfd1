"""What a recipe trains, in names and numbers. No tensors: a launcher asks without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from longalpaca_data.train.recipe import SftRecipe, Targets, Tune


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """What is trained. The defaults are LongLoRA's (rank 8, alpha 16, attention's four layers)."""

    tune: Tune = "lora+"
    rank: int = 8
    alpha: int = 16
    dropout: float = 0.0
    targets: Targets = "attention"
    quantize: Literal["4bit"] | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of parameters; a tied weight counts once."""

    trained: int
    frozen: int


def tune_options(recipe: SftRecipe) -> TuneOptions:
    """Return what is trained, as the recipe says."""
    return TuneOptions(
        tune=recipe.tune,
        rank=recipe.lora.rank,
        alpha=recipe.lora.alpha,
        dropout=recipe.lora.dropout,
        targets=recipe.lora.targets,
        quantize=recipe.quantize,
    )


def has_tied_embeddings(config: Any) -> bool:
    """Tell of a configuration whether the output layer shares the embeddings' weight."""
    return bool(getattr(config, "tie_word_embeddings", False))
