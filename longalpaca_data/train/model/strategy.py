"""How the weights of a run lie over its processes, and in which precision it computes.

All that follows from it is answered here: what transformers and DeepSpeed are told, who reads the
weights, what stays in float32, what a checkpoint can be resumed by. What FSDP2 needs beyond that is
in `shards`; how many processes there are, and of which kind, `parallel` decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from transformers import BitsAndBytesConfig

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.train.model.gpu import has_bfloat16
from longalpaca_data.train.model.lora import quantization
from longalpaca_data.train.model.parallel import computes_in_half
from longalpaca_data.train.model.tune import has_tied_embeddings, tune_options
from longalpaca_data.train.recipe import Parallel, SftRecipe


@dataclass(frozen=True, slots=True)
class Strategy:
    """How the weights of a run lie over its processes, known to every one of them."""

    parallel: Parallel = "none"
    half: bool = False
    """Computes in bfloat16; frozen weights are kept in it."""
    quantization: BitsAndBytesConfig | None = None

    @property
    def dtype(self) -> torch.dtype:
        """The precision that frozen weights are kept in."""
        return torch.bfloat16 if self.half else torch.float32

    @property
    def trains_float32(self) -> bool:
        """Whether trained weights are float32: DeepSpeed keeps float32 copies of its own."""
        return not (self.parallel == "zero3" and self.half)

    def reads_once(self, config: Any) -> bool:
        """Tell whether one rank reads the weights and sends them to the others.

        Every rank reads them all otherwise: 140 GB for a 70B model, eight times over on one
        machine. Not for tied embeddings, which accelerate unties on the way, nor for 4 bits.
        """
        return (
            self.parallel == "fsdp"
            and self.quantization is None
            and not has_tied_embeddings(config)
        )

    def arguments(self, recipe: SftRecipe) -> dict[str, Any]:
        """Return the training arguments that spread weights over ranks."""
        if self.parallel == "fsdp":
            return {
                # Layers to wrap are the model's own _no_split_modules where none are named.
                "fsdp": True,
                "fsdp_config": {"version": 2},
                # Else every GPU adds up a step's gradients whole, and in bfloat16.
                "accelerator_config": {"gradient_accumulation_kwargs": {"sync_each_batch": True}},
            }
        if self.parallel == "ddp":
            return {"ddp_find_unused_parameters": False}
        if self.parallel == "zero3":
            return {"deepspeed": _zero3(recipe, half=self.half)}
        return {}

    def resumable_by(self, processes: int) -> str:
        """Name what a checkpoint needs: equal names can read each other's.

        The optimizer's state of sharded weights is not read where they are replicas, nor the
        reverse, and DeepSpeed's by the same number of processes only.
        """
        weights = {"fsdp": "fsdp", "zero3": f"zero3 over {processes} processes"}
        return weights.get(self.parallel, "replicas")


def strategy_of(recipe: SftRecipe, parallel: Parallel, device: str) -> Strategy:
    """Return the strategy of a run; ``parallel`` was decided by :func:`.choose_parallel`.

    Raises :class:`LongalpacaError` where 4 bits or bfloat16 can't be had.
    """
    bits = quantization(tune_options(recipe), device)
    half = computes_in_half(recipe, device)
    if half and device == "cuda" and not has_bfloat16():
        if recipe.precision == "bf16":
            raise LongalpacaError(
                "precision: bf16 needs a GPU that computes bfloat16 (from Ampere on), this one "
                "emulates it",
                do="use another GPU, or --set precision=fp32",
            )
        half = False
    return Strategy(parallel, half=half, quantization=bits)


def _zero3(recipe: SftRecipe, *, half: bool) -> dict[str, Any]:
    """Return DeepSpeed's configuration for ZeRO stage 3; sizes are left to transformers."""
    return {
        "zero_optimization": {
            "stage": 3,
            "overlap_comm": True,
            "contiguous_gradients": True,
            "stage3_gather_16bit_weights_on_model_save": True,
        },
        "bf16": {"enabled": half},
        "data_types": {"grad_accum_dtype": "fp32"},
        "gradient_accumulation_steps": recipe.accumulation,
        "train_micro_batch_size_per_gpu": recipe.batch_size,
        "gradient_clipping": "auto",
    }
