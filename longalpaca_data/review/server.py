"""The review page's server: routes, and nothing that they do (see :mod:`review.session`)."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from typing import Any, TypeVar

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from longalpaca_data.core.errors import DatasetError, LongalpacaError, OutputError
from longalpaca_data.review.guard import Guard, send_headers
from longalpaca_data.review.query import Query
from longalpaca_data.review.session import Change, ChangeError, NotInSetError, ReviewSession

T = TypeVar("T")

_LARGEST_CHANGE = 4 << 20  # bytes of an edit's JSON
_FINISHING = 5.0  # seconds for requests that are under way when the server is stopped
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_STATUS: dict[type[Exception], int] = {
    NotInSetError: 404,
    ChangeError: 422,
    msgspec.ValidationError: 400,
    msgspec.DecodeError: 400,
    UnicodeDecodeError: 400,
    OutputError: 507,
    DatasetError: 500,
    LongalpacaError: 500,
}


@dataclass(frozen=True, slots=True)
class Listening:
    """A server that answers. ``url`` holds the token and is for the user alone."""

    url: str
    port: int


@contextlib.asynccontextmanager
async def serve(
    session: ReviewSession, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Listening]:
    """Serve the page while the context is open; port 0 takes a free one.

    Raises :class:`LongalpacaError` where the address can't be listened on. On leaving, decisions
    that are under way are finished.
    """
    guard = Guard(host)
    runner = web.AppRunner(
        application(session, guard),
        access_log=None,
        shutdown_timeout=_FINISHING,
        handle_signals=False,
    )
    await runner.setup()
    handlers = runner.server
    assert handlers is not None
    listening: asyncio.Server | None = None
    try:
        try:
            listening = await asyncio.get_running_loop().create_server(handlers, host, port)
        except (OSError, OverflowError) as error:
            raise _no_address(host, port, error) from error
        address, bound = listening.sockets[0].getsockname()[:2]
        yield Listening(f"http://{_name(address)}:{bound}/#token={guard.token}", bound)
    finally:
        if listening is not None:
            await _stop_listening(listening)
        await _finish(runner, handlers)


async def _stop_listening(listening: asyncio.Server) -> None:
    """Close the server once what it has accepted is its own.

    Python 3.11 loses the socket of a connection that is accepted in the very turn in which the
    server is closed (cpython issue 109564); browsers open connections whenever they like.
    """
    loop = listening.get_loop()
    with contextlib.suppress(NotImplementedError):  # Windows' loop has no readers
        for accepting in listening.sockets:
            loop.remove_reader(accepting.fileno())
    for _ in range(2):  # one turn to attach a connection, one to hand it to its handler
        await asyncio.sleep(0)
    listening.close()


async def _finish(runner: web.AppRunner, handlers: web.Server) -> None:
    """Finish what is under way, then drop what pages that went away never read.

    A transport with unsent bytes stays open when it is closed, until the other side takes them.
    """
    transports = [one.transport for one in handlers.connections]
    await runner.cleanup()
    for transport in transports:
        if transport is not None:
            transport.abort()
    await asyncio.sleep(0)  # the sockets are closed in the loop's next turn


def application(session: ReviewSession, guard: Guard) -> web.Application:
    """Return the application: the page's files, and what they ask for under ``/api/``."""
    app = web.Application(
        middlewares=[guard.middleware(), _errors], client_max_size=_LARGEST_CHANGE
    )
    app.on_response_prepare.append(send_headers)
    api = _Api(session)
    app.on_cleanup.append(api.close)
    app.router.add_get("/api/set", api.about)
    app.router.add_get("/api/select", api.select)
    app.router.add_get("/api/lines", api.lines)
    app.router.add_get("/api/row", api.row)
    app.router.add_post("/api/decide", api.decide)
    for path, handler in _files():
        app.router.add_get(path, handler)
    return app


class _Api:
    """The answers. One thread works for all of them: the session is for one at a time."""

    def __init__(self, session: ReviewSession) -> None:
        self._desk = session
        self._thread = ThreadPoolExecutor(1, "review")

    async def close(self, _app: web.Application) -> None:
        self._thread.shutdown()

    async def about(self, _request: web.Request) -> web.Response:
        return _json(await self._do(self._desk.about))

    async def select(self, request: web.Request) -> web.Response:
        query = msgspec.convert(dict(request.query), Query, strict=False)
        return _json(await self._do(lambda: self._desk.select(query)))

    async def lines(self, request: web.Request) -> web.Response:
        ids = request.query.getall("id", [])
        return _json(await self._do(lambda: self._desk.lines(ids)))

    async def row(self, request: web.Request) -> web.Response:
        """Answer with two things in one: a line of JSON, and the material as plain text."""
        row_id = request.query.get("id", "")
        about, material = await self._do(lambda: self._desk.row(row_id))
        head = json.dumps(about, ensure_ascii=False)
        return web.Response(text=f"{head}\n{material}", content_type="text/plain", charset="utf-8")

    async def decide(self, request: web.Request) -> web.Response:
        change = msgspec.json.decode(await request.read(), type=Change)
        # Shielded: a decision that has come in is written even if the page goes away meanwhile.
        return _json(await asyncio.shield(self._do(lambda: self._desk.decide(change))))

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _json(value: Any) -> web.Response:
    return web.json_response(body=msgspec.json.encode(value))


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn errors into one line of JSON for the page to show."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return web.json_response({"error": error.reason}, status=error.status)
    except tuple(_STATUS) as error:
        status = next(_STATUS[kind] for kind in type(error).mro() if kind in _STATUS)
        return web.json_response({"error": _said(error)}, status=status)
    except Exception:
        logging.getLogger(__name__).exception("review: %s failed", request.path)
        return web.json_response({"error": "the server failed; see its terminal"}, status=500)


def _said(error: Exception) -> str:
    if isinstance(error, NotInSetError):
        return "the data set holds no such row any more: reload the page"
    return str(error)


def _files() -> list[tuple[str, Handler]]:
    """Return the page's files by address, read once: no request ever names a path of the disk."""
    folder = resources.files("longalpaca_data.review") / "static"
    found: list[tuple[str, Handler]] = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        suffix = file.name[file.name.rfind(".") :]
        body = file.read_bytes()
        address = "/" if file.name == "index.html" else f"/{file.name}"
        found.append((address, _sender(body, _TYPES[suffix])))
    return found


def _sender(body: bytes, content_type: str) -> Handler:
    async def send(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=content_type, charset="utf-8")

    return send


def _name(address: str) -> str:
    """Return an address as it stands in a URL; the machine's name where it listens on all."""
    if address in {"0.0.0.0", "::"}:  # noqa: S104 — compared, not listened on
        return socket.gethostname()
    return f"[{address}]" if ":" in address else address


def _no_address(host: str, port: int, error: OSError | OverflowError) -> LongalpacaError:
    code = getattr(error, "errno", None)
    if code == errno.EADDRINUSE:
        return LongalpacaError(
            f"port {port} of {host} is in use", do="choose another --port, or leave it out"
        )
    if code == errno.EACCES:
        return LongalpacaError(f"port {port} is not for you", do="choose a --port above 1023")
    reason = getattr(error, "strerror", None) or error
    return LongalpacaError(f"can't listen on {host}:{port}: {reason}", do="check --host and --port")
