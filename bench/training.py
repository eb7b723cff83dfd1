"""One recipe trained with each kind of attention: held-out loss, speed, memory, passkey.

    python bench/training.py data/out/my-set                         # sft-tiny on the CPU
    python bench/training.py data/out/my-set --recipe my.yaml --gpus 1 --set max_steps=200

Held-out loss is measured with full attention, as a trained model is used, on the same rows before
and after. `s2+full` is S² with full attention for the last fifth of the steps. Tokens/s is the
median over the steps. Every run is a process of its own, on the same rows in the same order.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from longalpaca_data.core.resources import find_recipe
from longalpaca_data.train.recipe import load_recipe
from longalpaca_data.train.run.callbacks import read_metrics
from longalpaca_data.train.run.files import METRICS_FILE
from longalpaca_data.train.run.options import settings_of

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("full", "s2", "local", "s2+full")
FULL_AT_THE_END = 0.2
CACHE = "tokenized"
COLUMNS = ("attention", "before", "after", "tokens/s", "of full", "GPU GiB", "passkey")


def command(name: str, *words: str) -> None:
    """Run one of the project's commands; its progress goes to this process's stderr."""
    subprocess.run([sys.executable, str(ROOT / "cli.py"), name, *words], check=True, stdout=2)


def train(
    kind: str, options: argparse.Namespace, steps: int, out: Path, rows: Path | None
) -> dict[str, float]:
    """Fine-tune with one kind of attention; return losses, tokens/s and memory."""
    words = [options.dataset, "--recipe", options.recipe, "--gpus", str(options.gpus)]
    words += ["--out", str(out), "--attention", kind.partition("+")[0], "--quiet"]
    for setting in options.set:
        words += ["--set", setting]
    if kind == "s2+full":
        words += ["--full-attention-steps", str(max(1, round(steps * FULL_AT_THE_END)))]
    if rows and not (out / CACHE).is_dir():
        shutil.copytree(rows, out / CACHE)  # tokenized once
    command("sft", *words)
    metrics = read_metrics(out / METRICS_FILE)
    losses = [one["eval_loss"] for one in metrics if "eval_loss" in one]
    steady = [one for one in metrics if "loss" in one][1:]  # the first step warms up
    return {
        "before": losses[0],
        "after": losses[-1],
        "speed": statistics.median(one["tokens_per_second"] for one in steady),
        "gpu": max((one.get("gpu_gib", 0.0) for one in steady), default=0.0),
    }


def passkey(model: Path, contexts: list[int]) -> str:
    """Return the share of keys found at each context, as text."""
    out = model / "eval"
    words = [word for context in contexts for word in ("--context", str(context))]
    command("eval", str(model), "--suite", "passkey", "--out", str(out), *words)
    report: dict[str, Any] = json.loads((out / "eval.json").read_text())
    (suites,) = report["models"].values()
    shares = []
    for context in contexts:
        cells = [cell for cell in suites["passkey"] if cell["context"] == context]
        found = sum(cell["found"] for cell in cells) / sum(cell["trials"] for cell in cells)
        shares.append(f"{context:,}: {found:.0%}")
    return ", ".join(shares)


def main() -> None:
    """Train each kind and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset")
    parser.add_argument("--recipe", default="sft-tiny")
    parser.add_argument("--gpus", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--passkey", type=int, nargs="*", default=[], metavar="TOKENS")
    parser.add_argument("--out", type=Path, help="keep the models here")
    options = parser.parse_args()
    recipe = load_recipe(find_recipe(options.recipe), settings_of(options.set))
    if not recipe.max_steps:
        parser.error("the recipe has no max_steps; give --set max_steps=N")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.out or Path(temporary)
        print(" ".join(f"{name:>10}" for name in COLUMNS))
        full, rows = 0.0, None
        for kind in options.kinds:
            out = folder / kind
            found = train(kind, options, recipe.max_steps, out, rows)
            full, rows = full or found["speed"], out / CACHE
            keys = passkey(out, options.passkey) if options.passkey else "-"
            figures = [f"{found['before']:.4f}", f"{found['after']:.4f}", f"{found['speed']:.0f}"]
            figures += [f"{found['speed'] / full:.2f}", f"{found['gpu']:.1f}", keys]
            print(" ".join(f"{x:>10}" for x in (kind, *figures)), flush=True)


if __name__ == "__main__":
    main()
