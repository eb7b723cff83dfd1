"""The command: one line with the address, a clean end, nothing lost, and its errors in one line."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from longalpaca_data.mix.reviews import REVIEWS, read_reviews
from tests.conftest import ROOT, Run
from tests.review.served import Served, client, small_set


@contextlib.contextmanager
def reviewing(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], Served]]:
    """Run the command until it has printed its address."""
    process = subprocess.Popen(
        [sys.executable, "cli.py", "review", str(folder), *words],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        try:
            assert process.stdout
            served = client(process.stdout.readline().strip(), folder)
            with served.http:
                yield process, served
        finally:
            process.kill()


def test_ctrl_c_is_a_clean_end(tmp_path: Path) -> None:
    folder = small_set(tmp_path / "set")
    with reviewing(folder) as (process, served):
        assert served.base.startswith("http://127.0.0.1:")
        assert len(served.token) >= 32
        assert served.decide("key", decision="reject").ok
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert served.token not in err
    first, last = err.splitlines()
    assert first == f"5 rows of {folder} to review at the address above; Ctrl-C ends"
    assert last == (
        f"stopped; decisions about 1 rows are kept in {folder / REVIEWS}; to put them into the "
        f"data set run: python cli.py build RECIPE --out {folder}"
    )


@pytest.mark.slow
def test_nothing_that_was_answered_is_lost_by_a_kill(tmp_path: Path) -> None:
    folder = small_set(tmp_path / "set")
    answered: dict[str, int] = {}
    enough = threading.Event()

    def decide(served: Served, row_id: str) -> None:
        with contextlib.suppress(requests.RequestException):
            for number in range(10_000):
                if not served.decide(row_id, note=str(number)).ok:
                    return
                answered[row_id] = number
                if number == 20:
                    enough.set()

    for _ in range(3):
        with reviewing(folder) as (process, served):
            tabs = [
                threading.Thread(target=decide, args=(served, row_id)) for row_id in ("key", "lamp")
            ]
            for thread in tabs:
                thread.start()
            assert enough.wait(60)
            process.send_signal(signal.SIGKILL)
            for thread in tabs:
                thread.join()
        found = read_reviews(folder)
        for row_id, number in answered.items():
            # One more may be on disk: its answer was on the way.
            assert int(found[row_id].note) in {number, number + 1}
        answered.clear()
        enough.clear()


@pytest.mark.slow
def test_an_address_that_is_taken(tmp_path: Path, cli: Run) -> None:
    folder = small_set(tmp_path / "set")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = cli("review", folder, "--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: port {port} of 127.0.0.1 is in use; choose another --port, or leave it out\n"
    )


@pytest.mark.slow
def test_errors_are_one_line(tmp_path: Path, here: Run) -> None:
    folder = small_set(tmp_path / "set")
    (folder / REVIEWS).write_text('{"id": "key"}\n{"id": "lamp", "decision": "perhaps"}\n{}\n')
    wanted = {
        tmp_path / "none": "no finished data set in",
        tmp_path: "manifest.json is missing",
        folder: f"{folder / REVIEWS}, line 2: not a review",
    }
    for path, message in wanted.items():
        done = here("review", path)
        assert done.returncode == 1
        assert message in done.stderr
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
    assert here("review", folder, "--port", "70000").returncode == 2


@pytest.mark.slow
def test_the_network_is_warned_of(tmp_path: Path) -> None:
    with reviewing(small_set(tmp_path / "set"), "--host", "0.0.0.0") as (process, served):
        assert socket.gethostname() in served.url
        os.kill(process.pid, signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert "warning: 0.0.0.0 is reached from other machines" in err
    assert process.returncode == 0
