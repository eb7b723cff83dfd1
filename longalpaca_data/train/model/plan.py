"""What a run will take, before it starts: parameters, steps, tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedConfig

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.train.model.lora import Counts, TuneOptions, count, prepare
from longalpaca_data.train.recipe import SftRecipe


@dataclass(frozen=True, slots=True)
class Steps:
    """Optimizer steps of a run, and tokens per step over all GPUs."""

    rows: int
    packed_rows: int
    per_epoch: int
    total: int
    tokens: int


def config_from_numbers(recipe: SftRecipe) -> PreTrainedConfig:
    """Build a configuration from the recipe's ``architecture``."""
    numbers = dict(recipe.architecture or {})
    kind = numbers.pop("model_type", None)
    if not kind:
        raise LongalpacaError(
            f"the recipe {recipe.name} has no architecture numbers (model_type, hidden_size, …)",
            do="add them, or make the model reachable",
        )
    try:
        config: PreTrainedConfig = AutoConfig.for_model(str(kind), **numbers)
    except (ValueError, TypeError) as error:
        raise LongalpacaError(
            f"the recipe's architecture can't be built: {error}", do="mend the recipe"
        ) from error
    return config


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


def count_parameters(config: PreTrainedConfig, options: TuneOptions) -> Counts:
    """Count trained and frozen parameters without allocating any."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
        return count(prepare(model, options))


def steps(recipe: SftRecipe, lengths: list[int], packed: int, world: int) -> Steps:
    """Reckon optimizer steps; the last, incomplete step of an epoch counts."""
    batches = math.ceil(packed / (recipe.batch_size * world))
    per_epoch = max(1, math.ceil(batches / recipe.accumulation))
    total = recipe.max_steps or math.ceil(per_epoch * recipe.epochs)
    per_step = sum(lengths) / per_epoch
    return Steps(len(lengths), packed, per_epoch, total, round(per_step * total))
