"""What every client of `bench/generation.py` is given, and how it reports.

A client runs in a process of its own, which may have another interpreter than the benchmark's, so
this file needs nothing but the standard library.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PLACE = re.compile(r"On day (\d+)")
"""How a paragraph of the long document begins, and so how a question says where it is from."""


@dataclass(frozen=True)
class Task:
    """An endpoint, a folder to work in, and calls to make (or a long document to ask about)."""

    url: str
    folder: Path
    calls: int
    concurrency: int
    kilobytes: int
    document: Path

    def messages(self, number: int) -> list[dict[str, str]]:
        """Return one call's messages: a long document, and a question that differs."""
        document = ("The quick brown fox jumps over the lazy dog. " * 23 * self.kilobytes)[
            : 1024 * self.kilobytes
        ]
        return [{"role": "user", "content": f"{document}\n\nQuestion {number}?"}]


def main(ask: Callable[[Task], None], cover: Callable[[Task], list[str]] | None = None) -> None:
    """Do what the command line says: `calls TASK` or `document TASK`, a task as JSON.

    Prints JSON: wall and CPU seconds of all calls; or the places that the questions are from.
    """
    what, said = sys.argv[1:]
    values = json.loads(said)
    task = Task(
        **{**values, "folder": Path(values["folder"]), "document": Path(values["document"])}
    )
    if what == "calls":
        started, cpu = time.perf_counter(), time.process_time()
        ask(task)
        figures = {"seconds": time.perf_counter() - started}
        print("\n" + json.dumps(figures | {"cpu": time.process_time() - cpu}))
    elif cover is not None:
        texts = cover(task)
        print("\n" + json.dumps([int(found) for text in texts for found in PLACE.findall(text)]))
