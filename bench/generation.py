"""Two thousand calls to one loopback server: ours beside others' clients, and after a kill -9.

    python bench/generation.py                       # 2,000 calls of 200 ms, 64 at once
    python bench/generation.py --calls 500 --latency 0.05
    python bench/generation.py --python distilabel=~/peers/bin/python   # installed elsewhere

The server is a process of its own; CPU is the client's alone, all its threads. `share of ideal` is
calls × latency / concurrency over the wall time of all calls (2,000 calls are 31.25 rounds of 64,
that take as long as 32: 0.98 is the most there can be). `aiohttp` is the bare client without
retries, ledger or limits: what a loopback call costs on this machine. `lost` is how many answered
calls are asked again when the run is killed half-way and started anew.

Then each is given one long document and asked for some questions, by its own command; the server
asks about what it is shown. `covers` says where in the document the first and the last question
are from, `KS` how far their places are from uniform (Kolmogorov-Smirnov distance).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(__file__).resolve().parent / "clients"

CLIENTS = {
    "aiohttp": "aiohttp",
    "longalpaca-data": "longalpaca_data",
    "synthetic-data-kit": "synthetic_data_kit",
    "distilabel": "distilabel",
}
"""Name → the package that it needs; the client is `clients/with_PACKAGE.py`."""

COVERING = ("longalpaca-data", "synthetic-data-kit")
"""Clients that choose by themselves which part of a document they ask about."""

PARAGRAPHS = 3_000  # about 1.1 MB, 250,000 tokens: a long novel


@contextlib.contextmanager
def server(*command: object) -> Iterator[tuple[str, Callable[[], dict[str, int]]]]:
    """Start a scripted endpoint; give its base URL and a way to its figures."""
    with subprocess.Popen(
        [sys.executable, *map(str, command)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        url = process.stdout.readline().strip()

        def figures() -> dict[str, int]:
            print(file=process.stdin, flush=True)
            found: dict[str, int] = json.loads(process.stdout.readline())
            return found

        try:
            yield url, figures
        finally:
            process.stdin.close()


class Bench:
    """The clients, each with the interpreter that has its package."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.pythons: dict[str, str] = {}
        for named in options.python:
            name, _, path = named.partition("=")
            if name not in CLIENTS or not path:
                raise SystemExit(f"--python {named}: say NAME=PATH, NAME one of {[*CLIENTS]}")
            self.pythons[name] = str(Path(path).expanduser())

    def installed(self, name: str) -> bool:
        """Say whether a client's package is there."""
        find = f"import importlib.util as i; raise SystemExit(not i.find_spec({CLIENTS[name]!r}))"
        words = (self.pythons.get(name, sys.executable), "-c", find)
        return subprocess.run(words, env=self._environment(name), check=False).returncode == 0

    def start(self, name: str, what: str, task: dict[str, Any]) -> subprocess.Popen[str]:
        """Start a client in a process of its own."""
        script = FOLDER / f"with_{CLIENTS[name]}.py"
        words = (self.pythons.get(name, sys.executable), script, what, json.dumps(task))
        return subprocess.Popen(
            [*map(str, words)],
            cwd=task["folder"],
            env=self._environment(name),
            stdout=subprocess.PIPE,
            stderr=None if self.options.verbose else subprocess.DEVNULL,
            text=True,
        )

    def calls(self, name: str) -> dict[str, float]:
        """Return a client's share of the ideal throughput, CPU per call, and what a kill loses."""
        options = self.options
        scripted = ("-m", "tests.llm.server", "--latency", options.latency)
        with tempfile.TemporaryDirectory() as folder, server(*scripted) as (url, _):
            found = _said(self.start(name, "calls", self._task(url, folder)))
        ideal = options.calls * options.latency / options.concurrency
        with tempfile.TemporaryDirectory() as folder, server(*scripted) as (url, figures):
            task = self._task(url, folder)
            process = self.start(name, "calls", task)
            while figures()["answered"] < options.calls // 2:
                time.sleep(0.05)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            self.start(name, "calls", task).communicate()
            lost = figures()["answered twice"]
        cpu = 1000 * found["cpu"] / options.calls
        return {"share": ideal / found["seconds"], "cpu": cpu, "lost": lost}

    def places(self, name: str, questions: int) -> list[float]:
        """Return where in the long document a client's questions are from, 0-1."""
        with tempfile.TemporaryDirectory() as folder, server(FOLDER / "reader.py") as (url, _):
            document = Path(folder) / "diary.txt"
            document.write_text(_diary(), encoding="utf-8")
            task = self._task(url, folder) | {"calls": questions, "document": str(document)}
            return [day / PARAGRAPHS for day in _said(self.start(name, "document", task))]

    def _task(self, url: str, folder: str) -> dict[str, Any]:
        options = self.options
        sizes = {key: getattr(options, key) for key in ("calls", "concurrency", "kilobytes")}
        return {"url": url, "folder": folder, "document": "", **sizes}

    def _environment(self, name: str) -> dict[str, str]:
        """Ours is found in the checkout; another interpreter must not find our packages."""
        own = {} if name in self.pythons else {"PYTHONPATH": str(ROOT)}
        return {**os.environ, **own}


def _said(process: subprocess.Popen[str]) -> Any:
    out, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{process.args} failed; --verbose shows why")
    return json.loads(out.splitlines()[-1])


def _diary() -> str:
    """Return a long document whose paragraphs say where they stand, and are all different."""
    rng = random.Random(7)
    who = ("the pilot", "the miller", "a stranger", "the old warden", "her sister", "the clerk")
    did = ("mended", "carried away", "counted", "painted", "lost", "asked after", "paid for")
    what = ("the lamp", "two nets", "the ledger", "a broken wheel", "the bell rope", "some salt")
    where = ("by the weir", "behind the chapel", "at low water", "on the upper road", "in the loft")

    def sentence() -> str:
        doing = f"{rng.choice(who)} {rng.choice(did)} {rng.choice(what)} {rng.choice(where)}"
        return f"{doing}, {rng.randint(2, 900)} steps from the house"

    return "\n\n".join(
        f"On day {n} the keeper writes that {sentence()}. "
        + " ".join(f"After that {sentence()}." for _ in range(4))
        for n in range(PARAGRAPHS)
    )


def uniform_distance(places: Sequence[float]) -> float:
    """Return the Kolmogorov-Smirnov distance from the uniform distribution on 0-1."""
    ordered, n = sorted(places), len(places)
    return max(max(place - i / n, (i + 1) / n - place) for i, place in enumerate(ordered))


def main() -> None:
    """Measure each client that is installed; print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds per call")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--kilobytes", type=int, default=32, help="length of a prompt")
    parser.add_argument("--questions", type=int, nargs="*", default=[25, 100])
    parser.add_argument(
        "--python", action="append", default=[], help="NAME=PATH: a client's own interpreter"
    )
    parser.add_argument(
        "--client", action="append", choices=[*CLIENTS], help="only this one; may be repeated"
    )
    parser.add_argument("--verbose", action="store_true", help="show what the clients say")
    options = parser.parse_args()
    bench = Bench(options)
    chosen = options.client or [*CLIENTS]
    there = [name for name in chosen if bench.installed(name)]
    print(
        f"{options.calls} calls of {options.latency * 1000:.0f} ms, {options.concurrency} at once, "
        f"prompts of {options.kilobytes} KB"
    )
    print(f"{'client':<20}{'share of ideal':>15}{'CPU ms/call':>13}{'× bare CPU':>12}{'lost':>7}")
    bare_cpu = 0.0
    for name in there:
        found = bench.calls(name)
        bare_cpu = bare_cpu or found["cpu"]
        print(
            f"{name:<20}{found['share']:>15.3f}{found['cpu']:>13.2f}"
            f"{found['cpu'] / bare_cpu:>12.2f}{found['lost']:>7.0f}",
            flush=True,
        )
    print(f"\nquestions about one document of {len(_diary()) / 1e6:.1f} MB")
    print(f"{'client':<20}{'wanted':>8}{'places':>8}{'covers':>17}{'KS':>8}")
    for name in (name for name in COVERING if name in there):
        for wanted in options.questions:
            places = bench.places(name, wanted)
            covers = f"{min(places):.1%} - {max(places):.1%}"
            print(
                f"{name:<20}{wanted:>8}{len(places):>8}{covers:>17}{uniform_distance(places):>8.3f}",
                flush=True,
            )
    for name in set(chosen) - set(there):
        print(f"{name}: not installed (--python {name}=PATH names another interpreter)")


if __name__ == "__main__":
    main()
