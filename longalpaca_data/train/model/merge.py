"""``merge``: adapter + base → a plain Hugging Face model, context extension and all."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from longalpaca_data.core.errors import LongalpacaError, OutputError
from longalpaca_data.core.storage import ANOTHER_FOLDER, output_errors
from longalpaca_data.train.data.templates import Encoder, default_template, end_answers
from longalpaca_data.train.model.disk import disk_errors
from longalpaca_data.train.model.load import ADAPTER_FILE, load_finished

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True, slots=True)
class Merged:
    """Where the merged model lies, how many weights it has, and the context it reads (tokens)."""

    out: Path
    parameters: int
    context: int


def merge(
    adapter: str | Path, out: str | Path, *, base: str | None = None, dtype: str = "bfloat16"
) -> Merged:
    """Merge ``adapter`` into its base (or into ``base``) and save model and tokenizer to ``out``.

    Sums are done in float32, whatever ``dtype`` is stored. ``out`` appears whole or not at all.
    """
    source, target = Path(adapter).expanduser(), Path(out).expanduser()
    if dtype not in DTYPES:
        raise LongalpacaError(f"no such dtype: {dtype}", do=f"use one of {', '.join(DTYPES)}")
    if not (source / ADAPTER_FILE).is_file():
        raise LongalpacaError(
            f"{source} is not an adapter: it has no {ADAPTER_FILE}",
            do="give the output folder of `sft` (a model trained with --tune full needs no merge)",
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputError(f"{target} exists already", do="give an empty or new folder as --out")
    model, tokenizer = load_finished(str(source), base=base)
    assert isinstance(model, PeftModel)
    merged: Any = model.merge_and_unload()
    merged.to(DTYPES[dtype])
    end_answers(merged, Encoder(tokenizer, default_template(tokenizer)))
    _save_whole(merged, tokenizer, target)
    parameters = sum(p.numel() for p in merged.parameters())
    return Merged(target, parameters, int(merged.config.max_position_embeddings))


def _save_whole(model: Any, tokenizer: Any, target: Path) -> None:
    """Save beside ``target`` and rename, so that an interrupted merge leaves nothing there."""
    with output_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        with disk_errors(target, do=ANOTHER_FOLDER):
            model.save_pretrained(work)
            tokenizer.save_pretrained(work)
            if target.exists():
                target.rmdir()
            work.chmod(0o755)
            work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
