"""The command that opens a data set for review."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longalpaca_data.cli.app import app, example, say

if TYPE_CHECKING:
    from longalpaca_data.review import ReviewSession


@app.command(epilog=example("python cli.py review data/out/longalpaca-12k --open"))
def review(
    folder: Annotated[
        Path | None,
        typer.Argument(help="A data set's folder.", show_default="the newest in data/out"),
    ] = None,
    port: Annotated[int, typer.Option(help="0: a free one.", min=0, max=65535)] = 0,
    host: Annotated[
        str,
        typer.Option(help="The address to listen on; others than loopback are reached from afar."),
    ] = "127.0.0.1",
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = False,
) -> None:
    """Accept, reject and edit rows on a local web page. Its address, with a token, is printed on
    one line. Decisions are kept in review.jsonl in the data set's folder; the next `build` puts
    them into the set. Ctrl-C ends the server; that is no error (exit code 0).
    """
    from longalpaca_data.review import ReviewSession  # noqa: PLC0415 — heavy

    if folder is None:
        from longalpaca_data.dataset.newest import newest  # noqa: PLC0415 — heavy

        folder = newest()
    session = ReviewSession(folder)
    try:
        asyncio.run(_serve(session, host, port, open_browser=open_browser))
        say(_farewell(session))
    finally:
        session.close()


async def _serve(session: ReviewSession, host: str, port: int, *, open_browser: bool) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    from longalpaca_data.review import serve  # noqa: PLC0415 — heavy
    from longalpaca_data.review.guard import is_loopback  # noqa: PLC0415 — heavy

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with serve(session, host, port) as listening:
        typer.echo(listening.url)
        sys.stdout.flush()
        rows = session.progress()["rows"]
        say(f"{rows:,} rows of {session.folder} to review at the address above; Ctrl-C ends")
        if not is_loopback(host):
            say(
                f"warning: {host} is reached from other machines; whoever sees the address can "
                "read and change the reviews, and the connection is not encrypted"
            )
        if open_browser:
            await asyncio.to_thread(typer.launch, listening.url)
        await stop.wait()


def _farewell(session: ReviewSession) -> str:
    from longalpaca_data.mix.reviews import REVIEWS  # noqa: PLC0415 — with its user

    decided = len(session.decisions.standing)
    if not decided:
        return "stopped; nothing was decided"
    return (
        f"stopped; decisions about {decided:,} rows are kept in {session.folder / REVIEWS}; "
        f"to put them into the data set run: {session.command}"
    )
