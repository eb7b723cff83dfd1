"""``build`` against a real server (llama.cpp's) with a real, very small model, on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from longalpaca_data.core.errors import CallFailedError
from longalpaca_data.llm import Completion, Prompt
from longalpaca_data.llm.openai import OpenAIModel
from longalpaca_data.pipeline.calls import CallFilter, Calls
from tests.conftest import Run
from tests.llm.asking import question
from tests.llm.small_model import llama_server

SCHEMA = json.dumps(
    {"type": "object", "properties": {"word": {"type": "string", "maxLength": 20}},
     "required": ["word"], "additionalProperties": False}
)  # fmt: skip

RECIPE = """name: real
licence: CC0-1.0
languages: [en]
documents: [{documents}]
windows: {{lengths: [1500], coverage: 1, min_tokens: 800}}
generate:
  rows_per_1k_tokens: 2
  passage_tokens: 60
  tasks: {{document_analysis: 1}}
  oversample: 1
  model: {{max_tokens: 160, concurrency: 2, timeout: 280}}
short: ["sample:"]
mix: {{long: 3, short: 1}}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with llama_server() as base_url:
        yield base_url


def complete(url: str, *prompts: Prompt) -> list[Any]:
    async def ask() -> list[Any]:
        model = OpenAIModel("smol", url, timeout=280)
        answers = [await model.complete(p) for p in prompts[:-1]]
        try:
            answers.append(await model.complete(prompts[-1]))
        except CallFailedError as error:
            answers.append(error)
        await model.aclose()
        return answers

    return asyncio.run(ask())


@pytest.mark.slow
def test_a_real_server_takes_our_requests_and_we_its_answers(server: str) -> None:
    asked = question("Name a colour.", schema=SCHEMA, max_tokens=40, temperature=0.0, seed=3)
    first, again, refused = complete(server, asked, asked, question("word " * 8000))
    assert isinstance(first, Completion)
    assert set(json.loads(first.text)) == {"word"}
    assert first.text == again.text
    assert first.prompt_tokens > 5
    assert 0 < first.completion_tokens <= 40
    assert first.cached_tokens < again.cached_tokens <= again.prompt_tokens
    assert isinstance(refused, CallFailedError)
    assert refused.reason == "too long"


@pytest.mark.slow
def test_a_build_with_a_real_server_drops_what_a_small_model_writes(
    cli: Run, few: Path, tmp_path: Path
) -> None:
    recipe, out = tmp_path / "real.yaml", tmp_path / "out"
    recipe.write_text(RECIPE.format(documents=few / "reports"))
    with llama_server() as url:
        words = ("build", recipe, "--generator", "openai", "--base-url", url, "--model", "smol",
                 "--out", out, "--workers", 1)  # fmt: skip
        first = cli(*words)
    assert "Traceback" not in first.stderr
    with closing(Calls(out / "work" / "ledger.sqlite")) as ledger:
        calls = list(ledger.rows(CallFilter()))
    assert 3 <= len(calls) <= 6  # three questions, a repair call for each at most
    for call in calls:
        assert call["served"].endswith(".gguf")
        assert call["prompt_tokens"] > 300
        assert 0 < call["completion_tokens"] <= 160
        assert call["text"]
    # The system prompt is the same for all, and the server has one slot: it was read once.
    assert sum(call["cached_tokens"] for call in calls) > 0

    lines = map(json.loads, (out / "work" / "dropped.jsonl").read_text().splitlines())
    stages = {"generate", "ground", "rules", "repeats"}
    drops = [line for line in lines if line["stage"] in stages]
    samples = (out / "work" / "samples.jsonl").read_text().splitlines()
    assert len(drops) + len(samples) == 3
    assert len(drops) >= 2
    assert not any(drop["reason"].startswith("call failed") for drop in drops)
    if samples:
        assert first.returncode == 0, first.stderr
    else:
        assert first.returncode == 1
        assert "error: the documents gave no row that passes the filters" in first.stderr

    # The server is gone: whatever is said now comes from the ledger.
    again = cli(*words)
    assert (again.returncode, again.stdout) == (first.returncode, first.stdout)
    assert again.stderr.splitlines()[-1] == first.stderr.splitlines()[-1]
    with closing(Calls(out / "work" / "ledger.sqlite")) as ledger:
        assert list(ledger.rows(CallFilter())) == calls
