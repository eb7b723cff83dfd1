"""Progress on stderr: tqdm bars in a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from tqdm import tqdm


class Progress:
    """Says what is going on. Never touches stdout: that belongs to results."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self._bars = sys.stderr.isatty() and not quiet

    def say(self, line: str) -> None:
        """Print a line for the person who waits."""
        if not self.quiet:
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
