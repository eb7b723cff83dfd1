"""The whole build. :func:`_stages` is its contents page: documents → … → data set."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from longalpaca_data.clean import clean_stage
from longalpaca_data.collect import collect_stage, discover
from longalpaca_data.collect.inputs import document_sources, short_sources
from longalpaca_data.core.errors import SourceError
from longalpaca_data.core.progress import Progress
from longalpaca_data.core.recipe import Recipe
from longalpaca_data.core.records import Document, Example, RawDocument, Sample, Window, content_id
from longalpaca_data.core.storage import read_json, write_json, write_jsonl
from longalpaca_data.core.tokens import Tokenizer, resolve
from longalpaca_data.dataset.write import BuildResult, write_dataset
from longalpaca_data.filter import repeats_stage, rules_stage
from longalpaca_data.filter.ground import ground_stage
from longalpaca_data.generate import GeneratorContext, check_generator, generate_stage, unused_key
from longalpaca_data.mix import mix
from longalpaca_data.mix.diversity import in_order_of_choice, without_near_duplicates
from longalpaca_data.mix.reviews import read_reviews
from longalpaca_data.mix.short import distinct_pairs, read_pairs
from longalpaca_data.pipeline.engines import engine_named
from longalpaca_data.pipeline.ledger import Ledger, folder_lock
from longalpaca_data.pipeline.runner import In, Out, Pipeline
from longalpaca_data.pipeline.stage import Stage
from longalpaca_data.windows.documents import Documents, distinct, write_documents
from longalpaca_data.windows.segment import all_windows_in_order, group_stage, segment_stage

STAGES = ("collect", "clean", "generate", "filter", "mix")
"""The stages that can be asked for one at a time; ``build`` is all of them and the files."""

_SAMPLES = "samples.jsonl"  # what passed the filters: where it is there, a mix asks no model


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line adds to a recipe. ``limit`` counts long rows, 0 means no limit;
    ``workers`` 0 means one per core.
    """

    out: Path
    engine: str = "local"
    workers: int = 0
    limit: int = 0
    fresh: bool = False
    quiet: bool = False


def build(recipe: Recipe, options: Options, until: str = "") -> BuildResult:
    """Make a data set in ``options.out``, or only the stages up to ``until``.

    What an earlier run on the same folder finished is not done again. Raises LongalpacaError for
    everything that the user can mend; whatever was finished by then stays.
    """
    check_generator(recipe.generate)
    progress = Progress(quiet=options.quiet)
    work = options.out / "work"
    started = time.time()
    if until == "mix" and (work / _SAMPLES).is_file():
        recipe = recipe.without_calls()
    with open_workspace(recipe, options, work, progress) as pipeline:
        tokenizer, news = resolve(recipe.tokenizer)
        for line in (news, unused_key(recipe.generate)):
            if line:
                progress.say(line)
        result = BuildResult(recipe, tokenizer, pipeline.stats)
        try:
            for stage in _stages(recipe, options, pipeline, tokenizer, result):
                if stage == until:
                    break
        finally:
            _write_drops(work, pipeline)
        # Times and hosts stand here and nowhere else: the other files are the same everywhere.
        seconds = round(time.time() - started, 2)
        run = {"seconds": seconds, "engine": options.engine, "workers": options.workers}
        write_json(work / "run.json", run)
        return result


def _stages(
    recipe: Recipe, options: Options, pipeline: Pipeline, count: Tokenizer, result: BuildResult
) -> Iterator[str]:
    """Do one stage after the other, yielding each one's name when it is done."""
    work = options.out / "work"

    references = discover(document_sources(recipe, pipeline.progress))
    raw = pipeline.run(collect_stage(), references, len(references))
    write_jsonl(work / "collected.jsonl", map(_raw_line, raw))
    yield "collect"

    cleaning = _counted(clean_stage(count, languages=recipe.languages), count)
    cleaned = pipeline.run(cleaning, raw, len(references))
    documents = _store(work / "documents", cleaned, pipeline)
    result.documents = documents.about()
    yield "clean"

    planned = _planned(recipe, options)
    windows = _windows(recipe, documents, pipeline, count, planned["limit"])
    context = GeneratorContext(
        documents, pipeline.ledger.path, count, planned["rows"], pipeline.progress
    )
    examples = pipeline.run(generate_stage(recipe.generate, context), windows, len(windows))
    grounded = pipeline.run(ground_stage(documents), examples)
    write_jsonl(work / "examples.jsonl", map(_example_line, grounded))
    yield "generate"

    judged = pipeline.run(rules_stage(recipe.filter, documents, recipe.seed), grounded)
    samples = list(pipeline.run(repeats_stage(recipe.filter), judged))
    write_jsonl(work / _SAMPLES, map(_sample_line, samples))
    _refuse_empty(samples, work)
    yield "filter"

    spec, reviews = recipe.mix.limited(options.limit), read_reviews(options.out)
    with pipeline.counted("short") as step:
        pairs = distinct_pairs(step.take(read_pairs(short_sources(recipe))), step)
        different = without_near_duplicates(pairs, recipe.seed, step)
        shorts = in_order_of_choice(different, spec, recipe.seed, reserve=len(reviews))
    with pipeline.counted("mix") as step:
        step.taken = len(samples) + len(shorts)
        result.mixture = mix(samples, shorts, spec, recipe.seed, step, reviews)
    write_jsonl(work / "mix.jsonl", map(_chosen_line, result.mixture.train))
    yield "mix"

    write_dataset(options.out, result, documents)
    yield "export"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A build as far as its windows: what there is to ask about, and who would ask."""

    windows: list[Window]
    context: GeneratorContext


@contextlib.contextmanager
def prepared(recipe: Recipe, options: Options) -> Iterator[Prepared]:
    """Do a build up to its windows, for whoever looks before anything is asked."""
    progress = Progress(quiet=options.quiet)
    work = options.out / "work"
    with open_workspace(recipe, options, work, progress) as pipeline:
        tokenizer, _ = resolve(recipe.tokenizer)
        result = BuildResult(recipe, tokenizer, pipeline.stats)
        for stage in _stages(recipe, options, pipeline, tokenizer, result):
            if stage == "clean":
                break
        documents = Documents(work / "documents")
        planned = _planned(recipe, options)
        windows = _windows(recipe, documents, pipeline, tokenizer, planned["limit"])
        context = GeneratorContext(
            documents, pipeline.ledger.path, tokenizer, planned["rows"], pipeline.progress
        )
        yield Prepared(windows, context)


def _planned(recipe: Recipe, options: Options) -> dict[str, int]:
    """Return for how many long ``rows`` questions are planned, and under which ``limit``. Where no
    call may be made, those of the run that made them: another plan would ask other questions.
    """
    file = options.out / "work" / "planned.json"
    if recipe.generate.model.max_calls == 0 and file.is_file():
        stored: dict[str, int] = read_json(file)
        return stored
    spec = recipe.mix.limited(options.limit)
    planned = {"rows": round(spec.long * (1 + spec.validation)), "limit": options.limit}
    write_json(file, planned)
    return planned


@contextlib.contextmanager
def open_workspace(
    recipe: Recipe, options: Options, work: Path, progress: Progress
) -> Iterator[Pipeline]:
    """Lock the folder, open ledger and engine, and close them whatever happens."""
    with folder_lock(work), contextlib.ExitStack() as stack:
        ledger = Ledger(work / "ledger.sqlite")
        stack.callback(ledger.close)
        engine = engine_named(options.engine, options.workers)
        stack.callback(engine.close)
        if options.fresh:
            ledger.forget_units()
        yield Pipeline(ledger, engine, recipe.seed, progress)


def _counted(stage: Stage[In, Out], tokenizer: Tokenizer) -> Stage[In, Out]:
    """Make a stage that counts tokens depend on who counts them."""
    return replace(stage, depends=(*stage.depends, tokenizer.name, tokenizer.exact))


def _store(folder: Path, cleaned: Iterable[Document], pipeline: Pipeline) -> Documents:
    """Write the documents, each text once. SourceError where none can be used."""
    with pipeline.counted("dedup") as step:
        write_documents(folder, distinct(step.take(cleaned), step))
    documents = Documents(folder)
    if not documents.ids():
        reasons: dict[str, int] = {}
        for stats in pipeline.stats:
            reasons.update(stats.reasons())
        why = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        raise SourceError(f"none of the documents can be used ({why})", do=_see(folder.parent))
    return documents


def _windows(
    recipe: Recipe, documents: Documents, pipeline: Pipeline, count: Tokenizer, limit: int
) -> list[Window]:
    """Cut the documents. With a limit, no more windows are kept than its rows may need."""
    spec, groups, total = recipe.windows, recipe.groups, len(documents.ids())
    segmenting = _counted(segment_stage(spec, groups, count), count)
    single = pipeline.run(segmenting, documents, total)
    together = pipeline.run(group_stage(spec, groups), documents, total)
    windows = [*single, *together]
    if not windows:
        raise SourceError(
            f"no document is long enough: none has {spec.min_tokens} tokens",
            do="add longer documents, or lower windows.min_tokens in the recipe",
        )
    if limit:
        # Of the rows that are found about a third pass filters and caps.
        tokens, enough = 0, 3000 * limit / recipe.generate.rows_per_1k_tokens
        kept = []
        for window in sorted(windows, key=lambda w: content_id(recipe.seed, w.id)):
            if tokens < enough:
                kept.append(window)
                tokens += window.n_tokens
        windows = kept
    return all_windows_in_order(documents, windows)


def _refuse_empty(samples: list[Sample], work: Path) -> None:
    if not samples:
        raise SourceError("the documents gave no row that passes the filters", do=_see(work))


def _see(work: Path) -> str:
    return f"see {work / 'dropped.jsonl'} for every drop and its reason"


def _write_drops(work: Path, pipeline: Pipeline) -> None:
    """Write what was dropped so far, and why, one line each."""
    rows = (
        {
            "stage": d.stage,
            "item": d.item,
            "source": d.source,
            "reason": d.reason,
            "detail": d.detail,
        }
        for stats in pipeline.stats
        for d in stats.drops
    )
    write_jsonl(work / "dropped.jsonl", rows)


def _raw_line(raw: RawDocument) -> dict[str, Any]:
    return {
        "path": raw.path,
        "format": raw.format,
        "title": raw.title,
        "licence": raw.licence,
        "blocks": len(raw.blocks),
        "characters": sum(len(block.text) for block in raw.blocks),
        "begins": " ".join(block.text for block in raw.blocks[:20])[:200],
    }


def _example_line(example: Example) -> dict[str, Any]:
    return {
        "id": example.id,
        "source": example.source,
        "family": example.family,
        "question": example.question,
        "answer": example.answer,
        "evidence": [evidence.quote for evidence in example.evidence],
    }


def _sample_line(sample: Sample) -> dict[str, Any]:
    return {**_example_line(sample.example), "depths": sample.depths, "scores": sample.scores}


def _chosen_line(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "part": "long" if isinstance(row, Sample) else "short",
        "source": row.source,
    }
