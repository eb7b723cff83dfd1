"""Two thousand calls to one loopback server: ours beside others' clients, and after a kill -9.

    python bench/generation.py                       # 2,000 calls of 200 ms, 64 at once
    python bench/generation.py --calls 500 --latency 0.05

The server is a process of its own; CPU is the client's alone, all its threads. `share of ideal` is
calls × latency / concurrency over the wall time of all calls (2,000 calls are 31.25 rounds of 64,
that take as long as 32: 0.98 is the most there can be). `aiohttp`
is the bare client without retries, ledger or limits: what a loopback call costs on this machine.
`lost` is how many answered calls are asked again when the run is killed half-way and started anew.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import importlib.util
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from longalpaca_data.models import Ask, Limits, Message, Prompt, Session
from longalpaca_data.models.openai import OpenAIModel

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Task:
    """What every client is given."""

    url: str
    folder: Path
    calls: int
    concurrency: int
    kilobytes: int

    def messages(self, number: int) -> list[dict[str, str]]:
        """Return one call's messages: a long document, and a question that differs."""
        document = ("The quick brown fox jumps over the lazy dog. " * 23 * self.kilobytes)[
            : 1024 * self.kilobytes
        ]
        return [{"role": "user", "content": f"{document}\n\nQuestion {number}?"}]


def ours(task: Task) -> None:
    """Ask through a session with its ledger."""

    async def work(number: int, ask: Ask) -> str:
        messages = tuple(Message("user", m["content"]) for m in task.messages(number))
        return (await ask(Prompt(messages))).text

    model = OpenAIModel("m", task.url)
    limits = Limits(concurrency=task.concurrency)
    with Session(model, task.folder / "ledger.sqlite", limits) as session:
        for _ in session.map(range(task.calls), work):
            pass


def bare(task: Task) -> None:
    """Ask with aiohttp and nothing else."""

    async def run() -> None:
        slots = asyncio.Semaphore(task.concurrency)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def ask(number: int) -> None:
                async with slots:
                    body = {"model": "m", "messages": task.messages(number)}
                    async with session.post(
                        f"{task.url}/chat/completions",
                        data=msgspec.json.encode(body),
                        headers={"Content-Type": "application/json"},
                    ) as response:
                        msgspec.json.decode(await response.read())

            await asyncio.gather(*map(ask, range(task.calls)))

    asyncio.run(run())


def synthetic_data_kit(task: Task) -> None:
    """Ask as its `create` does: in batches, on threads."""
    module = importlib.import_module("synthetic_data_kit.models.llm_client")
    client = module.LLMClient(
        provider="api-endpoint", api_base=task.url, api_key="none", model_name="m", max_retries=3
    )
    messages = [task.messages(number) for number in range(task.calls)]
    client.batch_completion(messages, batch_size=task.concurrency)


def distilabel(task: Task) -> None:
    """Ask as its text generation does, in batches of the concurrency."""
    llm = importlib.import_module("distilabel.models.llms").OpenAILLM(
        model="m", base_url=task.url, api_key="none"
    )
    llm.load()
    for start in range(0, task.calls, task.concurrency):
        numbers = range(start, min(start + task.concurrency, task.calls))
        llm.generate_outputs(inputs=[task.messages(number) for number in numbers])


CLIENTS: dict[str, tuple[str, Callable[[Task], None]]] = {
    "aiohttp": ("aiohttp", bare),
    "longalpaca-data": ("longalpaca_data.models.openai", ours),
    "synthetic-data-kit": ("synthetic_data_kit", synthetic_data_kit),
    "distilabel": ("distilabel", distilabel),
}
"""Name → the package that it needs, and the client. Packages are loaded before the clock starts."""


@contextlib.contextmanager
def server(latency: float) -> Iterator[tuple[str, Callable[[], dict[str, int]]]]:
    """Start the scripted endpoint; give its base URL and a way to its figures."""
    command = [sys.executable, "-m", "tests.models.server", "--latency", str(latency)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
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


def start(name: str, task: Task) -> subprocess.Popen[str]:
    """Start a client in a process of its own."""
    words = (task.url, task.folder, task.calls, task.concurrency, task.kilobytes)
    command = [sys.executable, __file__, "--one", name, *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def measure(name: str, options: argparse.Namespace) -> dict[str, float]:
    """Return a client's share of the ideal throughput, CPU per call, and what a kill loses."""
    sizes = (options.calls, options.concurrency, options.kilobytes)
    with tempfile.TemporaryDirectory() as folder, server(options.latency) as (url, _):
        out, _ = start(name, Task(url, Path(folder), *sizes)).communicate()
        found: dict[str, float] = json.loads(out.splitlines()[-1])
    ideal = options.calls * options.latency / options.concurrency
    with tempfile.TemporaryDirectory() as folder, server(options.latency) as (url, figures):
        task = Task(url, Path(folder), *sizes)
        process = start(name, task)
        while figures()["answered"] < options.calls // 2:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        start(name, task).communicate()
        lost = figures()["answered twice"]
    return {
        "share": ideal / found["seconds"],
        "cpu": 1000 * found["cpu"] / options.calls,
        "lost": lost,
    }


def one(name: str, words: list[str]) -> None:
    """Run one client in this process and print its figures as JSON."""
    url, folder, *sizes = words
    task = Task(url, Path(folder), *map(int, sizes))
    package, run = CLIENTS[name]
    importlib.import_module(package)
    started, cpu = time.perf_counter(), time.process_time()
    run(task)
    figures: dict[str, Any] = {"seconds": time.perf_counter() - started}
    print(json.dumps(figures | {"cpu": time.process_time() - cpu}))


def main() -> None:
    """Measure each client that is installed; print a table of ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds per call")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--kilobytes", type=int, default=32, help="length of a prompt")
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options.one[0], options.one[1:])
        return
    print(
        f"{options.calls} calls of {options.latency * 1000:.0f} ms, {options.concurrency} at once, "
        f"prompts of {options.kilobytes} KB"
    )
    print(f"{'client':<20}{'share of ideal':>15}{'CPU ms/call':>13}{'× bare CPU':>12}{'lost':>7}")
    bare_cpu = 0.0
    for name, (package, _) in CLIENTS.items():
        if importlib.util.find_spec(package) is None:
            print(f"{name:<20}  not installed")
            continue
        found = measure(name, options)
        bare_cpu = bare_cpu or found["cpu"]
        print(
            f"{name:<20}{found['share']:>15.3f}{found['cpu']:>13.2f}"
            f"{found['cpu'] / bare_cpu:>12.2f}{found['lost']:>7.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
