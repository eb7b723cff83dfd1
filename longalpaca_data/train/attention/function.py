"""Shifted sparse attention (S²) as an attention function of transformers.

``attn_implementation=attention_name("s2", group_size)`` is all a model needs: the function and its
mask function are registered through AttentionInterface and AttentionMaskInterface, nothing is
patched and no architecture is named. The name is not saved in config.json, so a model that was
trained with S² reloads with full attention, as LongLoRA intends.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedConfig

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.train.attention.kernels import attend_sdpa, attend_varlen, varlen_kernel
from longalpaca_data.train.attention.layout import Lengths, batch_groups, real_tokens
from longalpaca_data.train.recipe import AttentionKind

SMALLEST_GROUP = 2
"""A group of one token can't be shifted by half of it."""


def attention_name(kind: AttentionKind, group_size: int | None = None) -> str:
    """Register an attention function and return its name for ``attn_implementation``.

    ``s2`` needs ``group_size`` in tokens, and so does ``local``: the same groups, shifted for no
    head (LongLoRA's short attention, section 3.2). ``full`` is full causal attention within each
    document: transformers' own SDPA would build a tokens × tokens mask for packed rows.
    """
    grouped = kind != "full"
    if grouped and (group_size is None or group_size < SMALLEST_GROUP):
        raise LongalpacaError(
            f"a group of {group_size} tokens can't be shifted by half",
            do=f"give at least {SMALLEST_GROUP}",
        )
    name = f"{kind}_{group_size}" if grouped else "full_per_document"
    size = group_size if grouped else None
    attend = partial(grouped_attention, group_size=size, shift=kind != "local")
    AttentionInterface.register(name, attend)
    AttentionMaskInterface.register(name, real_tokens)
    return name


def grouped_attention(  # noqa: PLR0913 - the signature that AttentionInterface calls
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    group_size: int | None,
    shift: bool = True,
    dropout: float = 0.0,
    scaling: float | None = None,
    position_ids: torch.Tensor | None = None,
    document_lengths: Lengths | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attention function for AttentionInterface.

    ``query`` is (batch, heads, tokens, dim), ``key`` and ``value`` hold the key-value heads;
    ``attention_mask`` is what :func:`real_tokens` returned. Returns (batch, tokens, heads, dim).
    """
    _refuse(module, attention_mask, kwargs)
    query, key, value = _as_computed(query, key, value)
    batch, _, tokens, dim = query.shape
    groups = batch_groups(
        batch_size=batch,
        width=tokens,
        group_size=group_size,
        shift=shift,
        real=attention_mask,
        position_ids=position_ids,
        document_lengths=document_lengths,
    )
    scale = dim**-0.5 if scaling is None else scaling
    alike = value.shape[-1] == dim  # DeepSeek's are not, and the kernels want them so
    kernel = varlen_kernel(query.device, query.dtype, dim) if alike else None
    if kernel is not None and dropout == 0.0:
        return attend_varlen(query, key, value, groups, scale=scale, kernel=kernel), None
    return attend_sdpa(query, key, value, groups, scale=scale, dropout=dropout), None


def _as_computed(*tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Return tensors in the precision that autocast computes in, as torch's own attention does.

    Trained embeddings are float32, and the positions make queries and keys so; no variable-length
    kernel would take them.
    """
    device = tensors[0].device.type
    if not torch.is_autocast_enabled(device):
        return tensors
    dtype = torch.get_autocast_dtype(device)
    return tuple(x.to(dtype) if x.dtype == torch.float32 else x for x in tensors)


def _refuse(module: torch.nn.Module, mask: torch.Tensor | None, kwargs: dict[str, Any]) -> None:
    """Raise for what an attention layer asks and grouped attention can't give."""
    asked = {
        "soft-capping": kwargs.get("softcap") is not None,
        "attention sinks": kwargs.get("s_aux") is not None,
        "position biases": kwargs.get("position_bias") is not None,
        "attention weights as output": bool(kwargs.get("output_attentions")),
        "bidirectional attention": kwargs.get("is_causal", getattr(module, "is_causal", True))
        is False,
        "a mask of its own": mask is not None and mask.ndim != 1,
    }
    for what, wanted in asked.items():
        if wanted:
            raise LongalpacaError(
                f"this model asks for {what}, which shifted sparse attention does not have",
                do="use another model (Llama, Mistral, Qwen2, Qwen3, GPT-NeoX, Phi3, Gemma)",
            )


def check_supported(config: PreTrainedConfig, length: int) -> None:
    """Raise, before anything is loaded, where S² can't train this architecture at this length."""
    name = config.model_type
    if getattr(config, "attn_logit_softcapping", None):
        raise LongalpacaError(
            f"{name} caps its attention scores (soft-capping), which shifted sparse attention does "
            "not have",
            do="use another model",
        )
    if "sliding_attention" in (getattr(config, "layer_types", None) or ()):
        window = getattr(config, "sliding_window", None)
    else:
        window = _active_window(config)
    if window and window < length:
        raise LongalpacaError(
            f"{name}'s sliding window of {window} tokens is shorter than the context of {length}",
            do="use a model without a sliding window, or a context no longer than the window",
        )
    if name == "gpt_oss":
        raise LongalpacaError(
            f"{name} has attention sinks, which shifted sparse attention does not have",
            do="use another model",
        )


def _active_window(config: PreTrainedConfig) -> int | None:
    """Return the sliding window where the configuration has one and uses it in every layer."""
    if getattr(config, "use_sliding_window", True) is False or getattr(config, "layer_types", None):
        return None
    window: int | None = getattr(config, "sliding_window", None)
    return window
