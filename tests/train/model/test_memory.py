"""The dry run's estimate of memory against simulated steps of the same architecture."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from simulated.step import simulate
from torch.distributed._tools.mem_tracker import MemTracker

from longalpaca_data.core.resources import find_recipe
from longalpaca_data.train.model.memory import LAYERS, memory
from longalpaca_data.train.recipe import SftRecipe, load_recipe

NUMBERS = {
    "model_type": "llama", "hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 4,
    "num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": 4096,
    "max_position_embeddings": 32768, "tie_word_embeddings": False,
}  # fmt: skip


def recipe(**changes):
    numbers = NUMBERS | changes.pop("architecture", {})
    settings = {"name": "t", "model": "m", "context": 8192, "precision": "bf16"}
    return SftRecipe(**(settings | {"architecture": numbers} | changes))


def estimate_over_peak(found, world):
    step = simulate(found, world)
    assert sum(step.parts.values()) == step.peak
    kind = "none" if world == 1 else "fsdp"
    return memory(step.config, step.counts, found, kind, world).total / step.peak


@pytest.mark.slow
@pytest.mark.parametrize("world", [1, 8])
@pytest.mark.parametrize("checkpointing", [True, False])
def test_a_small_model(world, checkpointing):
    found = recipe(gradient_checkpointing=checkpointing)
    assert estimate_over_peak(found, world) == pytest.approx(1, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("world", [1, 8])
@pytest.mark.parametrize("checkpointing", [True, False])
@pytest.mark.parametrize("tune", ["lora+", "lora", "full"])
def test_layers_of_seven_billion_parameters(tune, checkpointing, world):
    """What a layer takes weighs most where there are few: an error in it can't hide."""
    changes = {
        "context": 16384, "tune": tune, "gradient_checkpointing": checkpointing,
        "architecture": {"num_hidden_layers": 4},
    }  # fmt: skip
    found = load_recipe(find_recipe("sft-default"), changes)
    assert estimate_over_peak(found, world) == pytest.approx(1, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"accumulation": 1},
        {"batch_size": 2, "context": 4096},
        {"attention": "full"},
        {"architecture": {"tie_word_embeddings": True}},
        {"architecture": {"vocab_size": 65536}, "context": 2048},
        {"precision": "fp32"},
        {"precision": "fp32", "tune": "full", "gradient_checkpointing": False},
        {"lora": {"targets": "all"}},
        {"lora": {"targets": "all"}, "gradient_checkpointing": False},
        {"lora": {"targets": "all"}, "tune": "lora", "gradient_checkpointing": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("world", [1, 8])
def test_other_settings(changes, world):
    assert estimate_over_peak(recipe(**changes), world) == pytest.approx(1, abs=0.05)


@pytest.mark.slow
def test_a_whole_model_on_eight_gpus():
    found = load_recipe(find_recipe("sft-default"))
    assert estimate_over_peak(found, 8) == pytest.approx(1, abs=0.02)


@pytest.mark.slow
def test_the_simulation_counts_what_torchs_own_tracker_counts():
    seen = {}

    @contextmanager
    def watch(model, optimizer):
        tracker = MemTracker()
        tracker.track_external(model, optimizer)
        with tracker:
            yield
        (seen["peak"],) = (s["Total"] for s in tracker.get_tracker_snapshot("peak").values())

    numbers = {"num_hidden_layers": 2, "hidden_size": 256}  # all trained: it can't do frozen ones
    step = simulate(recipe(architecture=numbers, context=4096, tune="full"), 1, watch)
    assert step.peak == seen["peak"]


def test_every_way_to_train_has_its_numbers():
    streams = {"mixed": {"lora+", "full"}, "half": {"lora"}}
    streams |= {key: {"lora+", "lora", "full"} for key in ("sharded", "float32")}
    assert set(LAYERS) == {(stream, tune) for stream, tunes in streams.items() for tune in tunes}
