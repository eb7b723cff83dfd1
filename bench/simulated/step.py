"""A training step on fake tensors: the real model's operators and sizes, no numbers, no memory.

Everything is built as the worker and accelerate build it: trained weights by `prepare`, autocast to
bfloat16, checkpointed layers, the chunked loss, fused AdamW, gradients that are there when the
backward pass begins (accumulation), and on several GPUs FSDP2 by accelerate's own function over a
process group that sends nothing, in the precision that `shards` sets, without autocast.

A build of torch without CUDA can't differentiate fake tensors on `cuda`, so they are on the CPU,
and where our code or torch asks for the device it is told what holds on CUDA (`as_on_cuda`).
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch
from accelerate.utils import FullyShardedDataParallelPlugin
from accelerate.utils.fsdp_utils import fsdp2_prepare_model
from simulated.tracker import Tracker
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed.tensor import DTensor, _sharding_prop
from torch.nn.modules import linear_cross_entropy, linear_cross_entropy_options
from torch.testing._internal.distributed.fake_pg import FakeStore
from transformers import AutoModelForCausalLM

from longalpaca_data.train.attention import function, kernels
from longalpaca_data.train.data.collate import IGNORED
from longalpaca_data.train.model import shards
from longalpaca_data.train.model.architecture import config_from_numbers
from longalpaca_data.train.model.lora import count, prepare
from longalpaca_data.train.model.loss import add_weighted_loss
from longalpaca_data.train.model.parallel import computes_in_half
from longalpaca_data.train.model.rope import extend_context
from longalpaca_data.train.model.trainable import attention_of
from longalpaca_data.train.model.tune import Counts, tune_options
from longalpaca_data.train.recipe import SftRecipe

TARGETS = 10
"""One token in ten is a target."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """The peak of a step in bytes per GPU, what it is made of, and the model's numbers."""

    peak: int
    parts: dict[str, int]
    config: Any
    counts: Counts


def simulate(
    recipe: SftRecipe, world: int, watch: Callable[[Any, Any], Any] | None = None
) -> Simulated:
    """Take one step of a recipe on ``world`` GPUs.

    ``watch`` may return another context for the step, given the model and the optimizer.
    """
    half = computes_in_half(recipe, "cuda")
    with ExitStack() as stack:
        mesh = stack.enter_context(_processes(world)) if world > 1 else None
        with torch.device("meta"):
            model, inner, config = build(recipe)
        counts = count(model)
        stack.enter_context(as_on_cuda())
        stack.enter_context(FakeTensorMode(allow_non_fake_inputs=True))
        _materialize(model)
        if mesh is not None:
            model = _shard(model, mesh, half=half)
        add_weighted_loss(inner)
        trained = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=1e-5, fused=True)
        if watch is not None:
            stack.enter_context(watch(model, optimizer))
        tracker = stack.enter_context(Tracker(recipe.batch_size * (recipe.context // TARGETS)))
        tracker.stage = "weights"
        for tensor in (*model.parameters(), *model.buffers()):
            local: Any = tensor.data
            tracker.see(local.to_local() if isinstance(local, DTensor) else local)
        _step(recipe, model, optimizer, tracker, autocast=half and mesh is None)
    parts = {name: size for name, size in tracker.peak_by_stage.items() if size}
    return Simulated(tracker.peak, parts, config, counts)


def _step(
    recipe: SftRecipe, model: Any, optimizer: Any, tracker: Tracker, *, autocast: bool
) -> None:
    """Take a step with moments and, if any are accumulated, gradients there from the beginning."""
    trained = optimizer.param_groups[0]["params"]
    tracker.stage = "gradients"
    for parameter in trained:
        parameter.grad = torch.zeros_like(parameter)
    tracker.stage = "optimizer"
    optimizer.step()
    if recipe.accumulation == 1:
        optimizer.zero_grad()
    tracker.restart()
    tracker.stage = "forward"
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        loss = model(**_batch(recipe))["loss_sum"].float()
    tracker.stage = "backward"
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()


def _batch(recipe: SftRecipe) -> dict[str, Any]:
    shape = (recipe.batch_size, recipe.context)
    return {
        "input_ids": torch.zeros(shape, dtype=torch.long),
        "labels": torch.full(shape, IGNORED),
        "loss_weights": torch.zeros(shape, dtype=torch.float64),
        "position_ids": torch.arange(recipe.context).expand(shape),
        "document_lengths": [[recipe.context]] * recipe.batch_size,
    }


def build(recipe: SftRecipe) -> tuple[Any, Any, Any]:
    """Build the recipe's model ready to train, on the default device: it, its base, its numbers."""
    config = config_from_numbers(recipe)
    extend_context(config, recipe.context, recipe.rope)
    dtype = torch.bfloat16 if computes_in_half(recipe, "cuda") else torch.float32
    model = AutoModelForCausalLM.from_config(
        config, dtype=dtype, attn_implementation=attention_of(recipe)
    )
    model = prepare(model, tune_options(recipe))
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    if recipe.gradient_checkpointing:
        inner.activation_checkpointing_enable({"use_reentrant": False})
        if inner is not model:
            model.enable_input_require_grads()
    return model.train(), inner, config


def _materialize(model: Any) -> None:
    """Put fake tensors of the same sizes in the place of tensors that have no device."""
    made: dict[int, torch.Tensor] = {}
    for module in model.modules():
        for held in (module._parameters, module._buffers):  # noqa: SLF001 - in place, ties kept
            for name, tensor in held.items():
                if tensor is None:
                    continue
                if id(tensor) not in made:
                    fake = torch.empty_like(tensor, device="cpu")
                    trains = tensor.requires_grad
                    is_weight = isinstance(tensor, torch.nn.Parameter)
                    made[id(tensor)] = torch.nn.Parameter(fake, trains) if is_weight else fake
                held[name] = made[id(tensor)]


@contextmanager
def _processes(world: int) -> Iterator[Any]:
    """A process group that sends nothing, and the mesh of its ranks."""
    torch.distributed.init_process_group("fake", rank=0, world_size=world, store=FakeStore())
    try:
        yield torch.distributed.init_device_mesh("cpu", (world,))
    finally:
        torch.distributed.destroy_process_group()


def _shard(model: Any, mesh: Any, *, half: bool) -> Any:
    """Shard as accelerate does for `fsdp: True, fsdp_config: {version: 2}`."""
    plugin = FullyShardedDataParallelPlugin(
        fsdp_version=2,
        auto_wrap_policy="transformer_based_wrap",
        reshard_after_forward=True,
    )
    if half:
        plugin.set_mixed_precision("bf16")
    shards.configure(plugin, read_once=False)
    accelerator = SimpleNamespace(
        state=SimpleNamespace(fsdp_plugin=plugin),
        mixed_precision="bf16" if half else "no",
        is_main_process=False,
        device=torch.device("cpu"),
        torch_device_mesh={("ranks",): mesh},
        parallelism_config=SimpleNamespace(fsdp_dim_names=["ranks"]),
    )
    return fsdp2_prepare_model(accelerator, model)


@contextmanager
def as_on_cuda() -> Iterator[None]:
    """Let attention and loss decide as they do on a GPU of compute capability 8.0 or more."""

    def kernel(_: torch.device, dtype: torch.dtype, head_dim: int) -> Any:
        fits = dtype in (torch.float16, torch.bfloat16) and head_dim <= kernels.MAX_HEAD_DIM
        return kernels._torch_varlen if fits else None  # noqa: SLF001 - has a fake of its own

    options, chunks = linear_cross_entropy_options, linear_cross_entropy._ChunkContext  # noqa: SLF001
    known = options._AUTO_DEFAULTS  # noqa: SLF001
    on_cpu = {("cpu", dtype): pick for (device, dtype), pick in known.items() if device == "cuda"}
    with (
        patch.object(function, "varlen_kernel", kernel),
        patch.object(kernels, "_boundaries", kernels._boundaries.__wrapped__),  # noqa: SLF001
        patch.dict(known, on_cpu),
        patch.object(_sharding_prop, "detect_fake_mode", lambda: None),  # tells its tries apart
        patch.object(chunks, "build", classmethod(_taking_cpu_for_cuda(chunks.build.__func__))),
    ):
        yield


def _taking_cpu_for_cuda(function: Any) -> Any:
    """Return the function with the word "cpu" where it compares a device's type with "cuda"."""
    code = function.__code__
    words = tuple("cpu" if word == "cuda" else word for word in code.co_consts)
    return types.FunctionType(
        code.replace(co_consts=words),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
