"""The commands that train, merge, ask and evaluate. They need the extra ``train``."""

from __future__ import annotations

import contextlib
import importlib.util
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from longalpaca_data.cli.app import INTERRUPTED, app, example, say
from longalpaca_data.core.errors import MissingPackageError
from longalpaca_data.train.quiet import quiet_libraries

ModelOption = Annotated[
    str | None, typer.Option(help="A model's folder, GGUF file or name on the Hub.")
]
TemplateOption = Annotated[
    Literal["alpaca", "llama2", "chat"] | None,
    typer.Option(help="How prompts are wrapped; chat: as the tokenizer says.", show_default="auto"),
]


@app.command(epilog=example("python cli.py sft --recipe sft-tiny --gpus 0 --dry-run"))
def sft(  # noqa: PLR0913, PLR0917 — a command has as many arguments as options
    dataset: Annotated[
        str | None,
        typer.Argument(help="A data set's folder, a JSON, JSONL or Parquet file, or a Hub name."),
    ] = None,
    model: ModelOption = None,
    recipe: Annotated[str, typer.Option(help="A training recipe.")] = "sft-default",
    gpus: Annotated[
        int | None,
        typer.Option(help="Processes, one per GPU; 0: the CPU.", show_default="all", min=0),
    ] = None,
    out: Annotated[str | None, typer.Option(help="The model's folder.")] = None,
    context: Annotated[int | None, typer.Option(help="Tokens per row, at most.")] = None,
    attention: Annotated[
        str | None, typer.Option(help="s2, full, or local (s2 without its shift).")
    ] = None,
    rope: Annotated[
        str | None, typer.Option(help="How the context is extended: linear, yarn, dynamic, llama3.")
    ] = None,
    full_attention_steps: Annotated[
        int | None, typer.Option(help="Steps of full attention at the end.")
    ] = None,
    tune: Annotated[str | None, typer.Option(help="lora+, lora or full.")] = None,
    quantize: Annotated[str | None, typer.Option(help="4bit (CUDA only).")] = None,
    max_steps: Annotated[int | None, typer.Option(help="Stop after this many steps.")] = None,
    held_out: Annotated[
        float | None,
        typer.Option(help="Share of rows held out, by document, if there is no validation split."),
    ] = None,
    template: TemplateOption = None,
    settings: Annotated[
        list[str],
        typer.Option(
            "--set", help="Any key of the recipe, several times: --set epochs=3 --set lora.rank=16."
        ),
    ] = [],  # noqa: B006 — typer's way to write a repeatable option
    torchrun: Annotated[
        list[str],
        typer.Option(help="A word for torchrun, for several nodes: --torchrun=--nnodes=2 …"),
    ] = [],  # noqa: B006 — typer's way to write a repeatable option
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress lines.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Fine-tune a model on a data set with S²-attention."""
    _begin("sft")
    from longalpaca_data.train.run.launch import sft as run  # noqa: PLC0415 — with its command
    from longalpaca_data.train.run.options import SftOptions, settings_of  # noqa: PLC0415 — so, too

    given = {
        "context": context,
        "attention": attention,
        "rope": rope,
        "full_attention_steps": full_attention_steps,
        "tune": tune,
        "quantize": quantize,
        "max_steps": max_steps,
        "held_out": held_out,
        "template": template,
    }
    changes = settings_of(settings)
    changes |= {key: value for key, value in given.items() if value is not None}
    options = SftOptions(dataset, model, recipe, out, gpus, changes, tuple(torchrun), resume, quiet)
    if dry_run:
        from longalpaca_data.train.run.dryrun import plan  # noqa: PLC0415 — heavy

        planned = plan(options)
        typer.echo(json.dumps(asdict(planned)) if as_json else "\n".join(planned.lines()))
        return
    with _stoppable("interrupted; run the same command again"):
        result = run(options)
    typer.echo(json.dumps(asdict(result)) if as_json else result.line())


@app.command(epilog=example("python cli.py merge data/models/sft-tiny --out data/models/merged"))
def merge(
    adapter: Annotated[Path, typer.Argument(help="The folder that sft wrote.")],
    out: Annotated[Path, typer.Option(help="The merged model's folder.")],
    base: Annotated[str | None, typer.Option(help="Another place of the base model.")] = None,
    dtype: Annotated[str, typer.Option(help="How weights are stored.")] = "bfloat16",
) -> None:
    """Merge an adapter into its base: a plain Hugging Face model."""
    _begin("merge")
    from longalpaca_data.train.model.merge import merge as run  # noqa: PLC0415 — heavy

    with _stoppable("interrupted; nothing was written"):
        merged = run(adapter, out, base=base, dtype=dtype)
    typer.echo(f"{merged.parameters:,} parameters, context {merged.context:,}, in {out}")


@app.command(
    epilog=example('python cli.py ask data/models/merged --material book.txt "Who keeps the key?"')
)
def ask(
    model: Annotated[str, typer.Argument(help="A model's or adapter's folder, or a Hub name.")],
    question: Annotated[str, typer.Argument(help="The question.")],
    material: Annotated[
        list[str],
        typer.Option(
            help="A document of any kind that build reads; several are numbered as in training."
        ),
    ],
    answer_tokens: Annotated[int, typer.Option(help="The answer's length, at most.", min=1)] = 512,
    base: Annotated[str | None, typer.Option(help="Another place of the base model.")] = None,
    template: TemplateOption = None,
) -> None:
    """Ask a model one question about documents."""
    _begin("ask")
    from longalpaca_data.evaluate.materials import read_materials  # noqa: PLC0415 — heavy

    with _stoppable("interrupted"):
        materials = read_materials(material)  # before the model, which takes its time
        from longalpaca_data.train.ask import ask as run  # noqa: PLC0415 — heavy

        pieces = run(
            model,
            materials,
            question,
            answer_tokens=answer_tokens,
            template=template,
            base=base,
            say=say,
        )
        for piece in pieces:
            typer.echo(piece, nl=False)
        typer.echo()


@app.command("eval", epilog=example("python cli.py eval MODEL --suite passkey --context 4096"))
def evaluate(  # noqa: PLR0913, PLR0917 — a command has as many arguments as options
    models: Annotated[list[str], typer.Argument(help="One model, or several side by side.")],
    suite: Annotated[
        list[str], typer.Option(help="passkey, perplexity, longqa: one or several, with commas.")
    ] = ["passkey"],  # noqa: B006 — typer's way to write a repeatable option
    context: Annotated[
        list[int],
        typer.Option(
            help="A length in tokens; may be given several times.",
            show_default="1024, 2048 … as far as the first model reads, at most 32768",
        ),
    ] = [],  # noqa: B006
    text: Annotated[
        list[str], typer.Option(help="Documents for perplexity; plain text is taken as it is.")
    ] = [],  # noqa: B006
    dataset: Annotated[str | None, typer.Option(help="The data set of longqa.")] = None,
    out: Annotated[str | None, typer.Option(help="Folder for JSON and pictures.")] = None,
    limit: Annotated[int | None, typer.Option(help="Rows of longqa, at most.", min=1)] = None,
    trials: Annotated[int, typer.Option(help="Passkeys per depth and length.", min=1)] = 3,
    stride: Annotated[
        int | None,
        typer.Option(
            help="Perplexity: move the window by so many tokens (LongLoRA: 256).",
            show_default="windows don't overlap",
            min=1,
        ),
    ] = None,
    template: TemplateOption = None,
    base: Annotated[str | None, typer.Option(help="Another place of the base of adapters.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure what a model makes of long texts."""
    _begin("eval")
    from longalpaca_data.evaluate.materials import read_texts  # noqa: PLC0415 — heavy
    from longalpaca_data.evaluate.suite import EvalOptions  # noqa: PLC0415 — heavy
    from longalpaca_data.evaluate.suite import evaluate as run  # noqa: PLC0415 — heavy

    kept = f"what was measured is in {out}" if out else "nothing was written"
    with _stoppable(f"interrupted; {kept}"):
        options = EvalOptions(
            models,
            [name for word in suite for name in word.split(",") if name],
            context,
            read_texts(text),
            dataset,
            out,
            template,
            base,
            limit,
            trials,
            mode="sliding" if stride else "non-overlapping",
            stride=stride or 256,
        )
        report = run(options, progress=say)
    results: dict[str, Any] = {"models": report.models, "pictures": report.pictures}
    typer.echo(json.dumps(results, ensure_ascii=False) if as_json else report.table())


@contextlib.contextmanager
def _stoppable(line: str) -> Iterator[None]:
    """Print one line on Ctrl-C: the interrupt's own where it has one (how to resume), or ``line``.

    typer would turn the interrupt into an exit code and lose what it says.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        say(str(interrupt) or line)
        raise SystemExit(INTERRUPTED) from None


def _begin(command: str) -> None:
    """Say in one line which of the trainer's packages is missing; quiet those that are there."""
    for package in ("torch", "transformers", "peft", "trl"):
        if importlib.util.find_spec(package) is None:
            raise MissingPackageError(package, extra="train", purpose=f"`{command}`")
    quiet_libraries()
