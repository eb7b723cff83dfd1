"""What is meant for GPUs, as far as CPUs can show it: bfloat16, 4-bit weights, shards, ZeRO-3."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file

from longalpaca_data.train.model import shards
from longalpaca_data.train.model.load import load_finished
from longalpaca_data.train.model.lora import count, four_bits, prepare
from longalpaca_data.train.model.merge import merge
from longalpaca_data.train.model.strategy import Strategy
from longalpaca_data.train.model.tune import TuneOptions
from longalpaca_data.train.run.worker import train
from tests.train.ranks import as_on_a_gpu, train_in_ranks
from tests.train.runs import eval_losses, losses, make_settings, setting_up
from tests.train.tiny import tiny_config, tiny_model

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sharded")
    for name in ("llama", "qwen2"):
        setting_up(folder / name, name)
    return folder


def both(folder, what, monkeypatch, **changes):
    """Train in this process, and in two as ``what`` says; return the results and the folders."""
    kinds = what.split("+")
    changes = {"max_steps": 3, "accumulation": 1, **changes}
    if "bf16" in kinds:
        changes["precision"] = "bf16"
    if "4bit" in kinds:
        pytest.importorskip("bitsandbytes", reason="4-bit weights need bitsandbytes")
        changes["quantize"] = "4bit"
    as_on_a_gpu(kinds, monkeypatch.setattr)
    one, two = f"{what}-{changes.get('tune')}-1", f"{what}-{changes.get('tune')}-2"
    alone = train(make_settings(folder, one, batch_size=2, **changes))
    settings = make_settings(folder, two, parallel=kinds[0], **changes)
    shared = train_in_ranks(settings, kinds)
    assert (shared.trained, shared.frozen) == (alone.trained, alone.frozen)
    return folder / one, folder / two


def weights(folder):
    (path,) = [*folder.glob("adapter_model.safetensors"), *folder.glob("model.safetensors")]
    return load_file(path)


def assert_same(one, two, tolerance):
    assert losses(two) == pytest.approx(losses(one), rel=tolerance)
    assert eval_losses(two) == pytest.approx(eval_losses(one), rel=tolerance)
    expected, found = weights(one), weights(two)
    assert found.keys() == expected.keys()
    assert all(found[key].shape == value.shape for key, value in expected.items())


def test_shards_in_bfloat16_keep_the_loss_in_float32(ready, monkeypatch):
    """The loss and its weights go through the model's own arguments, which FSDP would round."""
    changes = {"accumulation": 2, "gradient_checkpointing": True}
    one, two = both(ready / "llama", "fsdp+bf16", monkeypatch, **changes)
    assert_same(one, two, 2e-3)
    for loss in losses(two).values():
        assert torch.tensor(loss).bfloat16().item() != loss
    assert {value.dtype for value in weights(two).values()} == {torch.float32}


def test_tied_embeddings_are_read_by_all_and_saved_once(ready, monkeypatch):
    one, two = both(ready / "qwen2", "fsdp", monkeypatch, tune="full")
    assert len([*two.glob("read-by-*")]) == 2
    assert_same(one, two, 1e-5)
    assert "lm_head.weight" not in weights(two)
    for key, value in weights(one).items():
        torch.testing.assert_close(weights(two)[key], value, atol=1e-5, rtol=0)


def test_four_bit_weights_are_sharded_reloaded_and_merged(ready, monkeypatch, tmp_path):
    one, two = both(ready / "llama", "fsdp+4bit+bf16", monkeypatch, learning_rate=3e-3)
    assert_same(one, two, 2e-3)
    assert {value.dtype for value in weights(two).values()} == {torch.float32}
    config = json.loads((two / "config.json").read_text())
    assert "quantization_config" not in config
    merged = merge(two, tmp_path / "merged", dtype="float32")
    ids = torch.arange(40)[None]
    adapted, whole = (load_finished(str(path))[0] for path in (two, merged.out))
    torch.testing.assert_close(adapted(ids).logits, whole(ids).logits, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("tune", ["lora+", "lora"])
def test_four_bit_weights_train_in_one_process(ready, monkeypatch, tune):
    """They are counted as the weights they stand for, and checkpointing changes nothing."""
    pytest.importorskip("bitsandbytes", reason="4-bit weights need bitsandbytes")
    as_on_a_gpu(["4bit"], monkeypatch.setattr)
    results = []
    for checkpointing in (False, True):
        changes = {"tune": tune, "quantize": "4bit", "max_steps": 6, "accumulation": 1}
        out = f"4bit-{tune}-{checkpointing}"
        settings = make_settings(
            ready / "llama", out, gradient_checkpointing=checkpointing, **changes
        )
        results.append(train(settings))
    stored = weights(ready / "llama" / out)
    assert {value.dtype for value in stored.values()} == {torch.float32}  # TRL would round them
    plain, checkpointed = results
    assert plain.loss_last < 0.9 * plain.loss_first
    assert checkpointed.loss_last == pytest.approx(plain.loss_last, rel=1e-5)
    expected = count(prepare(tiny_model("llama"), TuneOptions(tune=tune)))
    assert (plain.trained, plain.frozen) == (expected.trained, expected.frozen)


@pytest.mark.parametrize(
    ("what", "tune", "tolerance", "checkpointing"),
    [
        ("zero3", "full", 1e-5, True),
        ("zero3+bf16", "lora+", 5e-3, False),
        ("zero3", "lora+", 1e-5, True),
        ("zero3", "lora", 1e-5, True),
    ],
)
def test_zero3_trains_what_one_process_trains(
    ready, monkeypatch, what, tune, tolerance, checkpointing
):
    """Adapters over weights that come and go want another kind of checkpointing than all else."""
    pytest.importorskip("deepspeed", reason="ZeRO-3 needs deepspeed")
    changes = {"tune": tune, "gradient_checkpointing": checkpointing}
    one, two = both(ready / "qwen2", what, monkeypatch, **changes)
    assert_same(one, two, tolerance)


@pytest.mark.parametrize("name", ["llama", "gpt_neox"])
@pytest.mark.parametrize("tune", ["lora+", "lora"])
def test_a_model_without_weights_takes_what_it_is_sent(name, tune):
    """Frozen weights have no memory, trained ones a place of their own; buffers are as computed."""
    config = tiny_config(name)
    empty = shards.without_weights(config, attention="sdpa", dtype=torch.bfloat16)
    model = prepare(empty, TuneOptions(tune=tune))
    shards.give_place(model)
    whole = prepare(tiny_model(name, dtype=torch.bfloat16), TuneOptions(tune=tune))
    places = [p.data_ptr() for p in model.parameters() if p.requires_grad]
    assert len(set(places)) == len(places)
    assert all(p.is_meta for p in model.parameters() if not p.requires_grad)
    expected = {n: (p.shape, p.dtype, p.requires_grad) for n, p in whole.named_parameters()}
    found = {n: (p.shape, p.dtype, p.requires_grad) for n, p in model.named_parameters()}
    assert found == expected
    for key, buffer in whole.named_buffers():
        torch.testing.assert_close(model.get_buffer(key), buffer)


def test_weights_that_every_rank_must_read():
    untied, tied = tiny_config("llama"), tiny_config("qwen2")
    assert Strategy("fsdp").reads_once(untied)
    assert not Strategy("fsdp", quantization=four_bits()).reads_once(untied)
    assert not Strategy("fsdp").reads_once(tied)
    assert not Strategy("ddp").reads_once(untied)
