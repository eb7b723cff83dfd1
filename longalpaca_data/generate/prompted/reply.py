"""What a model answered → the reply's keys. Tolerant of wrapping, strict about content."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from longalpaca_data.generate.prompted.templates import Template, render

Fields = Mapping[str, "str | list[str]"]

_THINK = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_OMISSION = re.compile(r"\s*[\[(]?(?:\.\.\.|…)+[\])]?\s*")
_MIN_PIECE = 8  # characters on either side of an omission mark that still are a quote
_MAX_QUOTES = 24
_MAX_REPLY = 200_000  # characters: a model that runs wild is not parsed for minutes


class BrokenReplyError(Exception):
    """A reply without the object that was asked for. ``str(error)`` is said to the model."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that could be read."""

    question: str
    answer: str
    quotes: tuple[str, ...]


def read_reply(text: str, template: Template) -> Reply:
    """Return the first object in the text that has the template's keys.

    Code fences, text before and after, thinking and further objects are passed over. Raises
    BrokenReplyError saying what is missing.
    """
    problem = "there is no JSON object in the reply"
    for found in _objects(_THINK.sub("", text[:_MAX_REPLY])):
        try:
            fields = _fields(found, template)
        except BrokenReplyError as error:
            problem = str(error)
            continue
        quotes = fields["evidence"]
        answer = render(template.answer, template.file, fields)
        return Reply(
            str(fields["question"]).strip(),
            answer,
            tuple(dict.fromkeys(p for quote in quotes for p in _pieces(quote)))[:_MAX_QUOTES],
        )
    raise BrokenReplyError(problem)


def _objects(text: str) -> Iterator[Any]:
    """Yield every JSON object that stands in a text, outermost ones only, in order."""
    decoder = json.JSONDecoder(strict=False)  # line breaks within strings are common, and clear
    at = text.find("{")
    while at >= 0:
        try:
            found, end = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            end = at + 1
        else:
            yield found
        at = text.find("{", end)


def _fields(found: Any, template: Template) -> dict[str, str | list[str]]:
    fields: dict[str, str | list[str]] = {}
    for key, says in template.output.items():
        value = found.get(key)
        if isinstance(says, tuple):
            value = [value] if isinstance(value, str) else value
            if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
                raise BrokenReplyError(f"`{key}` must be a list of strings")
            fields[key] = [_clean(v) for v in value]
        else:
            value = str(value) if isinstance(value, int | float) else value
            if not isinstance(value, str) or not value.strip():
                raise BrokenReplyError(f"`{key}` must be a string that says something")
            fields[key] = _clean(value)
    if not any(quote.strip() for quote in fields["evidence"]):
        raise BrokenReplyError("`evidence` must hold at least one quote")
    return fields


def _pieces(quote: str) -> Iterator[str]:
    """Yield a quote, or what stands before and after its omission marks: each is a quote."""
    pieces = [piece for piece in _OMISSION.split(quote) if len(piece) >= _MIN_PIECE]
    yield from pieces or ([quote.strip()] if quote.strip() else [])


def _clean(text: str) -> str:
    """Drop what UTF-8 can't hold: JSON admits halves of surrogate pairs."""
    return text.encode("utf-8", "ignore").decode("utf-8")
