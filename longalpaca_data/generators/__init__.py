"""Who writes questions and answers. A table: name → generator."""

from __future__ import annotations

from collections.abc import Callable

from longalpaca_data.documents import Documents
from longalpaca_data.errors import RecipeError
from longalpaca_data.generators.extractive import extractive_stage
from longalpaca_data.recipe import GenerateSpec
from longalpaca_data.records import Example, Window
from longalpaca_data.stage import Stage

GENERATORS: dict[str, Callable[[GenerateSpec, Documents], Stage[Window, Example]]] = {
    "extractive": extractive_stage,
}


def generate_stage(spec: GenerateSpec, documents: Documents) -> Stage[Window, Example]:
    """Return the stage ``generate`` of the recipe's generator: Window → Examples."""
    check_generator(spec)
    return GENERATORS[spec.generator](spec, documents)


def check_generator(spec: GenerateSpec) -> None:
    """Raise RecipeError for a name that the table doesn't have, before any work is done."""
    if spec.generator not in GENERATORS:
        known = ", ".join(sorted(GENERATORS))
        raise RecipeError(f"unknown generator {spec.generator!r}; known are {known}")
