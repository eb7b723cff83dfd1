"""``eval``: suites side by side for a base and a tuned model, as JSON, table and picture."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch

from longalpaca_data.core.errors import LongalpacaError, OutputError
from longalpaca_data.core.storage import output_errors, write_text
from longalpaca_data.evaluate.longqa import buckets, longqa
from longalpaca_data.evaluate.passkey import draw_heat_map, passkey
from longalpaca_data.evaluate.perplexity import Mode, perplexity
from longalpaca_data.train.ask import Asker
from longalpaca_data.train.data.rows import dataset_files
from longalpaca_data.train.data.templates import Template
from longalpaca_data.train.model.load import place_of

Suite = Literal["passkey", "perplexity", "longqa"]
SUITES: tuple[Suite, ...] = ("passkey", "perplexity", "longqa")


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """What the command line says. Lengths are in tokens."""

    models: Sequence[str]
    """One model, or several to stand side by side (the base first)."""
    suites: Sequence[str] = ("passkey",)
    contexts: Sequence[int] = ()
    """Empty: 1,024, 2,048, … up to what the first model reads, at most 32,768."""
    texts: Sequence[str] = ()
    """Texts (not files) for perplexity."""
    dataset: str | None = None
    """For longqa."""
    out: str | None = None
    template: Template | None = None
    base: str | None = None
    """Another place of the base model, for those that are adapters."""
    limit: int | None = None
    trials: int = 3
    depths: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0)
    mode: Mode = "non-overlapping"
    stride: int = 256
    answer_tokens: int = 128


@dataclass(slots=True)
class Report:
    """Results by model and suite, ready for JSON; ``pictures`` were written to the folder."""

    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)

    def table(self) -> str:
        """Return one line per measurement, one column per model."""
        values: dict[str, dict[str, str]] = {}
        for model, suites in self.models.items():
            for line, value in _lines(suites):
                values.setdefault(line, {})[model] = value
        names = list(self.models)
        width = max((len(line) for line in values), default=0)
        columns = [max(len(name), 10) for name in names]
        head = " " * width + "".join(f"  {n:>{w}}" for n, w in zip(names, columns, strict=True))
        body = [
            f"{line:<{width}}"
            + "".join(f"  {row.get(n, '-'):>{w}}" for n, w in zip(names, columns, strict=True))
            for line, row in values.items()
        ]
        return "\n".join([head, *body])


def _lines(suites: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (what was measured, value) pairs of one model."""
    lines = []
    by_context: dict[int, list[float]] = {}
    for cell in suites.get("passkey", []):
        by_context.setdefault(cell["context"], []).append(cell["found"] / cell["trials"])
    for context, found in by_context.items():
        lines.append((f"passkey {context:,}", f"{sum(found) / len(found):.0%}"))
    lines += [
        (f"perplexity {one['context']:,} ({one['mode']})", f"{one['perplexity']:.3f}")
        for one in suites.get("perplexity", [])
    ]
    for kind, group in suites.get("longqa", {}).get("buckets", {}).items():
        for one in group:
            name = f"longqa {kind} {one['name']}" if kind != "all" else "longqa all"
            lines.append((f"{name} EM", f"{one['exact']:.3f}"))
            lines.append((f"{name} F1", f"{one['f1']:.3f}"))
    return lines


def evaluate(options: EvalOptions, *, progress: Callable[[str], None] = lambda _: None) -> Report:
    """Run the suites on every model, one model in memory at a time.

    With ``out``: writes ``eval.json``, ``eval.txt`` and a heat map per model for passkey; what was
    measured before an error, too. A length that the GPU has no memory for is left out and said to
    be; raises :class:`LongalpacaError` where nothing could be measured.
    """
    _check(options)
    report = Report()
    try:
        _measure(report, options, progress)
    finally:
        if options.out and any(report.models.values()):
            _write(report, Path(options.out).expanduser())
    if not any(report.models.values()):
        raise LongalpacaError(
            "the GPU's memory is full at every length", do="lower --context, or use a smaller model"
        )
    return report


def _measure(report: Report, options: EvalOptions, progress: Callable[[str], None]) -> None:
    """Fill ``report`` model by model, suite by suite."""
    contexts = list(options.contexts)
    for model in options.models:
        asker = Asker.load(model, template=options.template, base=options.base)
        contexts = contexts or default_contexts(asker.context)
        if max(contexts) > asker.context:
            progress(
                f"{model} was made for {asker.context} tokens, {max(contexts)} are asked of it"
            )
        report.models[model] = {}
        for suite, found in _run(asker, options, contexts, progress):
            if found:
                report.models[model][suite] = found
        del asker
        gc.collect()


def default_contexts(longest: int) -> list[int]:
    """Return 1,024, 2,048, … up to ``longest`` or 32,768 tokens."""
    return [n for n in (1 << k for k in range(10, 16)) if n <= longest] or [longest]


def _check(options: EvalOptions) -> None:
    unknown = [suite for suite in options.suites if suite not in SUITES]
    if unknown or not options.suites:
        raise LongalpacaError(
            f"no such suite: {', '.join(unknown) or 'none'}", do=f"use {', '.join(SUITES)}"
        )
    if "perplexity" in options.suites and not options.texts:
        raise LongalpacaError("perplexity needs texts", do="name text files with --text")
    if "longqa" in options.suites and not options.dataset:
        raise LongalpacaError("longqa needs a data set", do="name one with --dataset")
    if "longqa" in options.suites:
        dataset_files(str(options.dataset), "validation")  # says where there is no such path
    for model in (*options.models, *([options.base] if options.base else [])):
        place_of(model)  # the second one's path, too, before the first is measured
    if options.out and Path(options.out).expanduser().is_file():
        raise OutputError(f"{options.out} is a file", do="give a folder as --out")
    if any(context < 1 for context in options.contexts):
        raise LongalpacaError("a context has at least one token", do="check --context")


def _run(
    asker: Asker,
    options: EvalOptions,
    contexts: Sequence[int],
    progress: Callable[[str], None],
) -> Iterator[tuple[str, Any]]:
    """Yield each suite's results, ready for JSON, as soon as they are there."""

    def keys(context: int) -> Iterable[Any]:
        return passkey(
            asker, [context], depths=options.depths, trials=options.trials, progress=progress
        )

    def surprise(context: int) -> Iterable[Any]:
        return perplexity(
            asker,
            options.texts,
            [context],
            mode=options.mode,
            stride=options.stride,
            progress=progress,
        )

    if "passkey" in options.suites:
        yield "passkey", _at_each(contexts, keys, "passkey", progress)
    if "perplexity" in options.suites:
        yield "perplexity", _at_each(contexts, surprise, "perplexity", progress)
    if "longqa" in options.suites:
        answered = longqa(
            asker,
            str(options.dataset),
            limit=options.limit,
            answer_tokens=options.answer_tokens,
            context=max(contexts),
            progress=progress,
        )
        grouped = buckets(answered)
        yield (
            "longqa",
            {
                "buckets": {
                    kind: [asdict(one) for one in group] for kind, group in grouped.items()
                },
                "answers": [asdict(one) for one in answered],
            },
        )


def _at_each(
    contexts: Sequence[int],
    measure: Callable[[int], Iterable[Any]],
    suite: str,
    progress: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Measure at every length that the GPU has memory for; what the others took is not lost."""
    found: list[dict[str, Any]] = []
    for context in contexts:
        try:
            found += [asdict(one) for one in measure(context)]
        except torch.OutOfMemoryError:
            progress(f"{suite} at {context} tokens was left out: the GPU's memory is full")
    return found


def _write(report: Report, out: Path) -> None:
    from longalpaca_data.evaluate.passkey import Cell  # noqa: PLC0415 - only used here

    with output_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        for number, (model, suites) in enumerate(report.models.items(), start=1):
            if cells := suites.get("passkey"):
                path = out / f"passkey-{number}.png"
                draw_heat_map([Cell(**cell) for cell in cells], path, model)
                report.pictures.append(str(path))
        write_text(out / "eval.json", json.dumps(asdict(report), ensure_ascii=False, indent=2))
        write_text(out / "eval.txt", report.table() + "\n")
