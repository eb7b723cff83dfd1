"""``ledger``: what was asked and paid."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longalpaca_data.cli.app import JsonOption, app, example

if TYPE_CHECKING:
    from longalpaca_data.pipeline.calls import CallFilter, Calls

ledger = typer.Typer(
    help="What was asked of language models, and what it cost. "
    "Example: python cli.py ledger stats data/out/longalpaca-12k",
    no_args_is_help=True,
)
app.add_typer(ledger, name="ledger")

FolderArgument = Annotated[Path, typer.Argument(help="A data set's folder.")]
ModelOption = Annotated[list[str], typer.Option(help="Only calls of this model. Repeatable.")]
TaskOption = Annotated[list[str], typer.Option(help="Only calls for this task. Repeatable.")]
TemplateOption = Annotated[list[str], typer.Option(help="Only calls by this prompt. Repeatable.")]


@ledger.command(epilog=example("python cli.py ledger stats data/out/longalpaca-12k"))
def stats(folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Print calls, tokens and money per model and task."""
    calls = _open(folder)
    totals = calls.totals()
    calls.close()
    numbers = ("calls", "prompt_tokens", "completion_tokens", "cached_tokens", "cost", "seconds")
    total = {name: sum(row[name] for row in totals) for name in numbers}
    if as_json:
        typer.echo(json.dumps({"calls": totals, "total": total}, ensure_ascii=False))
        return
    heads = ["model", "task", "calls", "prompt", "completion", "cached", "cost", "s/call"]
    rows = [_row(row) for row in [*totals, {"model": "total", "task": "", **total}]]
    widths = [max(len(row[n]) for row in [heads, *rows]) for n in range(len(heads))]
    for row in [heads, *rows]:
        cells = (
            cell.ljust(width) if number < 2 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        typer.echo("  ".join(cells).rstrip())


@ledger.command(epilog=example("python cli.py ledger export data/out/books --to calls.jsonl"))
def export(
    folder: FolderArgument,
    to: Annotated[Path | None, typer.Option(help="The file to write; stdout without.")] = None,
    model: ModelOption = [],  # noqa: B006 — typer's way to write a repeatable option
    task: TaskOption = [],  # noqa: B006
    template: TemplateOption = [],  # noqa: B006
) -> None:
    """Write the calls, one JSON object per line, oldest first."""
    from longalpaca_data.core.storage import write_jsonl  # noqa: PLC0415 — heavy

    calls = _open(folder)
    rows = calls.rows(_which(model, task, template))
    if to:
        typer.echo(f"{write_jsonl(to, rows)} calls in {to}")
        return
    try:
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False))
    except BrokenPipeError:  # the reader has enough: | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@ledger.command(
    epilog=example("python cli.py ledger prune data/out/books --model gpt-4o --older-than 30")
)
def prune(
    folder: FolderArgument,
    model: ModelOption = [],  # noqa: B006 — typer's way to write a repeatable option
    task: TaskOption = [],  # noqa: B006
    template: TemplateOption = [],  # noqa: B006
    older_than: Annotated[
        float | None, typer.Option(help="Only calls older than this many days.", min=0)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All calls.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Drop calls. A build that needs them again pays for them again."""
    from longalpaca_data.pipeline.ledger import folder_lock  # noqa: PLC0415 — heavy

    chosen = _which(model, task, template, older_than)
    if not everything and chosen == _which([], [], []):
        raise typer.BadParameter("name a --model, --task, --template or --older-than, or say --all")
    _file(folder)
    with folder_lock(folder / "work"):
        calls = _open(folder)
        count, cost = calls.count(chosen)
        before = _size(folder)
        if count and not dry_run:
            calls.delete(chosen)
        calls.close()
    freed = f", {max(0, before - _size(folder)) / 1e6:.1f} MB freed"
    verb = "would be dropped" if dry_run else "dropped"
    typer.echo(f"{count} calls {verb} (they cost {cost:.4g}){'' if dry_run else freed}")


def _file(folder: Path) -> Path:
    from longalpaca_data.core.errors import DatasetError  # noqa: PLC0415 — with its user

    file = folder / "work" / "ledger.sqlite"
    if not file.is_file():
        raise DatasetError(
            f"no ledger in {folder}: {file.relative_to(folder)} is not there",
            do="name the folder that a build wrote to",
        )
    return file


def _size(folder: Path) -> int:
    """Return the bytes that the ledger takes, its write-ahead log included."""
    return sum(file.stat().st_size for file in (folder / "work").glob("ledger.sqlite*"))


def _open(folder: Path) -> Calls:
    from longalpaca_data.pipeline.calls import Calls  # noqa: PLC0415 — with its user

    return Calls(_file(folder))


def _which(
    models: list[str], tasks: list[str], templates: list[str], older_than: float | None = None
) -> CallFilter:
    from longalpaca_data.pipeline.calls import CallFilter  # noqa: PLC0415 — with its user

    before = None if older_than is None else time.time() - older_than * 86400
    return CallFilter(tuple(models), tuple(tasks), tuple(templates), before)


def _row(row: dict[str, Any]) -> list[str]:
    """Return a line of the table. Answers that a stage kept by itself have no model."""
    tokens = (f"{row[f'{name}_tokens']:,}" for name in ("prompt", "completion", "cached"))
    seconds = row["seconds"] / row["calls"] if row["calls"] else 0.0
    model, task = row["model"] or "(none)", row["task"]
    return [model, task, f"{row['calls']:,}", *tokens, f"{row['cost']:.4f}", f"{seconds:.1f}"]
