"""A review server on loopback, in a thread of this process, and a small set for it to serve."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from longalpaca_data.review import ReviewSession, serve
from longalpaca_data.review.guard import TOKEN_HEADER
from tests.built import long_row, short_row, write_set

HILLS = "The hills were quiet that morning, and the river ran slowly. " * 400
KEY = "The key lies under the third stone."
LAMP = "The lamp burned until four."
CHINESE = "却说美猴王荣归故里，自剿了混世魔王，夺了一口大刀。" * 200
SWORD = "那把大刀藏在水帘洞的石床下面。"


def rows() -> list[dict[str, Any]]:
    """Return five rows, with ids that say which: two English, one Chinese, two short."""
    english = HILLS + KEY + HILLS + LAMP + HILLS
    chinese = CHINESE + SWORD + CHINESE
    closing = "What does it say?"
    answers = {
        "key": ("Where is the key?", "Under the third stone."),
        "lamp": ("How long did the lamp burn?", "Until four, as the key shows."),
        "sword": ("大刀藏在哪里？", "藏在水帘洞的石床下面。"),
    }
    found = [
        long_row(english, KEY, LAMP, id="key", n_tokens=18_000, scores=_scores(0.9)),
        long_row(english, LAMP, id="lamp", family="figure", n_tokens=18_001, scores=_scores(0.2)),
        long_row(chinese, SWORD, id="sword", language="zh", titles=["西游记"], n_tokens=9_000),
    ]
    for row in found:
        question, row["output"] = answers[row["id"]]
        row["question"] = question
        row["instruction"] = row["instruction"].removesuffix(closing) + question
    short = [
        short_row(id="short-1", question="Say yes.", n_tokens=7),
        short_row(id="short-2", question="Add.", instruction="Add.", input="2 and 3", output="5"),
    ]
    return [*found, *short]


def _scores(spread: float) -> list[dict[str, Any]]:
    return [{"name": "spread", "value": spread}]


def small_set(folder: Path) -> Path:
    """Write the five rows."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_set(folder, rows(), row_group=2)


@dataclass
class Served:
    """A server that answers. ``http`` sends the token along."""

    url: str
    folder: Path
    http: requests.Session

    @property
    def base(self) -> str:
        """The address without its token."""
        return f"http://{urlsplit(self.url).netloc}"

    @property
    def token(self) -> str:
        """The token in the address."""
        return urlsplit(self.url).fragment.removeprefix("token=")

    def get(self, path: str, **query: Any) -> requests.Response:
        """Ask for something."""
        return self.http.get(f"{self.base}{path}", params=query, timeout=20)

    def decide(self, row_id: str, **changes: Any) -> requests.Response:
        """Send a decision."""
        return self.http.post(f"{self.base}/api/decide", json={"id": row_id, **changes}, timeout=20)


def client(url: str, folder: Path) -> Served:
    """Return a client of a server whose address is known."""
    http = requests.Session()
    http.trust_env = False  # a proxy of the machine's must not come between
    served = Served(url, folder, http)
    http.headers[TOKEN_HEADER] = served.token
    return served


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Serve a data set while the context is open."""
    started: queue.Queue[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()
    session = ReviewSession(folder)

    async def run() -> None:
        stop = asyncio.Event()
        async with serve(session) as listening:
            started.put((listening.url, asyncio.get_running_loop(), stop))
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    url, loop, stop = started.get(timeout=20)
    try:
        served = client(url, folder)
        with served.http:
            yield served
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        session.close()
