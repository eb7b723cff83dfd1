"""The command that publishes a data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longalpaca_data.cli.app import JsonOption, QuietOption, app, example

if TYPE_CHECKING:
    from longalpaca_data.hub.push import Target


@app.command(
    "push-to-hub",
    epilog=example("python cli.py push-to-hub data/out/longalpaca-12k --private --dry-run"),
)
def push_to_hub(  # noqa: PLR0913, PLR0917 — a command has as many arguments as options
    folder: Annotated[
        Path | None,
        typer.Argument(help="A data set's folder.", show_default="the newest in data/out"),
    ] = None,
    repo: Annotated[
        str,
        typer.Option(help="NAME or OWNER/NAME.", show_default="the recipe's name, under yours"),
    ] = "",
    private: Annotated[
        bool, typer.Option("--private", help="Make a new repository private.")
    ] = False,
    revision: Annotated[
        str, typer.Option(help="A branch; made where it is missing.", show_default="main")
    ] = "",
    licence: Annotated[
        str,
        typer.Option(
            help="The data set's licence, such as cc-by-4.0.", show_default="as it was built"
        ),
    ] = "",
    tag: Annotated[str, typer.Option(help="A tag for what is uploaded.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the files; needs no token.")
    ] = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Publish a data set on the Hugging Face Hub: Parquet, card, pictures and manifest. Run it
    again to resume. Refuses a set without a licence, one whose licence its sources forbid, one
    that does not validate, and rows with keys or tokens. Files go by Git LFS, not by Xet.
    """
    from longalpaca_data.core.progress import Progress  # noqa: PLC0415 — with its user
    from longalpaca_data.dataset.newest import newest  # noqa: PLC0415 — with its user
    from longalpaca_data.hub.push import Target, push  # noqa: PLC0415 — heavy

    chosen = folder or newest()
    target = Target(repo, private, revision, tag, licence)
    if dry_run:
        _show(chosen, target, as_json=as_json)
        return
    done = push(chosen, target, Progress(quiet=quiet))
    values: dict[str, Any] = {
        "data set": str(done.folder),
        "repository": done.url,
        "visibility": "private" if done.private else "public",
        "commit": done.commit,
        "files": done.files,
        "bytes": done.size,
    }
    if as_json:
        typer.echo(json.dumps(values, ensure_ascii=False))
        return
    for key, value in values.items():
        typer.echo(f"{key}: {value}")


def _show(folder: Path, target: Target, *, as_json: bool) -> None:
    """List what would go where, then raise what would be refused."""
    from longalpaca_data.hub.push import check, dry_run  # noqa: PLC0415 — heavy

    name, files = dry_run(folder, target)
    total = sum(file.size for file in files)
    if as_json:
        listed = {file.path: file.size for file in files}
        typer.echo(json.dumps({"repository": name, "files": listed, "bytes": total}))
    else:
        kind = "private" if target.private else "public"
        typer.echo(f"{folder} would go to {name} ({kind}, {target.revision or 'main'}):")
        for file in files:
            typer.echo(f"{file.size:>14,} bytes  {file.path}")
        typer.echo(f"{total:>14,} bytes  in {len(files)} files")
    check(folder, target, files)
