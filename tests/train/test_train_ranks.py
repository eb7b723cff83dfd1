"""Two ranks over gloo: the loss is exact, FSDP2 and DDP train what one process trains."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from runs import losses, make_settings, row, setting_up
from safetensors.torch import load_file
from tiny import byte_tokenizer, tiny_model

from longalpaca_data.errors import LongalpacaError
from longalpaca_data.train.attention import attention_name
from longalpaca_data.train.collate import Collator
from longalpaca_data.train.launch import run_processes
from longalpaca_data.train.loss import add_weighted_loss
from longalpaca_data.train.tokenized import tokenize
from longalpaca_data.train.worker import train

RANKS = Path(__file__).with_name("ranks.py")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def torchrun(what, where, processes=2):
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return [*run, "--nproc_per_node", str(processes), str(RANKS), what, str(where)]


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
    subprocess.run(torchrun("exact", tmp_path), check=True, capture_output=True)
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
    where = ready / parallel / "sft.json"
    result = run_processes(settings, 2, run=torchrun(parallel, where))
    assert result.steps == 3
    one, two = losses(ready / "one"), losses(ready / parallel)
    assert two == pytest.approx(one, abs=1e-4)
    expected = load_file(ready / "one" / "adapter_model.safetensors")
    found = load_file(ready / parallel / "adapter_model.safetensors")
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, atol=1e-3, rtol=0)


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
    result = run_processes(again, 2, run=torchrun("fsdp", out / "sft.json"))
    assert (result.steps, result.interrupted) == (3, False)
    assert losses(out) == pytest.approx(losses(ready / "one"), abs=1e-4)


def test_an_error_in_a_rank_comes_back_as_one_line(ready):
    settings = make_settings(ready, "wrong", parallel="ddp", model=str(ready / "gone"))
    with pytest.raises(LongalpacaError, match="no model at"):
        run_processes(settings, 2, run=torchrun("ddp", ready / "wrong" / "sft.json"))
    assert not (ready / "wrong").exists()
