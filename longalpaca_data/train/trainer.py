"""The trainer: TRL's SFTTrainer with a loss that counts documents, and saving that saves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import torch
from peft import PeftModel
from transformers import PreTrainedTokenizerBase, TrainerCallback
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from longalpaca_data.train.loss import add_weighted_loss


class LongTrainer(SFTTrainer):
    """SFTTrainer on packed rows of long documents.

    The loss is Σ weight · nll divided by the number of documents (or answer tokens) in the whole
    optimizer step, over gradient accumulation and ranks: packing, batch size and number of GPUs
    don't change what is minimised.
    """

    loss_is_scaled_for_ga: Any = True

    def __init__(
        self,
        model: Any,
        *,
        args: SFTConfig,
        collator: Callable[..., dict[str, Any]],
        train_rows: datasets.Dataset,
        eval_rows: datasets.Dataset | None,
        tokenizer: PreTrainedTokenizerBase,
        callbacks: list[TrainerCallback],
    ) -> None:
        super().__init__(
            model=model,
            args=args,
            data_collator=collator,
            train_dataset=train_rows,
            eval_dataset=eval_rows,
            processing_class=tokenizer,
            callbacks=callbacks,
        )
        inner: Any = model.get_base_model() if isinstance(model, PeftModel) else model
        add_weighted_loss(inner)
        self.tokens_seen = 0
        if self.is_fsdp_enabled:
            # Sharded state (accelerate's default) makes save_model write nothing, silently.
            self.accelerator.state.fsdp_plugin.set_state_dict_type("FULL_STATE_DICT")

    def _set_signature_columns_if_needed(self) -> None:
        self._signature_columns: Any = ["documents"]

    def _get_num_items_in_batch(
        self, batch_samples: list[dict[str, Any]], device: torch.device
    ) -> torch.Tensor:
        """Count what the loss is divided by: over the step's micro-batches and all ranks."""
        items = torch.tensor(sum(b["n_items"] for b in batch_samples), device=device)
        if self.args.world_size > 1:
            items = self.accelerator.gather(items[None]).sum()
        return items

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Return the weighted loss of a batch; logits are never built."""
        inputs = dict(inputs)
        items = inputs.pop("n_items")
        if model.training:
            self.tokens_seen += int(inputs["input_ids"].numel()) * self.args.world_size
        total = model(**inputs)["loss_sum"]
        if num_items_in_batch is None:  # evaluation: one batch at a time
            loss = total / max(items, 1)
        else:
            # DDP and FSDP average gradients over ranks, the divisor counts all ranks' documents.
            loss = total / num_items_in_batch * self.accelerator.num_processes
        return (loss, {}) if return_outputs else loss

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Write no model card into checkpoints."""


def save(trainer: LongTrainer, out: Path) -> None:
    """Save adapter (or model), the configuration it was trained with, and the tokenizer."""
    trainer.save_model(str(out))
    if trainer.is_world_process_zero():
        model: Any = trainer.accelerator.unwrap_model(trainer.model)
        inner: Any = model.get_base_model() if isinstance(model, PeftModel) else model
        inner.config.save_pretrained(out)
        for leftover in ("training_args.bin", "README.md"):  # paths of this machine; a blank form
            (out / leftover).unlink(missing_ok=True)
    trainer.accelerator.wait_for_everyone()
