"""What a run was begun with, so that a resumed one goes on with the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from longalpaca_data.core.errors import OutputError
from longalpaca_data.core.storage import write_text
from longalpaca_data.train.data.tokenized import Counts
from longalpaca_data.train.model.strategy import Strategy
from longalpaca_data.train.recipe import SftRecipe
from longalpaca_data.train.run.files import RUN_FILE

KEPT = (
    "model", "context", "rope", "tune", "lora", "quantize", "cut_evidence", "packing", "weighting",
    "batch_size", "learning_rate", "schedule", "warmup_steps", "weight_decay", "seed",
)  # fmt: skip
"""Recipe keys that a resumed run can't change: weights, optimizer and batches depend on them."""


def describe(recipe: SftRecipe, data: Counts, processes: int, strategy: Strategy) -> dict[str, Any]:
    """Return what must be the same after a resumption.

    The number of processes may change where accumulation makes up for it: the steps are the same.
    """
    values = recipe.model_dump(mode="json")
    return {
        **{key: values[key] for key in KEPT},
        "weights": strategy.resumable_by(processes),
        "rows per step": recipe.batch_size * recipe.accumulation * processes,
        "rows of the data set": data.rows,
        "tokens of the data set": data.tokens,
    }


def remember(out: Path, run: dict[str, Any]) -> None:
    """Write down what a run begins with."""
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / RUN_FILE, json.dumps(run, indent=2) + "\n")


def check_same(out: Path, run: dict[str, Any]) -> None:
    """Raise :class:`OutputError` where the run in ``out`` was begun with something else."""
    path = out / RUN_FILE
    try:
        before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else run
    except ValueError as error:
        raise OutputError(f"can't read {path}", do="choose another --out") from error
    for key, value in run.items():
        if before.get(key, value) != value:
            more = " (batch_size × accumulation × GPUs)" if key == "rows per step" else ""
            raise OutputError(
                f"the run in {out} was begun with {key} {before[key]}, now it is {value}{more}",
                do="give the same settings, or choose another --out",
            )
