"""The memory that `sft --dry-run` estimates against the memory that a step takes, on one GPU.

    python bench/memory.py                                        # sft-default, 16k and 32k tokens
    python bench/memory.py --recipe sft-tiny --lengths 8192
    python bench/memory.py --attention s2 full --lengths 16384 65536

A model of the recipe's architecture with random weights takes two optimizer steps on one row of
random tokens, a tenth of which are targets. `estimate` is what the dry run says, `peak` what torch
counted in the second step, `s/step` the second step's time. Needs CUDA.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from longalpaca_data.train.attention import attention_name, default_group_size
from longalpaca_data.train.collate import IGNORED
from longalpaca_data.train.lora import count, prepare
from longalpaca_data.train.loss import add_weighted_loss
from longalpaca_data.train.plan import GIB, config_from_numbers, memory, tune_options
from longalpaca_data.train.recipe import SftRecipe, find_recipe, load_recipe
from longalpaca_data.train.rope import extend_context

TARGETS = 10
"""One token in ten is a target."""
COLUMNS = ("tokens", "attention", "estimate", "peak", "of est.", "s/step", "tokens/s")


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


def build(recipe: SftRecipe) -> tuple[Any, Any]:
    """Build the recipe's model with random weights, ready to train, and its configuration."""
    config = config_from_numbers(recipe)
    extend_context(config, recipe.context, recipe.rope)
    kind, group = recipe.attention, recipe.group_size or default_group_size(recipe.context)
    dtype = torch.float32 if recipe.precision == "fp32" else torch.bfloat16
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(
            config, dtype=dtype, attn_implementation=attention_name(kind, group)
        )
        model = prepare(model, tune_options(recipe))
    if recipe.gradient_checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    add_weighted_loss(inner)
    return model.train(), config


def measure(recipe: SftRecipe) -> tuple[float, float, float]:
    """Return the estimate and the peak in GiB, and the seconds of the second step."""
    model, config = build(recipe)
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-5, fused=True)
    half = recipe.precision != "fp32"
    seconds = 0.0
    for _ in range(2):
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        with torch.autocast("cuda", torch.bfloat16, enabled=half):
            row = batch(recipe.context, int(config.vocab_size))
            loss = model(**row)["loss_sum"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        torch.cuda.synchronize()
        seconds = time.perf_counter() - began
    estimate = memory(config, count(model), recipe, "none", 1).total / GIB
    return estimate, torch.cuda.max_memory_allocated() / GIB, seconds


def main() -> None:
    """Measure each length and kind of attention."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="sft-default")
    parser.add_argument("--lengths", type=int, nargs="+", default=(16384, 32768))
    parser.add_argument("--attention", nargs="+", choices=("s2", "full"), default=("s2", "full"))
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("bench/memory.py needs an NVIDIA GPU: skipped")
        return
    print(" ".join(f"{name:>10}" for name in COLUMNS))
    for tokens in options.lengths:
        for attention in options.attention:
            changes = {"context": tokens, "attention": attention, "batch_size": 1}
            recipe = load_recipe(find_recipe(options.recipe), changes)
            estimate, peak, seconds = measure(recipe)
            figures = [f"{estimate:.1f}", f"{peak:.1f}", f"{peak / estimate:.2f}"]
            figures += [f"{seconds:.2f}", f"{tokens / seconds:.0f}"]
            print(" ".join(f"{x:>10}" for x in (tokens, attention, *figures)), flush=True)
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
