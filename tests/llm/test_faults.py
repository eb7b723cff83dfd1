"""Two thousand calls through everything that goes wrong, kills, and both kinds of Ctrl-C."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from longalpaca_data.llm import Limits
from longalpaca_data.llm.retry import RetryPolicy
from tests.conftest import ROOT
from tests.llm.asking import answer, session
from tests.llm.server import Asked, ModelServer, Reply

FAULTS = (
    *[Reply(status=429), Reply("tired", status=500)] * 5,  # 5 % of all, by their weight below
    Reply(status=429, headers={"Retry-After": "0.1"}),
    Reply(fault="malformed"),
    Reply(fault="truncate"),
    Reply(fault="cut"),
    Reply(fault="html"),
    Reply(fault="hang"),
)
SHARE = 0.08  # of all requests; 10 of 16 faults are 429 or 500


def kept(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as ledger:
        return int(ledger.execute("SELECT count(*) FROM calls").fetchone()[0])


def faulty(seed: int) -> ModelServer:
    rng = random.Random(seed)

    def script(asked: Asked) -> Reply:
        if rng.random() < SHARE:
            return rng.choice(FAULTS)
        fault = "duplicate" if rng.random() < 0.01 else ""
        text = "用中文回答" if rng.random() < 0.02 else f"to {asked.prompt}"
        return Reply(text, fault=fault)  # type: ignore[arg-type]

    return ModelServer(script, delay=0.2)


@pytest.mark.slow
def test_two_thousand_calls_through_all_faults(tmp_path: Path) -> None:
    policy = RetryPolicy(first_delay=0.2, longest_delay=2)
    with (
        faulty(1) as server,
        session(
            server.base_url, tmp_path, Limits(concurrency=64), retry_policy=policy, timeout=2
        ) as opened,
    ):
        answers = []
        for text in opened.map(range(2000), answer):
            answers.append(text)
            if len(answers) == 700:
                server.outage(3.0)
    assert len(answers) == 2000
    wrong = [text for n, text in enumerate(answers) if text not in {f"to {n}", "用中文回答"}]
    assert wrong == []
    assert kept(tmp_path) == 2000
    assert opened.usage.failed == {}
    assert opened.usage.made.calls == 2000
    kinds = set(opened.usage.retries)
    assert kinds >= {"http 429", "http 500", "malformed body", "truncated body"}
    assert kinds >= {"wrong content type", "timeout", "connection lost", "connection refused"}
    # Each request beyond the first of a question is a failed attempt that was seen and counted.
    assert len(server.asked) <= 2000 + opened.usage.retries.total()

    with session(server.base_url, tmp_path) as again:
        assert list(again.map(range(2000), answer)) == answers
        assert again.usage.made.calls == 0


def start(server: ModelServer, folder: Path, count: int = 400) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.llm.asking", server.base_url, str(folder)]
    return subprocess.Popen(
        [*command, str(count), "16"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def read(process: subprocess.Popen[str], lines: int) -> None:
    assert process.stdout is not None
    for _ in range(lines):
        assert process.stdout.readline()


@pytest.mark.slow
def test_kill_9_loses_at_most_the_calls_in_flight(tmp_path: Path) -> None:
    with ModelServer(delay=0.05) as server:
        for lines in (30, 60, 90):
            process = start(server, tmp_path)
            read(process, lines)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        with session(server.base_url, tmp_path, Limits(concurrency=16)) as opened:
            answers = list(opened.map(range(400), answer))
    assert len(set(answers)) == 400
    asked = Counter(asked.key for asked in server.asked)
    assert kept(tmp_path) == len(asked) == 400
    # Three kills, 16 calls in flight each, and those whose commit was under way.
    assert asked.total() - 400 <= 3 * 32
    assert asked.total() > 400


@pytest.mark.slow
def test_ctrl_c_drains_and_keeps(tmp_path: Path) -> None:
    with ModelServer(delay=0.5) as server:
        process = start(server, tmp_path)
        read(process, 3)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopping: waiting up to 30 s" in said
    assert "Traceback" not in said
    assert kept(tmp_path) == len(server.asked) < 100


@pytest.mark.slow
@pytest.mark.parametrize("signals", [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM,) * 2])
def test_a_second_ctrl_c_stops_at_once(signals: tuple[int, int], tmp_path: Path) -> None:
    def script(asked: Asked) -> Reply:
        return Reply("ok", latency=0 if int(asked.prompt) < 4 else 25)

    with ModelServer(script) as server:
        process = start(server, tmp_path)
        read(process, 4)
        started = time.monotonic()
        for number in signals:
            process.send_signal(number)
            time.sleep(0.5)
        _, said = process.communicate(timeout=60)
    assert time.monotonic() - started < 20  # the answers would take 25 s
    assert process.returncode == 130
    assert "Traceback" not in said
    assert kept(tmp_path) == 4
