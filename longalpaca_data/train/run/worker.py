"""One process of a training run: what `sft` runs in-process, and torchrun on every GPU."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from transformers import PrinterCallback
from transformers.trainer_utils import set_seed

from longalpaca_data.core.errors import LongalpacaError, RecipeError
from longalpaca_data.train.attention.function import attention_name, check_supported
from longalpaca_data.train.data.collate import Collator, PackedRows
from longalpaca_data.train.data.holdout import HoldOut, has_validation
from longalpaca_data.train.data.packing import one_each, pack
from longalpaca_data.train.data.templates import (
    Template,
    as_chat_template,
    default_template,
)
from longalpaca_data.train.data.tokenized import Tokenized, tokenize
from longalpaca_data.train.model.disk import disk_errors
from longalpaca_data.train.model.gpu import oom_errors
from longalpaca_data.train.model.load import load_config, load_tokenizer
from longalpaca_data.train.model.lora import count
from longalpaca_data.train.model.loss import check_loss_supported
from longalpaca_data.train.model.rope import extend_context
from longalpaca_data.train.model.strategy import strategy_of
from longalpaca_data.train.model.trainable import model_to_train
from longalpaca_data.train.model.tune import Counts
from longalpaca_data.train.quiet import quiet_libraries
from longalpaca_data.train.recipe import SftRecipe, dump_recipe
from longalpaca_data.train.run.arguments import library_seed, trainer_arguments
from longalpaca_data.train.run.callbacks import (
    FullAttentionAtTheEnd,
    Metrics,
    Progress,
    StopOnNonFiniteLoss,
    StopOnRequest,
    read_metrics,
)
from longalpaca_data.train.run.card import model_card
from longalpaca_data.train.run.curve import draw_losses
from longalpaca_data.train.run.files import (
    METRICS_FILE,
    RUN_FILE,
    result_file,
    whole_checkpoint,
)
from longalpaca_data.train.run.options import Settings
from longalpaca_data.train.run.result import Result
from longalpaca_data.train.run.resume import check_same, describe, remember
from longalpaca_data.train.run.trainer import LongTrainer, save

T = TypeVar("T")


@oom_errors("use more GPUs, a shorter context, or gradient_checkpointing: true")
def train(settings: Settings) -> Result:
    """Run (or resume) a fine-tuning run in this process, as one rank of however many there are.

    Everything that can be wrong with model, tokenizer and data is found before anything is
    written to the output folder but the token cache.
    """
    recipe = SftRecipe.model_validate(settings.recipe)
    out = Path(settings.out)
    set_seed(library_seed(recipe.seed))
    strategy = strategy_of(recipe, settings.parallel, settings.device)
    config = load_config(recipe.model)
    extend_context(config, recipe.context, recipe.rope)
    check_supported(config, recipe.context)
    check_loss_supported(config)
    tokenizer = load_tokenizer(recipe.model)
    held = bool(recipe.held_out) or has_validation(settings.dataset)
    if recipe.eval_steps and not held:
        raise RecipeError(
            f"eval_steps: {settings.dataset} has no validation rows to measure the loss on",
            do="set held_out, or leave eval_steps out",
        )
    # Starts the process group.
    arguments = trainer_arguments(recipe, settings, strategy, held_out=held)
    data, held_out = _in_turn(arguments, partial(_data, recipe, settings, tokenizer))
    run = describe(recipe, data.counts, int(arguments.world_size), strategy)
    if settings.resume:
        check_same(out, run)
    rank = int(arguments.process_index)
    model = model_to_train(recipe, config, tokenizer, strategy, rank=rank)
    numbers = count(model)
    stop = StopOnRequest(out)
    full = FullAttentionAtTheEnd(recipe.full_attention_steps, attention_name("full"))
    tables = {"train": data.table, **({"validation": held_out.table} if held_out else {})}
    trainer = LongTrainer(
        model,
        args=arguments,
        collator=Collator(tables, int(tokenizer.pad_token_id), recipe.weighting),
        train_rows=_rows(data, recipe),
        eval_rows=PackedRows(one_each(held_out.lengths), "validation") if held_out else None,
        tokenizer=tokenizer,
        callbacks=[stop, full, StopOnNonFiniteLoss()],
        strategy=strategy,
    )
    if trainer.is_world_process_zero():
        if not settings.quiet:
            print(data.counts.line(recipe.context), file=sys.stderr)  # noqa: T201 - before hours
        remember(out, run)
    _run(trainer, settings, stop)
    _finish(trainer, out, recipe, stop, numbers.trained, asdict(data.counts))
    return _result(trainer, out, stop, numbers, (data, held_out))


def _result(
    trainer: LongTrainer,
    out: Path,
    stop: StopOnRequest,
    numbers: Counts,
    data: tuple[Tokenized, Tokenized | None],
) -> Result:
    rows, held_out = data
    metrics = read_metrics(out / METRICS_FILE)
    losses = [m["loss"] for m in metrics if "loss" in m]
    evals = [m["eval_loss"] for m in metrics if "eval_loss" in m]
    return Result(
        out=str(out),
        steps=trainer.state.global_step,
        interrupted=stop.stopped,
        loss_first=losses[0] if losses else None,
        loss_last=losses[-1] if losses else None,
        eval_loss_before=evals[0] if evals else None,
        eval_loss_after=evals[-1] if evals and not stop.stopped else None,
        trained=numbers.trained,
        frozen=numbers.frozen,
        held_out=held_out.counts.rows if held_out else 0,
        data=asdict(rows.counts),
    )


def _in_turn(arguments: Any, read: Callable[[], T]) -> T:
    """Let rank 0 read, then the first rank of every machine, then all others.

    Who comes later finds what was written, whether machines share the folder or not.
    """
    first_here = arguments.local_process_index == 0
    mine = 0 if arguments.process_index == 0 else 1 if first_here else 2
    found: list[T] = []
    wrong: LongalpacaError | None = None
    for turn in range(3):
        if turn == mine:
            try:
                found.append(read())
            except LongalpacaError as error:  # the others, who wait, find it themselves
                wrong = error
        arguments.distributed_state.wait_for_everyone()
    if wrong is not None:
        raise wrong
    return found[0]


def _data(
    recipe: SftRecipe, settings: Settings, tokenizer: Any
) -> tuple[Tokenized, Tokenized | None]:
    template: Template = (
        default_template(tokenizer) if recipe.template == "auto" else recipe.template
    )
    read = partial(
        tokenize,
        settings.dataset,
        tokenizer=tokenizer,
        template=template,
        max_length=recipe.context,
        drop_cut_evidence=recipe.cut_evidence == "drop",
        cache=Path(settings.out) / "tokenized",
    )
    tokenizer.chat_template = as_chat_template(template, tokenizer)  # saved with the model
    own = has_validation(settings.dataset)
    hold_out = HoldOut(recipe.held_out, recipe.seed) if recipe.held_out and not own else None
    rows = read(split="train", limit=recipe.row_limit, hold_out=hold_out)
    if not own and hold_out is None:
        return rows, None
    return rows, read(split="validation", limit=recipe.eval_limit, hold_out=hold_out)


def _rows(data: Tokenized, recipe: SftRecipe) -> PackedRows:
    rows = pack(data.lengths, recipe.context) if recipe.packing else one_each(data.lengths)
    return PackedRows(rows)


def _run(trainer: LongTrainer, settings: Settings, stop: StopOnRequest) -> None:
    """Train, evaluating before and after where there are validation rows."""
    out = Path(settings.out)

    def seen() -> int:
        return trainer.tokens_seen

    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Metrics(out / METRICS_FILE, seen))
    trainer.add_callback(Progress(seen, quiet=settings.quiet))
    checkpoint = str(whole_checkpoint(out)) if settings.resume else None
    stop.install()
    try:
        trainer.train(resume_from_checkpoint=checkpoint)
        if trainer.eval_dataset is not None and not stop.stopped and not _evaluated(trainer):
            trainer.evaluate()
    finally:
        stop.uninstall()


def _evaluated(trainer: LongTrainer) -> bool:
    """Tell whether the loss on held-out rows is known at this step."""
    last = [record for record in trainer.state.log_history if "eval_loss" in record]
    return bool(last) and last[-1]["step"] == trainer.state.global_step


def _finish(
    trainer: LongTrainer,
    out: Path,
    recipe: SftRecipe,
    stop: StopOnRequest,
    trained: int,
    data: dict[str, Any],
) -> None:
    """Save the model, unless the run was interrupted (then its checkpoint is what counts)."""
    if trainer.is_world_process_zero():
        with disk_errors(out):
            (out / "recipe.yaml").write_text(dump_recipe(recipe), encoding="utf-8")
            draw_losses(read_metrics(out / METRICS_FILE), out / "loss.png")
    if not stop.stopped:
        card = model_card(recipe, trainer.inner().config, data)
        save(trainer, out, trained=trained, card=card, quantized=bool(recipe.quantize))
        if trainer.is_world_process_zero():
            (out / RUN_FILE).unlink(missing_ok=True)


def main() -> int:
    """Run as torchrun starts it: settings from the file named, result beside it."""
    quiet_libraries()
    path = Path(sys.argv[1])
    settings = Settings(**json.loads(path.read_text()))
    try:
        result = train(settings)
    except LongalpacaError as error:  # of one rank or of all: the launcher is told of the first
        with suppress(FileExistsError), result_file(path).open("x") as file:
            json.dump({"error": str(error)}, file)
        return 1
    if int(os.environ.get("LOCAL_RANK", "0")) == 0:  # every machine's launcher waits for one
        result_file(path).write_text(json.dumps(asdict(result)))
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())
