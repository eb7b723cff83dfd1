"""A scripted endpoint on loopback: OpenAI's protocol by aiohttp, in a thread of its own.

    with ModelServer(lambda asked: Reply("yes", latency=0.2)) as server:
        model = OpenAIModel("m", server.base_url)
        ...
    server.asked        # every request that came in, in order
    server.answered     # how often each question was answered in full

A script is a function from :class:`Asked` to :class:`Reply` (or to the answer's text). As a
process: ``python -m tests.llm.server --latency 0.2`` prints its base URL and serves until its
stdin is closed.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from aiohttp import web

Fault = Literal["", "hang", "cut", "truncate", "malformed", "html", "duplicate", "late duplicate"]


@dataclass(frozen=True)
class Asked:
    """One request. ``key`` is equal for equal questions; ``attempt`` counts them from 1."""

    number: int
    key: str
    attempt: int
    raw: bytes
    headers: Mapping[str, str]
    at: float

    @cached_property
    def body(self) -> dict[str, Any]:
        """The request; parsed when looked at, so that a fast server stays one."""
        found: dict[str, Any] = json.loads(self.raw)
        return found

    @property
    def prompt(self) -> str:
        """The last message."""
        return str(self.body["messages"][-1]["content"])


@dataclass(frozen=True)
class Reply:
    """What to answer. ``body`` replaces the completion; ``latency`` is in seconds."""

    text: str = ""
    status: int = 200
    latency: float = 0.0
    fault: Fault = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    finish_reason: str = "stop"
    usage: Mapping[str, Any] | None = None


Script = Callable[[Asked], "Reply | str"]


def echo(asked: Asked) -> Reply:
    """Answer with a text that depends on the question alone."""
    return Reply(f"answer {asked.key}")


class ModelServer:
    """The endpoint. ``asked``, ``answered`` and ``in_flight`` may be read at any time."""

    def __init__(self, script: Script = echo, *, delay: float = 0.0) -> None:
        self.script = script
        self.delay = delay
        self.asked: list[Asked] = []
        self.answered: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = 0
        self._attempts: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._transports: set[asyncio.BaseTransport] = set()
        self._port = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> ModelServer:
        self._thread.start()
        self._call(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def outage(self, seconds: float) -> Future[None]:
        """Refuse connections for a while, and cut all that there are."""

        async def away() -> None:
            await self._site.stop()
            for transport in list(self._transports):
                transport.abort()  # type: ignore[attr-defined]
            await asyncio.sleep(seconds)
            await self._listen()

        return asyncio.run_coroutine_threadsafe(away(), self._loop)

    def times_answered(self) -> int:
        """The most often that one question was answered in full."""
        return max(self.answered.values(), default=0)

    def _call(self, work: Awaitable[None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)  # type: ignore[arg-type]

    async def _open(self) -> None:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()

    async def _close(self) -> None:
        await self._runner.cleanup()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:  # replies that hang, an outage
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _listen(self) -> None:
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        key = hashlib.sha256(raw).hexdigest()[:16]
        self._attempts[key] += 1
        asked = Asked(len(self.asked), key, self._attempts[key], raw, request.headers, time.time())
        self.asked.append(asked)
        reply = self.script(asked)
        reply = Reply(reply) if isinstance(reply, str) else reply
        if request.transport is None:  # cut off meanwhile
            return web.Response()
        self._transports.add(request.transport)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.delay + reply.latency - (time.time() - asked.at))
            return await self._send(request, asked, reply)
        finally:
            self.in_flight -= 1

    async def _send(self, request: web.Request, asked: Asked, reply: Reply) -> web.StreamResponse:
        transport = request.transport
        body = reply.body if reply.body is not None else completion(asked, reply)
        if transport is None or transport.is_closing():
            return web.Response()
        raw = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        match reply.fault:
            case "hang":
                await asyncio.sleep(3600)
            case "cut":
                transport.abort()
            case "truncate":
                transport.write(raw[: -len(body) // 2])
                transport.close()
            case "malformed":
                return web.Response(body=body[:-9], content_type="application/json")
            case "html":
                page = f"<p>busy {asked.number}</p>"  # equal pages would be taken for echoes
                return web.Response(text=page, content_type="text/html")
            case "duplicate":
                transport.write(raw)
            case "late duplicate":
                self._loop.call_later(0.02, transport.write, raw)
        if reply.fault in {"cut", "truncate"}:
            return web.Response()
        if reply.status == 200:
            self.answered[asked.key] += 1
        return web.Response(
            body=body,
            status=reply.status,
            headers=dict(reply.headers),
            content_type="application/json",
        )


def completion(asked: Asked, reply: Reply) -> bytes:
    """Return the JSON of an answer, or of an error for another status than 200."""
    if reply.status != 200:
        error = {"message": reply.text or "scripted", "type": "error", "code": None}
        return json.dumps({"error": error}).encode()
    words = len(asked.raw) // 4
    usage = reply.usage or {
        "prompt_tokens": words,
        "completion_tokens": len(reply.text) // 4,
        "prompt_tokens_details": {"cached_tokens": words // 2},
    }
    message = {"role": "assistant", "content": reply.text}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    return json.dumps(
        {
            "id": f"chatcmpl-{asked.number}",
            "object": "chat.completion",
            "created": int(asked.at),
            "model": "scripted-0613",
            "choices": [choice],
            "usage": usage,
        },
        ensure_ascii=False,
    ).encode()


def main() -> None:
    """Serve from a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0)
    arguments = parser.parse_args()
    with ModelServer(delay=arguments.latency) as server:
        print(server.base_url, flush=True)
        for _ in sys.stdin:  # a line asks for the figures so far
            answered = list(server.answered.copy().values())  # the other thread goes on counting
            figures = {
                "asked": len(server.asked),
                "answered": sum(answered),
                "answered twice": sum(n > 1 for n in answered),
            }
            print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
