"""Which layers of a model are embeddings, norms or attention: read from it, never from a list.

Any Embedding, anything whose class is called …Norm, any linear layer inside attention.
"""

from __future__ import annotations

from typing import Any

from torch import nn
from transformers import PreTrainedModel

from longalpaca_data.core.errors import LongalpacaError


def embedding_and_norm_names(model: nn.Module) -> list[str]:
    """Return the last name parts of all embeddings and norms (``embed_tokens``, ``norm``, …)."""
    names = {
        name.rsplit(".", 1)[-1]
        for name, module in model.named_modules()
        if isinstance(module, nn.Embedding) or type(module).__name__.endswith("Norm")
    }
    return sorted(names)


def attention_linear_names(model: nn.Module) -> list[str]:
    """Return the last name parts of the linear layers inside attention (``q_proj``, …)."""
    inside: set[str] = set()
    outside: set[str] = set()
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            path, _, last = name.rpartition(".")
            (inside if "att" in path.rsplit(".", 1)[-1] else outside).add(last)
    if not inside or inside & outside:
        raise LongalpacaError(
            f"can't tell {type(model).__name__}'s attention layers from its others",
            do="use --set lora.targets=all",
        )
    return sorted(inside)


def is_tied(model: PreTrainedModel) -> bool:
    """Tell whether the output layer shares the embeddings' weight."""
    output: Any = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    return bool(output.weight is model.get_input_embeddings().weight)
