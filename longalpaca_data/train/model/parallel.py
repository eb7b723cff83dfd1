"""How a run is spread over processes: decided from numbers, before anything is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from longalpaca_data.train.model.memory import GIB, memory
from longalpaca_data.train.model.tune import Counts
from longalpaca_data.train.recipe import Parallel, SftRecipe

ROOMY = 0.6
"""Replicas are kept where weights, gradients and moments take no more than this of a GPU."""

USUAL = 20 * GIB
"""What a step may need for replicas where no GPU is at hand to be asked."""


def choose_parallel(
    recipe: SftRecipe, config: Any, counts: Counts, world: int, gpu_bytes: int | None
) -> Parallel:
    """Return how weights are spread: replicas where they fit with room to spare, else shards."""
    if world <= 1 and recipe.parallel != "zero3":
        return "none"
    if recipe.parallel != "auto":
        return recipe.parallel
    one = memory(config, counts, recipe, "ddp", world)
    fits = one.total <= USUAL if gpu_bytes is None else one.lasting < ROOMY * gpu_bytes
    return "ddp" if fits else "fsdp"


def runs_in_process(parallel: str, processes: int, torchrun: Sequence[str]) -> bool:
    """Tell whether a run needs no torchrun. DeepSpeed wants it for a single process, too."""
    return processes <= 1 and not torchrun and parallel != "zero3"


def computes_in_half(recipe: SftRecipe, device: str) -> bool:
    """Tell whether a run should compute in bfloat16: on GPUs, if the recipe doesn't forbid it."""
    return device == "cuda" and recipe.precision != "fp32"
