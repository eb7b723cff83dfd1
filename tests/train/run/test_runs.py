"""Whole runs in one process: what is written, resumed, interrupted, refused."""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import shutil
import signal
import sys
import threading
import time
from dataclasses import asdict, replace

import pytest
import torch
from peft import AutoPeftModelForCausalLM
from safetensors.torch import load_file
from transformers import PrinterCallback, TrainerCallback
from trl.trainer.sft_config import SFTConfig

from longalpaca_data.core.errors import DatasetError, LongalpacaError, OutputError, RecipeError
from longalpaca_data.train.attention.function import attention_name
from longalpaca_data.train.data.collate import Collator, PackedRows
from longalpaca_data.train.data.templates import Encoder, default_template
from longalpaca_data.train.data.tokenized import open_tokenized, tokenize
from longalpaca_data.train.model import load
from longalpaca_data.train.model.load import load_config, load_finished, load_tokenizer
from longalpaca_data.train.model.loss import add_weighted_loss
from longalpaca_data.train.model.merge import merge
from longalpaca_data.train.run import launch, trainer, worker
from longalpaca_data.train.run.files import whole_checkpoint
from longalpaca_data.train.run.launch import sft
from longalpaca_data.train.run.options import SftOptions, newest_dataset
from longalpaca_data.train.run.worker import train
from tests.train.runs import eval_losses, losses, make_settings, row, setting_up, write_dataset
from tests.train.tiny import byte_tokenizer, save_tiny, tiny_model

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
    assert (result.data["rows"], result.held_out) == (24, 3)
    assert f"held-out loss {result.eval_loss_before:.4f} → " in result.line()
    assert result.line().endswith(f"{result.eval_loss_after:.4f} (3 rows)")
    names = {p.name for p in out.iterdir()}
    assert names >= {
        "adapter_model.safetensors", "adapter_config.json", "config.json", "tokenizer.json",
        "metrics.jsonl", "loss.png", "recipe.yaml", "checkpoint-4", "README.md",
    }  # fmt: skip
    assert not names & {"training_args.bin", "stop", "sft.json", ".saving"}
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
    assert tokens(ready / "parts") == tokens(ready / "whole")
    assert not (ready / "parts" / "run.json").exists()
    one, two = weights(ready / "whole"), weights(ready / "parts")
    assert all(torch.equal(one[k], two[k]) for k in one)


def tokens(folder):
    records = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [m["tokens"] for m in records if "loss" in m]


def test_a_run_that_begins_anew_reports_nothing_of_the_one_before(ready):
    """It was killed before its first checkpoint, and had another model perhaps."""
    (ready / "out").mkdir()
    (ready / "out" / "metrics.jsonl").write_text('{"step": 0, "eval_loss": 99}\n')
    result = train(make_settings(ready, max_steps=1))
    assert result.eval_loss_before < 10
    assert len(eval_losses(ready / "out")) == 2


def test_a_run_is_resumed_with_what_it_was_begun_with(ready):
    begun = make_settings(ready)
    stop_at(1, interrupt, lambda: train(begun))
    before = sorted(p.name for p in (ready / "out").iterdir())
    shutil.copytree(ready / "model", ready / "other")
    for match, changes in (
        ("model .*model, now it is .*other", {"model": str(ready / "other")}),
        ("lora .*'rank': 8, .* now it is .*'rank': 4", {"lora": {"rank": 4}}),
        (r"tune lora\+, now it is full", {"tune": "full"}),
        ("rows per step 2, now it is 1 .batch_size × accumulation × GPUs.", {"accumulation": 1}),
        ("rows of the data set 24, now it is 20", {"row_limit": 20}),
        ("context 512, now it is 300", {"context": 300}),
    ):
        with pytest.raises(OutputError, match=match) as caught:
            train(make_settings(ready, resume=True, **changes))
        assert "\n" not in str(caught.value)
    kept = sorted(p.name for p in (ready / "out").iterdir())
    assert kept == before
    # More steps than were asked for at first, and other intervals, are no other run.
    assert train(make_settings(ready, resume=True, max_steps=5, save_steps=9)).steps == 5


@pytest.mark.slow
def test_a_run_killed_while_it_saved_goes_on_from_the_checkpoint_before(ready):
    """transformers writes a checkpoint in its place, its own state at the end."""
    out = ready / "out"
    stop_at(2, interrupt, lambda: train(make_settings(ready, max_steps=4)))
    half = out / "checkpoint-3"
    shutil.copytree(out / "checkpoint-2", half)
    (half / "trainer_state.json").write_text('{"global_step": 3, "log')
    (half / "optimizer.pt").unlink()
    result = train(make_settings(ready, max_steps=4, resume=True))
    assert list(losses(out)) == [1, 2, 3, 4]
    assert (result.steps, result.interrupted) == (4, False)


@pytest.mark.slow
@pytest.mark.parametrize("spare", [-60_000, -5_000, 5_000], ids=["metrics", "adapter", "optimizer"])
def test_a_full_disk_is_one_line_and_the_run_goes_on_from_before(ready, spare):
    """As full as the system lets a test make it: no file may grow beyond so many bytes."""
    out = ready / "out"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill():
        size = (out / "checkpoint-2" / "adapter_model.safetensors").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (max(size + spare, 50), before[1]))

    settings = make_settings(ready, max_steps=6)
    try:
        with pytest.raises(OutputError, match=r"can't write .*; make room, .* --resume") as full:
            stop_at(3, fill, lambda: train(settings))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "\n" not in str(full.value)
    assert (out / "checkpoint-4").is_dir() is (spare > -60_000)
    assert whole_checkpoint(out) == out / "checkpoint-2"
    assert train(replace(settings, resume=True)).steps == 6
    assert list(losses(out)) == [1, 2, 3, 4, 5, 6]


def test_only_whole_checkpoints_are_gone_on_from(tmp_path):
    with pytest.raises(OutputError, match="there is no checkpoint in"):
        whole_checkpoint(tmp_path)
    for name in ("checkpoint-9", "checkpoint-10", "checkpoint-100", "checkpoint-old"):
        (tmp_path / name).mkdir()
    (tmp_path / "checkpoint-100" / "rng_state_8.pth").touch()  # all that a second machine saves
    with pytest.raises(OutputError, match=r"saved to its end; copy .* node_rank 0"):
        whole_checkpoint(tmp_path)
    for name in ("checkpoint-9", "checkpoint-10", "checkpoint-old"):
        (tmp_path / name / "trainer_state.json").write_text("{}")
    assert whole_checkpoint(tmp_path).name == "checkpoint-10"


def test_a_full_gpu_is_one_line_wherever_it_fills(ready, monkeypatch):
    """While weights are read (4 bits), while the model is placed, in a step."""

    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate\n1 GiB.")

    for place, name in (
        (load.AutoModelForCausalLM, "from_pretrained"),
        (worker, "LongTrainer"),
        (trainer.LongTrainer, "compute_loss"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, full)
            with pytest.raises(LongalpacaError, match=r"^the GPU's memory is full; use more GPUs"):
                train(make_settings(ready))


@pytest.mark.parametrize("saved", [True, False])
def test_a_second_signal_ends_the_processes(ready, capsys, saved):
    """While rows are tokenized or weights read there is no step to wait for."""
    out = ready / "out"
    if saved:
        (out / "checkpoint-2").mkdir(parents=True)

    def signals():
        for _ in range(2):
            time.sleep(0.5)
            interrupt()

    sending = threading.Thread(target=signals)
    sending.start()
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(KeyboardInterrupt, match=r"run the same command again") as caught:
        launch.run_processes(make_settings(ready), 2, run=command)
    sending.join()
    assert ("--resume" in str(caught.value)) is saved
    assert "once more ends at once" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["checkpoint-2"] * saved


def test_a_run_that_diverges_ends_and_says_so(ready):
    """transformers would log a loss of 0 and go on until every checkpoint is worthless."""
    changes = {"learning_rate": 1e20, "warmup_steps": 0, "save_steps": 1, "max_steps": 6}
    with pytest.raises(LongalpacaError, match=r"loss of step 2 is nan.*; begin .* learning_rate"):
        train(make_settings(ready, accumulation=1, **changes))
    assert list(losses(ready / "out")) == [1]
    assert not (ready / "out" / "checkpoint-2").exists()


def test_the_launcher_is_told_of_an_error_in_any_rank(ready, monkeypatch):
    """The fourth GPU may be the only one whose memory is full."""
    path = ready / "sft.json"
    path.write_text(json.dumps(asdict(make_settings(ready))))

    def fail_with(what):
        def failing(_):
            raise LongalpacaError(what)

        return failing

    monkeypatch.setattr(worker.sys, "argv", ["worker", str(path)])
    for rank, what in (("3", "the GPU's memory is full"), ("0", "another, which came later")):
        monkeypatch.setenv("LOCAL_RANK", rank)
        monkeypatch.setattr(worker, "train", fail_with(what))
        assert worker.main() == 1
        told = json.loads(worker.result_file(path).read_text())
        assert told == {"error": "the GPU's memory is full"}


def test_intervals_of_an_evaluation_without_rows_are_refused(tmp_path):
    setting_up(tmp_path, held_out=0)
    with pytest.raises(RecipeError, match=r"eval_steps: .*no validation rows.*; set held_out"):
        train(make_settings(tmp_path, eval_steps=2))
    assert not (tmp_path / "out").exists()


def test_a_base_with_sampling_numbers_but_no_sampling_is_trained_and_merged(ready):
    """transformers raises when it saves them."""
    odd = {"temperature": 0.6, "do_sample": False, "eos_token_id": 257}
    (ready / "model" / "generation_config.json").write_text(json.dumps(odd))
    for tune in ("full", "lora+"):
        train(make_settings(ready, tune, tune=tune, max_steps=1, accumulation=1))
    merge(ready / "lora+", ready / "merged")
    for folder in ("full", "merged"):
        found = json.loads((ready / folder / "generation_config.json").read_text())
        assert found["eos_token_id"] == [257]
        assert found["do_sample"] is True


def test_an_adapter_of_four_bit_weights_belongs_to_the_base_as_it_is(ready):
    config = load_config(str(ready / "model"))
    config.quantization_config = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    trainer.plain_config(config).save_pretrained(ready / "plain")
    assert "quantization_config" not in json.loads((ready / "plain" / "config.json").read_text())
    assert config.quantization_config["load_in_4bit"]


def test_a_run_resumed_at_its_last_step_trains_nothing_more(ready):
    """It ended between the last checkpoint and the saved model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "verify_saved", fail)
        with pytest.raises(OutputError, match="disk full"):
            train(make_settings(ready, max_steps=2, save_steps=2))
    out = ready / "out"
    assert not (out / "config.json").exists()
    assert not (out / "adapter_model.safetensors").exists()
    before = losses(out)
    result = train(make_settings(ready, max_steps=2, save_steps=2, resume=True))
    assert (result.steps, losses(out)) == (2, before)
    assert not (out / ".saving").exists()
    saved, kept = weights(out), weights(out / "checkpoint-2")
    assert all(torch.equal(saved[k], kept[k]) for k in kept)


def fail(*_):
    raise OutputError("disk full")


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


def test_the_last_incomplete_step_counts_its_own_documents_only(tmp_path):
    """Seven documents, four in the first step and three in what is left of the second."""
    (tmp_path / "rows.json").write_text(json.dumps([row(i) for i in range(7)]))
    data = tokenize(
        tmp_path / "rows.json", "train", tokenizer=byte_tokenizer(), template="alpaca",
        max_length=2000, cache=tmp_path / "cache",
    )  # fmt: skip
    collate = Collator({"train": data.table}, 258)
    arguments = SFTConfig(
        output_dir=str(tmp_path / "out"), use_cpu=True, per_device_train_batch_size=1,
        gradient_accumulation_steps=2, num_train_epochs=1, learning_rate=0.1, optim="sgd",
        lr_scheduler_type="constant", max_grad_norm=0.0, save_strategy="no", report_to="none",
        bf16=False, activation_checkpointing=False, disable_tqdm=True, max_length=None,
        dataloader_pin_memory=False, remove_unused_columns=False,
        dataset_kwargs={"skip_prepare_dataset": True},
    )  # fmt: skip
    trained, expected = (
        tiny_model("llama", attention_name("s2", 64), dtype=torch.float64) for _ in range(2)
    )

    class InOrder(trainer.LongTrainer):
        def _get_train_sampler(self, *_):
            return torch.utils.data.SequentialSampler(self.train_dataset)

    run = InOrder(
        trained, args=arguments, collator=collate, eval_rows=None, tokenizer=byte_tokenizer(),
        train_rows=PackedRows([[0, 1, 2], [3], [4, 5, 6]]), callbacks=[],
    )  # fmt: skip
    run.remove_callback(PrinterCallback)
    run.train()
    add_weighted_loss(expected)
    for step in ([0, 1, 2, 3], [4, 5, 6]):
        expected.zero_grad()
        for document in step:
            batch = collate([{"documents": [document], "split": "train"}])
            batch.pop("n_items")
            (expected(**batch)["loss_sum"] / len(step)).backward()
        with torch.no_grad():
            for parameter in expected.parameters():
                parameter.sub_(0.1 * parameter.grad)
    for one, two in zip(trained.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(one, two, atol=1e-12, rtol=0)


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
    assert newest_dataset(tmp_path) == str(tmp_path / "b")
    assert newest_dataset(tmp_path / "none") == ""


def test_the_last_steps_and_every_evaluation_have_full_attention(ready):
    seen = {True: [], False: []}
    original = worker.LongTrainer.compute_loss

    def spy(self, model, inputs, *args, **kwargs):
        inner = self.accelerator.unwrap_model(model)
        seen[model.training].append(inner.config._attn_implementation)
        return original(self, model, inputs, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker.LongTrainer, "compute_loss", spy)
        train(
            make_settings(ready, full_attention_steps=1, max_steps=3, accumulation=1, eval_steps=1)
        )
    assert seen[True] == ["s2_128", "s2_128", "full_per_document"]
    # 3 rows before, after each step, and not once more at the end.
    assert seen[False] == ["full_per_document"] * 12


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


def test_errors_are_one_line_and_write_nothing(tmp_path, monkeypatch):
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
    for gpus in (0, None):
        refused("4bit needs an NVIDIA GPU, none was", changes={"quantize": "4bit"}, gpus=gpus)
    with monkeypatch.context() as there_is_one:
        there_is_one.setattr(torch.cuda, "is_available", lambda: True)
        refused("4bit needs an NVIDIA GPU, and --gpus 0", changes={"quantize": "4bit"})
    with monkeypatch.context() as nothing:
        nothing.setattr(importlib.util, "find_spec", lambda name: None)
        refused(r"pip install 'longalpaca-data\[deepspeed\]'", changes={"parallel": "zero3"})
        refused(r"pip install 'longalpaca-data\[wandb\]'", changes={"report_to": ["wandb"]})
    refused("no checkpoint", OutputError, resume=True)
    (tmp_path / "empty.json").write_text("[]")
    refused("has no train rows", DatasetError, dataset=str(tmp_path / "empty.json"))
    (tmp_path / "model" / "model.safetensors").unlink()
    values = {f: getattr(options, f) for f in options.__dataclass_fields__}
    with pytest.raises(LongalpacaError, match="can't read the weights"):
        sft(SftOptions(**values), say=lambda line: None)


def test_a_large_model_is_not_taken_to_the_cpu_unasked(tmp_path):
    write_dataset(tmp_path / "data")
    options = SftOptions(dataset=str(tmp_path / "data"), out=str(tmp_path / "out"))
    with pytest.raises(LongalpacaError, match=r"no GPU found, .*7\.6 billion .* --recipe sft-tiny"):
        sft(options, say=lambda line: None)
    assert not (tmp_path / "out").exists()


def test_a_tokenizer_without_end_is_refused_and_one_without_padding_pads_with_it(tmp_path):
    from longalpaca_data.train.model.load import load_tokenizer
    from tests.train.tiny import byte_tokenizer

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

    from longalpaca_data.train.model.load import _read

    def failing(kind):
        def load(name, **how):
            raise OSError("no") from kind.__new__(kind)

        return load

    with pytest.raises(LongalpacaError, match=r"is gated .* accept its licence"):
        _read(failing(GatedRepoError), "x/y", "weights")
    with pytest.raises(LongalpacaError, match="there is no model x/y"):
        _read(failing(RepositoryNotFoundError), "x/y", "weights")


def test_rows_are_held_out_by_document_where_there_is_no_validation_split(tmp_path):
    save_tiny(tmp_path / "model")
    rows = [{**row(i), "file": f"{i % 6}.txt"} for i in range(24)]
    (tmp_path / "data.json").write_text(json.dumps(rows))
    settings = make_settings(tmp_path, held_out=0.25, max_steps=2, accumulation=1)
    result = train(replace(settings, dataset=str(tmp_path / "data.json")))
    assert (result.data["rows"], result.held_out) == (16, 8)
    assert result.eval_loss_after != result.eval_loss_before
    tables = (tmp_path / "out" / "tokenized").glob("*.arrow")
    parts = {path.name.split("-")[0]: texts_of(path) for path in tables}
    assert parts.keys() == {"train", "validation"}
    files = {
        part: {r["file"] for r in rows if any(r["instruction"] in text for text in texts)}
        for part, texts in parts.items()
    }
    assert not files["train"] & files["validation"]
    assert len(files["validation"]) == 2


def texts_of(path):
    tokenizer = byte_tokenizer()
    return [tokenizer.decode(ids) for ids in open_tokenized(path).table["input_ids"]]


@pytest.mark.parametrize("template", ["llama2", "alpaca"])
def test_a_trained_model_words_prompts_as_in_training(ready, template):
    trained = Encoder(load_tokenizer(str(ready / "model")), template)
    train(make_settings(ready, max_steps=1, accumulation=1, template=template))
    tokenizer = load_tokenizer(str(ready / "out"))
    assert default_template(tokenizer) == "chat"
    found = Encoder(tokenizer, "chat")
    for text in ("Who?", 'A "quote", {{ braces }} and </s>\n'):
        assert found.prompt(text) == trained.prompt(text)
        assert found.answer(text) == trained.answer(text)


def test_rows_that_were_cut_or_left_out_are_told_of(tmp_path, capsys):
    save_tiny(tmp_path / "model")
    long = {**row(1), "instruction": "Open.\n" + "A line.\n" * 200 + "End.\nWhich?"}
    too_long = {**row(2), "output": "x" * 600}
    (tmp_path / "rows.json").write_text(json.dumps([row(0), long, too_long]))
    settings = make_settings(tmp_path, max_steps=1, accumulation=1)
    train(replace(settings, dataset=str(tmp_path / "rows.json"), quiet=False))
    assert "; 1 cut to 512 tokens; 1 left out as too long (" in capsys.readouterr().err
    text = (tmp_path / "out" / "README.md").read_text()
    assert "rows cut to the context: 1; left out as too long: 1" in text


def test_the_readme_says_how_an_adapter_is_loaded(ready):
    """By its code the context extension is there; by PEFT alone it is not, and that is said."""
    train(make_settings(ready, max_steps=1, accumulation=1))
    text = (ready / "out" / "README.md").read_text()
    assert "context: 512 tokens, position embeddings: linear × 4" in text
    assert "an adapter that is loaded by name alone" in text
    code = text.split("```python\n")[1].split("```")[0].replace("THIS_FOLDER", str(ready / "out"))
    names = {}
    exec(code, names)
    ours, _ = load_finished(str(ready / "out"))
    ids = torch.arange(200)[None]
    with torch.no_grad():
        assert torch.equal(names["model"](ids).logits, ours(ids).logits)
    alone = AutoPeftModelForCausalLM.from_pretrained(ready / "out")
    assert alone.config.max_position_embeddings == 128
