"""What only a GPU can show: the variable-length kernels, bfloat16, 4-bit weights, NCCL, ZeRO-3.

Skipped without CUDA. `python -m pytest tests/train/test_cuda.py` on a machine with one GPU.
"""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from longalpaca_data.train.ask import Asker
from longalpaca_data.train.attention import function, kernels
from longalpaca_data.train.attention.function import grouped_attention
from longalpaca_data.train.attention.heads import head_halves
from longalpaca_data.train.model.load import load_finished
from longalpaca_data.train.run.launch import run_processes
from longalpaca_data.train.run.worker import train
from tests.train.attention.dense_reference import dense_attention
from tests.train.runs import losses, make_settings, setting_up

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU"),
]

SHAPES = [(9, 3, 64), (32, 32, 128), (28, 4, 128), (8, 1, 256)]


class Layer(torch.nn.Module):
    is_causal = True


def tensors(heads, kv, batch, width, dim):
    shape = [(batch, width, n, dim) for n in (heads, kv, kv)]
    made = [torch.randn(s, device="cuda", dtype=torch.bfloat16).transpose(1, 2) for s in shape]
    return [x.requires_grad_() for x in made]


@pytest.mark.parametrize(("heads", "kv", "dim"), SHAPES)
def test_the_kernel_gives_what_a_dense_mask_gives(heads, kv, dim):
    """Outputs and gradients in bfloat16, as near to float32 as a dense mask in bfloat16 is."""
    if kernels.varlen_kernel(torch.device("cuda"), torch.bfloat16, dim) is None:
        pytest.skip("this GPU has no variable-length kernel")
    for seed in range(12):
        rng = random.Random(seed)
        torch.manual_seed(seed)
        group = rng.choice([16, 33, 64, 128])
        rows = [[rng.randint(1, 4 * group) for _ in range(rng.choice([1, 2, 4]))] for _ in range(2)]
        width = max(map(sum, rows)) + rng.choice([0, 7])
        q, k, v = tensors(heads, kv, 2, width, dim)
        n_plain = sum(h.query.stop - h.query.start for h in head_halves(heads, kv) if not h.shifted)
        real = torch.tensor([[i < sum(row) for i in range(width)] for row in rows]).cuda()
        probe = torch.randn(2, width, heads, dim, device="cuda") * real[:, :, None, None]

        out, _ = grouped_attention(Layer(), q, k, v, None, group_size=group, document_lengths=rows)
        ours = [out, *torch.autograd.grad((out.float() * probe).sum(), (q, k, v))]
        exact = dense(q.float(), k.float(), v.float(), rows, group, n_plain, probe)
        rounded = dense(q, k, v, rows, group, n_plain, probe)
        for mine, true, bound in zip(ours, exact, rounded, strict=True):
            error = distance(mine, true, real)
            assert error <= 2 * distance(bound, true, real) + 1e-3, (seed, error)


def dense(q, k, v, rows, group, n_plain, probe):
    q, k, v = (x.detach().requires_grad_() for x in (q, k, v))
    with torch.device("cuda"):
        out = dense_attention(q, k, v, rows, group, n_plain, q.shape[-1] ** -0.5)
    return [out, *torch.autograd.grad((out.float() * probe).sum(), (q, k, v))]


def distance(found, true, real):
    """Relative error over real positions: (batch, tokens, heads, dim) or gradients of inputs."""
    found, true = found.float(), true.float()
    if found.shape[1] != real.shape[1]:
        found, true = found.transpose(1, 2), true.transpose(1, 2)
    return ((found - true)[real].norm() / true[real].norm()).item()


def test_one_launch_per_half_of_the_heads_and_little_memory():
    """Whatever the number of groups; no mask, no copy of the keys for every query head."""
    q, k, v = tensors(28, 4, 1, 16384, 128)
    grouped_attention(Layer(), q, k, v, None, group_size=512)
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        grouped_attention(Layer(), q, k, v, None, group_size=512)
        torch.cuda.synchronize()
    flash = [e for e in profile.events() if "flash_fwd" in e.name or "FlashAttn" in e.name]
    assert len(flash) == 2, [e.name for e in profile.events()]
    assert torch.cuda.max_memory_allocated() - before < 4 * q.nbytes


def test_float32_builds_no_scores():
    """FlashAttention takes half precision only; what is left must not be torch's plain kernel."""
    q, k, v = (x.detach().float() for x in tensors(28, 4, 1, 8192, 32))
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    grouped_attention(Layer(), q, k, v, None, group_size=None)
    one_head = 4 * 8192**2
    assert torch.cuda.max_memory_allocated() - before < one_head


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A model with heads of 8, which the kernels take, trained in this process."""
    folder = tmp_path_factory.mktemp("cuda")
    setting_up(folder, "qwen3")
    result = train(settings(folder, "one"))
    assert result.loss_last < result.loss_first
    return folder


def settings(folder, out, *, parallel="none", **changes):
    numbers = {"learning_rate": 3e-3, "accumulation": 1, "precision": "bf16", **changes}
    return replace(make_settings(folder, out, parallel=parallel, **numbers), device="cuda")


def test_an_adapter_trained_in_bfloat16_reloads(ready):
    model, _ = load_finished(str(ready / "one"))
    saved = load_file(ready / "one" / "adapter_model.safetensors")
    assert all(torch.isfinite(value).all() for value in saved.values())
    assert model.config.max_position_embeddings == 512


def test_an_adapter_is_asked_on_the_gpu(ready):
    """Adapters are float32 over a base in bfloat16."""
    asker = Asker.load(str(ready / "one"))
    assert asker.model.device.type == "cuda"
    tokens = asker.encoder.prompt("Which number?")
    assert asker.complete(tokens, answer=5) == "".join(asker.stream(tokens, answer=5)).strip()


@pytest.mark.parametrize("tune", ["lora+", "lora", "full"])
def test_training_uses_the_kernel(ready, monkeypatch, tune):
    """Whatever is trained: float32 embeddings must not keep half-precision kernels away."""
    if kernels.varlen_kernel(torch.device("cuda"), torch.bfloat16, 8) is None:
        pytest.skip("this GPU has no variable-length kernel")
    calls = []

    def attend(*args, **kwargs):
        calls.append(args[0].dtype)
        return kernels.attend_varlen(*args, **kwargs)

    monkeypatch.setattr(function, "attend_varlen", attend)
    train(settings(ready, f"kernel-{tune}", tune=tune, max_steps=1))
    assert set(calls) == {torch.bfloat16}


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_nccl_trains_what_one_process_trains(ready, parallel):
    where = ready / parallel
    worker = ["-m", "longalpaca_data.train.run.worker", str(where / "sft.json")]
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "1"]
    result = run_processes(settings(ready, parallel, parallel=parallel), 1, run=[*run, *worker])
    assert result.steps == 4
    assert losses(where) == pytest.approx(losses(ready / "one"), rel=2e-2)
    assert_same_names(ready / "one", where)


def test_zero3_trains_what_one_process_trains(ready):
    pytest.importorskip("deepspeed", reason="ZeRO-3 needs deepspeed")
    result = run_processes(settings(ready, "zero3", parallel="zero3"), 1)
    assert result.steps == 4
    assert losses(ready / "zero3") == pytest.approx(losses(ready / "one"), rel=2e-2)
    assert_same_names(ready / "one", ready / "zero3")


def assert_same_names(one: Path, two: Path) -> None:
    shapes = [
        {key: value.shape for key, value in load_file(path / "adapter_model.safetensors").items()}
        for path in (one, two)
    ]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("tune", ["lora+", "lora"])
def test_four_bit_weights_train_and_reload(ready, tune):
    pytest.importorskip("bitsandbytes", reason="4-bit weights need bitsandbytes")
    result = train(settings(ready, f"4bit-{tune}", quantize="4bit", tune=tune))
    assert result.loss_last < result.loss_first
    model, _ = load_finished(str(ready / f"4bit-{tune}"))
    ids = torch.arange(40)[None]
    assert torch.isfinite(model(ids).logits).all()


def test_the_same_run_twice_has_the_same_losses(ready):
    train(settings(ready, "again"))
    assert losses(ready / "again") == pytest.approx(losses(ready / "one"), rel=1e-3)
