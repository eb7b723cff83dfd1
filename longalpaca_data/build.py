"""The whole build, a function for each stage: documents → … → data set.

Every stage asks for what the one before it gives, so that ``build`` is its last stage, and a
command that stops earlier is an earlier one. What an earlier run on the same folder finished is not
done again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from longalpaca_data.clean import clean_stage
from longalpaca_data.collect import collect_stage, discover
from longalpaca_data.collect.inputs import document_sources, short_sources
from longalpaca_data.core.errors import SourceError
from longalpaca_data.core.progress import Progress
from longalpaca_data.core.recipe import Recipe
from longalpaca_data.core.records import Example, RawDocument, Sample, Window
from longalpaca_data.core.storage import read_json, write_json, write_jsonl
from longalpaca_data.core.tokens import Tokenizer, resolve
from longalpaca_data.dataset.write import BuildResult, write_dataset
from longalpaca_data.filter import repeats_stage, rules_stage
from longalpaca_data.filter.ground import ground_stage
from longalpaca_data.generate import GeneratorContext, check_generator, generate_stage, unused_key
from longalpaca_data.mix import Mixture, mix
from longalpaca_data.mix.diversity import in_order_of_choice, without_near_duplicates
from longalpaca_data.mix.reviews import read_reviews
from longalpaca_data.mix.short import distinct_pairs, read_pairs
from longalpaca_data.pipeline.engines import engine_named
from longalpaca_data.pipeline.ledger import Ledger, folder_lock
from longalpaca_data.pipeline.listings import (
    chosen_line,
    drop_line,
    example_line,
    raw_line,
    sample_line,
)
from longalpaca_data.pipeline.memory import Command, remember
from longalpaca_data.pipeline.runner import In, Out, Pipeline
from longalpaca_data.pipeline.stage import Stage
from longalpaca_data.windows.documents import Documents, distinct, write_documents
from longalpaca_data.windows.segment import (
    all_windows_in_order,
    enough_windows,
    group_stage,
    segment_stage,
)

_SAMPLES = "samples.jsonl"  # what passed the filters: where it is there, a mix asks no model
_ROWS_THAT_PASS = 1 / 3  # of those that are found, filters and caps leave about so many


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line adds to a recipe. ``limit`` counts long rows, 0 means no limit;
    ``workers`` 0 means one per core. ``command`` is what the folder shall remember.
    """

    out: Path
    engine: str = "local"
    workers: int = 0
    limit: int = 0
    fresh: bool = False
    quiet: bool = False
    command: Command | None = None


@dataclass(frozen=True, slots=True)
class Workspace:
    """A locked working folder, its pipeline, and what the build has come to so far. ``documents``
    are there once :func:`clean` has stored them.
    """

    recipe: Recipe
    options: Options
    pipeline: Pipeline
    tokenizer: Tokenizer
    documents: Documents
    result: BuildResult

    @property
    def folder(self) -> Path:
        """Where everything but the data set itself is kept."""
        return self.options.out / "work"

    def generator(self) -> GeneratorContext:
        """What whoever writes questions may use."""
        rows, _ = planned_rows(self)
        return GeneratorContext(
            self.documents, self.pipeline.ledger.path, self.tokenizer, rows, self.pipeline.progress
        )


def collect(workspace: Workspace) -> Iterable[RawDocument]:
    """1 of 7: find and read the documents."""
    recipe, pipeline = workspace.recipe, workspace.pipeline
    references = discover(document_sources(recipe, pipeline.progress))
    if command := workspace.options.command:  # only now: a source that was misspelt is forgotten
        remember(workspace.options.out, command)
    raw = pipeline.run(collect_stage(), references, len(references))
    write_jsonl(workspace.folder / "collected.jsonl", map(raw_line, raw))
    return raw


def clean(workspace: Workspace) -> Documents:
    """2 of 7: make text and sections of them, and store each text once."""
    raw, recipe, documents = collect(workspace), workspace.recipe, workspace.documents
    cleaning = clean_stage(
        workspace.tokenizer, languages=recipe.languages, min_kept=recipe.clean.min_kept
    )
    total = workspace.pipeline.stats[-1].given
    cleaned = workspace.pipeline.run(_counting(cleaning, workspace.tokenizer), raw, total)
    with workspace.pipeline.counted("dedup") as step:
        write_documents(documents.folder, distinct(step.take(cleaned), step))
    _refuse_no_documents(documents, workspace)
    workspace.result.documents = documents.about()
    return documents


def cut(workspace: Workspace) -> list[Window]:
    """3 of 7: cut them into windows; under a limit, no more than its rows may need."""
    documents, recipe = clean(workspace), workspace.recipe
    spec, groups, total = recipe.windows, recipe.groups, len(documents.ids())
    segmenting = segment_stage(spec, groups, workspace.tokenizer)
    single = workspace.pipeline.run(_counting(segmenting, workspace.tokenizer), documents, total)
    together = workspace.pipeline.run(group_stage(spec, groups), documents, total)
    windows = [*single, *together]
    if not windows:
        raise SourceError(
            f"no document is long enough: none has {spec.min_tokens} tokens",
            do="add longer documents, or lower windows.min_tokens in the recipe",
        )
    _, limit = planned_rows(workspace)
    if limit:
        tokens = 1000 * limit / _ROWS_THAT_PASS / recipe.generate.rows_per_1k_tokens
        windows = enough_windows(windows, tokens, recipe.seed)
    return all_windows_in_order(documents, windows)


def generate(workspace: Workspace) -> Iterable[Example]:
    """4 of 7: write questions and answers about them, and find the evidence in the documents."""
    windows, run = cut(workspace), workspace.pipeline.run
    stage = generate_stage(workspace.recipe.generate, workspace.generator())
    grounded = run(ground_stage(workspace.documents), run(stage, windows, len(windows)))
    write_jsonl(workspace.folder / "examples.jsonl", map(example_line, grounded))
    return grounded


def filter_examples(workspace: Workspace) -> list[Sample]:
    """5 of 7: keep the rows that hold."""
    examples, recipe, run = generate(workspace), workspace.recipe, workspace.pipeline.run
    judged = run(rules_stage(recipe.filter, workspace.documents, recipe.seed), examples)
    samples = list(run(repeats_stage(recipe.filter), judged))
    write_jsonl(workspace.folder / _SAMPLES, map(sample_line, samples))
    if not samples:
        raise SourceError(
            "the documents gave no row that passes the filters", do=_see_drops(workspace.folder)
        )
    return samples


def mix_rows(workspace: Workspace) -> Mixture:
    """6 of 7: choose the long rows and the short ones."""
    samples, recipe = filter_examples(workspace), workspace.recipe
    spec = recipe.mix.limited(workspace.options.limit)
    reviews = read_reviews(workspace.options.out)
    with workspace.pipeline.counted("short") as step:
        pairs = distinct_pairs(step.take(read_pairs(short_sources(recipe))), step)
        different = without_near_duplicates(pairs, recipe.seed, step)
        shorts = in_order_of_choice(different, spec, recipe.seed, reserve=len(reviews))
    with workspace.pipeline.counted("mix") as step:
        step.taken = len(samples) + len(shorts)
        mixture = mix(samples, shorts, spec, recipe.seed, step, reviews)
    write_jsonl(workspace.folder / "mix.jsonl", map(chosen_line, mixture.train))
    workspace.result.mixture = mixture
    return mixture


def export(workspace: Workspace) -> None:
    """7 of 7: write the data set's files and what lies beside them."""
    mix_rows(workspace)
    write_dataset(workspace.options.out, workspace.result, workspace.documents)


STAGES: Mapping[str, Callable[[Workspace], object]] = {
    "collect": collect,
    "clean": clean,
    "generate": generate,
    "filter": filter_examples,
    "mix": mix_rows,
    "export": export,
}
"""The stages that can be asked for; each does those before it as far as they aren't done."""


def build(recipe: Recipe, options: Options, until: str = "export") -> BuildResult:
    """Make a data set in ``options.out``, or only the stages up to ``until``.

    Raises LongalpacaError for everything that the user can mend; whatever was finished by then
    stays.
    """
    check_generator(recipe.generate)
    if until == "mix" and (options.out / "work" / _SAMPLES).is_file():
        recipe = recipe.without_calls()
    started = time.time()
    with open_workspace(recipe, options) as workspace:
        if unused := unused_key(recipe.generate):
            workspace.pipeline.progress.say(unused)
        try:
            STAGES[until](workspace)
        finally:
            drops = (drop for stats in workspace.pipeline.stats for drop in stats.drops)
            write_jsonl(workspace.folder / "dropped.jsonl", map(drop_line, drops))
        # Times and hosts stand here and nowhere else: the other files are the same everywhere.
        seconds = round(time.time() - started, 2)
        run = {"seconds": seconds, "engine": options.engine, "workers": options.workers}
        write_json(workspace.folder / "run.json", run)
        return workspace.result


@contextlib.contextmanager
def open_workspace(recipe: Recipe, options: Options) -> Iterator[Workspace]:
    """Lock the folder, open ledger and engine, and close them whatever happens."""
    progress, work = Progress(quiet=options.quiet), options.out / "work"
    with folder_lock(work), contextlib.ExitStack() as stack:
        ledger = Ledger(work / "ledger.sqlite")
        stack.callback(ledger.close)
        engine = engine_named(options.engine, options.workers)
        stack.callback(engine.close)
        if options.fresh:
            ledger.forget_units()
        pipeline = Pipeline(ledger, engine, recipe.seed, progress)
        tokenizer, news = resolve(recipe.tokenizer)
        if news:
            progress.say(news)
        result = BuildResult(recipe, tokenizer, pipeline.stats)
        documents = Documents(work / "documents")
        yield Workspace(recipe, options, pipeline, tokenizer, documents, result)


def planned_rows(workspace: Workspace) -> tuple[int, int]:
    """Return for how many long rows questions are planned, and under which limit. Where no call
    may be made, those of the run that made them: another plan would ask other questions.
    """
    file, recipe = workspace.folder / "planned.json", workspace.recipe
    if recipe.generate.model.max_calls == 0 and file.is_file():
        stored: dict[str, int] = read_json(file)
        return stored["rows"], stored["limit"]
    limit = workspace.options.limit
    spec = recipe.mix.limited(limit)
    rows = round(spec.long * (1 + spec.validation))
    write_json(file, {"rows": rows, "limit": limit})
    return rows, limit


def _counting(stage: Stage[In, Out], tokenizer: Tokenizer) -> Stage[In, Out]:
    """Make a stage that counts tokens depend on who counts them."""
    return replace(stage, depends=(*stage.depends, tokenizer.name, tokenizer.exact))


def _refuse_no_documents(documents: Documents, workspace: Workspace) -> None:
    if documents.ids():
        return
    reasons: dict[str, int] = {}
    for stats in workspace.pipeline.stats:
        reasons.update(stats.reasons())
    why = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
    raise SourceError(f"none of the documents can be used ({why})", do=_see_drops(workspace.folder))


def _see_drops(work: Path) -> str:
    return f"see {work / 'dropped.jsonl'} for every drop and its reason"
