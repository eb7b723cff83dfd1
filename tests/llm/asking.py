"""What tests of models share: questions, and a session that asks them."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from longalpaca_data.core.errors import CallFailedError
from longalpaca_data.core.progress import Progress
from longalpaca_data.llm import Ask, Limits, Message, Price, Prompt, PromptMetadata, Session
from longalpaca_data.llm.openai import OpenAIModel
from longalpaca_data.llm.retry import RetryPolicy

QUICK = RetryPolicy(
    first_delay=0.02, longest_delay=0.1, unanswered=0.4, silent=1.0, throttled=0.5, probe=0.15
)
"""A policy for tests: everything thirty times faster."""


def question(text: object, **options: object) -> Prompt:
    return Prompt(
        (Message("user", str(text)),),
        metadata=PromptMetadata("short_qa", "t1", "en", f"{text}.txt"),
        **options,  # type: ignore[arg-type]
    )


async def answer(item: object, ask: Ask) -> str:
    """The simplest work: one question, its answer; a failure as text."""
    try:
        return (await ask(item if isinstance(item, Prompt) else question(item))).text
    except CallFailedError as failed:
        return f"failed: {failed.reason}"


def session(
    url: str,
    folder: Path,
    limits: Limits | None = None,
    *,
    price: Price | None = None,
    retry_policy: RetryPolicy = QUICK,
    timeout: float = 5.0,
) -> Session:
    model = OpenAIModel("m", url, timeout=timeout)
    return Session(model, folder / "ledger.sqlite", limits, price, retry_policy=retry_policy)


def ask_all(url: str, folder: Path, items: Iterable[object], **options: object) -> list[str]:
    with session(url, folder, **options) as opened:  # type: ignore[arg-type]
        return list(opened.map(items, answer))


def main() -> None:
    """Ask from a process of its own, to be killed: URL FOLDER QUESTIONS CONCURRENCY."""
    for number in (signal.SIGTERM, signal.SIGINT):  # in the background SIGINT would be ignored
        signal.signal(number, signal.default_int_handler)
    url, folder, count, concurrency = sys.argv[1:]
    limits = Limits(concurrency=int(concurrency))
    opened = Session(
        OpenAIModel("m", url),
        Path(folder) / "ledger.sqlite",
        limits,
        progress=Progress(),
        retry_policy=QUICK,
    )
    try:
        with opened:
            for text in opened.map(range(int(count)), answer):
                print(text, flush=True)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
