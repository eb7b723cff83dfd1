"""The commands that make and check data sets."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from longalpaca_data.core.recipe import Recipe
    from longalpaca_data.dataset.write import BuildResult

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
ModelOption = Annotated[
    str, typer.Option(help="The model that writes them.", show_default="the recipe's")
]
BaseUrlOption = Annotated[
    str, typer.Option(help="An OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1.")
]
MaxCallsOption = Annotated[
    int | None, typer.Option(help="Stop asking after this many calls.", min=0)
]
MaxCostOption = Annotated[
    float | None, typer.Option(help="Stop asking at this cost, by the recipe's prices.", min=0)
]
LimitOption = Annotated[int, typer.Option(help="At most this many long rows; 0: no limit.", min=0)]
EngineOption = Annotated[str, typer.Option(help="Where the work runs: local.")]
WorkersOption = Annotated[int, typer.Option(help="Processes; 0: one per core.", min=0)]
SeedOption = Annotated[
    int | None,
    typer.Option(help="Random seed.", show_default="the recipe's", min=-(2**63), max=2**63 - 1),
]
FreshOption = Annotated[bool, typer.Option("--fresh", help="Do everything anew.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress lines.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

DEFAULT_RECIPE = "longalpaca-12k"


INTERRUPTED = 130
"""The exit code of a command that Ctrl-C or SIGTERM ended."""


def say(line: str) -> None:
    """Print a line of news: on stderr, for stdout belongs to results."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 — the command line speaks


def example(*lines: str) -> str:
    """Return the line that closes a command's help."""
    return "Example: " + "   ".join(lines)


@app.command(epilog=example("python cli.py build --source my-books --out data/out/books"))
def build(  # noqa: PLR0913, PLR0917 — a command has as many arguments as options
    recipe: RecipeArgument = DEFAULT_RECIPE,
    source: SourceOption = [],  # noqa: B006 — typer's way to write a repeatable option
    out: OutOption = None,
    generator: GeneratorOption = "",
    model: ModelOption = "",
    base_url: BaseUrlOption = "",
    max_calls: MaxCallsOption = None,
    max_cost: MaxCostOption = None,
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
    chosen = _recipe(recipe, source, generator, seed, _model(model, base_url, max_calls, max_cost))
    if dry_run:
        from longalpaca_data.build import Options  # noqa: PLC0415 — heavy
        from longalpaca_data.dryrun import plan  # noqa: PLC0415 — heavy

        options = Options(_out(chosen, out), engine, workers, limit, fresh, quiet)
        _print(plan(chosen, options), as_json=as_json)
        return
    result = _run(chosen, out, "", limit, engine, workers, fresh=fresh, quiet=quiet)
    from longalpaca_data.dataset.write import headline  # noqa: PLC0415 — heavy

    _print(headline(_out(chosen, out), result), as_json=as_json)


def _stage_command(stage: str, says: str) -> None:
    """Add a command that runs the build up to one stage, on the same working folder."""

    def command(  # noqa: PLR0913, PLR0917 — a command has as many arguments as options
        recipe: RecipeArgument = DEFAULT_RECIPE,
        source: SourceOption = [],  # noqa: B006 — typer's way to write a repeatable option
        out: OutOption = None,
        generator: GeneratorOption = "",
        model: ModelOption = "",
        base_url: BaseUrlOption = "",
        max_calls: MaxCallsOption = None,
        max_cost: MaxCostOption = None,
        limit: LimitOption = 0,
        engine: EngineOption = "local",
        workers: WorkersOption = 0,
        seed: SeedOption = None,
        fresh: FreshOption = False,
        quiet: QuietOption = False,
        as_json: JsonOption = False,
    ) -> None:
        asked = _model(model, base_url, max_calls, max_cost)
        chosen = _recipe(recipe, source, generator, seed, asked)
        result = _run(chosen, out, stage, limit, engine, workers, fresh=fresh, quiet=quiet)
        _print({"out": str(_out(chosen, out)), "stages": result.stages()}, as_json=as_json)

    command.__doc__ = says
    app.command(stage, epilog=example(f"python cli.py {stage} --source my-books"))(command)


_stage_command("collect", "Read the documents; look at work/collected.jsonl.")
_stage_command("clean", "Read and clean the documents; look at work/documents/*.parquet.")
_stage_command("generate", "Write questions about them; look at work/examples.jsonl.")
_stage_command("filter", "Keep the rows that hold; look at work/samples.jsonl.")
_stage_command("mix", "Choose the rows anew, without a model; look at work/mix.jsonl.")


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
    _print(said, as_json=as_json)
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
        _print(summary_lines(folder, read_manifest(folder)), as_json=True)
    else:
        typer.echo(f"report in {refresh_report(folder)}")


def _model(
    name: str, base_url: str, max_calls: int | None, max_cost: float | None
) -> dict[str, Any]:
    """Return the keys of the recipe's model that the command line sets."""
    given = {"name": name, "base_url": base_url, "max_calls": max_calls, "max_cost": max_cost}
    return {key: value for key, value in given.items() if value not in {None, ""}}


def _recipe(
    name: str, sources: list[str], generator: str, seed: int | None, model: dict[str, Any]
) -> Recipe:
    """Load a recipe and apply the command line's options to it."""
    from longalpaca_data.core.recipe import load_recipe  # noqa: PLC0415 — heavy
    from longalpaca_data.core.resources import find_recipe  # noqa: PLC0415 — with its user

    return load_recipe(find_recipe(name)).with_options(sources, generator, seed, model)


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
) -> BuildResult:
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
