"""Fetching, against a real HTTP server on loopback."""

from __future__ import annotations

import gzip
import threading
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from longalpaca_data.collect import collect_stage, discover, web
from longalpaca_data.core.errors import UnreadableError
from longalpaca_data.pipeline.stage import Context

PAGES = {
    "/cache/epub/43/pg43.txt": b"Title: A Book\n\n*** START OF THE PROJECT GUTENBERG EBOOK 43 ***",
    "/pdf/2309.12307": b"<html><body><p>An error page, or a paper.</p></body></html>",
    "/plain": b"Plain words.",
}


BOMB = gzip.compress(gzip.compress(bytes(100 << 20)))
"""100 MB of zeros in a few hundred bytes."""


class Handler(BaseHTTPRequestHandler):
    seen: ClassVar[list[str]] = []
    agents: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.seen.append(self.path)
        self.agents.append(self.headers["User-Agent"])
        failing = self.path == "/flaky" and self.seen.count("/flaky") == 1
        body = (
            b""
            if failing or self.path == "/down"
            else PAGES.get(self.path.partition("?")[0], b"Recovered.")
        )
        status = 503 if failing or self.path == "/down" else 404 if self.path == "/missing" else 200
        if self.path == "/moved":
            status, body = 302, b""
        if self.path == "/bomb":
            body = BOMB
        self.send_response(status)
        if self.path == "/moved":
            self.send_header("Location", "/plain?from=elsewhere")
        if self.path == "/bomb":
            self.send_header("Content-Encoding", "gzip, gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(web, "RETRY_AFTER_SECONDS", 0.0)
    Handler.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_gutenberg_and_arxiv_go_through_their_base(server: str) -> None:
    stage = collect_stage(bases={"gutenberg": server, "arxiv": server})
    context = Context("collect", 0)
    documents = list(
        stage.run(discover(["gutenberg:43", "arxiv:2309.12307", f"{server}/plain"]), context)
    )
    assert [d.format for d in documents] == ["text", "html", "text"]
    assert not context.drops
    assert "longalpaca-data" in Handler.agents[-1]


def test_one_retry_then_a_drop(server: str) -> None:
    assert web.fetch(f"{server}/flaky")[0] == b"Recovered."
    context = Context("collect", 0)
    sources = [f"{server}/down", f"{server}/missing", "http://127.0.0.1:9/closed"]
    assert not list(collect_stage().run(discover(sources), context))
    assert [drop.reason for drop in context.drops] == ["unreachable"] * 3
    assert Handler.seen.count("/down") == 2
    assert Handler.seen.count("/missing") == 1


def test_a_large_answer_is_cut_off(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MAX_BYTES", 4)
    with pytest.raises(UnreadableError, match="too large"):
        web.fetch(f"{server}/plain")


def test_a_redirect_is_followed_and_gives_the_name(server: str) -> None:
    assert web.fetch(f"{server}/moved") == (b"Plain words.", "plain")


def test_a_compressed_bomb_is_cut_off_as_it_unpacks(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "MAX_BYTES", 4 << 20)
    tracemalloc.start()
    with pytest.raises(UnreadableError, match="too large"):
        web.fetch(f"{server}/bomb")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 << 20


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://a b/c", "http://\udcff/", f"http://{'a' * 300}", "http://:x/"]
)
def test_what_is_no_address_is_unreachable(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "RETRY_AFTER_SECONDS", 0.0)
    with pytest.raises(UnreadableError, match="unreachable"):
        web.fetch(url)
