"""Context extension: saved, reloaded bit-equal, and counted from the original length."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, GPT2Config, PreTrainedConfig

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.train.model.rope import METHODS, extend_context, original_length, usable_length
from tests.train.tiny import CONFIGS, tiny_config

SEEN_TO = ("gpt_neox", "phi3")
"""The one with a partial rotary factor runs always; Phi3 is refused (it knows longrope only)."""


def build(config):
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config).eval()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "name",
    ["gpt_neox"] + [pytest.param(n, marks=pytest.mark.slow) for n in CONFIGS if n not in SEEN_TO],
)
def test_extension_reloads_bit_equal(name, method, tmp_path):
    config = tiny_config(name)
    theta = config.rope_parameters["rope_theta"]
    partial = config.rope_parameters.get("partial_rotary_factor")
    extend_context(config, 512, method)
    model = build(config)
    model.save_pretrained(tmp_path)
    again = AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    assert again.config.rope_parameters == config.rope_parameters
    assert again.config.rope_parameters["rope_theta"] == theta
    assert again.config.rope_parameters.get("partial_rotary_factor") == partial
    assert usable_length(again.config) == 512
    ids = torch.arange(300)[None] % 200
    with torch.no_grad():
        one, two = model(ids).logits, again(ids).logits
        plain = build(tiny_config(name))(ids).logits
    assert torch.equal(one, two)
    assert not torch.equal(one, plain)


def test_linear_extension_divides_the_frequencies():
    config = tiny_config("llama")
    before = build(config).model.rotary_emb.inv_freq.clone()
    extend_context(config, 512, "linear")
    after = build(config).model.rotary_emb.inv_freq
    torch.testing.assert_close(after * 4, before)


@pytest.mark.parametrize("method", METHODS)
def test_extending_again_counts_from_the_original_length(method, tmp_path):
    twice, once = tiny_config("llama"), tiny_config("llama")
    extend_context(twice, 512, method)
    twice.save_pretrained(tmp_path)
    twice = AutoConfig.from_pretrained(tmp_path)
    assert original_length(twice) == 128
    result = extend_context(twice, 1024, method)
    extend_context(once, 1024, method)
    assert result.factor == 8
    assert twice.rope_parameters == once.rope_parameters
    assert twice.max_position_embeddings == once.max_position_embeddings


def test_changing_the_method_on_the_way_still_counts_from_the_original_length():
    for first in METHODS:
        for second in METHODS:
            config = tiny_config("llama")
            extend_context(config, 512, first)
            assert extend_context(config, 1024, second).factor == 8, (first, second)


def test_linear_factor_is_rounded_up():
    config = tiny_config("llama")
    assert extend_context(config, 300, "linear").factor == 3
    assert config.max_position_embeddings == 384


def test_a_target_within_the_context_changes_nothing():
    config = tiny_config("llama")
    before = config.to_dict()
    assert extend_context(config, 128).factor == 1
    assert config.to_dict() == before


def test_models_without_rotary_embeddings_and_unknown_methods_are_errors():
    with pytest.raises(LongalpacaError, match="no rotary"):
        extend_context(GPT2Config(), 4096)
    with pytest.raises(LongalpacaError, match="linear, yarn"):
        extend_context(tiny_config("llama"), 4096, "ntk")
    with pytest.raises(LongalpacaError, match="phi3 can't have its context extended by linear"):
        extend_context(tiny_config("phi3"), 4096)  # it knows longrope only
    config = tiny_config("phi3")
    config.rope_parameters = {"rope_type": "longrope", "rope_theta": 1e4}
    with pytest.raises(LongalpacaError, match="longrope"):
        extend_context(config, 4096)
    with pytest.raises(LongalpacaError, match="max_position_embeddings"):
        original_length(PreTrainedConfig())
