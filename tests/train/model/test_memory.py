"""The dry run's estimate of memory against simulated steps of the same architecture."""

from __future__ import annotations

import json
import tomllib
from contextlib import contextmanager

import pytest
import torch
from simulated import peaks
from simulated.peaks import layers_recipe, small_recipe
from simulated.step import build, simulate
from torch.distributed._tools.mem_tracker import MemTracker

from longalpaca_data.core.resources import find_recipe
from longalpaca_data.train.model.lora import count
from longalpaca_data.train.model.memory import LAYERS, memory
from longalpaca_data.train.recipe import load_recipe


@pytest.fixture(scope="module")
def stored():
    return peaks.stored_peaks()


def estimate(config, counts, found, world):
    return memory(config, counts, found, "none" if world == 1 else "fsdp", world).total


def estimate_over_peak(stored, found, world):
    """By the stored peak; by a step that is simulated now, where none is stored or it is stale."""
    peak = stored.get(peaks.key(found, world))
    if peak is None:
        step = simulate(found, world)
        assert sum(step.parts.values()) == step.peak
        return estimate(step.config, step.counts, found, world) / step.peak
    with torch.device("meta"):
        model, _, config = build(found)
    return estimate(config, count(model), found, world) / peak


@pytest.mark.slow
@pytest.mark.parametrize("world", [1, 8])
def test_a_stored_peak_is_what_a_step_takes(world):
    """The smallest of the stored ones; what the others depend on is the same."""
    found = small_recipe(architecture={"vocab_size": 65536}, context=2048)
    step = simulate(found, world)
    assert sum(step.parts.values()) == step.peak
    assert peaks.stored_peaks().get(peaks.key(found, world), step.peak) == step.peak


def test_the_stored_peaks_are_of_the_pinned_torch_and_of_every_case():
    """Write them anew with `python bench/memory.py --write-peaks`."""
    project = tomllib.loads((peaks.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (pinned,) = (p for p in project["optional-dependencies"]["train"] if p.startswith("torch=="))
    file = json.loads(peaks.FILE.read_text(encoding="utf-8"))
    assert file["fingerprint"]["torch"].split("+")[0] == pinned.removeprefix("torch==")
    assert set(file["peaks"]) == {peaks.key(found, world) for found, world in peaks.cases()}


@pytest.mark.slow
@pytest.mark.parametrize("world", [1, 8])
@pytest.mark.parametrize("checkpointing", [True, False])
def test_a_small_model(stored, world, checkpointing):
    found = small_recipe(gradient_checkpointing=checkpointing)
    assert estimate_over_peak(stored, found, world) == pytest.approx(1, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("world", [1, 8])
@pytest.mark.parametrize("checkpointing", [True, False])
@pytest.mark.parametrize("tune", ["lora+", "lora", "full"])
def test_layers_of_seven_billion_parameters(stored, tune, checkpointing, world):
    """What a layer takes weighs most where there are few: an error in it can't hide."""
    found = layers_recipe(tune, checkpointing=checkpointing)
    assert estimate_over_peak(stored, found, world) == pytest.approx(1, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("changes", peaks.OTHER_SETTINGS, ids=str)
@pytest.mark.parametrize("world", [1, 8])
def test_other_settings(stored, changes, world):
    assert estimate_over_peak(stored, small_recipe(**changes), world) == pytest.approx(1, abs=0.05)


@pytest.mark.slow
def test_a_whole_model_on_eight_gpus(stored):
    found = load_recipe(find_recipe("sft-default"))
    assert estimate_over_peak(stored, found, 8) == pytest.approx(1, abs=0.02)


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
    step = simulate(small_recipe(architecture=numbers, context=4096, tune="full"), 1, watch)
    assert step.peak == seen["peak"]


def test_every_way_to_train_has_its_numbers():
    streams = {"mixed": {"lora+", "full"}, "half": {"lora"}}
    streams |= {key: {"lora+", "lora", "full"} for key in ("sharded", "float32")}
    assert set(LAYERS) == {(stream, tune) for stream, tunes in streams.items() for tune in tunes}
