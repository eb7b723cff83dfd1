"""What a recipe means to TRL and transformers: their training arguments."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from trl.trainer.sft_config import SFTConfig

from longalpaca_data.train.model.strategy import Strategy
from longalpaca_data.train.recipe import SftRecipe
from longalpaca_data.train.run.options import Settings


def library_seed(seed: int) -> int:
    """Return a recipe's seed as numpy takes it: 32 bits without a sign. Most are as they were."""
    return seed % 2**32


def trainer_arguments(
    recipe: SftRecipe, settings: Settings, strategy: Strategy, *, held_out: bool
) -> SFTConfig:
    """Return the arguments of a run; making them starts the process group under torchrun."""
    cuda = settings.device == "cuda"
    arguments = SFTConfig(
        output_dir=settings.out,
        use_cpu=not cuda,
        seed=library_seed(recipe.seed),
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=1,
        gradient_accumulation_steps=recipe.accumulation,
        num_train_epochs=recipe.epochs,
        max_steps=recipe.max_steps or -1,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.schedule,
        warmup_steps=recipe.warmup_steps,
        weight_decay=recipe.weight_decay,
        **_checkpointing(enabled=recipe.gradient_checkpointing),
        bf16=strategy.half,
        logging_steps=recipe.log_steps,
        logging_first_step=True,
        logging_nan_inf_filter=False,  # it would log 0 for a loss that is no number
        save_steps=recipe.save_steps,
        save_total_limit=recipe.keep,
        eval_strategy="steps" if recipe.eval_steps else "no",
        eval_steps=recipe.eval_steps,
        eval_on_start=held_out and not settings.resume,
        report_to=list(recipe.report_to) or "none",
        disable_tqdm=True,
        # Ranks wait while one tokenizes, or fetches the weights of a large model for all.
        ddp_timeout=24 * 3600,
        dataloader_pin_memory=cuda,
        remove_unused_columns=False,
        max_length=None,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        **strategy.arguments(recipe),
    )
    if strategy.parallel == "none":
        # One process on a machine with several GPUs: transformers would wrap the model in
        # nn.DataParallel, which TRL refuses.
        arguments._n_gpu = min(arguments.n_gpu, 1)  # noqa: SLF001 - there is no public setter
    return arguments


def _checkpointing(*, enabled: bool) -> dict[str, Any]:
    """Name the option as this transformers does: 5.23 renames it and warns about the old name."""
    names = {field.name for field in fields(SFTConfig)}
    wanted = {"gradient_checkpointing", "activation_checkpointing"} & names
    return dict.fromkeys(wanted, enabled)
