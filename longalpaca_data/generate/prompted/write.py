"""Window → examples by a language model: plan, ask, read, repair once, check."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from longalpaca_data.core.errors import CallFailedError, RecipeError
from longalpaca_data.core.recipe import GenerateSpec
from longalpaca_data.core.records import ANY_PART, Evidence, Example, Window, content_id
from longalpaca_data.generate.prompted.checks import Case, failed_check
from longalpaca_data.generate.prompted.compose import Composed, Composer
from longalpaca_data.generate.prompted.plan import Assignment, plan
from longalpaca_data.generate.prompted.reply import BrokenReplyError, Reply, read_reply
from longalpaca_data.generate.prompted.templates import Templates
from longalpaca_data.llm import (
    Ask,
    Completion,
    Message,
    Prompt,
    PromptMetadata,
    Session,
    frozen_json,
)
from longalpaca_data.llm.backends import model_name
from longalpaca_data.pipeline.stage import Context, Stage
from longalpaca_data.windows.documents import Documents

_TENTHS = 10

OpenSession = Callable[[], Session]
"""Opens the session with the model; called when the stage runs, not when it is described."""


@dataclass(frozen=True, slots=True)
class Writer:
    """What the stage needs besides windows: recipe, prompts, and how many rows are wanted."""

    spec: GenerateSpec
    documents: Documents
    rows: int
    templates: Templates
    count: Callable[[str], int]

    @classmethod
    def of(
        cls, spec: GenerateSpec, documents: Documents, rows: int, count: Callable[[str], int]
    ) -> Writer:
        """Read the prompts. ``rows`` is the number of long rows that the mix wants; RecipeError
        for what is wrong with the prompts or the tasks.
        """
        templates = Templates(Path(spec.prompts) if spec.prompts else None)
        known = {"book_qa", "document_analysis", *(t.task for t in templates.all)} - {"auto"}
        for task in spec.tasks:
            if task not in known:
                raise RecipeError(
                    f"generate.tasks: unknown task {task!r}; known are {', '.join(sorted(known))}"
                )
        return cls(spec, documents, rows, templates, count)

    def assignments(self, windows: Iterable[Window], context: Context) -> list[Assignment]:
        """Return what is to be asked, in the order of the windows."""
        usable = [window for window in windows if self._fits(window, context)]
        return plan(
            usable,
            self.templates.all,
            round(self.rows * self.spec.oversample),
            seed=context.seed,
            rows_per_1k_tokens=self.spec.rows_per_1k_tokens,
            tasks=self.spec.tasks,
        )

    def _fits(self, window: Window, context: Context) -> bool:
        """Say whether there is a prompt for a window, and the model can read what it shows."""
        if not any(template.suits(window) for template in self.templates.all):
            context.drop(window, "no prompt suits it", f"{window.kind} in {window.language}")
            return False
        room = self.spec.model.context
        if not room or self.spec.strategy == "anchored":
            return True
        # A tenth for another tokenizer than the recipe's, a thousand for what stands around.
        needed = round(1.1 * window.n_tokens) + 1000 + self.spec.model.max_tokens
        if needed > room:
            context.drop(window, "longer than the model's context", f"{needed} of {room} tokens")
        return needed <= room

    @property
    def has_budget(self) -> bool:
        """Whether a budget may end the asking early."""
        return self.spec.model.max_calls is not None or self.spec.model.max_cost is not None

    @property
    def signature(self) -> str:
        """Who wrote a row: the generator and the model, for its provenance."""
        return f"{self.spec.generator}:{model_name(self.spec.generator, self.spec.model)}"

    def composer(self, seed: int) -> Composer:
        """Return who puts this run's prompts together."""
        return Composer(self.templates, self.spec.strategy, self.spec.passage_tokens, seed)

    def prompt(self, composer: Composer, assignment: Assignment) -> tuple[Prompt, Composed]:
        """Return an assignment's first call."""
        texts = self.documents.texts(assignment.window)
        composed = composer.compose(assignment, texts)
        template, window = assignment.template, assignment.window
        messages = (Message("system", composed.system), Message("user", composed.user))
        seed = int(assignment.id[:7], 16)  # a number that every server takes
        metadata = PromptMetadata(
            template.task_of(window), template.name, template.language, window.source
        )
        model = self.spec.model
        prompt = Prompt(
            messages,
            model.max_tokens,
            template.schema_text,
            model.temperature,
            seed=seed,
            extra=frozen_json(model.extra) if model.extra else None,
            metadata=metadata,
        )
        return prompt, composed


def prompted_stage(
    writer: Writer, open_session: OpenSession, say: Callable[[str], None]
) -> Stage[Window, Example]:
    """Return the stage ``generate``. It is not recorded as a whole: its calls are, one by one.

    ``say`` tells the user of a budget that ended the asking.
    """
    run = partial(_generate, writer=writer, open_session=open_session, say=say)
    return Stage("generate", run, Example, shard=None, checkpointed=False)


@dataclass(frozen=True, slots=True)
class _WriteResult:
    """What came of one assignment: an example, or the reason why not."""

    assignment: Assignment
    example: Example | None
    completions: tuple[Completion, ...]
    reason: str = ""
    detail: str = ""


def _generate(
    windows: Iterable[Window],
    context: Context,
    writer: Writer,
    open_session: OpenSession,
    say: Callable[[str], None],
) -> Iterator[Example]:
    assignments = writer.assignments(windows, context)
    context.count("planned", len(assignments))
    composer = writer.composer(context.seed)
    with open_session() as session:
        work = partial(_write, writer=writer, composer=composer, generator=writer.signature)
        order = _asking_order(assignments) if writer.has_budget else assignments
        results = session.map(order, work, name="generate", total=len(assignments))
        for written in _in_order(results, assignments) if writer.has_budget else results:
            _count_usage(written, context)
            if written.example is not None:
                yield written.example
    if session.stopped:
        context.count("not asked for", session.usage.unasked)
        say(
            f"{session.stopped}: {session.usage.unasked} questions were not asked, the data set is "
            "made of what there is; run again with a higher bound to go on"
        )


def _asking_order(assignments: Sequence[Assignment]) -> list[Assignment]:
    """Return the order in which to ask when a budget may end it: a tenth of the plan at a time, so
    that what was asked by then is spread like the whole. Within a tenth, and without a budget,
    questions about one window stay together, for prefix caches.
    """
    return sorted(assignments, key=lambda a: a.rank * _TENTHS // len(assignments))


def _in_order(
    results: Iterable[_WriteResult], assignments: Sequence[Assignment]
) -> list[_WriteResult]:
    """Return results in the order of the plan's windows: what follows must not see the budget."""
    place = {assignment.id: number for number, assignment in enumerate(assignments)}
    return sorted(results, key=lambda written: place[written.assignment.id])


def _count_usage(written: _WriteResult, context: Context) -> None:
    """Count what an assignment took; the same from the ledger as from the model."""
    for completion in written.completions:
        context.count("calls")
        context.count("prompt tokens", completion.prompt_tokens)
        context.count("completion tokens", completion.completion_tokens)
        context.count("cached tokens", completion.cached_tokens)
    if len(written.completions) > 1:
        context.count("repair calls", len(written.completions) - 1)
    if written.reason:
        context.drop(written.assignment, written.reason, written.detail)


async def _write(
    assignment: Assignment, ask: Ask, writer: Writer, composer: Composer, generator: str
) -> _WriteResult:
    prompt, composed = writer.prompt(composer, assignment)
    completions: list[Completion] = []
    try:
        reply = await _reply(prompt, assignment, ask, composer, completions)
    except BrokenReplyError as error:
        raw = completions[-1].text
        detail = f"{error}; the reply was: {raw[:300]}"
        return _WriteResult(assignment, None, tuple(completions), "broken reply", detail)
    except CallFailedError as error:
        return _WriteResult(assignment, None, tuple(completions), f"call failed: {error.reason}",
                        error.detail)  # fmt: skip
    case = Case(reply, composed, assignment.template.language, composed.material)
    failed = failed_check(case)
    if failed is not None:
        return _WriteResult(assignment, None, tuple(completions), *failed)
    evidence = tuple(_evidence(q, assignment.window, composed) for q in reply.quotes)
    example = _example(assignment, reply, evidence, generator)
    return _WriteResult(assignment, example, tuple(completions))


async def _reply(
    prompt: Prompt,
    assignment: Assignment,
    ask: Ask,
    composer: Composer,
    completions: list[Completion],
) -> Reply:
    """Ask, and ask once more where the reply can't be read. Raises BrokenReplyError."""
    template = assignment.template
    completions.append(await ask(prompt))
    try:
        return read_reply(completions[0].text, template)
    except BrokenReplyError as error:
        if completions[0].finish_reason == "length":  # it would be cut off again
            raise BrokenReplyError("the reply was cut off by max_tokens") from error
        said = composer.repair(template.language, str(error), template.output)
        again = dataclasses.replace(
            prompt,
            messages=(
                *prompt.messages,
                Message("assistant", completions[0].text),
                Message("user", said),
            ),
        )
    completions.append(await ask(again))
    return read_reply(completions[1].text, template)


def _evidence(quote: str, window: Window, composed: Composed) -> Evidence:
    """Place a quote where the model has read it: the same words may stand elsewhere, too. What
    isn't there word for word is left to grounding.
    """
    found = composed.find(quote)
    if found is None:
        return Evidence(quote, ANY_PART)
    part, offset = found
    start = window.parts[part].start + offset
    return Evidence(quote, part, start, start + len(quote))


def _example(
    assignment: Assignment, reply: Reply, evidence: tuple[Evidence, ...], generator: str
) -> Example:
    window, template = assignment.window, assignment.template
    return Example(
        content_id(window.id, template.name, reply.question, reply.answer),
        window,
        template.name,
        template.task_of(window),
        window.language,
        reply.question,
        reply.answer,
        evidence,
        generator,
    )
