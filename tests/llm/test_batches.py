"""The Batch API on loopback: answers come back, and no batch is created twice."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from longalpaca_data.core.errors import CallFailedError, ModelUnavailableError
from longalpaca_data.llm.batches import BatchModel
from longalpaca_data.llm.http import Endpoint
from longalpaca_data.llm.prompt import Completion, Message, Prompt
from longalpaca_data.llm.protocol import TryAgainError


class BatchServer:
    """Files and batches in memory. A batch is done after ``looks`` looks at it."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.looks = 2
        self.ends = "completed"
        self.errors: dict[str, Any] | None = None
        self.cut_creation = False
        self.refuse_files = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> BatchServer:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_post("/v1/files", self._upload)
        app.router.add_get("/v1/files/{id}/content", self._content)
        app.router.add_post("/v1/batches", self._create)
        app.router.add_get("/v1/batches", self._list)
        app.router.add_get("/v1/batches/{id}", self._look)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"

    async def _upload(self, request: web.Request) -> web.Response:
        if self.refuse_files:
            self.refuse_files -= 1
            return web.json_response({"error": {"message": "busy"}}, status=500)
        form = await request.post()
        assert form["purpose"] == "batch"
        file = form["file"]
        assert isinstance(file, web.FileField)
        name = f"file-{len(self.files)}"
        self.files[name] = file.file.read()
        return web.json_response({"id": name})

    async def _create(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        assert asked["endpoint"] == "/v1/chat/completions"
        batch_id = f"batch-{len(self.batches)}"
        self.batches[batch_id] = {**asked, "id": batch_id, "status": "validating", "looks": 0}
        if self.cut_creation:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(self.batches[batch_id])

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response({"data": list(self.batches.values()), "has_more": False})

    async def _look(self, request: web.Request) -> web.Response:
        batch = self.batches[request.match_info["id"]]
        batch["looks"] += 1
        if batch["looks"] >= self.looks and batch["status"] == "validating":
            batch["status"] = self.ends
            batch["errors"] = self.errors
            answers, errors = [], []
            for line in self.files[batch["input_file_id"]].splitlines():
                question = json.loads(line)
                said = question["body"]["messages"][-1]["content"]
                if said == "lost":
                    continue
                (errors if said == "bad" else answers).append(answer(question["custom_id"], said))
            for kind, lines in (("output", answers), ("error", errors)):
                if lines:
                    name = f"file-{len(self.files)}"
                    self.files[name] = "\n".join(map(json.dumps, lines)).encode()
                    batch[f"{kind}_file_id"] = name
        return web.json_response(batch)

    async def _content(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["id"]])


def answer(key: str, said: str) -> dict[str, Any]:
    if said == "bad":
        body: dict[str, Any] = {"error": {"message": "context_length exceeded"}}
        return {"custom_id": key, "response": {"status_code": 400, "body": body}, "error": None}
    choice = {"message": {"content": said.upper()}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 5, "completion_tokens": 1}
    body = {"choices": [choice], "usage": usage, "model": "m-1"}
    return {"custom_id": key, "response": {"status_code": 200, "body": body}, "error": None}


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer() as running:
        yield running


def ask(server: BatchServer, folder: Path, *said: str, seconds: float = 20.0) -> list[Any]:
    """Ask all at once in a run of its own, and end it after some seconds."""

    async def run() -> list[Any]:
        endpoint = Endpoint(server.base_url, "BATCH_TEST_KEY")
        model = BatchModel(
            "m", endpoint, folder / "ledger.sqlite", batch=3, poll=0.01, max_wait=0.05
        )
        tasks = [asyncio.ensure_future(model.complete(prompt(text))) for text in said]
        await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        await model.aclose()
        return results

    return asyncio.run(run())


def prompt(text: str) -> Prompt:
    return Prompt((Message("user", text),))


def test_prompts_become_batches_and_come_back(server: BatchServer, tmp_path: Path) -> None:
    answers = ask(server, tmp_path, "a", "b", "c", "d")
    assert [a.text for a in answers] == ["A", "B", "C", "D"]
    assert answers[0] == Completion("A", "stop", 5, 1, 0, "m-1")
    assert [
        len(server.files[b["input_file_id"]].splitlines()) for b in server.batches.values()
    ] == [
        3,
        1,
    ]


def test_a_stopped_run_finds_its_batch_again(server: BatchServer, tmp_path: Path) -> None:
    server.looks = 1000
    stopped = ask(server, tmp_path, "a", "b", seconds=0.5)
    assert all(isinstance(s, asyncio.CancelledError) for s in stopped)
    server.looks = 1
    assert [a.text for a in ask(server, tmp_path, "b", "a")] == ["B", "A"]
    assert len(server.batches) == 1


def test_a_batch_whose_creation_was_cut_off_is_found(server: BatchServer, tmp_path: Path) -> None:
    server.cut_creation = True
    (lost,) = ask(server, tmp_path, "a")
    assert isinstance(lost, TryAgainError)
    server.cut_creation = False
    (found,) = ask(server, tmp_path, "a")
    assert found.text == "A"
    assert len(server.batches) == 1


def test_a_batch_that_never_was_is_asked_anew(server: BatchServer, tmp_path: Path) -> None:
    line = {"name": "longalpaca-0", "keys": [prompt("a").key("m")], "id": ""}
    (tmp_path / "batches.jsonl").write_text(json.dumps(line) + "\n" + '{"name": "torn')
    (lost,) = ask(server, tmp_path, "a")
    assert isinstance(lost, TryAgainError)
    (found,) = ask(server, tmp_path, "a")
    assert found.text == "A"


def test_lines_that_failed_are_told_from_lines_that_are_missing(
    server: BatchServer, tmp_path: Path
) -> None:
    good, bad, lost = ask(server, tmp_path, "a", "bad", "lost")
    assert good.text == "A"
    assert isinstance(bad, CallFailedError)
    assert bad.reason == "too long"
    assert isinstance(lost, TryAgainError)


def test_an_expired_batch_may_be_asked_again(server: BatchServer, tmp_path: Path) -> None:
    server.ends = "expired"
    good, lost = ask(server, tmp_path, "a", "lost")
    assert good.text == "A"
    assert "expired" in str(lost)


@pytest.mark.parametrize(
    ("key", "shown"), [("x", "expired: no x, max 6"), ("secret-7Q4RZ-key", "for [key] only")]
)
def test_what_a_batch_says_went_wrong_shows_no_key(
    server: BatchServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, shown: str
) -> None:
    monkeypatch.setenv("BATCH_TEST_KEY", key)
    server.ends = "expired"
    server.errors = {"data": [{"message": f"no x, max 6 for {key} only"}]}
    (lost,) = ask(server, tmp_path, "lost")
    assert shown in str(lost)
    assert "secret-7Q4RZ-key" not in str(lost)


def test_uploads_are_tried_again(server: BatchServer, tmp_path: Path) -> None:
    server.refuse_files = 2
    (found,) = ask(server, tmp_path, "a")
    assert found.text == "A"


def test_an_endpoint_without_batches_is_one_line(server: BatchServer, tmp_path: Path) -> None:
    server.base_url = re.sub("/v1$", "/v2", server.base_url)
    (refused,) = ask(server, tmp_path, "a")
    assert isinstance(refused, ModelUnavailableError)


def test_answers_that_were_not_kept_are_fetched_again(server: BatchServer, tmp_path: Path) -> None:
    """A kill between an answer's arrival and its commit pays for nothing twice."""
    assert [a.text for a in ask(server, tmp_path, "a", "b")] == ["A", "B"]
    assert [a.text for a in ask(server, tmp_path, "b")] == ["B"]
    assert len(server.batches) == 1
