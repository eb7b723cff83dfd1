"""``push-to-hub`` as a user runs it: a process of its own, its Hub named by HF_ENDPOINT."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from longalpaca_data.core.storage import file_sha256
from tests.conftest import ROOT, Run
from tests.hub.server import TOKEN, Fault, HubServer

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as running:
        yield running


@pytest.fixture
def environment(server: HubServer, tmp_path: Path) -> dict[str, str]:
    return {"HF_ENDPOINT": server.url, "HF_TOKEN": TOKEN, "HF_HOME": str(tmp_path / "home")}


def test_bare_it_takes_the_newest_set_and_the_users_name(
    folder: Path, server: HubServer, environment: dict[str, str], cli: Run
) -> None:
    place = folder.parent / "somewhere"
    (place / "data" / "out").mkdir(parents=True)
    folder.rename(place / "data" / "out" / "tiny")
    done = cli("push-to-hub", cwd=place, **environment)
    assert done.returncode == 0, done.stderr
    assert "publishing data/out/tiny as mira/tiny\n" in done.stderr
    assert f"repository: {server.url}/datasets/mira/tiny\nvisibility: public\n" in done.stdout
    again = cli("push-to-hub", "--json", "--quiet", cwd=place, **environment)
    said = json.loads(again.stdout)
    assert said["commit"] == server.repos["mira/tiny"].branches["main"]
    assert not again.stderr
    assert set(server.puts().values()) == {1}


def test_a_dry_run_needs_neither_token_nor_network(
    folder: Path, environment: dict[str, str], cli: Run
) -> None:
    nowhere = environment | {"HF_TOKEN": "", "HF_ENDPOINT": "http://127.0.0.1:9"}
    done = cli("push-to-hub", folder, "--dry-run", "--private", **nowhere)
    assert done.returncode == 0, done.stderr
    assert f"{folder} would go to YOUR-NAME/tiny (private, main):" in done.stdout
    assert "bytes  data/train-00000-of-" in done.stdout
    refused = cli("push-to-hub", folder, **nowhere)
    assert refused.returncode == 1
    assert refused.stderr == "error: no token for the Hub; run `hf auth login` or set HF_TOKEN\n"


@pytest.mark.parametrize(("end", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_killed_in_the_second_file_it_goes_on_with_the_second(
    folder: Path,
    server: HubServer,
    environment: dict[str, str],
    cli: Run,
    end: signal.Signals,
    code: int,
) -> None:
    first, second = map(file_sha256, sorted((folder / "data").glob("train-*.parquet"))[:2])
    server.faults.append(Fault(f"PUT /storage/{second}", how="stall"))
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), "push-to-hub", str(folder)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stalled.wait(120)
    process.send_signal(end)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in said
    if end is signal.SIGINT:
        assert "run the same command again to resume" in said
    assert set(server.large) == {first}
    server.resume.set()
    done = cli("push-to-hub", folder, **environment)
    assert done.returncode == 0, done.stderr
    assert server.puts()[first] == 1
    assert "manifest.json" in server.tree("mira/tiny")


def test_the_token_is_in_no_output_and_no_file(
    folder: Path, server: HubServer, environment: dict[str, str], cli: Run
) -> None:
    """With everything going wrong, a Hub that repeats the token, and the library's debug log."""
    echo = f'{{"error": "{TOKEN} is no good"}}'
    headers = {"X-Error-Message": TOKEN, "X-Request-Id": TOKEN}
    said = ""
    for match, status in [
        ("whoami", 401),
        ("/repos/create", 400),
        ("/objects/batch", 400),
        ("PUT /storage", 403),
        ("/validate-yaml", 400),
        ("/commit/", 400),
        ("/tag/", 400),
        ("nothing", 200),
    ]:
        server.faults[:] = [Fault(match, status, times=100, body=echo, headers=headers)]
        for debug in ("", "1") if match in {"PUT /storage", "nothing"} else ("",):
            done = cli("push-to-hub", folder, "--tag", "v1", **environment, HF_DEBUG=debug)
            said += done.stdout + done.stderr
            if debug == "" and match != "nothing":
                assert done.returncode == 1
                assert done.stderr.splitlines()[-1].startswith("error: ")
                assert done.stderr.count("\n") <= 3
    assert "authorization: <TOKEN>" in said, "the debug log was on"
    assert TOKEN not in said
    assert "Signature" not in said
    files = [file for file in folder.parent.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if TOKEN.encode() in file.read_bytes()]
