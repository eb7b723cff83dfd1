"""A long row's text in parts again, and templates that lay the parts out in another way."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from traceback import walk_tb
from typing import Any

import jinja2
import jinja2.meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.rowfiles import Row, prompt_text

VARIABLES = (
    *("prompt", "instruction", "input", "opening", "material", "closing", "question"),
    *("system", "file", "titles", "task", "language"),
)
"""What a template may use. The answer is not among them."""

_SPECIAL = ("<|im_start|>", "<|im_end|>", "[INST]", "[/INST]", "<<SYS>>", "### Response:")


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an instruction: ``opening``, blank line, ``material``, blank line, ``closing``,
    line end, ``question``. A text that is not built like that is all ``question``.
    """

    opening: str
    material: str
    closing: str
    question: str


def parts_of(instruction: str, question: str) -> Parts:
    """Undo ``windows.instruction.assemble`` for a row that ends with ``question``.

    In a row with several documents the material begins with the line that announces the first.
    """
    whole = Parts("", "", "", instruction)
    if not question or not instruction.endswith(f"\n{question}"):
        return whole
    body = instruction[: -len(question) - 1]
    body, _, closing = body.rpartition("\n")
    opening, _, material = body.partition("\n")
    if len(material) < 2 or material[0] != "\n" or material[-1] != "\n":
        return whole
    return Parts(opening, material[1:-1], closing, question)


class Template:
    """A Jinja template, sandboxed: it can reach the row's texts and nothing else.

    The texts are values, never templates: what a document contains is not run.
    """

    def __init__(self, name: str) -> None:
        """``name`` is a file, or one of :func:`built_in`. DatasetError names the line at fault."""
        self.name = name
        self._source = _read(name)
        self.special = tuple(mark for mark in _SPECIAL if mark in self._source)
        environment = ImmutableSandboxedEnvironment(
            loader=jinja2.FunctionLoader(lambda _: None),  # nothing to include: a clear error
            undefined=jinja2.StrictUndefined,
            autoescape=False,  # plain text for a tokenizer, never HTML
            trim_blocks=True,
            lstrip_blocks=True,
        )
        try:
            parsed = environment.parse(self._source, name, name)
            code = environment.compile(parsed, name, name)
        except jinja2.TemplateSyntaxError as error:
            raise self._error(error.message or "no template", error.lineno) from error
        self.holds_system = "system" in jinja2.meta.find_undeclared_variables(parsed)
        self._template = jinja2.Template.from_code(
            environment, code, environment.make_globals(None)
        )

    def lay_out(self, row: Mapping[str, Any], place: str) -> Row:
        """Return the row with its instruction laid out anew: it holds the input then, and evidence
        has its new offsets. ``place`` is for errors.
        """
        parts = parts_of(row["instruction"], row.get("question") or "")
        text = self._render(row, parts, place)
        if not text.strip():
            raise self._error(f"gives no text for {place}")
        new = {**row, "instruction": text, "input": ""}
        if row.get("evidence"):
            anchor = parts.material or row["instruction"]
            at = text.find(anchor)
            if at < 0:
                raise self._error(
                    f"changes the material of {place}, so its evidence has no place any more",
                    do="keep {{ material }} or {{ instruction }} whole, or leave --provenance out",
                )
            moved = at - row["instruction"].find(anchor)
            new["evidence"] = [
                {**e, "start": e["start"] + moved, "end": e["end"] + moved} for e in row["evidence"]
            ]
        return new

    def _render(self, row: Mapping[str, Any], parts: Parts, place: str) -> str:
        values = {name: row.get(name) or "" for name in VARIABLES}
        values |= {
            "prompt": prompt_text(row["instruction"], row["input"]),
            "opening": parts.opening,
            "material": parts.material,
            "closing": parts.closing,
            "question": parts.question,
            "titles": row.get("titles") or [],
        }
        try:
            return self._template.render(values)
        except jinja2.TemplateNotFound as error:
            raise self._error(f"can't include {error}", self._line(error)) from error
        except jinja2.UndefinedError as error:
            reason = f"{error.message}; it has {', '.join(VARIABLES)}{_nearest(error)}"
            raise self._error(reason, self._line(error)) from error
        except Exception as error:  # a template is a program: anything may go wrong in it
            reason = f"{type(error).__name__} in {place}: {error}"
            raise self._error(reason, self._line(error)) from error

    def _line(self, error: BaseException) -> int:
        """Return the template's line that was being rendered, 0 where it isn't known."""
        lines = [
            line for frame, line in walk_tb(error.__traceback__)
            if frame.f_code.co_filename == self.name
        ]  # fmt: skip
        return lines[-1] if lines else 0

    def _error(self, reason: str, line: int = 0, *, do: str = "") -> DatasetError:
        where = f"template {self.name}, line {line}" if line else f"template {self.name}"
        return DatasetError(f"{where}: {reason}", do=do)


def built_in() -> dict[str, str]:
    """Return the templates that come with the package: name → source."""
    folder = resources.files("longalpaca_data.export") / "templates"
    return {
        file.name.removesuffix(".j2"): file.read_text(encoding="utf-8")
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".j2")
    }


def _read(name: str) -> str:
    """Return a template's source; a file wins over a built-in of the same name."""
    try:
        if Path(name).is_file():
            return Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"can't read the template {name}: {error}") from error
    known = built_in()
    if name not in known:
        raise DatasetError(
            f"no template {name!r}: no such file, and built in are {', '.join(known)}"
        )
    return known[name]


def _nearest(error: jinja2.UndefinedError) -> str:
    missing = str(error.message).split("'")[1:2]
    near = difflib.get_close_matches(missing[0], VARIABLES, 1) if missing else []
    return f" (did you mean {near[0]}?)" if near else ""
