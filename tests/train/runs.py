"""Small runs for the trainer's tests: a data set, a recipe, the settings of a process."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq

from longalpaca_data.train.recipe import SftRecipe
from longalpaca_data.train.run.options import Settings
from tests.train.tiny import save_tiny


def row(i):
    material = "\n".join(f"Line {j} of {i}." for j in range(4 + i % 7))
    return {
        "instruction": f"Open.\n{material}\nEnd.\nWhich number?",
        "input": "",
        "output": str(i) * (1 + i % 5),
        "file": "",
    }


def write_dataset(folder, n=24, held_out=3):
    (folder / "data").mkdir(parents=True)
    for split, rows in (("train", range(n)), ("validation", range(n, n + held_out))):
        if len(rows):
            table = pa.Table.from_pylist([row(i) for i in rows])
            pq.write_table(table, folder / "data" / f"{split}-00000-of-00001.parquet")
    (folder / "manifest.json").write_text("{}")
    return folder


def setting_up(tmp_path, name="llama", **options):
    """A model and a data set on disk."""
    save_tiny(tmp_path / "model", name)
    write_dataset(tmp_path / "data", **options)


def make_recipe(tmp_path, **changes):
    values = {
        "name": "test", "model": str(tmp_path / "model"), "context": 512, "max_steps": 4,
        "learning_rate": 1e-2, "accumulation": 2, "warmup_steps": 1, "precision": "fp32",
        "save_steps": 2, "gradient_checkpointing": False, "template": "llama2",
    }  # fmt: skip
    return SftRecipe(**(values | changes))


def make_settings(tmp_path, out="out", *, parallel="none", resume=False, **changes):
    return Settings(
        recipe=make_recipe(tmp_path, **changes).model_dump(mode="json"),
        dataset=str(tmp_path / "data"),
        out=str(tmp_path / out),
        device="cpu",
        parallel=parallel,
        resume=resume,
        quiet=True,
    )


def metrics(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def losses(folder):
    return {m["step"]: m["loss"] for m in metrics(folder) if "loss" in m}


def eval_losses(folder):
    return [m["eval_loss"] for m in metrics(folder) if "eval_loss" in m]
