"""The trainer: TRL's SFTTrainer with a loss that counts documents, and saving that saves."""

from __future__ import annotations

import copy
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import PreTrainedTokenizerBase, TrainerCallback
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from longalpaca_data.train.attention.function import attention_name
from longalpaca_data.train.data.collate import PackedRows
from longalpaca_data.train.data.packing import EpochOrder
from longalpaca_data.train.model import shards
from longalpaca_data.train.model.disk import disk_errors
from longalpaca_data.train.model.lora import in_float32, verify_saved
from longalpaca_data.train.model.loss import add_weighted_loss
from longalpaca_data.train.model.strategy import Strategy
from longalpaca_data.train.run.files import CONFIG_FILE

ONE_PROCESS = Strategy()
"""Everything on one device, in float32."""


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
        train_rows: PackedRows,
        eval_rows: PackedRows | None,
        tokenizer: PreTrainedTokenizerBase,
        callbacks: list[TrainerCallback],
        strategy: Strategy = ONE_PROCESS,
    ) -> None:
        rows = train_rows.dataset(args.per_device_train_batch_size * args.world_size)
        self.order = EpochOrder(len(train_rows.rows), len(rows), args.seed)
        super().__init__(
            model=model,
            args=args,
            data_collator=collator,
            train_dataset=rows,
            eval_dataset=eval_rows.dataset() if eval_rows else None,
            processing_class=tokenizer,
            callbacks=callbacks,
        )
        if strategy.trains_float32:
            in_float32(self.model)  # TRL makes what trains over 4-bit weights bfloat16
        add_weighted_loss(self.inner())
        if self.is_fsdp_enabled:
            once = strategy.reads_once(self.inner().config)
            shards.configure(self.accelerator.state.fsdp_plugin, read_once=once)

    @property
    def tokens_seen(self) -> int:
        """Tokens trained on, over all ranks and resumptions: the state is in every checkpoint."""
        return int(self.state.num_input_tokens_seen)

    def inner(self) -> Any:
        """Return transformers' own model, without wrappers and adapters."""
        model = self.accelerator.unwrap_model(self.model)
        return model.get_base_model() if isinstance(model, PeftModel) else model

    def _get_train_sampler(self, train_dataset: Any = None) -> EpochOrder:
        del train_dataset
        return self.order

    def _run_epoch(self, model: Any, epoch: int, *args: Any, **kwargs: Any) -> None:
        """Train nothing where no step is left: transformers' loop would train one all the same.

        That happens where a run is resumed that was ended after its last checkpoint.
        """
        if self.state.global_step >= self.state.max_steps:
            self.control.should_training_stop = True
            return
        self.order.epoch = epoch
        super()._run_epoch(model, epoch, *args, **kwargs)  # type: ignore[no-untyped-call]

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Measure the loss on held-out rows with full attention, as the model will be used."""
        model = self.inner()
        trained_with = model.config._attn_implementation  # noqa: SLF001 - there is no public name
        model.set_attn_implementation(attention_name("full"))
        try:
            found: dict[str, float] = super().evaluate(*args, **kwargs)
        finally:
            model.set_attn_implementation(trained_with)
        return found

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
            tokens = int(inputs["input_ids"].numel()) * self.args.world_size
            self.state.num_input_tokens_seen += tokens
        total = model(**inputs)["loss_sum"]
        if num_items_in_batch is None:  # evaluation: one batch at a time
            loss = total / max(items, 1)
        else:
            # DDP and FSDP average gradients over ranks, the divisor counts all ranks' documents.
            loss = total / num_items_in_batch * self.accelerator.num_processes
        return (loss, {}) if return_outputs else loss

    def _save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        with disk_errors(self.args.output_dir or "."):
            super()._save_checkpoint(*args, **kwargs)  # type: ignore[no-untyped-call]

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Save; without PEFT's warning that a GGUF base has no config.json to compare words with.

        Embeddings that were trained are saved whatever it finds there.
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Could not find a config file in", UserWarning)
            if self.is_fsdp_enabled:
                self._save(output_dir, shards.whole_state(self.model))
            else:
                super().save_model(output_dir, _internal_call)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Save without the copies of tied weights that gathering shards makes."""
        tied = getattr(self.inner(), "all_tied_weights_keys", None) or ()
        if state_dict is not None:
            state_dict = {name: value for name, value in state_dict.items() if name not in tied}
        super()._save(output_dir, state_dict)

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Write no model card into checkpoints."""


def plain_config(config: Any) -> Any:
    """Return the configuration without the 4 bits that its base was only trained in.

    An adapter belongs to the base as it is: with them it could be loaded on a GPU only, and not be
    merged at all.
    """
    plain = copy.deepcopy(config)
    vars(plain).pop("quantization_config", None)
    return plain


def save(
    trainer: LongTrainer, out: Path, *, trained: int, card: str, quantized: bool = False
) -> None:
    """Save adapter (or model), the configuration it was trained with, tokenizer and ``card``.

    Files are written beside and moved when all are there and hold the ``trained`` weights, the
    configuration last: a folder with a config.json is a finished model.
    """
    work = out / ".saving"
    if trainer.is_world_process_zero():
        shutil.rmtree(work, ignore_errors=True)  # of a run that was killed here
    trainer.accelerator.wait_for_everyone()
    with disk_errors(out):
        trainer.save_model(str(work))
        if trainer.is_world_process_zero():
            config = trainer.inner().config
            (plain_config(config) if quantized else config).save_pretrained(work)
            (work / "training_args.bin").unlink(missing_ok=True)  # holds paths of this machine
            (work / "README.md").write_text(card, encoding="utf-8")
            verify_saved(trained, work)
            for file in sorted(work.iterdir(), key=lambda file: file.name == CONFIG_FILE):
                file.replace(out / file.name)
            work.rmdir()
    trainer.accelerator.wait_for_everyone()
