"""A recipe's architecture before any weight is read: its configuration, and how much is trained."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.train.model.layers import attention_linear_names, embedding_and_norm_names
from longalpaca_data.train.model.load import load_config
from longalpaca_data.train.model.tune import Counts, TuneOptions
from longalpaca_data.train.recipe import SftRecipe


def config_of(recipe: SftRecipe) -> PreTrainedConfig:
    """Take the numbers from the recipe where it has them, else from the model itself."""
    if recipe.architecture and not Path(recipe.model).expanduser().is_dir():
        return config_from_numbers(recipe)
    return load_config(recipe.model)


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


def count_parameters(config: PreTrainedConfig, options: TuneOptions) -> Counts:
    """Count trained and frozen parameters without allocating any, and without PEFT's adapters.

    What :func:`lora.prepare` would add is reckoned from the layers' shapes: importing PEFT, and
    bitsandbytes with it, takes longer than all else in a dry run.
    """
    with torch.device("meta"):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    whole = sum(parameter.numel() for parameter in model.parameters())
    if options.tune == "full":
        return Counts(whole, 0)
    return Counts(_adapters(model, options) + _trained_beside(model, options), whole)


def _adapters(model: PreTrainedModel, options: TuneOptions) -> int:
    """Return the weights of all adapters: two matrices of a linear layer's sides by the rank."""
    inside = attention_linear_names(model) if options.targets == "attention" else None
    output = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    return sum(
        options.rank * (module.in_features + module.out_features)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
        and (module is not output if inside is None else name.rsplit(".", 1)[-1] in inside)
    )


def _trained_beside(model: nn.Module, options: TuneOptions) -> int:
    """Return the weights of the copies that PEFT makes of embeddings and norms for LoRA+."""
    names = embedding_and_norm_names(model) if options.tune == "lora+" else ()
    return sum(
        parameter.numel()
        for name, module in model.named_modules()
        if name.rsplit(".", 1)[-1] in names
        for parameter in module.parameters()
    )


def gpu_bytes() -> int | None:
    """Return the memory of one GPU, None without GPUs."""
    if not torch.cuda.is_available():
        return None
    return int(torch.cuda.get_device_properties(0).total_memory)
