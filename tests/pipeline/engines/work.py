"""What the workers do. Every worker imports this module: nothing of pytest stands here, which takes
longer to import than all that a worker needs.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import uuid
from collections.abc import Iterable, Iterator

from longalpaca_data.core.records import ShortPair
from longalpaca_data.pipeline.stage import Context, Stage


def pair(name: str) -> ShortPair:
    return ShortPair(name, name, "", name, "en", "", name)


def work(pairs: Iterable[ShortPair], context: Context) -> Iterator[ShortPair]:
    for item in pairs:
        if item.id == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if item.id == "error":
            raise ValueError("a fault of the program")
        context.count("done")
        yield item


STAGE = Stage("work", work, ShortPair)


def ask(pairs: Iterable[ShortPair], context: Context) -> Iterator[ShortPair]:
    for item in pairs:
        answer = context.cached(f"key {item.id}", uuid.uuid4().bytes.hex().encode)
        yield dataclasses.replace(item, output=answer.decode())


ASK = Stage("ask", ask, ShortPair)
