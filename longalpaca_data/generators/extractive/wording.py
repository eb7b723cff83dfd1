"""The wording of questions and answers: YAML files that a person can read and change.

One file per family in ``prompts/extractive/NAME.yaml``: language → wording → ``questions`` and
``answers``, both lists of templates. Besides the family's own slots every template may use
``{document}`` and ``{Document}``: how a person would refer to the document within and at the
start of a sentence.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from longalpaca_data.generators.extractive.family import Finding
from longalpaca_data.generators.extractive.reading import Reading


@dataclass(frozen=True, slots=True)
class Templates:
    """The templates of one family, language and wording."""

    questions: tuple[str, ...]
    answers: tuple[str, ...]


@cache
def templates(family: str) -> Mapping[str, Mapping[str, Templates]]:
    """Return a family's templates: language → wording → templates."""
    file = resources.files("longalpaca_data") / "prompts" / "extractive" / f"{family}.yaml"
    return {
        language: {
            wording: Templates(tuple(group["questions"]), tuple(group["answers"]))
            for wording, group in groups.items()
        }
        for language, groups in yaml.safe_load(file.read_text(encoding="utf-8")).items()
    }


def slots_of(template: str) -> set[str]:
    """Return the names of a template's slots."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


_NAMES = {
    "en": {
        "book": "*{title}*",
        "paper": "the paper “{title}”",
        "report": "the report “{title}”",
        "manual": "“{title}”",
        "document": "the document “{title}”",
    },
    "zh": {
        "book": "《{title}》",
        "paper": "论文《{title}》",
        "report": "报告《{title}》",
        "manual": "《{title}》",
        "document": "《{title}》",
    },
}


def refer(reading: Reading) -> str:
    """Say how a person would name the document in running text."""
    title = reading.title.strip("《》“”")
    return _NAMES[reading.language][reading.kind].format(title=title)


def fill(template: str, finding: Finding, reading: Reading) -> str:
    """Fill a template from a finding's slots and the document's name."""
    document = refer(reading)
    capital = document[:1].upper() + document[1:]
    return template.format(**{"document": document, "Document": capital, **finding.slots})
