"""The fine-tuning recipe: what `sft` does, as YAML that a person can read as a method section."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from longalpaca_data.core.recipe_file import load, read_recipe
from longalpaca_data.core.seeds import SEEDS

Positive = Annotated[int, Field(ge=1)]
"""A whole number from 1."""

Parallel = Literal["none", "ddp", "fsdp", "zero3"]
"""One process; replicas; shards by FSDP2; shards by DeepSpeed."""

AttentionKind = Literal["s2", "local", "full"]
"""Shifted groups, groups without a shift (for comparison), or full attention."""

RopeMethod = Literal["linear", "yarn", "dynamic", "llama3"]
"""How the context is extended beyond the model's own."""

Tune = Literal["lora+", "lora", "full"]
"""Adapters, embeddings and norms; adapters alone; all weights."""

Targets = Literal["attention", "all"]
"""Which linear layers get adapters."""

Weighting = Literal["document", "token"]
"""``document``: every document counts once, whatever its length (LongAlign, arXiv 2401.18058,
section 3.3). ``token``: every answer token counts once, so long answers weigh more."""


class Section(BaseModel):
    """A part of a recipe; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Lora(Section):
    """Low-rank adapters. The defaults are LongLoRA's."""

    rank: Positive = 8
    alpha: Positive = 16
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    targets: Targets = "attention"


class Assumed(Section):
    """The data set that `--dry-run` reckons with where none is at hand."""

    rows: Positive = 12_000
    tokens_per_row: Positive = 12_000


class SftRecipe(Section):
    """A whole fine-tuning run. Lengths are in tokens of the model's tokenizer."""

    name: str
    model: str
    """Folder, or name on the Hugging Face Hub."""
    architecture: dict[str, Any] | None = None
    """``model_type`` and the numbers of config.json: lets `--dry-run` work without the model."""
    dataset: str = "newest"
    """Folder or file, name on the Hub, or ``newest``: the newest data set under data/out."""
    assumed: Assumed = Assumed()
    row_limit: Positive | None = None
    eval_limit: Positive | None = None
    """Rows of the training and of the validation split that are used; all where not given."""
    held_out: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Share of the rows that is held out, by document, where the data set has no validation split.
    The loss on held-out rows is measured before and after, with full attention."""
    template: Literal["auto", "alpaca", "llama2", "chat"] = "auto"

    context: Positive
    rope: RopeMethod = "linear"
    attention: AttentionKind = "s2"
    group_size: Annotated[int, Field(ge=2)] | None = None
    """Tokens; a quarter of the context where it is not given."""
    full_attention_steps: Annotated[int, Field(ge=0)] = 0

    tune: Tune = "lora+"
    lora: Lora = Lora()
    quantize: Literal["4bit"] | None = None

    cut_evidence: Literal["keep", "drop"] = "keep"
    """What becomes of a row whose evidence does not fit into the context with it."""
    packing: bool = True
    weighting: Weighting = "document"
    epochs: Annotated[float, Field(gt=0)] = 5
    max_steps: Positive | None = None
    learning_rate: Annotated[float, Field(gt=0)] = 2e-5
    schedule: Literal["constant_with_warmup", "cosine", "linear"] = "constant_with_warmup"
    warmup_steps: Annotated[int, Field(ge=0)] = 20
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    batch_size: Positive = 1
    """Packed rows per GPU and step."""
    accumulation: Positive = 8
    gradient_checkpointing: bool = True
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    parallel: Literal["auto", "ddp", "fsdp", "zero3"] = "auto"
    seed: Annotated[int, Field(ge=-SEEDS, lt=SEEDS)] = 42

    log_steps: Positive = 1
    eval_steps: Positive | None = None
    save_steps: Positive = 100
    keep: Positive = 2
    """Checkpoints kept; older ones are deleted."""
    report_to: tuple[Literal["wandb", "tensorboard"], ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> SftRecipe:
        if self.tune == "full" and self.quantize:
            raise ValueError("4-bit weights can't be trained: use tune lora+ or lora")
        if self.group_size and self.group_size > self.context:
            raise ValueError(f"group_size {self.group_size} exceeds context {self.context}")
        return self


def load_recipe(path: Path, changes: Mapping[str, Any] | None = None) -> SftRecipe:
    """Read a recipe and lay ``changes`` (what the command line says) over it.

    Another ``model`` than the recipe's takes the recipe's ``architecture`` away, whose numbers are
    those of its own. Raises :class:`RecipeError` naming the key, the line and, for a misspelt key,
    the nearest one.
    """
    changes = dict(changes or {})
    if "model" in changes and changes["model"] != read_recipe(path)[1].get("model"):
        changes = {"architecture": None, **changes}
    return load(SftRecipe, path, changes)


def dump_recipe(recipe: SftRecipe) -> str:
    """Return the recipe as YAML, as it is kept beside the model."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
