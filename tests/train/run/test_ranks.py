"""Two ranks over gloo: the loss is exact, FSDP2 and DDP train what one process trains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.train.attention.function import attention_name
from longalpaca_data.train.data.collate import Collator
from longalpaca_data.train.data.tokenized import Counts, tokenize
from longalpaca_data.train.model.loss import add_weighted_loss
from longalpaca_data.train.model.strategy import Strategy
from longalpaca_data.train.run.launch import run_processes
from longalpaca_data.train.run.resume import describe
from longalpaca_data.train.run.worker import train
from tests.train.ranks import exact, free_port, in_ranks, train_in_ranks
from tests.train.runs import eval_losses, losses, make_recipe, make_settings, row, setting_up
from tests.train.tiny import byte_tokenizer, tiny_model

RANKS = "tests.train.ranks"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def torchrun(what, where, processes=2):
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return [*run, "--nproc_per_node", str(processes), "-m", RANKS, what, str(where)]


def test_packed_loss_over_accumulation_and_two_ranks_is_exact(tmp_path):
    (tmp_path / "rows.json").write_text(json.dumps([row(i) for i in range(7)]))
    data = tokenize(
        tmp_path / "rows.json", "train", tokenizer=byte_tokenizer(), template="llama2",
        max_length=512, cache=tmp_path / "cache",
    )  # fmt: skip
    model = tiny_model("llama", attention_name("s2", 64), dtype=torch.float64)
    add_weighted_loss(model)
    collate = Collator({"train": data.table}, 258)
    total = 0.0
    for i in range(7):
        batch = collate([{"documents": [i], "split": "train"}])
        assert batch.pop("n_items") == 1
        loss = model(**batch)["loss_sum"] / 7
        loss.backward()
        total += loss.item()
    in_ranks(exact, (tmp_path,))
    found = torch.load(tmp_path / "result.pt")
    assert found["world"] == 2
    assert found["loss"] == pytest.approx(total, abs=1e-6)  # logged in float32
    for name, parameter in model.named_parameters():
        gradient = found["gradients"][name]
        torch.testing.assert_close(gradient, parameter.grad, atol=1e-9, rtol=0)


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """One process trains with batches of two; two ranks will with batches of one."""
    folder = tmp_path_factory.mktemp("ranks")
    setting_up(folder, "llama")
    train(make_settings(folder, "one", batch_size=2, accumulation=1, max_steps=3))
    return folder


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_ranks_train_what_one_process_trains(ready, parallel):
    settings = make_settings(ready, parallel, parallel=parallel, accumulation=1, max_steps=3)
    result = train_in_ranks(settings, [parallel])
    assert result.steps == 3
    one, two = losses(ready / "one"), losses(ready / parallel)
    assert two == pytest.approx(one, abs=1e-4)
    # Three held-out rows over two ranks: the one that fills up the last batch is not counted.
    held_out = [eval_losses(ready / name) for name in ("one", parallel)]
    assert held_out[0] == pytest.approx(held_out[1], abs=1e-4)
    readers = {"ddp": ["read-by-0", "read-by-1"], "fsdp": ["read-by-0"]}
    assert sorted(path.name for path in (ready / parallel).glob("read-by-*")) == readers[parallel]
    expected = load_file(ready / "one" / "adapter_model.safetensors")
    found = load_file(ready / parallel / "adapter_model.safetensors")
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, atol=1e-3, rtol=0)
    if parallel == "fsdp":  # of shards, what was trained and nothing else
        assert (ready / "fsdp" / "gathered-by-0").read_text() == str(result.trained)
        assert not (ready / "fsdp" / "gathered-by-1").exists()


def test_shards_are_resumed_by_another_number_of_ranks_in_a_second_epoch(ready):
    """17 rows are three steps of at most six, however many ranks share them."""
    rows = {"packing": False, "row_limit": 17, "save_steps": 4, "batch_size": 1}
    train(make_settings(ready, "epochs", accumulation=6, max_steps=5, **rows))
    begun = {"parallel": "fsdp", "accumulation": 3, "max_steps": 4, **rows}
    train_in_ranks(make_settings(ready, "more", **begun), ["fsdp"])
    (ready / "more" / "config.json").unlink()  # as though it had been stopped there
    again = {"parallel": "fsdp", "accumulation": 2, "max_steps": 5, "resume": True, **rows}
    train_in_ranks(make_settings(ready, "more", **again), ["fsdp"], world=3)
    assert losses(ready / "more") == pytest.approx(losses(ready / "epochs"), abs=1e-4)


def test_a_run_is_resumed_by_another_number_of_processes(ready):
    """Where accumulation makes up for it, the steps are the same."""
    out = ready / "fewer"
    two = make_settings(ready, "fewer", parallel="ddp", accumulation=1, max_steps=2)
    train_in_ranks(two, ["ddp"])
    (out / "config.json").unlink()  # as though it had been stopped there
    data = Counts()
    runs = [
        describe(make_recipe(ready, accumulation=n), data, processes, Strategy(parallel))
        for n, processes, parallel in ((1, 2, "ddp"), (2, 1, "none"), (1, 2, "fsdp"))
    ]
    assert runs[0] == runs[1] != runs[2]
    train(make_settings(ready, "fewer", accumulation=2, max_steps=3, resume=True))
    assert losses(out) == pytest.approx(losses(ready / "one"), abs=1e-4)


@pytest.mark.parametrize("shared", [True, False])
def test_every_machine_of_several_ends_well(ready, tmp_path, shared):
    """One process on each of two machines, which share the output folder or don't."""
    changes = {"accumulation": 1, "max_steps": 3}
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(json.dumps(make_settings(ready, **changes).recipe))  # JSON is YAML
    port = free_port()
    folders = [tmp_path / "out", tmp_path / ("out" if shared else "out2")]
    command = [sys.executable, "cli.py", "sft", str(ready / "data"), "--recipe", str(recipe)]
    words = ["--nnodes=2", "--master_addr=127.0.0.1", f"--master_port={port}"]
    machines = [
        subprocess.Popen(
            [*command, "--gpus=0", "--quiet", f"--out={out}", f"--torchrun=--node_rank={rank}",
             *(f"--torchrun={word}" for word in words)],
            cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        for rank, out in enumerate(folders)
    ]  # fmt: skip
    said = [machine.communicate(timeout=300)[0] for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0]
    assert all("3 steps" in text for text in said)
    assert losses(folders[0]) == pytest.approx(losses(ready / "one"), abs=1e-4)
    names = {path.name for folder in folders for path in folder.iterdir()}
    assert "adapter_model.safetensors" in names
    assert not [name for name in names if name.startswith("sft") or name in ("stop", "run.json")]


def test_fsdp_resumes_after_being_asked_to_stop(ready):
    settings = make_settings(ready, "stopped", parallel="fsdp", accumulation=1, max_steps=3)
    out = ready / "stopped"

    def ask():
        while not (out / "metrics.jsonl").exists():
            time.sleep(0.05)
        (out / "stop").touch()

    asking = threading.Thread(target=ask)
    asking.start()
    stopped = run_processes(settings, 2, run=torchrun("fsdp", out / "sft.json"))
    asking.join()
    assert stopped.interrupted
    assert not (out / "stop").exists()
    again = make_settings(
        ready, "stopped", parallel="fsdp", accumulation=1, max_steps=3, resume=True
    )
    result = train_in_ranks(again, ["fsdp"])
    assert (result.steps, result.interrupted) == (3, False)
    assert losses(out) == pytest.approx(losses(ready / "one"), abs=1e-4)


def test_an_error_in_a_rank_comes_back_as_one_line(ready):
    settings = make_settings(ready, "wrong", parallel="ddp", model=str(ready / "gone"))
    with pytest.raises(LongalpacaError, match="no model at"):
        run_processes(settings, 2, run=torchrun("ddp", ready / "wrong" / "sft.json"))
    assert not (ready / "wrong").exists()
