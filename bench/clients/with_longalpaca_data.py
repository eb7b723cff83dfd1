"""Ours: a session with its ledger; for the long document the command line, as a user has it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from task import Task, main

from longalpaca_data.llm import Ask, Limits, Message, Prompt, Session
from longalpaca_data.llm.openai import OpenAIModel

_CLI = Path(__file__).resolve().parents[2] / "cli.py"
_RECIPE = """name: cover
documents: [{path: %s, kind: book}]
generate: {strategy: %s, oversample: 1}
short: ["sample:"]
mix: {long: %d, short: 1}
"""


def ask(task: Task) -> None:
    """Ask through a session with its ledger."""

    async def work(number: int, ask: Ask) -> str:
        messages = tuple(Message("user", m["content"]) for m in task.messages(number))
        return (await ask(Prompt(messages))).text

    model = OpenAIModel("m", task.url)
    limits = Limits(concurrency=task.concurrency)
    with Session(model, task.folder / "ledger.sqlite", limits) as session:
        for _ in session.map(range(task.calls), work):
            pass


def cover(task: Task) -> list[str]:
    """Have the command line ask about the long document; return where each question is from."""
    recipe, out = task.folder / "cover.yaml", task.folder / "out"
    recipe.write_text(_RECIPE % (json.dumps(str(task.document)), "anchored", task.calls))
    words = ("generate", recipe, "--base-url", task.url, "--model", "m", "--out", out, "--quiet")
    subprocess.run([sys.executable, _CLI, *words], check=True, stdout=subprocess.DEVNULL)
    lines = (out / "work" / "examples.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


if __name__ == "__main__":
    main(ask, cover)
