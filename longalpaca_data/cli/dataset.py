"""The commands that look at finished data sets: validate, export, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longalpaca_data.cli.app import JsonOption, app, example, print_values


@app.command(epilog=example("python cli.py validate data/out/longalpaca-12k/longalpaca-12k.json"))
def validate(
    path: Annotated[
        Path, typer.Argument(help="A JSON, JSONL or Parquet file, or a data set's folder.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Check rows against the schema, naming row and key."""
    from longalpaca_data.core.errors import DatasetError  # noqa: PLC0415 — with its user
    from longalpaca_data.dataset.write import MANIFEST, files_hold  # noqa: PLC0415 — heavy
    from longalpaca_data.rowfiles.validate import validate as check  # noqa: PLC0415 — heavy

    found = check(path)
    if (path / MANIFEST).is_file():
        for problem in files_hold(path):
            found.add(problem)
    said = {key: value for key, value in vars(found).items() if as_json or value != 0}
    print_values(said, as_json=as_json)
    if found.problems:
        raise DatasetError(f"{path}: {found.problems[0]}", do="mend the row or build the set anew")


@app.command(
    epilog=example("python cli.py export data/out/longalpaca-12k --format messages --to chat.jsonl")
)
def export(
    folder: Annotated[Path, typer.Argument(help="A data set's folder.")],
    name: Annotated[
        str,
        typer.Option(
            "--format",
            help="alpaca, alpaca-jsonl, sharegpt, messages, prompt-completion or parquet.",
        ),
    ] = "alpaca",
    template: Annotated[
        str,
        typer.Option(
            help="How the text of a row is laid out: plain, question-twice, alpaca, llama2, chatml "
            "or a Jinja file, which may use opening, material, closing, question, input, "
            "instruction, prompt, system, titles, task, language and file.",
            show_default="as built",
        ),
    ] = "",
    split: Annotated[
        str, typer.Option(help="train or validation.", show_default="train; parquet: both")
    ] = "",
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            help="The file to write; for parquet the folder.",
            show_default="in the data set's folder",
        ),
    ] = None,
    system: Annotated[str, typer.Option(help="A system prompt for every row.")] = "",
    provenance: Annotated[
        bool, typer.Option("--provenance", help="All columns: titles, licences, evidence, …")
    ] = False,
    llama_factory: Annotated[
        bool,
        typer.Option("--llama-factory", help="Add the file to dataset_info.json beside it."),
    ] = False,
) -> None:
    """Write a data set's rows in another format, from its Parquet, however large it is."""
    from longalpaca_data.export import Options  # noqa: PLC0415 — heavy
    from longalpaca_data.export import export as write  # noqa: PLC0415 — heavy

    done = write(folder, name, to, split, Options(template, system, provenance, llama_factory))
    typer.echo(f"{done.rows} rows in {done.path}")
    for note in done.notes:
        typer.echo(note)


@app.command(epilog=example("python cli.py report data/out/longalpaca-12k"))
def report(
    folder: Annotated[Path, typer.Argument(help="A data set's folder.")],
    as_json: JsonOption = False,
) -> None:
    """Write report.html and its pictures anew, or print the figures with --json."""
    from longalpaca_data.dataset.report import summary_lines  # noqa: PLC0415 — heavy
    from longalpaca_data.dataset.write import read_manifest, refresh_report  # noqa: PLC0415 — heavy

    if as_json:
        print_values(summary_lines(folder, read_manifest(folder)), as_json=True)
    else:
        typer.echo(f"report in {refresh_report(folder)}")
