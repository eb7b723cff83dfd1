"""Builds the model that a recipe trains: reads its weights, sets its attention, adds adapters."""

from __future__ import annotations

from typing import Any

from transformers import PreTrainedConfig

from longalpaca_data.train.attention.function import attention_name
from longalpaca_data.train.attention.groups import default_group_size
from longalpaca_data.train.data.templates import Encoder, end_answers
from longalpaca_data.train.model import shards
from longalpaca_data.train.model.load import load_weights
from longalpaca_data.train.model.lora import prepare
from longalpaca_data.train.model.strategy import Strategy
from longalpaca_data.train.model.tune import tune_options
from longalpaca_data.train.recipe import SftRecipe


def model_to_train(
    recipe: SftRecipe,
    config: PreTrainedConfig,
    tokenizer: Any,
    strategy: Strategy,
    *,
    rank: int = 0,
) -> Any:
    """Return the recipe's model, ready to train in the architecture that ``config`` describes.

    Where one rank reads the weights, those of the others are empty until they are sent.
    """
    empty = rank > 0 and strategy.reads_once(config)
    attention = attention_of(recipe)
    if empty:
        weights = shards.without_weights(config, attention=attention, dtype=strategy.dtype)
    else:
        weights = load_weights(
            recipe.model,
            config,
            attention=attention,
            dtype=strategy.dtype,
            quantization=strategy.quantization,
        )
    end_answers(weights, Encoder(tokenizer, "chat"))
    model = prepare(weights, tune_options(recipe), upcast=strategy.trains_float32)
    if empty:
        shards.give_place(model)
    return model


def attention_of(recipe: SftRecipe) -> str:
    """Return the name under which transformers knows the attention that the recipe trains with."""
    if recipe.attention == "full":
        return attention_name("full")
    return attention_name(recipe.attention, recipe.group_size or default_group_size(recipe.context))
