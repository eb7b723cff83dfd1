"""The commands that make data sets: build, and its stages one at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longalpaca_data.cli.app import JsonOption, QuietOption, app, example, print_values, say
from longalpaca_data.core.seeds import SEEDS

if TYPE_CHECKING:
    from longalpaca_data.pipeline.memory import Resolved

RecipeArgument = Annotated[
    str,
    typer.Argument(
        help="A recipe file, or the name of one that comes with the package.",
        show_default="what the folder was begun with, or longalpaca-12k",
    ),
]
SourceOption = Annotated[
    list[str],
    typer.Option(
        help="Documents instead of the recipe's: a file, folder, glob, URL, gutenberg:ID, "
        "arxiv:ID or python-docs:. May be given several times."
    ),
]
ShortOption = Annotated[
    list[str],
    typer.Option(
        help="Short pairs instead of the recipe's: an Alpaca file or a set on the Hub, such as "
        "tatsu-lab/alpaca. May be given several times.",
        show_default=False,
    ),
]
LicenceOption = Annotated[
    str,
    typer.Option(help="The data set's licence, such as cc-by-4.0.", show_default="the recipe's"),
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
    typer.Option(help="Random seed.", show_default="the recipe's", min=-SEEDS, max=SEEDS - 1),
]
FreshOption = Annotated[bool, typer.Option("--fresh", help="Do everything anew.")]

DEFAULT_RECIPE = "longalpaca-12k"


@app.command(epilog=example("python cli.py build --source my-books --out data/out/books"))
def build(  # noqa: PLR0913, PLR0917 — a command has as many arguments as options
    recipe: RecipeArgument = "",
    source: SourceOption = [],  # noqa: B006 — typer's way to write a repeatable option
    short: ShortOption = [],  # noqa: B006
    out: OutOption = None,
    generator: GeneratorOption = "",
    model: ModelOption = "",
    base_url: BaseUrlOption = "",
    max_calls: MaxCallsOption = None,
    max_cost: MaxCostOption = None,
    licence: LicenceOption = "",
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
    asked = _model(model, base_url, max_calls, max_cost)
    meant = _resolve(recipe, source, short, generator, seed, licence, asked, out)
    from longalpaca_data.build import Options  # noqa: PLC0415 — heavy

    options = Options(meant.out, engine, workers, limit, fresh, quiet, meant.command)
    if dry_run:
        from longalpaca_data.dryrun import dry_run as foresee  # noqa: PLC0415 — heavy

        print_values(foresee(meant.recipe, options), as_json=as_json)
        return
    from longalpaca_data.build import build as run  # noqa: PLC0415 — heavy
    from longalpaca_data.dataset.write import headline  # noqa: PLC0415 — heavy

    result = run(meant.recipe, options)
    print_values(headline(meant.out, result), as_json=as_json)


def _stage_command(stage: str, says: str) -> None:
    """Add a command that runs the build up to one stage, on the same working folder."""

    def command(  # noqa: PLR0913, PLR0917 — a command has as many arguments as options
        recipe: RecipeArgument = "",
        source: SourceOption = [],  # noqa: B006 — typer's way to write a repeatable option
        short: ShortOption = [],  # noqa: B006
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
        meant = _resolve(recipe, source, short, generator, seed, "", asked, out)
        from longalpaca_data.build import Options  # noqa: PLC0415 — heavy
        from longalpaca_data.build import build as run  # noqa: PLC0415 — heavy

        options = Options(meant.out, engine, workers, limit, fresh, quiet, meant.command)
        result = run(meant.recipe, options, stage)
        stages = [counts.values() for counts in result.stages()]
        print_values({"out": str(meant.out), "stages": stages}, as_json=as_json)

    command.__doc__ = says
    epilog = example(f"python cli.py {stage} --source my-books --out data/out/books")
    app.command(stage, epilog=epilog)(command)


_stage_command("collect", "Read the documents; look at work/collected.jsonl.")
_stage_command("clean", "Read and clean the documents; look at work/documents/*.parquet.")
_stage_command("generate", "Write questions about them; look at work/examples.jsonl.")
_stage_command("filter", "Keep the rows that hold; look at work/samples.jsonl.")
_stage_command("mix", "Choose the rows anew, without a model; look at work/mix.jsonl.")


def _model(
    name: str, base_url: str, max_calls: int | None, max_cost: float | None
) -> dict[str, Any]:
    """Return the keys of the recipe's model that the command line sets."""
    given = {"name": name, "base_url": base_url, "max_calls": max_calls, "max_cost": max_cost}
    return {key: value for key, value in given.items() if value not in {None, ""}}


def _resolve(
    recipe: str,
    sources: list[str],
    short: list[str],
    generator: str,
    seed: int | None,
    licence: str,
    model: dict[str, Any],
    out: Path | None,
) -> Resolved:
    """Return what the command means on its folder, and tell the user where that is news."""
    from longalpaca_data.core.recipe import Overrides  # noqa: PLC0415 — heavy
    from longalpaca_data.pipeline.memory import resolve_command  # noqa: PLC0415 — heavy

    said = Overrides(tuple(sources), tuple(short), generator, seed, licence, model)
    meant = resolve_command(recipe, said, out, DEFAULT_RECIPE)
    if meant.news:
        say(meant.news)
    return meant
