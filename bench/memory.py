"""The memory that `sft --dry-run` estimates beside what a training step takes.

    python bench/memory.py                                        # sft-default, 16k and 32k tokens
    python bench/memory.py --recipes sft-longalpaca-7b sft-longalpaca-13b --gpus 8
    python bench/memory.py --lengths 16384 --set tune=full --set gradient_checkpointing=false
    python bench/memory.py --simulate                             # also where there is a GPU
    python bench/memory.py --write-peaks                          # for the tests of the estimate

With an NVIDIA GPU, a model of the recipe's architecture with random weights takes two optimizer
steps on one row of random tokens on one GPU; `peak` is what torch counted in the second. Without
one, a step of the whole model is simulated with fake tensors (simulated/step.py), on one GPU and on
several that shard it; `peak` is what its tensors would take, and what they are follows: weights,
moments, gradients, what FSDP gathered, what the forward and the backward pass left. What a
simulation can't see: fragmentation, the CUDA context, NCCL's buffers, kernels' own workspaces.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import torch
from simulated.peaks import write_peaks
from simulated.step import TARGETS, build, simulate

from longalpaca_data.core.resources import find_recipe
from longalpaca_data.train.data.collate import IGNORED
from longalpaca_data.train.model.lora import count
from longalpaca_data.train.model.loss import add_weighted_loss
from longalpaca_data.train.model.memory import GIB, memory
from longalpaca_data.train.model.parallel import computes_in_half
from longalpaca_data.train.recipe import SftRecipe, load_recipe
from longalpaca_data.train.run.options import settings_of

MEASURED = ("recipe", "tokens", "attention", "estimate", "peak", "est./peak", "s/step", "tokens/s")
PARTS = ("weights", "optimizer", "gradients", "gathered", "forward", "backward")
SIMULATED = ("recipe", "tokens", "gpus", "estimate", "peak", "est./peak", *PARTS, "seconds")


def batch(tokens: int, words: int) -> dict[str, Any]:
    """One row of random tokens, its last tenth with targets."""
    ids = torch.randint(0, words, (1, tokens), device="cuda")
    labels = ids.clone()
    labels[:, : tokens - tokens // TARGETS] = IGNORED
    weights = torch.full((1, tokens), 1.0 / (tokens // TARGETS), device="cuda")
    positions = torch.arange(tokens, device="cuda")[None]
    return {
        "input_ids": ids,
        "labels": labels,
        "loss_weights": weights,
        "position_ids": positions,
        "document_lengths": [[tokens]],
    }


def measure(recipe: SftRecipe) -> tuple[float, float, float]:
    """Return the estimate and the peak in GiB, and the seconds of the second step."""
    with torch.device("cuda"):
        model, inner, config = build(recipe)
    add_weighted_loss(inner)
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-5, fused=True)
    half = computes_in_half(recipe, "cuda")
    seconds = 0.0
    for _ in range(2):
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        for micro in range(2):  # the second finds the first one's gradients
            with torch.autocast("cuda", torch.bfloat16, enabled=half):
                row = batch(recipe.context, int(config.vocab_size))
                loss = model(**row)["loss_sum"]
            loss.backward()
            if micro == 0:
                torch.cuda.synchronize()
                began = time.perf_counter()
        optimizer.step()
        optimizer.zero_grad()
        torch.cuda.synchronize()
        seconds = time.perf_counter() - began
    estimate = memory(config, count(model), recipe, "none", 1).total / GIB
    return estimate, torch.cuda.max_memory_allocated() / GIB, seconds


def show(*cells: object) -> None:
    """Print a row of the table."""
    texts = [f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells]
    print(f"{texts[0]:<20}" + " ".join(f"{text:>9}" for text in texts[1:]), flush=True)


def measured(options: argparse.Namespace, changes: dict[str, Any]) -> None:
    """Measure each recipe, length and kind of attention on this machine's GPU."""
    show(*MEASURED)
    for name in options.recipes:
        for tokens in options.lengths:
            for attention in options.attention:
                fixed = {"context": tokens, "attention": attention, "batch_size": 1}
                recipe = load_recipe(find_recipe(name), fixed | changes)
                estimate, peak, seconds = measure(recipe)
                ratio = f"{estimate / peak:.3f}"
                show(name, tokens, recipe.attention, estimate, peak, ratio, f"{seconds:.2f}",
                     round(tokens / seconds))  # fmt: skip
                torch.cuda.empty_cache()


def simulated(options: argparse.Namespace, changes: dict[str, Any]) -> None:
    """Simulate each recipe, length and number of GPUs."""
    show(*SIMULATED)
    for name in options.recipes:
        for tokens in options.lengths:
            for gpus in options.gpus:
                recipe = load_recipe(find_recipe(name), {"context": tokens} | changes)
                began = time.perf_counter()
                step = simulate(recipe, gpus)
                seconds = round(time.perf_counter() - began)
                kind = "none" if gpus == 1 else "fsdp"
                estimate = memory(step.config, step.counts, recipe, kind, gpus).total
                parts = [step.parts.get(part, 0) / GIB for part in PARTS]
                ratio = f"{estimate / step.peak:.3f}"
                show(name, tokens, gpus, estimate / GIB, step.peak / GIB, ratio, *parts, seconds)


def main() -> None:
    """Measure where there is a GPU, else simulate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipes", nargs="+", default=["sft-default"])
    parser.add_argument("--lengths", type=int, nargs="+", default=(16384, 32768))
    parser.add_argument(
        "--attention", nargs="+", choices=("s2", "full"), default=("s2", "full"), help="on a GPU"
    )
    parser.add_argument("--gpus", type=int, nargs="+", default=(1, 8), help="when simulating")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--simulate", action="store_true", help="even where there is a GPU")
    parser.add_argument("--write-peaks", action="store_true", help="store what the tests compare")
    options = parser.parse_args()
    if options.write_peaks:
        write_peaks()
        return
    simulates = options.simulate or not torch.cuda.is_available()
    (simulated if simulates else measured)(options, settings_of(options.set))


if __name__ == "__main__":
    main()
