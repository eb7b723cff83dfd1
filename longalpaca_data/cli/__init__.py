"""The command line: parse, call, print. Errors become one line and an exit code here alone.

Exit codes: 0 done · 1 an error that the user can mend · 2 wrong usage · 130 interrupted.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

from longalpaca_data.cli import build, dataset, hub, ledger, review, train  # noqa: F401 — their commands register themselves
from longalpaca_data.cli.app import INTERRUPTED, app, say
from longalpaca_data.core.errors import LongalpacaError

__all__ = ["app", "main"]


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        code = app(standalone_mode=False)
    except LongalpacaError as error:
        say(f"error: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:
        usage = getattr(error, "exit_code", None)  # click's own errors know how to show themselves
        if usage is None:
            raise
        if hasattr(error, "show"):
            error.show()
        sys.exit(usage)
    if code == INTERRUPTED:  # typer turns Ctrl-C within a command into this code, silently
        say("interrupted; what was finished is kept: run the same command again to resume")
    sys.exit(code if isinstance(code, int) else 0)


def _as_interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
