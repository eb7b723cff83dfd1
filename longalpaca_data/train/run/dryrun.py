"""``sft --dry-run``: reckons what a run would take, without weights, tokenizer or GPUs at hand."""

from __future__ import annotations

import math
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path

from longalpaca_data.train.data.holdout import HoldOut, has_validation
from longalpaca_data.train.data.packing import pack
from longalpaca_data.train.data.rows import dataset_files, read_rows
from longalpaca_data.train.model.architecture import config_of, count_parameters, gpu_bytes
from longalpaca_data.train.model.memory import GIB, Memory, memory
from longalpaca_data.train.model.parallel import choose_parallel
from longalpaca_data.train.model.tune import tune_options
from longalpaca_data.train.recipe import SftRecipe
from longalpaca_data.train.run.files import SETTINGS_FILE
from longalpaca_data.train.run.options import (
    SftOptions,
    command,
    gpus_to_use,
    node_count,
    output_folder,
    resolve,
)

CHARACTERS_PER_TOKEN = 3.5
"""Only for `--dry-run`, where no tokenizer is at hand. A Chinese character counts as a token."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Optimizer steps of a run, and tokens per step over all GPUs."""

    rows: int
    packed_rows: int
    per_epoch: int
    total: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would take, as `--dry-run` prints it."""

    command: str
    model: str
    dataset: str
    out: str
    gpus: int
    """Per node."""
    nodes: int
    parallel: str
    trained: int
    frozen: int
    steps: Steps
    assumed: bool
    """The data set was not at hand: steps and tokens follow from the recipe's ``assumed``."""
    memory: Memory

    def lines(self) -> list[str]:
        """Return the plan as text."""
        share = 100 * self.trained / max(self.trained + self.frozen, 1)
        what = "assumed" if self.assumed else "read"
        parts = {k: v / GIB for k, v in asdict(self.memory).items()}
        detail = ", ".join(f"{name} {size:.1f}" for name, size in parts.items())
        return [
            f"command     {self.command}",
            f"model       {self.model}",
            f"data set    {self.dataset}",
            f"output      {self.out}",
            f"parameters  {self.trained:,} trained ({share:.2f} %), {self.frozen:,} frozen",
            f"steps       {self.steps.total:,} ({self.steps.per_epoch:,} per epoch)",
            f"rows        {self.steps.rows:,} {what} in {self.steps.packed_rows:,} packed rows",
            f"tokens      {self.steps.tokens:,}",
            f"gpus        {self._processes()}",
            f"weights     {self.parallel}",
            f"memory      {self.memory.total / GIB:.1f} GiB per GPU, estimated ({detail})",
            "            (as steps were simulated, not measured: leave a quarter of the GPU free)",
        ]

    def _processes(self) -> str:
        if self.gpus == 0:
            return "none, the CPU"
        if self.nodes == 1:
            return str(self.gpus)
        return f"{self.gpus * self.nodes} ({self.nodes} nodes of {self.gpus})"


def plan(options: SftOptions) -> Plan:
    """Reckon what a run will take; reads neither weights nor tokenizer, starts nothing."""
    recipe, dataset = resolve(options)
    gpus = options.gpus if options.gpus is not None else gpus_to_use(None)
    config = config_of(recipe)
    counts = count_parameters(config, tune_options(recipe))
    nodes = node_count(options.torchrun)
    world = max(gpus, 1) * nodes
    parallel = choose_parallel(recipe, config, counts, world, gpu_bytes())
    known = _lengths(dataset, recipe)
    if gpus == 0:
        recipe = recipe.model_copy(update={"precision": "fp32"})  # as trained on the CPU
    lengths = known or [recipe.assumed.tokens_per_row] * recipe.assumed.rows
    lengths = [min(n, recipe.context) for n in lengths[: recipe.row_limit]]
    packed = len(pack(lengths, recipe.context)) if recipe.packing else len(lengths)
    out = output_folder(options, recipe)
    return Plan(
        command=shlex.join(command(out / SETTINGS_FILE, gpus, options.torchrun, parallel=parallel)),
        model=recipe.model,
        dataset=dataset or f"none at hand, {recipe.assumed.rows:,} rows assumed",
        out=str(out),
        gpus=gpus,
        nodes=nodes,
        parallel=parallel,
        trained=counts.trained,
        frozen=counts.frozen,
        steps=steps(recipe, lengths, packed, world),
        assumed=not known,
        memory=memory(config, counts, recipe, parallel, world),
    )


def steps(recipe: SftRecipe, lengths: list[int], packed: int, world: int) -> Steps:
    """Reckon optimizer steps; the last, incomplete step of an epoch counts."""
    batches = math.ceil(packed / (recipe.batch_size * world))
    per_epoch = max(1, math.ceil(batches / recipe.accumulation))
    total = recipe.max_steps or math.ceil(per_epoch * recipe.epochs)
    per_step = sum(lengths) / per_epoch
    return Steps(len(lengths), packed, per_epoch, total, round(per_step * total))


def _lengths(dataset: str, recipe: SftRecipe) -> list[int]:
    """Estimate the tokens of each row from its characters; empty without a data set at hand."""
    if dataset:
        dataset_files(dataset, "train")  # a clear error for a path that is not there
    if not dataset or not Path(dataset).expanduser().exists():
        return []
    lengths = []
    rows = read_rows(dataset)
    if recipe.held_out and not has_validation(dataset):
        rows = HoldOut(recipe.held_out, recipe.seed).rows(dataset, "train")
    for row in rows:
        lengths.append(sum(map(_tokens, (row.instruction, row.input, row.output))) or 1)
        if recipe.row_limit and len(lengths) >= recipe.row_limit:
            break
    return lengths


def _tokens(text: str) -> int:
    """Estimate tokens from characters; a Chinese one takes two bytes more than a Latin one."""
    wide = (len(text.encode("utf-8", "replace")) - len(text)) // 2
    return round(wide + (len(text) - wide) / CHARACTERS_PER_TOKEN)
