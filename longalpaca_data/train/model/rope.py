"""Context extension: rotary position embeddings stretched to a longer context.

Four methods of transformers' ``rope_parameters``: ``linear`` (position interpolation, arXiv
2306.15595, what LongLoRA uses), ``yarn`` (arXiv 2309.00071), ``dynamic`` (NTK by length) and
``llama3`` (Llama 3.1's frequency bands). They are written into the configuration before the model
is built (afterwards they would be ignored) and travel in its config.json.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any, get_args

from transformers import PreTrainedConfig

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.train.recipe import RopeMethod

METHODS: tuple[RopeMethod, ...] = get_args(RopeMethod)
"""Those that a recipe may name."""

LLAMA3_BANDS = {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
"""Llama 3.1's published values."""


@dataclass(frozen=True, slots=True)
class Extension:
    """What :func:`extend_context` did: tokens before and after, and the factor between them."""

    method: RopeMethod | None
    original: int
    target: int
    factor: float


def original_length(config: PreTrainedConfig) -> int:
    """Return the context that the model was pre-trained with, whatever extended it, in tokens."""
    rope = dict(getattr(config, "rope_parameters", None) or {})
    longest: int | None = getattr(config, "max_position_embeddings", None)
    kept = rope.get("original_max_position_embeddings")
    beside: int | None = getattr(config, "original_max_position_embeddings", None)  # Phi3's place
    if not kept and beside and beside <= (longest or 0):
        kept = beside
    if kept:
        return int(kept)
    if not longest:
        raise LongalpacaError(
            f"{config.model_type} does not say how long its context is (max_position_embeddings)",
            do="use a model with rotary position embeddings",
        )
    if rope.get("rope_type") == "linear":
        return round(longest / float(rope["factor"]))
    return longest


def usable_length(config: PreTrainedConfig) -> int:
    """Return the context that the configuration, as it stands, can read, in tokens."""
    rope = dict(getattr(config, "rope_parameters", None) or {})
    if rope.get("rope_type") == "dynamic":
        return int(original_length(config) * float(rope["factor"]))
    return max(int(config.max_position_embeddings), original_length(config))


def extend_context(
    config: PreTrainedConfig, target: int, method: RopeMethod = "linear"
) -> Extension:
    """Change ``config`` so that a model built from it reads ``target`` tokens.

    The factor counts from the original length: extending a model from 4k to 16k and then to 32k is
    extending it from 4k to 32k. A target within what the configuration already reads changes
    nothing. Linear factors are rounded up to an integer, as LongLoRA does.
    """
    if method not in METHODS:
        known = ", ".join(METHODS)
        raise LongalpacaError(f"no such rope method: {method}", do=f"use one of {known}")
    rope = dict(getattr(config, "rope_parameters", None) or {})
    _check_extendable(config, rope)
    original = original_length(config)
    if target <= usable_length(config):
        return Extension(None, original, usable_length(config), 1.0)
    factor = target / original
    factor = float(math.ceil(factor)) if method == "linear" else float(factor)
    kept = {key: rope[key] for key in ("rope_theta", "partial_rotary_factor") if key in rope}
    fresh: dict[str, Any] = {**kept, "rope_type": method, "factor": factor}
    if method in ("yarn", "llama3"):
        fresh["original_max_position_embeddings"] = original
    if method == "llama3":
        bands = {key: rope.get(key, value) for key, value in LLAMA3_BANDS.items()}
        fresh |= bands
    longest = original if method == "dynamic" else math.ceil(original * factor)
    changed = copy.deepcopy(config)
    try:
        _set(changed, longest, fresh)
        type(config).from_dict(changed.to_dict())  # what reloading a saved model does
    except (ValueError, KeyError) as error:
        raise LongalpacaError(
            f"{config.model_type} can't have its context extended by {method}: {error}",
            do="use another --rope method, another model, or a context within the model's own",
        ) from error
    _set(config, longest, fresh)
    return Extension(method, original, target, factor)


def _set(config: PreTrainedConfig, longest: int, rope: dict[str, Any]) -> None:
    config.max_position_embeddings = longest
    config.rope_parameters = dict(rope)
    config.standardize_rope_params()
    config.validate_rope()


def _check_extendable(config: PreTrainedConfig, rope: dict[str, Any]) -> None:
    if not rope:
        raise LongalpacaError(
            f"{config.model_type} has no rotary position embeddings, its context can't be extended",
            do="use another model, or a context within the model's own",
        )
    nested = any(isinstance(value, dict) for value in rope.values())
    if nested or rope.get("rope_type") not in {"default", *METHODS}:
        raise LongalpacaError(
            f"{config.model_type}'s position embeddings ({rope.get('rope_type', 'per layer')}) "
            "can't be extended further",
            do="use a context within the model's own",
        )
