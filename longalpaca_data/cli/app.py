"""The commands that make and check data sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from longalpaca_data.dataset import Summary
    from longalpaca_data.recipe import Recipe

app = typer.Typer(
    name="longalpaca-data",
    help="Turns long documents into long-context instruction data. Example: python cli.py build",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

RecipeArgument = Annotated[
    str, typer.Argument(help="A recipe file, or the name of one that comes with the package.")
]
SourceOption = Annotated[
    list[str],
    typer.Option(
        help="Documents instead of the recipe's: a file, folder, glob, URL, gutenberg:ID, "
        "arxiv:ID or python-docs:. May be given several times."
    ),
]
OutOption = Annotated[
    Path | None, typer.Option(help="The data set's folder.", show_default="data/out/RECIPE")
]
GeneratorOption = Annotated[
    str, typer.Option(help="Who writes the questions.", show_default="the recipe's")
]
LimitOption = Annotated[int, typer.Option(help="At most this many long rows; 0: no limit.", min=0)]
EngineOption = Annotated[str, typer.Option(help="Where the work runs: local.")]
WorkersOption = Annotated[int, typer.Option(help="Processes; 0: one per core.", min=0)]
SeedOption = Annotated[int | None, typer.Option(help="Random seed.", show_default="the recipe's")]
FreshOption = Annotated[bool, typer.Option("--fresh", help="Do everything anew.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress lines.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

DEFAULT_RECIPE = "longalpaca-12k"


def example(*lines: str) -> str:
    """Return the line that closes a command's help."""
    return "Example: " + "   ".join(lines)


@app.command(epilog=example("python cli.py build --source my-books --out data/out/books"))
def build(  # noqa: PLR0913, PLR0917 — a command has as many arguments as options
    recipe: RecipeArgument = DEFAULT_RECIPE,
    source: SourceOption = [],  # noqa: B006 — typer's way to write a repeatable option
    out: OutOption = None,
    generator: GeneratorOption = "",
    limit: LimitOption = 0,
    engine: EngineOption = "local",
    workers: WorkersOption = 0,
    seed: SeedOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    fresh: FreshOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make a data set from documents. Run it again to resume."""
    chosen = _recipe(recipe, source, generator, seed)
    if dry_run:
        from longalpaca_data.plan import plan  # noqa: PLC0415 — heavy

        _print(plan(chosen, _out(chosen, out), limit), as_json=as_json)
        return
    summary = _run(chosen, out, "", limit, engine, workers, fresh=fresh, quiet=quiet)
    from longalpaca_data.dataset import headline  # noqa: PLC0415 — heavy

    _print(headline(_out(chosen, out), summary), as_json=as_json)


def _stage_command(stage: str, says: str) -> None:
    """Add a command that runs the build up to one stage, on the same working folder."""

    def command(  # noqa: PLR0913, PLR0917 — a command has as many arguments as options
        recipe: RecipeArgument = DEFAULT_RECIPE,
        source: SourceOption = [],  # noqa: B006 — typer's way to write a repeatable option
        out: OutOption = None,
        generator: GeneratorOption = "",
        limit: LimitOption = 0,
        engine: EngineOption = "local",
        workers: WorkersOption = 0,
        seed: SeedOption = None,
        fresh: FreshOption = False,
        quiet: QuietOption = False,
        as_json: JsonOption = False,
    ) -> None:
        chosen = _recipe(recipe, source, generator, seed)
        summary = _run(chosen, out, stage, limit, engine, workers, fresh=fresh, quiet=quiet)
        _print({"out": str(_out(chosen, out)), "stages": summary.stages()}, as_json=as_json)

    command.__doc__ = says
    app.command(stage, epilog=example(f"python cli.py {stage} --source my-books"))(command)


_stage_command("collect", "Read the documents; look at work/collected.jsonl.")
_stage_command("clean", "Read and clean the documents; look at work/documents/*.parquet.")
_stage_command("generate", "Write questions about them; look at work/examples.jsonl.")
_stage_command("filter", "Keep the rows that hold; look at work/samples.jsonl.")
_stage_command("mix", "Choose the data set's rows; look at work/mix.jsonl.")


@app.command(epilog=example("python cli.py validate data/out/longalpaca-12k/longalpaca-12k.json"))
def validate(
    path: Annotated[
        Path, typer.Argument(help="A JSON, JSONL or Parquet file, or a data set's folder.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Check rows against the schema, naming row and key."""
    from longalpaca_data.dataset import MANIFEST, files_hold  # noqa: PLC0415 — heavy
    from longalpaca_data.errors import DatasetError  # noqa: PLC0415 — with its user
    from longalpaca_data.validate import validate as check  # noqa: PLC0415 — heavy

    count, problems = check(path)
    if (path / MANIFEST).is_file():
        problems.extend(files_hold(path))
    _print({"rows": count, "problems": problems}, as_json=as_json)
    if problems:
        raise DatasetError(f"{path}: {problems[0]}", do="mend the row or build the set anew")


@app.command(epilog=example("python cli.py export data/out/longalpaca-12k --format alpaca-jsonl"))
def export(
    folder: Annotated[Path, typer.Argument(help="A data set's folder.")],
    name: Annotated[str, typer.Option("--format", help="alpaca or alpaca-jsonl.")] = "alpaca",
    to: Annotated[Path | None, typer.Option("--to", help="The file to write.")] = None,
) -> None:
    """Write a data set's train rows in another format."""
    from longalpaca_data.export import export as write  # noqa: PLC0415 — heavy

    file, count = write(folder, name, to)
    typer.echo(f"{count} rows in {file}")


@app.command(epilog=example("python cli.py report data/out/longalpaca-12k"))
def report(
    folder: Annotated[Path, typer.Argument(help="A data set's folder.")],
    as_json: JsonOption = False,
) -> None:
    """Write report.html anew, or print its figures with --json."""
    from longalpaca_data.dataset import read_manifest  # noqa: PLC0415 — heavy
    from longalpaca_data.report import summary_lines, write_report  # noqa: PLC0415 — heavy

    manifest = read_manifest(folder)
    if as_json:
        _print(summary_lines(folder, manifest), as_json=True)
    else:
        typer.echo(f"report in {write_report(folder, manifest)}")


def _recipe(name: str, sources: list[str], generator: str, seed: int | None) -> Recipe:
    """Load a recipe and apply the command line's options to it."""
    from longalpaca_data.recipe import load_recipe  # noqa: PLC0415 — heavy
    from longalpaca_data.resources import find_recipe  # noqa: PLC0415 — with its user

    return load_recipe(find_recipe(name)).with_options(sources, generator, seed)


def _out(recipe: Recipe, out: Path | None) -> Path:
    return out or Path("data") / "out" / recipe.name


def _run(
    recipe: Recipe,
    out: Path | None,
    until: str,
    limit: int,
    engine: str,
    workers: int,
    *,
    fresh: bool,
    quiet: bool,
) -> Summary:
    from longalpaca_data.build import Options  # noqa: PLC0415 — heavy
    from longalpaca_data.build import build as run  # noqa: PLC0415 — heavy

    return run(recipe, Options(_out(recipe, out), engine, workers, limit, fresh, quiet), until)


def _print(values: dict[str, Any], *, as_json: bool) -> None:
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
