"""The loss, in chunks and weighted per token.

Logits of a long row don't fit in memory (16k tokens × 49k words: 3.2 GB, several times over), so
only positions with a target are projected, and those in chunks, by torch's linear cross entropy.
"""

from __future__ import annotations

import types
from typing import Any

import torch
from torch.distributed.tensor import DTensor
from torch.nn.functional import linear_cross_entropy
from torch.nn.modules.linear_cross_entropy_options import LinearCrossEntropyOptions
from transformers import PreTrainedModel
from trl.trainer.utils import maybe_gather_lm_head_ctx

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.train.data.collate import IGNORED


def weighted_nll(
    hidden: torch.Tensor,
    head: torch.Tensor,
    bias: torch.Tensor | None,
    labels: torch.Tensor,
    weights: torch.Tensor,
) -> torch.Tensor:
    """Return Σ weight · negative log-likelihood over all targets, a scalar.

    ``hidden`` is (batch, tokens, width), ``head`` (words, width), ``labels`` and ``weights``
    (batch, tokens), both standing at the token that is to be predicted: position t is predicted
    from t − 1. Without targets the sum is a zero that can be differentiated.
    """
    hidden, labels, weights = hidden[:, :-1], labels[:, 1:], weights[:, 1:]
    mask = labels != IGNORED
    wanted = hidden[mask]
    if torch.is_autocast_enabled(hidden.device.type):
        half = torch.get_autocast_dtype(hidden.device.type)
        wanted, head = wanted.to(half), head.to(half)
    else:
        head = head.to(wanted.dtype)
    nll = linear_cross_entropy(
        wanted,
        head,
        labels[mask],
        linear_bias=None if bias is None else bias.to(wanted.dtype),
        reduction="none",
        options=LinearCrossEntropyOptions(),
    )
    exact = torch.promote_types(nll.dtype, torch.float32)
    return (nll.to(exact) * weights[mask].to(exact)).sum()


def check_loss_supported(config: Any) -> None:
    """Raise for models that change their logits after the output layer."""
    for key in ("final_logit_softcapping", "logit_scale", "logits_scaling", "lm_head_multiplier"):
        if getattr(config, key, None) not in (None, 1.0):
            raise LongalpacaError(
                f"{config.model_type} changes its logits ({key}), which the chunked loss does not",
                do="use another model (Llama, Mistral, Qwen2, Qwen3, GPT-NeoX, Phi3, Gemma)",
            )


def add_weighted_loss(model: PreTrainedModel) -> None:
    """Let ``model(..., loss_weights=…)`` return ``{"loss_sum": …}`` instead of logits.

    TRL hangs its fused head in at the same place. It must happen inside the forward pass: outside,
    FSDP and DeepSpeed have taken the output layer's weights away again.
    """
    original = model.forward

    def forward(self: PreTrainedModel, *args: Any, **kwargs: Any) -> Any:
        weights = kwargs.pop("loss_weights", None)
        if weights is None:
            return original(*args, **kwargs)
        labels = kwargs.pop("labels")
        kwargs["use_cache"] = False
        hidden = self.base_model(*args, **kwargs).last_hidden_state
        layer: Any = self.get_output_embeddings()  # type: ignore[no-untyped-call]
        head, bias = layer.weight, layer.bias
        if isinstance(head, DTensor):
            head = head.full_tensor()
            bias = None if bias is None else bias.full_tensor()
        with maybe_gather_lm_head_ctx(head, bias):
            return {"loss_sum": weighted_nll(hidden, head, bias, labels, weights)}

    model.forward = types.MethodType(forward, model)
