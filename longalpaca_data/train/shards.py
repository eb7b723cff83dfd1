"""FSDP2 where transformers' settings don't reach: precision, and weights that are read only once.

Left to itself, accelerate casts what goes into and comes out of the model to bfloat16: the weights
of the loss to 8 bits, and the loss too, which metrics would then show in steps of 0.03.
"""

from __future__ import annotations

from typing import Any

import torch
from accelerate import init_empty_weights
from torch.distributed.fsdp import MixedPrecisionPolicy
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel

from longalpaca_data.train.lora import has_tied_embeddings


def configure(plugin: Any, *, read_once: bool) -> None:
    """Set accelerate's FSDP ``plugin`` up before the model is prepared.

    With ``read_once`` rank 0 sends its weights to the others, which need none of their own.
    """
    # Sharded state (accelerate's default) makes save_model write nothing, silently.
    plugin.set_state_dict_type("FULL_STATE_DICT")
    plugin.cpu_ram_efficient_loading = read_once
    if plugin.mixed_precision_policy is not None:
        plugin.mixed_precision_policy = MixedPrecisionPolicy(
            param_dtype=plugin.mixed_precision_policy.param_dtype,
            reduce_dtype=torch.float32,
            output_dtype=None,
            cast_forward_inputs=False,
        )


def can_read_once(config: PreTrainedConfig, *, quantized: bool) -> bool:
    """Tell whether weights can be read by one rank and sent to the others.

    Every rank reads them all otherwise: 140 GB for a 70B model, eight times over on one machine.
    Not for tied embeddings, which accelerate unties on the way, nor for packed weights.
    """
    return not quantized and not has_tied_embeddings(config)


def without_weights(
    config: PreTrainedConfig, *, attention: str, dtype: torch.dtype
) -> PreTrainedModel:
    """Build a model whose parameters take no memory; its buffers are real, nobody sends those."""
    with init_empty_weights(include_buffers=False):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
            config, attn_implementation=attention, dtype=dtype
        )
    return model


def give_place(model: Any) -> None:
    """Give what trains memory, of any content: the optimizer tells parameters by their place."""
    for module in model.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            if parameter.requires_grad and parameter.is_meta:
                empty = torch.empty_like(parameter, device="cpu")
                setattr(module, name, torch.nn.Parameter(empty))
