"""Peaks of simulated steps, stored with what they depend on: each takes seconds to simulate.

A stored peak counts only while everything that decides it is the same: the versions of torch and
the libraries above it, the sources that a step runs, and the recipe. Otherwise the step is
simulated anew, so a stale file costs time and hides nothing. `bench/memory.py --write-peaks` writes
the file for the cases of `cases`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from simulated.step import simulate

from longalpaca_data.core.resources import find_recipe
from longalpaca_data.train.recipe import SftRecipe, load_recipe

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "tests" / "train" / "model" / "peaks.json"
LIBRARIES = ("torch", "transformers", "peft", "accelerate")
SOURCES = ("attention/*.py", "data/collate.py", "model/*.py")
"""Under longalpaca_data/train; what estimates the memory (model/memory.py) decides no peak."""

NUMBERS = {
    "model_type": "llama", "hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 4,
    "num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": 4096,
    "max_position_embeddings": 32768, "tie_word_embeddings": False,
}  # fmt: skip
OTHER_SETTINGS: list[dict[str, Any]] = [
    {"accumulation": 1},
    {"batch_size": 2, "context": 4096},
    {"attention": "full"},
    {"architecture": {"tie_word_embeddings": True}},
    {"architecture": {"vocab_size": 65536}, "context": 2048},
    {"precision": "fp32"},
    {"precision": "fp32", "tune": "full", "gradient_checkpointing": False},
    {"lora": {"targets": "all"}},
    {"lora": {"targets": "all"}, "gradient_checkpointing": False},
    {"lora": {"targets": "all"}, "tune": "lora", "gradient_checkpointing": False},
]


def small_recipe(**changes: Any) -> SftRecipe:
    """Return a recipe for a small model, changed."""
    numbers = NUMBERS | changes.pop("architecture", {})
    settings = {"name": "t", "model": "m", "context": 8192, "precision": "bf16"}
    return SftRecipe(**(settings | {"architecture": numbers} | changes))


def layers_recipe(tune: str, *, checkpointing: bool) -> SftRecipe:
    """Return the default recipe with four of its model's layers: an error in one can't hide."""
    changes = {
        "context": 16384, "tune": tune, "gradient_checkpointing": checkpointing,
        "architecture": {"num_hidden_layers": 4},
    }  # fmt: skip
    return load_recipe(find_recipe("sft-default"), changes)


def cases() -> Iterator[tuple[SftRecipe, int]]:
    """Yield the recipes and numbers of GPUs whose peaks are stored."""
    for world in (1, 8):
        for checkpointing in (True, False):
            yield small_recipe(gradient_checkpointing=checkpointing), world
            for tune in ("lora+", "lora", "full"):
                yield layers_recipe(tune, checkpointing=checkpointing), world
        for changes in OTHER_SETTINGS:
            yield small_recipe(**changes), world
    yield load_recipe(find_recipe("sft-default")), 8


def fingerprint() -> dict[str, str]:
    """Return the libraries' versions and a digest of the sources that decide a peak."""
    package = ROOT / "longalpaca_data" / "train"
    files = [file for pattern in SOURCES for file in package.glob(pattern)]
    files += Path(__file__).parent.glob("*.py")
    digest = hashlib.sha256()
    for file in sorted(set(files) - {package / "model" / "memory.py", Path(__file__)}):
        digest.update(file.read_bytes())
    return {name: version(name) for name in LIBRARIES} | {"sources": digest.hexdigest()}


def key(recipe: SftRecipe, world: int) -> str:
    """Return the name of a recipe's step on so many GPUs."""
    return hashlib.sha256(f"{world} {recipe.model_dump_json()}".encode()).hexdigest()[:16]


def stored_peaks() -> dict[str, int]:
    """Return the stored peaks in bytes by key; none where they are stale."""
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    return stored["peaks"] if stored["fingerprint"] == fingerprint() else {}


def write_peaks() -> None:
    """Simulate every case and store its peak."""
    peaks = {key(recipe, world): simulate(recipe, world).peak for recipe, world in cases()}
    text = json.dumps({"fingerprint": fingerprint(), "peaks": peaks}, indent=1)
    FILE.write_text(text + "\n", encoding="utf-8")
