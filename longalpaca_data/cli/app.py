"""The command line's root, and what its commands share."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="longalpaca-data",
    help="Turns long documents into long-context instruction data. Example: python cli.py build",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress lines.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C or SIGTERM ended."""


def say(line: str) -> None:
    """Print a line of news: on stderr, for stdout belongs to results."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 — the command line speaks


def example(*lines: str) -> str:
    """Return the line that closes a command's help."""
    return "Example: " + "   ".join(lines)


def print_values(values: dict[str, Any], *, as_json: bool) -> None:
    """Print a result: one JSON object, or one line per value for a person."""
    if as_json:
        typer.echo(json.dumps(values, ensure_ascii=False))
        return
    for key, value in values.items():
        if isinstance(value, list):
            for entry in value:
                typer.echo(f"  {_line(entry)}")
        else:
            typer.echo(f"{key}: {value}")


def _line(entry: object) -> str:
    if isinstance(entry, dict):
        return "  ".join(f"{key} {_line(value)}" for key, value in entry.items() if value != {})
    return str(entry)
