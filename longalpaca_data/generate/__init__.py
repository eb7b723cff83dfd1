"""4 of 7: Window → Example. Who writes questions and answers: ``extractive``, which needs no model,
or a language model by one of the backends (``prompted``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from longalpaca_data.core.errors import RecipeError
from longalpaca_data.core.progress import Progress
from longalpaca_data.core.recipe import GenerateSpec
from longalpaca_data.core.records import Example, Window
from longalpaca_data.core.tokens import Tokenizer
from longalpaca_data.generate.extractive import extractive_stage
from longalpaca_data.generate.prompted import Writer, prompted_stage
from longalpaca_data.llm import CacheOnlyModel, Limits, Model, Price, Session
from longalpaca_data.llm.backends import BACKENDS, model_name
from longalpaca_data.pipeline.stage import Stage
from longalpaca_data.windows.documents import Documents

EXTRACTIVE = "extractive"
GENERATORS = (EXTRACTIVE, *BACKENDS)


@dataclass(frozen=True, slots=True)
class GeneratorContext:
    """What a generator may use: the documents, the ledger's file for what it pays for, a counter
    of tokens, the number of long rows that are wanted, and a voice.
    """

    documents: Documents
    ledger: Path
    count: Tokenizer
    rows: int
    progress: Progress


def generate_stage(spec: GenerateSpec, context: GeneratorContext) -> Stage[Window, Example]:
    """Return the stage ``generate`` of the recipe's generator: Window → Examples."""
    check_generator(spec)
    if spec.generator == EXTRACTIVE:
        return extractive_stage(spec, context.documents)
    return prompted_stage(
        writer(spec, context), lambda: _session(spec, context), context.progress.say
    )


def writer(spec: GenerateSpec, context: GeneratorContext) -> Writer:
    """Return what a language model is asked with."""
    return Writer.of(spec, context.documents, context.rows, context.count)


def check_generator(spec: GenerateSpec) -> None:
    """Raise RecipeError for what can't work, before any work is done."""
    if spec.generator not in GENERATORS:
        known = ", ".join(GENERATORS)
        raise RecipeError(f"unknown generator {spec.generator!r}; known are {known}")
    if spec.generator != EXTRACTIVE:
        model_name(spec.generator, spec.model)
        if spec.model.max_cost is not None and Price.of_recipe(spec.model) is None:
            raise RecipeError(
                "a bound on the cost needs prices",
                do="set generate.model.prices in the recipe (money per million tokens)",
            )


def unused_key(spec: GenerateSpec) -> str:
    """Return a line for whoever names a model, or has a key in the environment, and may expect it
    to be used. Neither alone sends anybody's documents anywhere.
    """
    if spec.generator != EXTRACTIVE:
        return ""
    here = "is not used: the questions are extracted on this machine; to have them written by "
    if spec.model.name:
        return f"the model {spec.model.name} {here}it: --generator openai, or --base-url URL"
    if os.environ.get(spec.model.key_variable):
        return (
            f"{spec.model.key_variable} is set but {here.removeprefix('is ')}a model: "
            "--generator openai --model NAME"
        )
    return ""


def _session(spec: GenerateSpec, context: GeneratorContext) -> Session:
    backend = BACKENDS[spec.generator]
    bounds = Limits.of_recipe(spec.model)
    bounds = replace(bounds, concurrency=max(bounds.concurrency, backend.at_once))
    model: Model = CacheOnlyModel(model_name(spec.generator, spec.model))
    if bounds.max_calls != 0:
        model = backend.open(spec.model, context.ledger)
    return Session(model, context.ledger, bounds, Price.of_recipe(spec.model), context.progress)
