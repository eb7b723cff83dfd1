"""Progress on stderr: tqdm bars in a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from tqdm import tqdm

_BAR_SECONDS, _LINE_SECONDS = 0.5, 15.0  # between two looks at a status: in a terminal, in a log

Show = Callable[[int, Callable[[int], str]], None]
"""Takes the number of items done, and a function from it to the line's text: called when due."""


class Progress:
    """Says what is going on. Never touches stdout: that belongs to results."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self._bars = sys.stderr.isatty() and not quiet

    def say(self, line: str) -> None:
        """Print a line for the person who waits."""
        if self._bars:
            tqdm.write(line, file=sys.stderr)  # above the bars, from whatever thread
        elif not self.quiet:
            print(line, file=sys.stderr, flush=True)  # noqa: T201 — this is where lines go out

    @contextlib.contextmanager
    def stage(self, name: str, total: int = 0) -> Iterator[Callable[[int], None]]:
        """Show a stage at work; the callable that is given takes the number of items done."""
        if self._bars:
            with tqdm(desc=f"{name:<9}", total=total or None, unit="", leave=True) as bar:

                def advance(items: int) -> None:
                    bar.update(items)

                yield advance
            return
        done = 0

        def count(items: int) -> None:
            nonlocal done
            done += items

        yield count
        self.say(f"{name}: {done} done")

    @contextlib.contextmanager
    def status(self, name: str, total: int = 0) -> Iterator[Show]:
        """Show a long stage that has more to say than a count: a bar with a text, or now and then
        a line, and one at the end.
        """
        last: tuple[int, Callable[[int], str]] | None = None
        due = 0.0 if self._bars else time.monotonic() + _LINE_SECONDS
        with contextlib.ExitStack() as stack:
            form = "{desc}: {n_fmt}/{total_fmt} |{bar:20}| {elapsed}{postfix}"
            bar = (
                stack.enter_context(tqdm(desc=f"{name:<9}", total=total or None, bar_format=form))
                if self._bars
                else None
            )

            def write(done: int, text: Callable[[int], str]) -> None:
                if bar is None:
                    self.say(f"{name}: {done}{f' of {total}' if total else ''}, {text(done)}")
                else:
                    bar.n = done
                    bar.set_postfix_str(text(done))

            def show(done: int, text: Callable[[int], str]) -> None:
                nonlocal due, last
                last = (done, text)
                if time.monotonic() >= due:
                    due = time.monotonic() + (_LINE_SECONDS if bar is None else _BAR_SECONDS)
                    write(done, text)

            try:
                yield show
            finally:
                if last:
                    write(*last)
