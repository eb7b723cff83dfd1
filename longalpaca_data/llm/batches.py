"""OpenAI's Batch API: all prompts that wait become one file, the answers come within a day, at
half the price. A run that is stopped meanwhile finds its batches again.

What is under way stands in ``batches.jsonl`` beside the ledger, one line per batch with the keys of
its prompts, written *before* the batch is created; the batch carries the line's name in its
metadata. So there is no moment at which a batch is paid for and forgotten.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from longalpaca_data.core.errors import CallFailedError, ModelUnavailableError
from longalpaca_data.core.storage import output_errors
from longalpaca_data.llm.batching import Answer, MicroBatcher
from longalpaca_data.llm.http import Endpoint, Reply
from longalpaca_data.llm.openai import parse_completion, request_fields
from longalpaca_data.llm.prompt import Completion, Prompt
from longalpaca_data.llm.protocol import TryAgainError
from longalpaca_data.llm.refusals import refusal

_BATCHES = 100  # batches under way at once; each waits for the server alone
_BYTES = 90 << 20  # of one batch's file: the API takes 200 MB, other servers less
_MAX_WAIT = 1.0  # seconds without a further prompt after which a batch is sent
_POLL = 20.0  # seconds between two looks at a batch
_MAX_FAILED_REQUESTS = 30  # in a row before the endpoint counts as dead
_NAME = "longalpaca"
_FAILED = {"failed", "expired", "cancelled"}
_FINISHED = {"completed", *_FAILED}

Lines = Mapping[str, Mapping[str, Any]]
"""A batch's answers as the server wrote them, by the key of the prompt."""


@dataclass(eq=False)
class _Batch:
    """One line of the file. ``id`` is empty until the server has said it."""

    name: str
    keys: tuple[str, ...]
    id: str = ""


class BatchModel:
    """A model behind the Batch API. ``ledger`` is the ledger's file, beside which the batches under
    way are remembered.
    """

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        ledger: Path,
        *,
        batch: int,
        poll: float = _POLL,
        max_wait: float = _MAX_WAIT,
    ) -> None:
        self.name = name
        self._endpoint = endpoint
        self._file = ledger.parent / "batches.jsonl"
        self._poll = poll
        # Of batches that hold one prompt the last is meant: the ones before didn't answer it.
        self._by_key = {key: b for b in _remembered(self._file) for key in b.keys}
        self._followed: dict[_Batch, asyncio.Task[tuple[Lines, str]]] = {}
        self._batcher = MicroBatcher(self._run, batch, max_wait, _BYTES, _BATCHES)

    async def complete(self, prompt: Prompt) -> Completion:
        """Answer one prompt, with the batch that it goes into or went into before."""
        before = self._by_key.get(prompt.key(self.name))
        if before is None:
            return await self._batcher.complete(prompt)
        if before not in self._followed:
            self._followed[before] = asyncio.create_task(self._resume(before))
        lines, why = await asyncio.shield(self._followed[before])
        answer = self._read(lines, prompt, why)
        if isinstance(answer, Completion):
            return answer
        self._by_key.pop(prompt.key(self.name), None)  # asked again, it goes into a new batch
        raise answer

    async def aclose(self) -> None:
        """Stop watching; the batches go on at the server and are found again by the next run."""
        for task in self._followed.values():
            task.cancel()
        await asyncio.gather(*self._followed.values(), return_exceptions=True)
        await self._batcher.aclose()
        await self._endpoint.aclose()

    async def _run(self, prompts: Sequence[Prompt]) -> Sequence[Answer]:
        """Make a batch of prompts, wait for it, and return their answers."""
        keys = tuple(prompt.key(self.name) for prompt in prompts)
        batch = _Batch(f"{_NAME}-{secrets.token_hex(8)}", keys)
        state = await self._create(batch, prompts)
        lines, why = await self._wait_for(batch, state)
        return [self._read(lines, prompt, why) for prompt in prompts]

    async def _resume(self, batch: _Batch) -> tuple[Lines, str]:
        """Wait for a batch of an earlier run. TryAgainError where it never came to be."""
        state = await (self._state(batch) if batch.id else self._find(batch))
        if state is None:
            self._append({"name": batch.name, "done": True})
            for key in batch.keys:
                self._by_key.pop(key, None)
            where = self._endpoint.base_url
            raise TryAgainError("batch lost", "the server knows nothing of it", endpoint=where)
        return await self._wait_for(batch, state)

    async def _wait_for(self, batch: _Batch, state: dict[str, Any]) -> tuple[Lines, str]:
        """Wait for a batch; return its lines, and what to say of a prompt that has none.

        It stays in the file: its answers are safe in the ledger only later than here.
        """
        while state["status"] not in _FINISHED:
            await asyncio.sleep(self._poll)
            state = await self._state(batch)
        lines: dict[str, Mapping[str, Any]] = {}
        for name in ("output_file_id", "error_file_id"):
            if state.get(name):
                reply = await self._request("GET", f"files/{state[name]}/content")
                lines |= {line["custom_id"]: line for line in _lines(reply.body)}
        return lines, f"the batch {batch.id} has {state['status']}{self._errors(state)}"

    async def _create(self, batch: _Batch, prompts: Sequence[Prompt]) -> dict[str, Any]:
        lines = [
            msgspec.json.encode(
                {
                    "custom_id": key,
                    "method": "POST",
                    "url": "/v1/chat/completions",
                    "body": request_fields(self.name, prompt),
                }
            )
            for key, prompt in zip(batch.keys, prompts, strict=True)
        ]
        uploaded = await self._upload(b"\n".join(lines) + b"\n")
        self._remember(batch)
        created = await self._post(
            "batches",
            {
                "input_file_id": uploaded["id"],
                "endpoint": "/v1/chat/completions",
                "completion_window": "24h",
                "metadata": {_NAME: batch.name},
            },
        )
        batch.id = created["id"]
        self._remember(batch)
        return created

    async def _find(self, batch: _Batch) -> dict[str, Any] | None:
        """Look for a batch whose creation was cut off: the server may have it all the same."""
        after = ""
        while True:
            page = _json(await self._request("GET", f"batches?limit=100{after}"), self._endpoint)
            for state in page.get("data", []):
                if (state.get("metadata") or {}).get(_NAME) == batch.name:
                    batch.id = state["id"]
                    self._remember(batch)
                    return dict(state)
            if not page.get("has_more") or not page.get("data"):
                return None
            after = f"&after={page['data'][-1]['id']}"

    async def _state(self, batch: _Batch) -> dict[str, Any]:
        return _json(await self._request("GET", f"batches/{batch.id}"), self._endpoint)

    def _read(self, lines: Lines, prompt: Prompt, why: str) -> Answer:
        """Return a prompt's answer. What the batch did not come to may be asked again."""
        line = lines.get(prompt.key(self.name))
        if line is None:
            return TryAgainError("batch ended", why, endpoint=self._endpoint.base_url)
        response = line.get("response") or {}
        body = json.dumps(response.get("body") or {"error": line.get("error")}).encode()
        status = int(response.get("status_code") or 500)
        error = refusal(Reply(status, body, "application/json"), self._endpoint, self.name)
        if isinstance(error, CallFailedError | TryAgainError):
            return error
        if error is not None:
            raise error
        try:
            return parse_completion(body, prompt, self.name)
        except ValueError as malformed:
            return CallFailedError("malformed body", str(malformed))

    async def _upload(self, content: bytes) -> dict[str, Any]:
        boundary = secrets.token_hex(16)
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
            f'filename="batch.jsonl"\r\nContent-Type: application/jsonl\r\n\r\n'
        )
        body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        return _json(await self._request("POST", "files", body, kind), self._endpoint)

    async def _post(self, path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps(fields).encode()
        return _json(await self._endpoint.request("POST", path, body), self._endpoint)

    async def _request(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> Reply:
        """Make a request that may be repeated, as often as it takes within reason."""
        for attempt in range(_MAX_FAILED_REQUESTS):
            try:
                reply = await self._endpoint.request(method, path, body, kind)
                if reply.status < 300:  # a file of answers may hold errors, and is none
                    return reply
                error = refusal(reply, self._endpoint, self.name)
                assert error is not None, "a status of 300 and more stands for an error"
                if not isinstance(error, TryAgainError):
                    raise error
                trouble = error
            except TryAgainError as lost:
                trouble = lost
            await asyncio.sleep(max(trouble.wait or 0.0, min(self._poll, 0.2 * 2**attempt)))
        raise ModelUnavailableError(
            f"the endpoint {self._endpoint.base_url} does not answer ({trouble.kind})",
            do="run the same command again: the batches under way are remembered",
        )

    def _errors(self, state: Mapping[str, Any]) -> str:
        """Return what the server says went wrong with a batch, for a message."""
        errors = (state.get("errors") or {}).get("data") or []
        return f": {self._endpoint.redacted(str(errors[0].get('message', '')))}" if errors else ""

    def _remember(self, batch: _Batch) -> None:
        self._append({"name": batch.name, "keys": batch.keys, "id": batch.id})

    def _append(self, line: Mapping[str, Any]) -> None:
        with output_errors(self._file), self._file.open("ab") as file:
            file.write(b"\n" + json.dumps(line).encode() + b"\n")  # after a torn line, too
            file.flush()
            os.fsync(file.fileno())


def _remembered(state: Path) -> list[_Batch]:
    """Return the batches under way; a torn last line was never acted upon."""
    found: dict[str, _Batch] = {}
    for line in _lines(state.read_bytes()) if state.is_file() else ():
        if line.get("done"):
            found.pop(line["name"], None)
        else:
            found[line["name"]] = _Batch(line["name"], tuple(line["keys"]), line["id"])
    return list(found.values())


def _lines(content: bytes) -> list[dict[str, Any]]:
    found = []
    for line in content.split(b"\n"):
        try:
            value = json.loads(line) if line.strip() else None
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _json(reply: Reply, endpoint: Endpoint) -> dict[str, Any]:
    try:
        value = json.loads(reply.body)
    except ValueError:
        value = None
    if reply.status >= 400 or not isinstance(value, dict) or not (value.keys() & {"id", "data"}):
        said = endpoint.redacted(reply.body[:10_000].decode("utf-8", "replace"))
        raise ModelUnavailableError(
            f"the endpoint {endpoint.base_url} does not speak the Batch API "
            f"(status {reply.status}: {said})",
            do="use --generator openai for it",
        )
    return value
