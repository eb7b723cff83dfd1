"""The README.md that lies beside a fine-tuned model: what it is, and how it is loaded.

That needs saying. Whatever loads an adapter by its folder alone (PEFT, most servers) takes the
*base's* configuration, in which the context is not extended: positions are then off by the factor
of the extension, and nothing says so.
"""

from __future__ import annotations

from typing import Any

from longalpaca_data.train.model.rope import usable_length
from longalpaca_data.train.recipe import SftRecipe

ADAPTER = """\
## Loading

This folder holds an adapter. Its `config.json` carries the context that it was trained with, which
the base model's own configuration does not: **an adapter that is loaded by name alone (PEFT's
`AutoPeftModelForCausalLM`, most servers) gets the base's positions and answers badly without a
word.**
Merge it into a plain model, which any program reads:

    python cli.py merge THIS_FOLDER --out merged

or ask it as it is (`python cli.py ask THIS_FOLDER --material book.txt "…"`), or hand the
configuration over in Python:

```python
from peft import PeftModel
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

folder = "THIS_FOLDER"
config = AutoConfig.from_pretrained(folder)  # with the extended context
base = AutoModelForCausalLM.from_pretrained({base!r}, config=config)
model = PeftModel.from_pretrained(base, folder).eval()
tokenizer = AutoTokenizer.from_pretrained(folder)
```
"""

ATTENTION = {
    "s2": "shifted sparse attention",
    "local": "local attention (groups without a shift)",
    "full": "full attention",
}

WHOLE = """\
## Loading

A plain model: `AutoModelForCausalLM.from_pretrained`, or whatever else reads Hugging Face folders.
"""


def model_card(recipe: SftRecipe, config: Any, data: dict[str, Any]) -> str:
    """Return the README of a model trained by ``recipe``; ``config`` is the model's, extended.

    ``data`` holds the counts of the rows trained on (``rows``, ``tokens``, ``truncated`` …).
    """
    whole = recipe.tune == "full"
    rope = dict(getattr(config, "rope_parameters", None) or {})
    kind = str(rope.get("rope_type", "default"))
    extension = "" if kind == "default" else f", position embeddings: {kind} × {rope['factor']:g}"
    attention = ATTENTION[recipe.attention]
    front = ["---", f"library_name: {'transformers' if whole else 'peft'}"]
    front += [f"base_model: {recipe.model}"] if _is_hub_name(recipe.model) else []
    front += ["pipeline_tag: text-generation", "tags: [long-context, longalpaca-data]", "---"]
    about = [
        f"# {recipe.name}",
        "",
        f"`{recipe.model}`, fine-tuned on {data['rows']:,} rows ({data['tokens']:,} tokens).",
        "",
        f"- context: {usable_length(config):,} tokens{extension}",
        f"- trained with {attention}, used with full attention",
        f"- trained weights: {recipe.tune}; every setting is in `recipe.yaml`",
        "- loss: `metrics.jsonl`, `loss.png`",
        *_not_whole(data),
        "",
    ]
    loading = WHOLE if whole else ADAPTER.replace("{base!r}", repr(recipe.model))
    return "\n".join([*front, "", *about, loading])


def _not_whole(data: dict[str, Any]) -> list[str]:
    """Say how many rows were not trained on as they are."""
    cut, out = data.get("truncated", 0), data.get("dropped_too_long", 0)
    lost = data.get("dropped_cut_evidence", 0)
    lines = []
    if cut or out:
        lines.append(f"- rows cut to the context: {cut:,}; left out as too long: {out:,}")
    if lost:
        lines.append(f"- rows left out whose evidence did not fit: {lost:,}")
    return lines


def _is_hub_name(name: str) -> bool:
    """Tell ``owner/name`` from a folder: the Hub refuses cards that name a base it can't have."""
    return name.count("/") == 1 and not name.startswith((".", "/", "~")) and name[-5:] != ".gguf"
