"""Recipes, and what `sft --dry-run` reckons from them without weights or GPUs at hand."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import torch
from transformers.trainer_utils import set_seed

from longalpaca_data.core.errors import LongalpacaError, RecipeError
from longalpaca_data.core.resources import find_recipe
from longalpaca_data.train.model.architecture import config_from_numbers, count_parameters
from longalpaca_data.train.model.lora import count, prepare
from longalpaca_data.train.model.memory import memory
from longalpaca_data.train.model.parallel import choose_parallel
from longalpaca_data.train.model.strategy import Strategy, strategy_of
from longalpaca_data.train.model.tune import Counts, TuneOptions
from longalpaca_data.train.recipe import SftRecipe, dump_recipe, load_recipe
from longalpaca_data.train.run import options as options_module
from longalpaca_data.train.run.arguments import library_seed
from longalpaca_data.train.run.dryrun import plan, steps
from longalpaca_data.train.run.options import (
    SftOptions,
    command,
    gpus_to_use,
    node_count,
    settings_of,
)
from tests.train.runs import setting_up
from tests.train.tiny import CONFIGS, tiny_config, tiny_model

RECIPES = Path(__file__).parents[3] / "recipes"
PUBLISHED = ("sft-longalpaca-7b", "sft-longalpaca-13b", "sft-longalpaca-70b")


def recipe(**changes):
    return SftRecipe(**({"name": "t", "model": "m", "context": 1024} | changes))


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_settings(name):
    found = load_recipe(find_recipe(name))
    assert found.model.startswith("meta-llama/Llama-2-")
    assert (found.epochs, found.learning_rate, found.warmup_steps) == (5, 2e-5, 20)
    assert (found.batch_size, found.accumulation) == (1, 8)
    # Its loss was the mean of micro-batches of one row, each the mean over the row's answer.
    assert (found.weighting, found.packing) == ("document", False)
    assert (found.lora.rank, found.lora.alpha, found.tune) == (8, 16, "lora+")
    assert (found.schedule, found.attention, found.rope) == ("constant_with_warmup", "s2", "linear")


def test_a_dry_run_knows_rows_held_out_chinese_and_wrong_paths(tmp_path):
    rows = [
        {"instruction": "字" * 700, "output": "字" * 100, "file": f"{i}.txt"} for i in range(10)
    ]
    (tmp_path / "zh.json").write_text(json.dumps(rows))
    changes = {"packing": False, "context": 4096, "epochs": 1, "max_steps": None}
    data = str(tmp_path / "zh.json")

    def planned(dataset=data, **more):
        tiny = str(RECIPES / "sft-tiny.yaml")
        return plan(SftOptions(dataset=dataset, recipe=tiny, gpus=0, changes=changes | more))

    whole = planned(held_out=0)
    assert (whole.steps.rows, whole.steps.tokens) == (10, 8000)
    assert planned(held_out=0.2).steps.rows == 8
    half, single = planned(precision="auto"), planned(precision="fp32")
    assert half.memory == single.memory  # a CPU trains in float32
    with pytest.raises(LongalpacaError, match="no data set at"):
        planned(str(tmp_path / "gone.json"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("sft-longalpaca-7b", 6.7), ("sft-longalpaca-13b", 13.0), ("sft-longalpaca-70b", 69.0),
        ("sft-default", 7.6), ("sft-tiny", 0.135),
    ],
)  # fmt: skip
def test_every_recipe_passes_a_dry_run_without_weights(name, billions, tmp_path):
    options = SftOptions(recipe=str(RECIPES / f"{name}.yaml"), gpus=8, data_root=str(tmp_path))
    found = plan(options)
    assert found.frozen / 1e9 == pytest.approx(billions, rel=0.02)
    assert 0.001 < found.trained / found.frozen < 0.3
    assert found.assumed
    assert found.memory.total < 80 << 30
    assert "--nproc_per_node 8" in found.command
    assert f"{found.trained:,} trained" in "\n".join(found.lines())


def test_a_dry_run_counts_what_the_run_would(tmp_path):
    setting_up(tmp_path, n=20)
    (tmp_path / "r.yaml").write_text(
        f"model: {tmp_path / 'model'}\ncontext: 512\nepochs: 2\naccumulation: 2\npacking: false\n"
    )
    found = plan(
        SftOptions(recipe=str(tmp_path / "r.yaml"), dataset=str(tmp_path / "data"), gpus=0)
    )
    counted = count(prepare(tiny_model("llama"), TuneOptions()))
    assert (found.trained, found.frozen) == (counted.trained, counted.frozen)
    assert (found.steps.rows, found.steps.per_epoch, found.steps.total) == (20, 10, 20)
    assert not found.assumed
    assert not (tmp_path / "data" / "models").exists()
    assert found.parallel == "none"


@pytest.mark.parametrize("targets", ["attention", "all"])
@pytest.mark.parametrize("tune", ["lora+", "lora", "full"])
@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_parameters_are_counted_without_weights(name, tune, targets):
    options = TuneOptions(tune=tune, targets=targets, rank=3)
    real = count(prepare(tiny_model(name), options))
    assert count_parameters(tiny_config(name), options) == real


def test_the_command_line_takes_no_other_models_numbers(tmp_path):
    numbers = "architecture: {model_type: llama}\nmodel: a\ncontext: 64\n"
    path = save(tmp_path, numbers)
    assert load_recipe(path, {"model": "a"}).architecture == {"model_type": "llama"}
    assert load_recipe(path, {"model": "b"}).architecture is None


@pytest.mark.parametrize("seed", [-1, -(2**63), 2**63 - 1])
def test_libraries_take_any_seed_of_a_recipe(seed, tmp_path):
    chosen = load_recipe(save(tmp_path, f"model: a\ncontext: 64\nseed: {seed}"))
    set_seed(library_seed(chosen.seed))
    assert library_seed(42) == 42


def test_memory_and_sharding():
    config, full = tiny_config("llama"), recipe(tune="full", precision="bf16")
    counts = count_parameters(config, TuneOptions(tune="full"))
    one, eight = (memory(config, counts, full, kind, 8) for kind in ("none", "fsdp"))
    assert one.weights == pytest.approx(8 * eight.weights, abs=8)
    assert one.optimizer == pytest.approx(8 * eight.optimizer, abs=8)
    assert one.gradients == 4 * counts.trained
    assert one.gradients == pytest.approx(8 * eight.gradients, abs=8)
    copies = memory(config, counts, full, "ddp", 8)
    assert copies.gradients == 2 * one.gradients  # DDP's buckets
    saving = memory(config, counts, recipe(gradient_checkpointing=False), "ddp", 8)
    assert saving.activations > one.activations
    needed = copies.weights + copies.optimizer + copies.gradients
    assert choose_parallel(full, config, counts, 8, needed * 2) == "ddp"
    assert choose_parallel(full, config, counts, 8, needed) == "fsdp"
    assert choose_parallel(full, config, counts, 1, needed) == "none"
    assert choose_parallel(recipe(parallel="zero3"), config, counts, 8, None) == "zero3"


def test_four_bits_are_for_matrices_inside_layers():
    config = tiny_config("llama")
    counts = count_parameters(config, TuneOptions(tune="lora"))
    plain, small = (recipe(tune="lora", precision="bf16", quantize=q) for q in (None, "4bit"))
    words = 2 * config.vocab_size * config.hidden_size
    one = memory(config, counts, small, "none", 1)
    assert one.weights == round(0.55 * (counts.frozen - words) + 2 * words + 4 * counts.trained)
    eight = memory(config, counts, small, "fsdp", 8)
    assert eight.weights == pytest.approx(one.weights / 8, abs=1)
    assert eight.gathered < memory(config, counts, plain, "fsdp", 8).gathered


def test_memory_of_seven_billion_parameters_at_16k_by_hand():
    """Llama-2-7B, LoRA+, one GPU: what a person reckons on paper."""
    found = load_recipe(find_recipe("sft-longalpaca-7b"), {"context": 16384})
    config = config_from_numbers(found)
    counts = Counts(trained=139_726_848, frozen=6_738_415_616)
    one = memory(config, counts, found, "none", 1)
    assert one.weights == 2 * 6_738_415_616 + 4 * 139_726_848  # bfloat16, and float32 trained
    assert one.optimizer == 8 * 139_726_848  # two moments in float32
    assert one.gradients == 4 * 139_726_848
    inputs = 32 * 16384 * 4096 * 4  # every layer's input, float32: the embeddings are
    layer = 28 * 4096 + 4 * 4096 + 12 * 11008  # and one layer on its way back
    assert one.activations == inputs + 16384 * layer
    assert 26 < one.total / 2**30 < 27
    eight = memory(config, counts, found, "fsdp", 8)
    assert eight.total < one.total / 2
    assert eight.activations < one.activations


def test_steps():
    found = steps(recipe(epochs=3, accumulation=4), [100] * 50, packed=25, world=2)
    assert (found.per_epoch, found.total) == (4, 12)  # 13 batches per rank
    assert steps(recipe(max_steps=7), [100] * 50, 25, 1).total == 7


def test_the_command_is_what_torchrun_needs():
    one = command(Path("o/sft.json"), 1)
    assert one[1:] == ["-m", "longalpaca_data.train.run.worker", "o/sft.json"]
    eight = shlex.join(command(Path("o/sft.json"), 8))
    assert "-m torch.distributed.run --standalone --nproc_per_node 8 -m longalpaca" in eight
    nodes = ("--nnodes", "2", "--node_rank", "1", "--rdzv_endpoint", "host:29500")
    several = shlex.join(command(Path("o/sft.json"), 8, nodes))
    assert "--nnodes 2 --node_rank 1 --rdzv_endpoint host:29500 --nproc_per_node 8" in several
    assert "--standalone" not in several
    assert node_count(nodes) == node_count(["--nnodes=2:4"]) == 2
    assert node_count(["--nnodes", "x"]) == node_count([]) == 1


def test_more_gpus_than_there_are(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert gpus_to_use(None) == gpus_to_use(2) == 2
    with pytest.raises(LongalpacaError, match="--gpus 8: 2 GPUs found; use --gpus 2"):
        gpus_to_use(8)


def test_bfloat16_is_not_emulated(monkeypatch):
    """A V100 would say that it supports it, and take no fused attention."""
    auto, half, single = (recipe(precision=p) for p in ("auto", "bf16", "fp32"))
    for native in (True, False):
        monkeypatch.setattr(
            torch.cuda, "is_bf16_supported", lambda native=native, **how: native or how != EXACT
        )
        assert strategy_of(auto, "none", "cuda").half is native
        assert not strategy_of(single, "none", "cuda").half
        assert not strategy_of(half, "none", "cpu").half
    with pytest.raises(LongalpacaError, match=r"precision: bf16 needs a GPU .* precision=fp32"):
        strategy_of(half, "none", "cuda")


EXACT = {"including_emulation": False}


def test_zero3_asks_for_whole_weights_when_saving():
    config = Strategy("zero3", half=True).arguments(recipe())["deepspeed"]
    assert config["zero_optimization"]["stage3_gather_16bit_weights_on_model_save"]


def test_the_command_line_lies_over_the_recipe(tmp_path):
    (tmp_path / "r.yaml").write_text("model: a\ncontext: 1024\nlora: {rank: 4}\n")
    path = str(tmp_path / "r.yaml")
    found, dataset = options_module.resolve(
        SftOptions(recipe=path, model="b", dataset="d", changes={"context": 64, "epochs": 1})
    )
    assert (found.model, dataset, found.context, found.epochs, found.name) == ("b", "d", 64, 1, "r")
    assert found.lora.rank == 4
    assert load_recipe(save(tmp_path, dump_recipe(found))) == found


def save(folder, text):
    path = folder / "x.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (
            "model: a\ncontex: 5\ncontext: 9",
            r"x.yaml, line 2: unknown key `contex`; did you mean `context`",
        ),
        (
            "model: a\ncontext: 9\nlora:\n  rnk: 4",
            r"line 4: unknown key `lora.rnk`; did you mean `rank`",
        ),
        ("model: a\ncontext: nine", r"line 2: `context`: .* \(found 'nine'\)"),
        ("context: 9", "x.yaml: `model`: Field required"),
        (
            "model: a\ncontext: 9\ntune: full\nquantize: 4bit",
            "x.yaml: 4-bit weights can't be trained",
        ),
        ("model: a\ncontext: 9\ngroup_size: 10", "exceeds context"),
        (f"model: a\ncontext: 9\nseed: {2**63}", "line 3: `seed`: .*less than"),
        ("- a", "not a recipe"),
        ("a: [", "can't read"),
    ],
)
def test_a_wrong_recipe_names_key_and_line(tmp_path, text, match):
    with pytest.raises(RecipeError, match=match) as caught:
        load_recipe(save(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_missing_recipe_and_missing_numbers_are_errors(tmp_path):
    with pytest.raises(RecipeError, match=r"no recipe 'sft-none'.*sft-tiny"):
        find_recipe("sft-none")
    options = SftOptions(
        recipe=str(save(tmp_path, "model: m\ncontext: 9\narchitecture: {hidden_size: 4}")), gpus=0
    )
    with pytest.raises(LongalpacaError, match="no architecture numbers"):
        plan(options)


def test_any_key_can_be_set_by_a_word():
    changes = settings_of(["learning_rate=1e-4", "lora.rank=16", "packing=false", "group_size="])
    recipe = load_recipe(find_recipe("sft-tiny"), changes)
    assert (recipe.learning_rate, recipe.packing, recipe.group_size) == (1e-4, False, None)
    assert (recipe.lora.rank, recipe.lora.alpha) == (16, 8 * 2)  # the section's others stay
    with pytest.raises(
        RecipeError,
        match=r"^the command line: unknown key `lerning_rate`; did you mean `learning_rate`",
    ):
        load_recipe(find_recipe("sft-tiny"), settings_of(["lerning_rate=1"]))


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["packing"], "is no setting"),
        (["=3"], "is no setting"),
        (["lora.=3"], "is no setting"),
        (["x={"], "no YAML"),
        (["lora=1", "lora.rank=3"], "a value of its own"),
    ],
)
def test_a_word_that_sets_nothing_is_refused(words, problem):
    with pytest.raises(LongalpacaError, match=problem):
        settings_of(words)


def test_a_training_recipe_is_read_as_any_other(tmp_path):
    path = tmp_path / "r.yaml"
    for text, message in (
        ("model: a\ncontext: 64\nmodel: b\n", "line 3: `model` is there already"),
        ("model: " + "[" * 2000, "nested hundreds deep"),
        ("- a\n", "is not a recipe"),
    ):
        path.write_text(text)
        with pytest.raises(RecipeError, match=message):
            load_recipe(path)
