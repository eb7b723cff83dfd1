"""Prompts as Markdown files with a front matter, which a user may replace or add to.

``prompts/prompted/NAME.LANGUAGE.md`` of the package, then every ``*.md`` of the recipe's
``generate.prompts`` folder: a file of the same name replaces ours, a new one adds a kind of
question. The body is a Jinja template, rendered in a sandbox: it is text from outside as much as
a document is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import jinja2
import yaml
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from longalpaca_data.core.errors import RecipeError
from longalpaca_data.core.language import worded
from longalpaca_data.core.recipe_file import main_problem
from longalpaca_data.core.records import DocumentKind, Window, WindowKind, content_id

FRAME = ("system", "ask", "repair")
"""What stands around every task, one file per language."""

_FENCE = "---\n"


class Template(BaseModel):
    """One kind of question in one language.

    ``task``     the data set's task that its rows count for; ``auto`` is book_qa for a book and
                 document_analysis for anything else.
    ``kinds``    kinds of the first document it can be asked of; empty: all.
    ``windows``  single documents, paired papers, series of reports.
    ``whole``    only where the window holds the whole document.
    ``share``    weight among all kinds of questions (shares of a task in the recipe scale it).
    ``anchors``  passages that the question rests on, far apart from each other; for a joint window
                 they are dealt out over its documents.
    ``per_window``  at most this many of one window; 0: as many as the window's length allows.
    ``output``   keys of the reply: a text describes a string, a list of one text a list of strings.
    ``answer``   Jinja over the reply's keys: the row's answer.
    ``answer_tokens`` what a reply is expected to take, until the ledger knows better.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    task: Literal[
        "auto", "book_qa", "document_analysis", "paper_review", "comparison", "summarization"
    ]
    language: str
    version: int = Field(1, ge=1)
    kinds: tuple[DocumentKind, ...] = ()
    windows: tuple[WindowKind, ...] = ("single",)
    whole: bool = False
    share: float = Field(1.0, gt=0)
    anchors: int = Field(1, ge=1, le=16)
    per_window: int = Field(0, ge=0)
    styles: tuple[str, ...] = Field(min_length=1)
    personas: tuple[str, ...] = Field(min_length=1)
    output: Mapping[str, str | tuple[str]]
    answer: str = "{{ answer }}"
    answer_tokens: int = Field(300, ge=1)
    body: str = Field(min_length=1)
    file: str

    def suits(self, window: Window) -> bool:
        """Say whether this kind of question can be asked of a window."""
        first = window.parts[0]
        return (
            worded(window.language) == self.language
            and window.kind in self.windows
            and (not self.kinds or first.kind in self.kinds)
            and (not self.whole or all(part.whole for part in window.parts))
        )

    def task_of(self, window: Window) -> str:
        """Return the data set's task for a row of this window."""
        if self.task != "auto":
            return self.task
        return "book_qa" if window.parts[0].kind == "book" else "document_analysis"

    @cached_property
    def schema_text(self) -> str:
        """The reply's JSON schema, as JSON text. Its keys stand in the template's order, for
        servers that decode by a schema let the model write them so: the question first.
        """
        text = {"type": "string"}
        properties = {
            key: {"type": "array", "items": text} if isinstance(says, tuple) else text
            for key, says in self.output.items()
        }
        schema = {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
        return json.dumps(schema, ensure_ascii=False)

    @property
    def fingerprint(self) -> str:
        """A hash of everything in the file: a changed template asks its own questions anew."""
        return content_id(self.model_dump(mode="json", exclude={"file"}))


class Templates:
    """All templates of a run, and the frame around them. ``folder`` is the user's own, or None."""

    def __init__(self, folder: Path | None = None) -> None:
        if folder is not None and not folder.is_dir():
            raise RecipeError(
                f"generate.prompts: no folder {folder}", do="name a folder of *.md prompts"
            )
        files = dict(_files(folder))
        self._frames = {
            name.removesuffix(".md"): text
            for name, (_, text) in files.items()
            if name.split(".")[0] in FRAME
        }
        self.all: tuple[Template, ...] = tuple(
            _template(shown, text)
            for name, (shown, text) in sorted(files.items())
            if name.split(".")[0] not in FRAME
        )
        for template in self.all:  # a mistake in a prompt shows before anything is asked
            _check(template)
        for key, text in self._frames.items():
            _compiled(text, key)

    def frame(self, name: str, language: str) -> str:
        """Return the frame's text in a language, English where there is none."""
        return self._frames.get(f"{name}.{language}") or self._frames[f"{name}.en"]

    @property
    def fingerprint(self) -> str:
        """A hash of all templates and frames."""
        return content_id(sorted(t.fingerprint for t in self.all), sorted(self._frames.items()))


def render(text: str, where: str, values: Mapping[str, Any]) -> str:
    """Fill a template in the sandbox. RecipeError names the prompt file for what goes wrong."""
    try:
        return _compiled(text, where).render(**values).strip()
    except jinja2.TemplateError as error:
        raise RecipeError(f"{where}: {error.message or type(error).__name__}") from error


def _files(folder: Path | None) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield file name → (what to call it in messages, text); later ones replace earlier ones."""
    for entry in (resources.files("longalpaca_data.generate") / "prompts" / "prompted").iterdir():
        if entry.name.endswith(".md"):
            yield entry.name, (entry.name, entry.read_text(encoding="utf-8"))
    for file in sorted(folder.glob("*.md")) if folder else ():
        try:
            yield file.name, (str(file), file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"can't read the prompt {file}: {error}") from error


def _template(shown: str, text: str) -> Template:
    """Read a prompt file: a YAML front matter between two `---` lines, then the body."""
    head, separator, body = text.removeprefix("\ufeff").replace("\r\n", "\n").partition(_FENCE)
    if head or not separator or _FENCE not in body:
        raise RecipeError(f"{shown}: no front matter", do="begin the file with --- lines of YAML")
    matter, _, body = body.partition(_FENCE)
    try:
        values = yaml.safe_load(matter)
        return Template.model_validate({**values, "body": body.strip(), "file": shown})
    except (yaml.YAMLError, TypeError) as error:
        raise RecipeError(f"{shown}: the front matter is not YAML keys and values") from error
    except ValidationError as error:
        problem = main_problem(error)
        key = ".".join(map(str, problem["loc"]))
        raise RecipeError(f"{shown}: `{key}`: {problem['msg']}") from error


_NEEDED = ("question", "evidence")


def _check(template: Template) -> None:
    for key in _NEEDED:
        if key not in template.output:
            raise RecipeError(f"{template.file}: output has no `{key}`")
    if isinstance(template.output["question"], tuple) or isinstance(
        template.output["evidence"], str
    ):
        raise RecipeError(f"{template.file}: `question` is one text, `evidence` a list of texts")
    _compiled(template.body, template.file)
    sample: dict[str, Sequence[str] | str] = {
        key: ["a"] if isinstance(says, tuple) else "a" for key, says in template.output.items()
    }
    render(template.answer, template.file, sample)


@cache
def _sandbox() -> SandboxedEnvironment:
    return SandboxedEnvironment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )


@cache
def _compiled(text: str, where: str) -> jinja2.Template:
    try:
        return _sandbox().from_string(text)
    except jinja2.TemplateSyntaxError as error:
        raise RecipeError(f"{where}, line {error.lineno} of the body: {error.message}") from error
