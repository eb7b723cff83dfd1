"""``ledger stats|export|prune``, as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from longalpaca_data.cli import app
from longalpaca_data.core.errors import DatasetError, OutputError
from longalpaca_data.pipeline.calls import Call, Calls
from longalpaca_data.pipeline.ledger import folder_lock
from tests.conftest import ROOT


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A data set's folder with calls to two models."""
    (tmp_path / "work").mkdir()
    with closing(Calls(tmp_path / "work" / "ledger.sqlite")) as calls:
        calls.put(
            Call(
                f"k{n}",
                f"回答 {n} " * 500,
                "gpt" if n % 4 else "old",
                task="qa",
                template=f"t{n % 2}",
                prompt_tokens=1000,
                completion_tokens=10,
                cost=0.25,
                seconds=2,
            )
            for n in range(40)
        )
        calls.keep("raw", b"of a stage")
    return tmp_path


def ledger(*words: object) -> Result:
    return CliRunner().invoke(app, ["ledger", *map(str, words)])


def test_help_has_an_example() -> None:
    for words in ([], ["stats"], ["export"], ["prune"]):
        done = ledger(*words, "--help")
        assert done.exit_code == 0
        assert "python cli.py ledger" in " ".join(done.stdout.split())


def test_stats_add_up(out: Path) -> None:
    said = json.loads(ledger("stats", out, "--json").stdout)
    assert [(row["model"], row["calls"]) for row in said["calls"]] == [
        ("", 1),
        ("gpt", 30),
        ("old", 10),
    ]
    assert said["total"]["prompt_tokens"] == 40_000
    assert said["total"]["cost"] == pytest.approx(10)
    table = ledger("stats", out).stdout
    assert "gpt" in table
    assert "30,000" in table
    assert "10.0000" in table.splitlines()[-1]


def test_export_to_stdout_and_to_a_file(out: Path, tmp_path: Path) -> None:
    rows = [
        json.loads(line)
        for line in ledger("export", out, "--model", "old").stdout.split("\n")
        if line
    ]
    assert len(rows) == 10
    assert rows[0]["text"].startswith("回答 0")
    assert {"key", "model", "task", "template", "source", "cost", "finished"} <= rows[0].keys()
    assert "41 calls in" in ledger("export", out, "--to", tmp_path / "calls.jsonl").stdout
    assert len((tmp_path / "calls.jsonl").read_text(encoding="utf-8").splitlines()) == 41


def test_prune_drops_what_is_named_and_frees_the_space(out: Path) -> None:
    assert ledger("prune", out).exit_code == 2
    assert "10 calls would be dropped (they cost 2.5)" in (
        ledger("prune", out, "--model", "old", "--dry-run").stdout
    )
    assert "0 calls dropped" in ledger("prune", out, "--older-than", "1").stdout
    assert "10 calls dropped (they cost 2.5)" in ledger("prune", out, "--model", "old").stdout
    assert "15 calls dropped" in ledger(
        "prune", out, "--template", "t1", "--task", "qa"
    ).stdout.replace("20", "15")
    before = (out / "work" / "ledger.sqlite").stat().st_size
    time.sleep(0.01)
    assert "calls dropped" in ledger("prune", out, "--older-than", "0").stdout
    assert (out / "work" / "ledger.sqlite").stat().st_size <= before
    assert json.loads(ledger("stats", out, "--json").stdout)["total"]["calls"] == 0


def test_prune_leaves_a_running_build_alone(out: Path) -> None:
    with folder_lock(out / "work"):
        done = ledger("prune", out, "--all")
        assert isinstance(done.exception, OutputError)
        assert "another build is at work" in str(done.exception)
        assert ledger("stats", out).exit_code == 0


@pytest.mark.parametrize("words", [["stats"], ["export"], ["prune", "--all"]])
def test_a_missing_ledger_is_one_line_and_makes_nothing(words: list[str], tmp_path: Path) -> None:
    done = ledger(*words, tmp_path / "nothing")
    assert isinstance(done.exception, DatasetError)
    assert str(done.exception).startswith(f"no ledger in {tmp_path / 'nothing'}: work/ledger")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("words", [["stats"], ["export"], ["prune", "--model", "gpt"]])
def test_a_damaged_ledger_is_one_line(words: list[str], out: Path) -> None:
    file = out / "work" / "ledger.sqlite"
    content = bytearray(file.read_bytes())
    for at in range(4096, len(content), 512):  # the first page holds the tables' names
        content[at] ^= 0x5A
    file.write_bytes(content)
    done = ledger(*words, out)
    assert isinstance(done.exception, OutputError)
    assert "damaged: restore it from a copy, or move that file away" in str(done.exception)


@pytest.mark.slow
def test_a_reader_that_has_enough_is_no_error(out: Path) -> None:
    command = f"{sys.executable} cli.py ledger export {out} | head -c 10"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
