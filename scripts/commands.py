"""Writes docs/commands.md anew: every command and option, as the command line itself knows them.

python scripts/commands.py            # a test fails while the file says something else
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from longalpaca_data.cli import app

FILE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
HEAD = """# Commands

Written by `python scripts/commands.py` from the command line's own help. Exit codes: 0 done, 1 an
error that you can mend (one line that begins with `error:`), 2 wrong usage, 130 interrupted (run
the same command again to resume). Results go to stdout, progress and news to stderr.
"""


def text() -> str:
    """Return the whole page."""
    root = typer.main.get_command(app)
    return HEAD + "".join(_command(name, command) for name, command in commands(root))


def commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command with its name, those of groups too."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name, command


def _command(name: str, command: Any) -> str:
    says = " ".join((command.help or "").split())
    example = (command.epilog or "").removeprefix("Example: ")
    context = typer.Context(command, info_name=name)
    records = (parameter.get_help_record(context) for parameter in command.get_params(context))
    rows = [
        f"| `{_cell(left)}` | {_cell(right)} |\n"
        for left, right in filter(None, records)
        if left != "--help, -h" and not left.startswith(("-h", "--help"))
    ]
    table = "\n| option | |\n|---|---|\n" + "".join(rows) if rows else ""
    return f"\n## {name}\n\n{says}\n\n    {example}\n{table}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
