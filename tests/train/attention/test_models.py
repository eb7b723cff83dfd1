"""Shifted sparse attention inside whole models: seven architectures, none of them named in it."""

from __future__ import annotations

import pytest
import torch
from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    AutoConfig,
    AutoModelForCausalLM,
    Gemma2Config,
    GptOssConfig,
    MistralConfig,
    Qwen2Config,
)

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.train.attention.function import attention_name, check_supported
from longalpaca_data.train.attention.heads import head_halves
from tests.train.attention.dense_reference import dense_attention
from tests.train.tiny import CONFIGS, VOCABULARY, tiny_model

GROUP = 6
DOCUMENTS = [[17, 5, 20]]
WIDTH = sum(DOCUMENTS[0])


def positions():
    return torch.cat([torch.arange(n) for n in DOCUMENTS[0]])[None]


def tokens(width=WIDTH, batch=1):
    torch.manual_seed(3)
    return torch.randint(0, VOCABULARY - 8, (batch, width))


def register_dense():
    """The dense reference as an attention function of its own, for this test process only."""

    def dense(module, query, key, value, attention_mask, scaling=None, **kwargs):
        heads, kv = query.shape[1], key.shape[1]
        n_plain = sum(h.query.stop - h.query.start for h in head_halves(heads, kv) if not h.shifted)
        rows = kwargs["document_lengths"]
        return dense_attention(query, key, value, rows, GROUP, n_plain, scaling), None

    AttentionInterface.register("dense_reference", dense)
    AttentionMaskInterface.register("dense_reference", lambda **_: None)
    return "dense_reference"


@pytest.mark.parametrize("name", CONFIGS)
def test_logits_and_gradients_equal_the_dense_reference(name):
    results = []
    for attention in (attention_name("s2", GROUP), register_dense()):
        model = tiny_model(name, attention)
        packed = {"position_ids": positions(), "document_lengths": DOCUMENTS}
        out = model(tokens(), **packed, use_cache=False)
        out.logits.square().mean().backward()
        grads = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
        results.append((out.logits.detach(), grads))
    (ours, our_grads), (theirs, their_grads) = results
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    assert our_grads.keys() == their_grads.keys()
    for key, grad in our_grads.items():
        torch.testing.assert_close(grad, their_grads[key], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("kind", ["s2", "full"])
def test_packed_documents_are_computed_as_if_alone(name, kind):
    model = tiny_model(name, attention_name(kind, GROUP))
    ids = tokens()
    with torch.no_grad():
        packed = model(ids, position_ids=positions(), document_lengths=DOCUMENTS).logits
        by_position = model(ids, position_ids=positions(), use_cache=False).logits
        torch.testing.assert_close(by_position, packed, atol=1e-5, rtol=1e-5)
        at = 0
        for length in DOCUMENTS[0]:
            alone = model(ids[:, at : at + length]).logits
            torch.testing.assert_close(packed[:, at : at + length], alone, atol=2e-5, rtol=1e-4)
            at += length


@pytest.mark.parametrize("name", CONFIGS)
def test_right_padding_changes_nothing_and_left_padding_is_an_error(name):
    model = tiny_model(name, attention_name("s2", GROUP))
    ids = tokens(20, batch=3)
    lengths = [20, 13, 4]
    mask = torch.tensor([[int(i < n) for i in range(20)] for n in lengths])
    with torch.no_grad():
        padded = model(ids, attention_mask=mask).logits
        for row, length in enumerate(lengths):
            alone = model(ids[row : row + 1, :length]).logits[0]
            torch.testing.assert_close(padded[row, :length], alone, atol=2e-5, rtol=1e-4)
        with pytest.raises(LongalpacaError, match="padding on the right"):
            model(ids, attention_mask=mask.flip(1))


@pytest.mark.parametrize("name", CONFIGS)
def test_a_saved_model_reloads_with_full_attention(name, tmp_path):
    model = tiny_model(name, attention_name("s2", GROUP))
    model.save_pretrained(tmp_path)
    assert "s2_" not in (tmp_path / "config.json").read_text()
    again = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert again.config._attn_implementation == "sdpa"
    full = tiny_model(name, "sdpa")
    with torch.no_grad():
        torch.testing.assert_close(again(tokens()).logits, full(tokens()).logits)


def test_full_attention_per_document_equals_transformers_own():
    ids = tokens()
    with torch.no_grad():
        ours = tiny_model("llama", attention_name("full"))(ids, position_ids=positions())
        theirs = tiny_model("llama", "eager")(ids, position_ids=positions(), use_cache=False)
    torch.testing.assert_close(ours.logits, theirs.logits, atol=1e-5, rtol=1e-4)


def test_attention_is_switched_on_a_live_model():
    model = tiny_model("llama", attention_name("s2", GROUP))
    with torch.no_grad():
        before = model(tokens()).logits
        model.set_attn_implementation(attention_name("full"))
        after = model(tokens()).logits
        reference = tiny_model("llama", "sdpa")(tokens()).logits
    assert not torch.allclose(before, after, atol=1e-3)
    torch.testing.assert_close(after, reference, atol=1e-5, rtol=1e-4)


def test_gradient_checkpointing_gives_the_same_gradients():
    grads = []
    for checkpointing in (False, True):
        model = tiny_model("llama", attention_name("s2", GROUP)).train()
        if checkpointing:
            model.activation_checkpointing_enable()
        model(
            tokens(), position_ids=positions(), document_lengths=DOCUMENTS, use_cache=False
        ).logits.square().mean().backward()
        grads.append([p.grad for p in model.parameters()])
    for one, two in zip(*grads, strict=True):
        torch.testing.assert_close(one, two)


def test_generation_from_a_cache_is_refused():
    model = tiny_model("llama", attention_name("s2", GROUP))
    with torch.no_grad(), pytest.raises(LongalpacaError, match="reload the saved model"):
        model.generate(tokens(8), max_new_tokens=3, do_sample=False, eos_token_id=None)


def test_architectures_that_cannot_be_trained_are_refused_before_loading():
    check_supported(AutoConfig.for_model("llama"), 10**6)
    check_supported(Qwen2Config(use_sliding_window=False, sliding_window=4), 32)
    check_supported(MistralConfig(sliding_window=4096), 4096)
    with pytest.raises(LongalpacaError, match="soft-capping"):
        check_supported(Gemma2Config(), 32)
    with pytest.raises(LongalpacaError, match="sliding window of 4096"):
        check_supported(MistralConfig(sliding_window=4096), 4097)
    with pytest.raises(LongalpacaError, match="sinks"):
        check_supported(GptOssConfig(sliding_window=4096), 1024)
    windowed = Qwen2Config(use_sliding_window=True, sliding_window=4, max_window_layers=0)
    with pytest.raises(LongalpacaError, match="sliding window of 4 "):
        check_supported(windowed, 32)


def test_a_sliding_window_shorter_than_the_row_is_refused_when_it_is_met():
    torch.manual_seed(0)
    config = MistralConfig(
        vocab_size=64, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=1, sliding_window=8,
    )  # fmt: skip
    name = attention_name("s2", GROUP)
    model = AutoModelForCausalLM.from_config(config, attn_implementation=name)
    model(torch.zeros(1, 8, dtype=torch.long), use_cache=False)
    with pytest.raises(LongalpacaError, match="sliding window of 8"):
        model(torch.zeros(1, 9, dtype=torch.long), use_cache=False)
