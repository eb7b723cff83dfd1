"""What is trained: LoRA+ (LongLoRA's), LoRA alone, or everything.

LongLoRA (arXiv 2309.12307, section 3.3) found that low-rank adapters alone don't reach full
fine-tuning on long context, and that they do once embeddings and norms, a few percent of the
weights, are trained beside them. Those are PEFT's ``modules_to_save``: switched on by
``requires_grad_`` they would train and then be missing from the saved adapter.
"""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import nn
from transformers import BitsAndBytesConfig, PreTrainedModel

from longalpaca_data.core.errors import LongalpacaError, MissingPackageError, OutputError
from longalpaca_data.train.model.layers import (
    attention_linear_names,
    embedding_and_norm_names,
    is_tied,
)
from longalpaca_data.train.model.tune import Counts, TuneOptions


def quantization(options: TuneOptions, device: str) -> BitsAndBytesConfig | None:
    """Return the 4-bit configuration where the recipe asks for it; ``device``: ``cuda`` or ``cpu``.

    Raises :class:`LongalpacaError` where 4 bits can't be had: all weights trained, the CPU chosen,
    no GPU there, no bitsandbytes.
    """
    if options.quantize is None:
        return None
    if options.tune == "full":
        raise LongalpacaError(
            "4-bit weights can't be trained", do="use --tune lora+ or --tune lora"
        )
    if device != "cuda" or not torch.cuda.is_available():
        there = torch.cuda.is_available()
        why = "and --gpus 0 means the CPU" if there else "none was found"
        raise LongalpacaError(
            f"--quantize 4bit needs an NVIDIA GPU, {why}", do="leave --quantize out"
        )
    if importlib.util.find_spec("bitsandbytes") is None:
        raise MissingPackageError("bitsandbytes", extra="quantize", purpose="--quantize 4bit")
    return four_bits()


def four_bits() -> BitsAndBytesConfig:
    """Return the configuration of 4-bit weights: NF4, double quantization (arXiv 2305.14314)."""
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        # Bytes in another guise: FSDP shards floating-point tensors only.
        bnb_4bit_quant_storage=torch.bfloat16,
    )


def prepare(model: PreTrainedModel, options: TuneOptions, *, upcast: bool = True) -> Any:
    """Return ``model`` ready to train: adapters added, the rest frozen, what trains in float32.

    Half-precision weights would lose updates at a learning rate of 2e-5, so trained ones are kept
    in float32 (autocast computes in half precision all the same). Without ``upcast`` all stay in
    the model's precision: DeepSpeed keeps float32 copies itself, and computes without autocast.
    """
    if options.tune == "full":
        for parameter in model.parameters():
            parameter.requires_grad = True
        trained: Any = model
    else:
        trained = _adapted(model, options, upcast=upcast)
    return in_float32(trained) if upcast else trained


def _adapted(model: PreTrainedModel, options: TuneOptions, *, upcast: bool) -> Any:
    """Return ``model`` with adapters, and with all else frozen that is not trained beside them."""
    from peft import LoraConfig, get_peft_model  # noqa: PLC0415 - heavy, bitsandbytes comes with it

    saved = embedding_and_norm_names(model) if options.tune == "lora+" else None
    targets = attention_linear_names(model) if options.targets == "attention" else "all-linear"
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=options.rank,
        lora_alpha=options.alpha,
        lora_dropout=options.dropout,
        target_modules=targets,
        # A copy: PEFT adds the tied layer's name to the list it is given.
        modules_to_save=None if saved is None else list(saved),
        ensure_weight_tying=options.tune == "lora+" and is_tied(model),
    )
    with warnings.catch_warnings():
        # peft 0.21 asks transformers for a name that transformers 5.23 renames.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is dep", FutureWarning)
        return get_peft_model(model, config, autocast_adapter_dtype=upcast)


def in_float32(model: Any) -> Any:
    """Return ``model`` with what trains in float32."""
    for parameter in model.parameters():
        if parameter.requires_grad and parameter.dtype in (torch.float16, torch.bfloat16):
            parameter.data = parameter.data.float()
    return model


def count(model: nn.Module) -> Counts:
    """Count trained and frozen parameters."""
    sizes = [(_size(p), p.requires_grad) for p in model.parameters()]
    trained = sum(size for size, trains in sizes if trains)
    return Counts(trained, sum(size for size, _ in sizes) - trained)


def _size(parameter: Any) -> int:
    """Return the number of weights: packed in 4 bits, or in DeepSpeed's shards, fewer are seen."""
    packed = getattr(parameter, "quant_state", None)
    if packed is not None:
        return int(packed.shape.numel())
    return int(getattr(parameter, "ds_numel", parameter.numel()))


def verify_saved(trained: int, folder: Path) -> None:
    """Raise :class:`OutputError` where fewer weights were saved than trained.

    Saving sharded weights can write next to nothing without a word; this notices.
    """
    files = [*folder.glob("adapter_model*.safetensors"), *folder.glob("model*.safetensors")]
    stored = 0
    for path in files:
        with safe_open(path, framework="pt") as tensors:
            for key in tensors.keys():  # noqa: SIM118 - not a mapping
                size = 1
                for length in tensors.get_slice(key).get_shape():
                    size *= length
                stored += size
    if stored < trained:
        raise OutputError(
            f"{folder} holds {stored:,} weights, but {trained:,} were trained",
            do="keep the last checkpoint folder and report this as a bug",
        )
