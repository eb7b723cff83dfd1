"""What generation will ask and cost, before anything is asked (``build --dry-run``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from longalpaca_data.core.records import Window
from longalpaca_data.generate.prompted.compose import Composed
from longalpaca_data.generate.prompted.plan import Assignment
from longalpaca_data.generate.prompted.templates import Template
from longalpaca_data.generate.prompted.write import Writer
from longalpaca_data.llm import Price
from longalpaca_data.pipeline.stage import Context

_MIN_REPLIES = 3  # replies of one template that say more than its prompt file does
_PER_MESSAGE = 4
"""Tokens that chat templates put round a message: 3 to 5 in the published ones."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calls still to be made, their tokens (of the recipe's tokenizer) and money; ``paid`` more
    calls are in the ledger. ``cached_tokens`` can come from a prefix cache, where the server has
    one: they are what a call's prompt has in common with the call before it. Repair calls are not
    foreseen.
    """

    calls: int
    paid: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost: float


def estimate(
    writer: Writer,
    windows: Iterable[Window],
    seed: int,
    *,
    model: str,
    price: Price,
    paid: Callable[[str], bool],
    answered: Mapping[str, tuple[int, int]],
) -> Estimate:
    """Foresee a run. ``paid`` says whether the ledger has a call's key; ``answered`` gives the
    number of calls and the completion tokens of each template so far.
    """
    expected = _ReplyLengths.of(writer, answered)
    context = Context("generate", seed)
    composer = writer.composer(seed)
    known = prompt_tokens = cached = 0
    completions = 0.0
    assignments = writer.assignments(windows, context)
    before: Assignment | None = None
    for assignment in assignments:
        prompt, composed = writer.prompt(composer, assignment)
        if paid(prompt.key(model)):
            known += 1
            continue
        material = _material_tokens(writer, assignment, composed)
        head = writer.count(composed.system) + material
        prompt_tokens += head + writer.count(composed.ask) + 2 * _PER_MESSAGE
        if _same_material(writer, before, assignment):
            cached += head
        completions += expected.tokens(assignment.template)
        before = assignment
    tokens = round(completions)
    cost = price.of(prompt_tokens, tokens, cached if price.cached is not None else 0)
    calls = len(assignments) - known
    return Estimate(calls, known, prompt_tokens, tokens, cached, round(cost, 4))


@dataclass(frozen=True, slots=True)
class _ReplyLengths:
    """How long replies will be: as a template's own were, where there are a few; else as the
    prompt file says, times what this model's replies were to what the files said.
    """

    answered: Mapping[str, tuple[int, int]]
    verbosity: float

    @classmethod
    def of(cls, writer: Writer, answered: Mapping[str, tuple[int, int]]) -> _ReplyLengths:
        said = {template.name: template.answer_tokens for template in writer.templates.all}
        known = {name: counts for name, counts in answered.items() if name in said}
        foreseen = sum(count * said[name] for name, (count, _) in known.items())
        taken = sum(tokens for _, tokens in known.values())
        return cls(answered, taken / foreseen if foreseen else 1.0)

    def tokens(self, template: Template) -> float:
        """Return the completion tokens that a reply of a template will take."""
        count, tokens = self.answered.get(template.name, (0, 0))
        if count >= _MIN_REPLIES:
            return tokens / count
        return template.answer_tokens * self.verbosity


def _material_tokens(writer: Writer, assignment: Assignment, composed: Composed) -> int:
    """Whole windows were counted when they were cut; passages are counted here."""
    if writer.spec.strategy == "whole":
        return assignment.window.n_tokens + 24 * len(composed.passages)  # fence lines with titles
    return writer.count(composed.material)


def _same_material(writer: Writer, before: Assignment | None, now: Assignment) -> bool:
    return (
        writer.spec.strategy == "whole" and before is not None and before.window.id == now.window.id
    )
