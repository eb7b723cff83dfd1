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

from longalpaca_data.generate.extractive.family import Finding
from longalpaca_data.generate.extractive.parsed_part import ParsedPart
from longalpaca_data.windows.instruction import unnamed


@dataclass(frozen=True, slots=True)
class Templates:
    """The templates of one family, language and wording."""

    questions: tuple[str, ...]
    answers: tuple[str, ...]


@cache
def templates(family: str) -> Mapping[str, Mapping[str, Templates]]:
    """Return a family's templates: language → wording → templates."""
    file = resources.files("longalpaca_data.generate") / "prompts" / "extractive" / f"{family}.yaml"
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


_SIMPLIFIED = (
    "与两个为么义乱从们减别变后号吗处复头夹层写几开张录总报据数时来标样构档点现离称简紧组结给编缩节见"
    "讲记论话语说请读谁载较达过还这远选邻释里问间项顺题举于发准册书页关对种条当应该没会内实将无尔学归属单计刚并"
)
_TRADITIONAL = (
    "與兩個為麼義亂從們減別變後號嗎處復頭夾層寫幾開張錄總報據數時來標樣構檔點現離稱簡緊組結給編縮節見"
    "講記論話語說請讀誰載較達過還這遠選鄰釋裡問間項順題舉於發準冊書頁關對種條當應該沒會內實將無爾學歸屬單計剛並"
)
_TO_TRADITIONAL = str.maketrans(_SIMPLIFIED, _TRADITIONAL)
"""Our own words only (templates, units): each of these has one traditional form in them."""


def in_script(text: str, reading: ParsedPart) -> str:
    """Return our own words in the script of the document: traditional round traditional text."""
    if reading.language == "zh" and reading.traditional:
        return text.translate(_TO_TRADITIONAL)
    return text


def refer(reading: ParsedPart) -> str:
    """Say how a person would name the document in running text."""
    title = reading.title.strip("《》“”")
    if name := unnamed(title, reading.kind, reading.language):
        return in_script(name, reading)
    return in_script(_NAMES[reading.language][reading.kind], reading).format(title=title)


def fill(template: str, finding: Finding, reading: ParsedPart) -> str:
    """Fill a template from a finding's slots and the document's name."""
    document = refer(reading)
    capital = document[:1].upper() + document[1:]
    template = in_script(template, reading)
    return template.format(**{"document": document, "Document": capital, **finding.slots})
