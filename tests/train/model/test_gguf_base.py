"""A real model, SmolLM2-135M-Instruct as a GGUF file, as the base of a run: adapter and merge."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForCausalLM

from longalpaca_data.train.model.load import load_finished
from longalpaca_data.train.model.merge import merge
from longalpaca_data.train.run.worker import train
from tests.llm.small_model import small_gguf
from tests.train.runs import losses, make_settings, write_dataset

pytestmark = [pytest.mark.slow]


def test_a_gguf_file_is_trained_reloaded_and_merged(tmp_path):
    """S² on 9 query and 3 key-value heads, tied embeddings trained, with the chat template."""
    write_dataset(tmp_path / "data")
    settings = make_settings(
        tmp_path, model=str(small_gguf()), template="auto", context=128, group_size=32,
        accumulation=1, max_steps=2, learning_rate=1e-3, row_limit=6, eval_limit=1,
    )  # fmt: skip
    result = train(replace(settings, quiet=True))
    assert result.steps == 2
    assert result.eval_loss_after < result.eval_loss_before
    assert set(losses(tmp_path / "out")) == {1, 2}

    adapted, tokenizer = load_finished(str(tmp_path / "out"))
    ids = torch.tensor([tokenizer("Who keeps the key?")["input_ids"]])
    merged = merge(tmp_path / "out", tmp_path / "merged", dtype="float32")
    assert merged.parameters == 134_515_008  # SmolLM2-135M's, its tied embeddings counted once
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "merged").eval()
    assert plain.config.tie_word_embeddings
    with torch.no_grad():
        torch.testing.assert_close(plain(ids).logits, adapted(ids).logits, atol=1e-3, rtol=1e-4)
