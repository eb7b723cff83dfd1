"""Rules that look at one example at a time. A table: a new rule is a function and a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from longalpaca_data.core.language import HAN
from longalpaca_data.core.recipe import FilterSpec
from longalpaca_data.core.records import Example, Sample, Verdict
from longalpaca_data.pipeline.stage import Context, Stage, by_window
from longalpaca_data.windows.documents import Documents
from longalpaca_data.windows.instruction import assemble, wrappers_fingerprint

_VERSION = 2
_SLOT = re.compile(r"\{[a-zA-Z_]+\}")
_MARKUP = re.compile(r"</?(?:p|div|span|br|td|tr|script|style)\b[^>]*>|&(?:nbsp|amp|lt|gt|quot);")
_SPECIAL = re.compile(r"<\|[a-z_]+\|>|\[/?INST\]|<<SYS>>|</?s>")


def rules_stage(spec: FilterSpec, documents: Documents, seed: int) -> Stage[Example, Sample]:
    """Return the stage ``rules``: Example → Sample (scored), one window's examples a unit."""
    run = partial(_judge, spec=spec, documents=documents, seed=seed)
    depends = (_VERSION, spec.model_dump(), sorted(RULES), wrappers_fingerprint())
    return Stage("rules", run, Sample, depends, shard=by_window)


def _judge(
    examples: Iterable[Example],
    context: Context,
    spec: FilterSpec,
    documents: Documents,
    seed: int,
) -> Iterator[Sample]:
    for example in examples:
        verdicts = [Verdict(name, *RULES[name](example, spec)) for name in RULES]
        failed = next((verdict for verdict in verdicts if not verdict.passed), None)
        if failed is not None:
            context.drop(example, failed.filter, failed.reason)
            continue
        yield _sample(example, documents, seed)


def _sample(example: Example, documents: Documents, seed: int) -> Sample:
    """Score an example: where its evidence lies, how far it is spread, how much is asked."""
    instruction = assemble(example, documents.texts(example.window), seed)
    depths = [instruction.depth(*span) for span in instruction.spans(example)]
    scores = {"grounding": example.grounding, "spread": round(max(depths) - min(depths), 4)}
    return Sample(example, tuple(round(depth, 4) for depth in depths), scores)


Rule = Callable[[Example, FilterSpec], tuple[bool, str]]
"""Returns whether the example passes, and what to tell a person if not."""


def _not_empty(example: Example, spec: FilterSpec) -> tuple[bool, str]:
    answer = example.answer.strip()
    return bool(example.question.strip()) and len(answer) >= spec.min_answer, answer[:80]


def _not_too_long(example: Example, spec: FilterSpec) -> tuple[bool, str]:
    fits = len(example.question) <= spec.max_question and len(example.answer) <= spec.max_answer
    return fits, f"question {len(example.question)}, answer {len(example.answer)} characters"


def _filled(example: Example, _: FilterSpec) -> tuple[bool, str]:
    left = _SLOT.search(example.question) or _SLOT.search(example.answer)
    quoted = any(left.group() in evidence.quote for evidence in example.evidence) if left else False
    return left is None or quoted, left.group() if left else ""


def _no_markup(example: Example, _: FilterSpec) -> tuple[bool, str]:
    both = example.question + "\n" + example.answer
    found = _MARKUP.search(both) or _SPECIAL.search(both)
    return found is None, found.group() if found else ""


def _language(example: Example, _: FilterSpec) -> tuple[bool, str]:
    """An English answer holds hardly any Han characters; a Chinese question holds some."""
    if example.language == "zh":
        return bool(HAN.search(example.question)), "a Chinese question without Chinese"
    han = len(HAN.findall(example.answer))
    return han <= 0.3 * max(1, len(example.answer)), f"{han} Han characters"


def _not_given_away(example: Example, _: FilterSpec) -> tuple[bool, str]:
    """An answer that stands word for word in its question asks for nothing."""
    answer = example.answer.strip(' .。“”"')
    return answer not in example.question, "the question contains the answer"


def _grounded(example: Example, spec: FilterSpec) -> tuple[bool, str]:
    """Quotes that a model made up or changed say that the answer may be, too."""
    return example.grounding >= spec.min_grounding, f"{example.grounding:.0%} of the quotes hold"


RULES: dict[str, Rule] = {
    "quotes not in the material": _grounded,
    "empty": _not_empty,
    "too long": _not_too_long,
    "template slot left": _filled,
    "markup": _no_markup,
    "wrong language": _language,
    "answer in the question": _not_given_away,
}
