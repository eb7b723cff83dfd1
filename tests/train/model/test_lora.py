"""What is trained is what is saved: adapters, embeddings, norms, tied weights, merging."""

from __future__ import annotations

import json

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from longalpaca_data.core.errors import LongalpacaError, MissingPackageError, OutputError
from longalpaca_data.train.model import lora
from longalpaca_data.train.model.layers import is_tied
from longalpaca_data.train.model.load import load_finished
from longalpaca_data.train.model.lora import count, prepare, verify_saved
from longalpaca_data.train.model.merge import merge
from longalpaca_data.train.model.rope import extend_context
from longalpaca_data.train.model.tune import TuneOptions
from tests.train.tiny import CONFIGS, save_tiny, tiny_config, tiny_model

IDS = torch.arange(40)[None]


def shaken(model):
    """Move every trained weight, as training would."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.02)
    return model


def logits(model):
    with torch.no_grad():
        return model(IDS).logits


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("tune", ["lora+", "lora"])
@pytest.mark.parametrize("targets", ["attention", pytest.param("all", marks=pytest.mark.slow)])
def test_an_adapter_reloads_bit_equal_and_merges(name, tune, targets, tmp_path):
    trained = shaken(prepare(tiny_model(name), TuneOptions(tune=tune, targets=targets)))
    expected = logits(trained)
    trained.save_pretrained(tmp_path)
    verify_saved(count(trained).trained, tmp_path)
    again = PeftModel.from_pretrained(tiny_model(name), tmp_path).eval()
    assert torch.equal(logits(again), expected)
    assert not torch.allclose(logits(tiny_model(name)), expected, atol=1e-3)
    merged = again.merge_and_unload()
    torch.testing.assert_close(logits(merged), expected, atol=1e-5, rtol=0)
    assert is_tied(merged) == bool(tiny_config(name).tie_word_embeddings)


@pytest.mark.parametrize("name", CONFIGS)
def test_lora_plus_trains_embeddings_and_every_norm(name):
    model = prepare(tiny_model(name), TuneOptions())
    trained = {n for n, p in model.named_parameters() if p.requires_grad}
    plain = tiny_model(name)
    norms = [n for n, m in plain.named_modules() if type(m).__name__.endswith("Norm")]
    assert norms
    embeddings = [n for n, m in plain.named_modules() if isinstance(m, torch.nn.Embedding)]
    for module in norms + embeddings:
        assert any(module in n and "modules_to_save" in n for n in trained), module
    assert any("lora_A" in n for n in trained)
    counted = count(model)
    assert counted.trained == sum(p.numel() for p in model.parameters() if p.requires_grad)


def test_full_trains_everything_and_lora_only_adapters():
    assert count(prepare(tiny_model("llama"), TuneOptions(tune="full"))).frozen == 0
    model = prepare(tiny_model("llama"), TuneOptions(tune="lora"))
    assert all("lora_" in n for n, p in model.named_parameters() if p.requires_grad)


def test_trained_weights_are_float32_over_a_half_precision_base():
    model = prepare(tiny_model("llama", dtype=torch.bfloat16), TuneOptions())
    kinds = {(p.requires_grad, p.dtype) for p in model.parameters()}
    assert kinds == {(True, torch.float32), (False, torch.bfloat16)}


def test_four_bits_say_what_they_need(monkeypatch):
    with pytest.raises(LongalpacaError, match="lora"):
        lora.quantization(TuneOptions(tune="full", quantize="4bit"), "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(LongalpacaError, match="needs an NVIDIA GPU"):
        lora.quantization(TuneOptions(quantize="4bit"), "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(lora.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match="bitsandbytes"):
        lora.quantization(TuneOptions(quantize="4bit"), "cuda")
    assert lora.quantization(TuneOptions(), "cuda") is None


def test_weights_missing_from_the_file_are_noticed(tmp_path):
    model = prepare(tiny_model("llama"), TuneOptions())
    model.save_pretrained(tmp_path)
    with pytest.raises(OutputError, match="were trained"):
        verify_saved(count(model).trained + 1, tmp_path)


@pytest.fixture
def adapter(tmp_path):
    """A base model on disk, and an adapter that was trained on it at four times its context."""
    save_tiny(tmp_path / "base", "qwen2")
    config = tiny_config("qwen2")
    extend_context(config, 512)
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "base", config=config)
    model = shaken(prepare(base, TuneOptions())).eval()
    model.save_pretrained(tmp_path / "adapter")
    model.get_base_model().config.save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter", logits(model)


def test_merge_writes_a_plain_model_with_the_extended_context(adapter, tmp_path):
    folder, expected = adapter
    result = merge(folder, tmp_path / "merged", dtype="float32")
    assert result.context == 512
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "merged").eval()
    assert again.config.rope_parameters["factor"] == 4
    assert is_tied(again)
    torch.testing.assert_close(logits(again), expected, atol=1e-5, rtol=0)
    assert not (tmp_path / "merged" / "adapter_config.json").exists()
    model, tokenizer = load_finished(str(tmp_path / "merged"))
    assert tokenizer.decode(tokenizer("abc")["input_ids"]) == "abc"
    assert model.config._attn_implementation == "sdpa"


def test_an_adapter_is_read_to_where_its_base_is(adapter, monkeypatch):
    """PEFT would read it onto a GPU, which another program may fill while this one merges."""
    monkeypatch.setattr("peft.peft_model.infer_device", lambda: "cuda")
    model, _ = load_finished(str(adapter[0]))
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}


def test_an_adapter_is_loaded_with_the_configuration_it_was_trained_with(adapter):
    folder, expected = adapter
    model, _ = load_finished(str(folder))
    assert model.config.max_position_embeddings == 512
    assert torch.equal(logits(model), expected)


def test_merge_errors_are_one_line_and_leave_nothing(adapter, tmp_path):
    folder, _ = adapter
    with pytest.raises(LongalpacaError, match="not an adapter"):
        merge(tmp_path / "base", tmp_path / "x")
    with pytest.raises(LongalpacaError, match="no such dtype"):
        merge(folder, tmp_path / "x", dtype="int8")
    with pytest.raises(OutputError, match="exists already"):
        merge(folder, tmp_path / "base")
    settings = json.loads((folder / "adapter_config.json").read_text())
    settings["base_model_name_or_path"] = str(tmp_path / "gone")
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    with pytest.raises(LongalpacaError, match="no model at"):
        merge(folder, tmp_path / "x")
    assert not (tmp_path / "x").exists()
