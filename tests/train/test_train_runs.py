"""Whole runs in one process: what is written, resumed, interrupted, refused."""

from __future__ import annotations

import json
import os
import signal

import pytest
import torch
from runs import losses, make_settings, setting_up, write_dataset
from safetensors.torch import load_file
from tiny import save_tiny
from transformers import TrainerCallback

from longalpaca_data.errors import DatasetError, LongalpacaError, OutputError
from longalpaca_data.train import launch, worker
from longalpaca_data.train.launch import SftOptions, sft
from longalpaca_data.train.load import load_finished
from longalpaca_data.train.worker import train

pytestmark = [
    # peft 0.21 asks transformers for a name that transformers 5.23 renames.
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]


@pytest.fixture
def ready(tmp_path):
    setting_up(tmp_path)
    return tmp_path


def weights(folder):
    return load_file(folder / "adapter_model.safetensors")


def test_a_run_writes_what_it_should(ready):
    result = train(make_settings(ready))
    out = ready / "out"
    assert result.steps == 4
    assert not result.interrupted
    assert result.loss_last < result.loss_first
    assert result.eval_loss_after < result.eval_loss_before
    assert result.data["rows"] == 24
    names = {p.name for p in out.iterdir()}
    assert names >= {
        "adapter_model.safetensors", "adapter_config.json", "config.json", "tokenizer.json",
        "metrics.jsonl", "loss.png", "recipe.yaml", "checkpoint-4",
    }  # fmt: skip
    assert not names & {"README.md", "training_args.bin", "stop", "sft.json"}
    assert json.loads((out / "config.json").read_text())["max_position_embeddings"] == 512
    records = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert all(r["tokens_per_second"] > 0 for r in records if "loss" in r)
    model, _ = load_finished(str(out))
    assert model.config._attn_implementation == "sdpa"


@pytest.mark.slow
def test_a_resumed_run_has_the_losses_of_an_uninterrupted_one(ready):
    train(make_settings(ready, "whole", max_steps=6, save_steps=3))
    settings = make_settings(ready, "parts", max_steps=6, save_steps=3)
    stop_at(3, interrupt, lambda: train(settings))
    assert list(losses(ready / "parts")) == [1, 2, 3]
    assert not (ready / "parts" / "adapter_model.safetensors").exists()
    result = train(make_settings(ready, "parts", max_steps=6, save_steps=3, resume=True))
    assert result.steps == 6
    assert losses(ready / "parts") == losses(ready / "whole")
    one, two = weights(ready / "whole"), weights(ready / "parts")
    assert all(torch.equal(one[k], two[k]) for k in one)


def interrupt(number=signal.SIGINT):
    os.kill(os.getpid(), number)


def stop_at(step, act, run):
    """Call ``act`` in the middle of ``step`` of whatever ``run`` trains."""

    class Act(TrainerCallback):
        def on_step_begin(self, args, state, control, **kwargs):
            if state.global_step == step - 1:
                act()

    original = worker.LongTrainer.__init__

    def with_act(self, model, **options):
        original(self, model, **{**options, "callbacks": [*options["callbacks"], Act()]})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker.LongTrainer, "__init__", with_act)
        return run()


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_signal_saves_and_says_how_to_resume(ready, number):
    options = SftOptions(
        recipe=recipe_file(ready), dataset=str(ready / "data"), out=str(ready / "out"), gpus=0,
        quiet=True,
    )  # fmt: skip
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt, match=r"saved at step 3; run the same .* --resume"):
        stop_at(3, lambda: interrupt(number), lambda: sft(options, say=[].append))
    assert signal.getsignal(number) == before
    assert (ready / "out" / "checkpoint-3").is_dir()
    with pytest.raises(OutputError, match="add --resume"):
        sft(options)


def test_a_signal_in_the_last_step_lets_the_run_finish(ready):
    result = stop_at(2, interrupt, lambda: train(make_settings(ready, max_steps=2)))
    assert (result.steps, result.interrupted) == (2, False)
    assert (ready / "out" / "adapter_model.safetensors").is_file()


def recipe_file(tmp_path, **changes):
    path = tmp_path / "recipe.yaml"
    settings = make_settings(tmp_path, **changes).recipe
    path.write_text(json.dumps(settings))  # JSON is YAML
    return str(path)


def test_sft_says_what_it_takes_and_refuses_a_finished_folder(ready):
    said = []
    (ready / "built").mkdir()
    (ready / "data").rename(ready / "built" / "one")
    options = SftOptions(
        recipe=recipe_file(ready, max_steps=1), out=str(ready / "out"), gpus=0, quiet=True,
        data_root=str(ready / "built"),
    )  # fmt: skip
    assert sft(options, say=said.append).steps == 1
    (line,) = said
    assert str(ready / "model") in line
    assert str(ready / "built" / "one") in line
    with pytest.raises(OutputError, match="a finished model"):
        sft(options)


def test_the_newest_data_set_is_taken(tmp_path):
    for name, when in (("a", 5), ("b", 9), ("c", 7)):
        write_dataset(tmp_path / name)
        os.utime(tmp_path / name / "manifest.json", (when, when))
    assert launch.newest_dataset(tmp_path) == str(tmp_path / "b")
    assert launch.newest_dataset(tmp_path / "none") == ""


def test_the_last_steps_have_full_attention(ready):
    seen = []
    original = worker.LongTrainer.compute_loss

    def spy(self, model, inputs, *args, **kwargs):
        inner = self.accelerator.unwrap_model(model)
        seen.append(inner.config._attn_implementation)
        return original(self, model, inputs, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker.LongTrainer, "compute_loss", spy)
        patch.setattr(worker, "has_validation", lambda dataset: False)
        train(make_settings(ready, full_attention_steps=1, max_steps=3, accumulation=1))
    assert seen == ["s2_128", "s2_128", "full_per_document"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"tune": "full"},
        {"tune": "lora", "lora": {"targets": "all"}},
        {"attention": "full", "eval_limit": 2, "row_limit": 20},
        {"packing": False, "batch_size": 2, "weighting": "token"},
        {"rope": "yarn"},
        {"gradient_checkpointing": True},
        {"template": "alpaca", "epochs": 0.5, "max_steps": None, "accumulation": 1},
    ],
    ids="-".join,
)
def test_options_lower_the_loss(ready, changes):
    result = train(make_settings(ready, **changes))
    assert result.eval_loss_after < result.eval_loss_before
    model, _ = load_finished(str(ready / "out"))
    assert model.config.max_position_embeddings == 512


@pytest.mark.slow
def test_only_the_last_checkpoints_are_kept(ready):
    train(make_settings(ready, save_steps=1, keep=2))
    assert sorted(p.name for p in (ready / "out").glob("checkpoint-*")) == [
        "checkpoint-3", "checkpoint-4",
    ]  # fmt: skip


def test_errors_are_one_line_and_write_nothing(tmp_path):
    write_dataset(tmp_path / "data")
    options = SftOptions(
        recipe=recipe_file(tmp_path), dataset=str(tmp_path / "data"), out=str(tmp_path / "out"),
        gpus=0, quiet=True,
    )  # fmt: skip

    def refused(match, error=LongalpacaError, **changes):
        values = {f: getattr(options, f) for f in options.__dataclass_fields__}
        with pytest.raises(error, match=match) as caught:
            sft(SftOptions(**(values | changes)), say=lambda line: None)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "out").exists()

    refused("no model at")
    save_tiny(tmp_path / "model")
    refused("--gpus 3: 0 GPUs found; use --gpus 0", gpus=3)
    refused("no data set at", DatasetError, dataset=str(tmp_path / "gone"))
    refused("run `build` first", DatasetError, dataset=None, data_root=str(tmp_path / "gone"))
    refused("no chat template", changes={"template": "chat"})
    refused("needs an NVIDIA GPU", changes={"quantize": "4bit"})
    refused("deepspeed", changes={"parallel": "zero3"})
    refused("wandb", changes={"report_to": ["wandb"]})
    refused("no checkpoint", OutputError, resume=True)
    (tmp_path / "empty.json").write_text("[]")
    refused("has no train rows", DatasetError, dataset=str(tmp_path / "empty.json"))
    (tmp_path / "model" / "model.safetensors").unlink()
    values = {f: getattr(options, f) for f in options.__dataclass_fields__}
    with pytest.raises(LongalpacaError, match="can't read the weights"):
        sft(SftOptions(**values), say=lambda line: None)


def test_a_tokenizer_without_end_is_refused_and_one_without_padding_pads_with_it(tmp_path):
    from tiny import byte_tokenizer

    from longalpaca_data.train.load import load_tokenizer

    tokenizer = byte_tokenizer()
    tokenizer.pad_token = None
    tokenizer.save_pretrained(tmp_path / "a")
    assert load_tokenizer(str(tmp_path / "a")).pad_token == "</s>"
    tokenizer.eos_token = None
    tokenizer.save_pretrained(tmp_path / "b")
    with pytest.raises(LongalpacaError, match="no end-of-text token"):
        load_tokenizer(str(tmp_path / "b"))


def test_gated_and_missing_models_are_told_apart():
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    from longalpaca_data.train.load import _read

    def failing(kind):
        def load(name):
            raise OSError("no") from kind.__new__(kind)

        return load

    with pytest.raises(LongalpacaError, match=r"is gated .* accept its licence"):
        _read(failing(GatedRepoError), "x/y", "weights")
    with pytest.raises(LongalpacaError, match="there is no model x/y"):
        _read(failing(RepositoryNotFoundError), "x/y", "weights")
