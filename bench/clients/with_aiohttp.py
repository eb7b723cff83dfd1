"""aiohttp and nothing else: what a loopback call costs on this machine."""

from __future__ import annotations

import asyncio

import aiohttp
import msgspec
from task import Task, main


def ask(task: Task) -> None:
    """Make all calls, so many at once."""
    asyncio.run(_ask_all(task))


async def _ask_all(task: Task) -> None:
    slots = asyncio.Semaphore(task.concurrency)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one(number: int) -> None:
            async with slots:
                body = {"model": "m", "messages": task.messages(number)}
                async with session.post(
                    f"{task.url}/chat/completions",
                    data=msgspec.json.encode(body),
                    headers={"Content-Type": "application/json"},
                ) as response:
                    msgspec.json.decode(await response.read())

        await asyncio.gather(*map(one, range(task.calls)))


if __name__ == "__main__":
    main(ask)
