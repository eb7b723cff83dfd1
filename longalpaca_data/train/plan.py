"""What a run will take, before it starts: parameters, steps, tokens, memory per GPU."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedConfig

from longalpaca_data.errors import LongalpacaError
from longalpaca_data.train.lora import Counts, TuneOptions, count, prepare
from longalpaca_data.train.recipe import SftRecipe

Parallel = Literal["none", "ddp", "fsdp", "zero3"]

GIB = 1 << 30

ADAM_BYTES = 12
"""Per trained weight beside itself: float32 gradient and Adam's two moments."""

LOSS_TOKENS = 1024
"""The chunk in which the loss projects hidden states to words (order of magnitude)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes that a decoder layer keeps for the backward pass, per token of the batch.

    ``per_width`` counts per unit of hidden size, ``per_inner`` per unit of the MLP's inner size;
    ``held`` is what remains of a layer (its input) with gradient checkpointing, per hidden size.
    """

    per_width: int
    per_inner: int
    held: int


KEPT = {
    ("half", "lora+"): Kept(24, 6, 4),
    ("half", "lora"): Kept(24, 6, 2),
    ("half", "full"): Kept(28, 8, 4),
    ("float32", "lora+"): Kept(36, 12, 4),
    ("float32", "lora"): Kept(28, 12, 4),
    ("float32", "full"): Kept(40, 16, 4),
}
"""Measured: what autograd saves in a Llama layer with grouped attention on the CPU, under autocast
to bfloat16 and without (a test measures it anew). Trained embeddings are float32, and so then is
everything between the layers, unless weights are sharded: 4 bytes, not 2, are held."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes per GPU, estimated, not calibrated on a GPU.

    Gradients in flight, fragmentation and the CUDA context (about 1 GiB) come on top.
    """

    weights: int
    optimizer: int
    activations: int
    loss: int

    @property
    def total(self) -> int:
        """Sum."""
        return self.weights + self.optimizer + self.activations + self.loss


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


def memory(
    config: Any, counts: Counts, recipe: SftRecipe, parallel: Parallel, world: int
) -> Memory:
    """Estimate bytes per GPU.

    Frozen weights take 2 bytes (4 in float32, half a byte in 4 bits), trained ones 4 and their
    gradient and moments 12. Sharded weights are gathered for two layers at a time, the embeddings
    whole. With checkpointing the inputs of all layers and what one layer keeps are held; without,
    what all keep (:data:`KEPT`).
    """
    shards = world if parallel in ("fsdp", "zero3") else 1
    frozen = 4.0 if recipe.precision == "fp32" else 2.0
    if recipe.quantize:
        frozen = 0.55
    width = int(config.hidden_size)
    inner = int(getattr(config, "intermediate_size", 4 * width))
    layers = int(config.num_hidden_layers)
    half = recipe.precision != "fp32"
    kept = KEPT["half" if half else "float32", recipe.tune]
    # Shards are gathered in bfloat16 whatever they are kept in, and so is all between the layers.
    per_input = 2 if half and shards > 1 else kept.held
    tokens = recipe.batch_size * recipe.context
    one_layer = tokens * (kept.per_width * width + kept.per_inner * inner)
    held = tokens * width * per_input * layers + one_layer
    words = int(config.vocab_size) * width
    gathered = 2 * (counts.frozen + counts.trained - words) / layers * frozen + words * 4
    weights = (counts.frozen * frozen + counts.trained * 4) / shards
    return Memory(
        weights=round(weights + (gathered if shards > 1 else 0)),
        optimizer=round(counts.trained * ADAM_BYTES / shards),
        activations=held if recipe.gradient_checkpointing else one_layer * layers,
        loss=3 * LOSS_TOKENS * int(config.vocab_size) * 4 + 2 * width * int(config.vocab_size),
    )


def choose_parallel(
    recipe: SftRecipe, config: Any, counts: Counts, world: int, gpu_bytes: int | None
) -> Parallel:
    """Return how weights are spread: replicas where they fit in 60 % of a GPU, else shards."""
    if world <= 1 and recipe.parallel != "zero3":
        return "none"
    if recipe.parallel != "auto":
        return recipe.parallel
    one = memory(config, counts, recipe, "ddp", world)
    fits = gpu_bytes is None or one.weights + one.optimizer < 0.6 * gpu_bytes
    return "ddp" if fits and not (gpu_bytes is None and one.total > 20 * GIB) else "fsdp"
