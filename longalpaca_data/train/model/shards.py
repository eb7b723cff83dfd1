"""FSDP2 where transformers' settings don't reach: precision, weights read once, weights gathered.

Left to itself, accelerate casts what goes into and comes out of the model to bfloat16: the weights
of the loss to 8 bits, and the loss too, which metrics would then show in steps of 0.03.
"""

from __future__ import annotations

from typing import Any

import torch
from accelerate import init_empty_weights
from peft import PeftModel
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.fsdp import MixedPrecisionPolicy
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel


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


def whole_state(model: Any) -> dict[str, Any]:
    """Gather a sharded model's weights on rank 0's CPU; of a model with adapters what trains.

    accelerate gathers frozen ones, too: all 140 GB of a 70B model, to save an adapter.
    """
    options = StateDictOptions(
        full_state_dict=True, cpu_offload=True, ignore_frozen_params=isinstance(model, PeftModel)
    )
    return get_model_state_dict(model, options=options)


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
