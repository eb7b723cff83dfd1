"""What one row looks like: the shapes that trainers read, and the way from and to Alpaca's.

Whatever a shape has no place for (``input``, ``file``, provenance) stands beside it under its own
name, so that nothing is lost on the way there and back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

ALPACA_KEYS = ("instruction", "input", "output", "file")
"""The keys that LongAlpaca-12k has."""

Row = dict[str, Any]


class RowError(ValueError):
    """A row that can't be read. The message names the key; the caller knows the place."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape of rows. A row has it when it has all of ``keys``; ``read`` gives an Alpaca row,
    ``write`` takes one. A system prompt is the Alpaca row's key ``system``.
    """

    name: str
    keys: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], Row]
    write: Callable[[Mapping[str, Any]], Row]


@dataclass(frozen=True, slots=True)
class _Turns:
    """How a conversation is spelt: the row's key, a turn's two keys, the names of the speakers."""

    key: str
    role: str
    text: str
    user: str
    assistant: str


_ROLES = {
    "system": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
}
_SPELLINGS = (("role", "content"), ("from", "value"))
_ONE_PAIR = ["user", "assistant"]


def prompt_text(instruction: str, given: str) -> str:
    """Join an instruction with its ``input``, where it has one."""
    return f"{instruction}\n\n{given}" if given else instruction


def _without_input(text: str, given: object) -> tuple[str, str]:
    """Undo :func:`prompt_text`: return instruction and input."""
    if isinstance(given, str) and given and text.endswith(f"\n\n{given}"):
        return text[: -len(given) - 2], given
    return text, ""


def _rest(row: Mapping[str, Any], *used: str) -> Row:
    return {key: value for key, value in row.items() if key not in used}


def _turns_read(row: Mapping[str, Any], turns: _Turns) -> Row:
    said = [_turn(entry, turns.key, n) for n, entry in enumerate(_entries(row, turns.key), 1)]
    system = row.get("system") or ""
    if said and said[0][0] == "system":
        (_, system), *said = said
    if [role for role, _ in said] != _ONE_PAIR:
        raise RowError(
            f"key `{turns.key}` has {len(said)} turns of user and assistant, "
            "where one question and its answer are read"
        )
    (_, question), (_, answer) = said
    instruction, given = _without_input(question, row.get("input"))
    read = {
        "instruction": instruction,
        "input": given,
        "output": answer,
        "file": row.get("file") or "",
        **_rest(row, turns.key, "input", "file", "system"),
    }
    return {**read, "system": system} if system else read


def _entries(row: Mapping[str, Any], key: str) -> list[Any]:
    entries = row[key]
    if not isinstance(entries, list):
        raise RowError(f"key `{key}` is no list but {type(entries).__name__}")
    return entries


def _turn(entry: object, key: str, number: int) -> tuple[str, str]:
    if not isinstance(entry, dict):
        raise RowError(f"key `{key}` {number} is no object but {type(entry).__name__}")
    for role, text in _SPELLINGS:
        if role in entry and text in entry:
            break
    else:
        raise RowError(f"key `{key}` {number} has neither `role`, `content` nor `from`, `value`")
    who, what = entry[role], entry[text]
    if not isinstance(who, str) or who not in _ROLES:
        known = ", ".join(_ROLES)
        raise RowError(f"key `{key}` {number}: unknown `{role}` {who!r:.40}; known are {known}")
    if not isinstance(what, str):
        raise RowError(f"key `{key}` {number}: `{text}` is no text but {type(what).__name__}")
    return _ROLES[who], what


def _turns_write(row: Mapping[str, Any], turns: _Turns) -> Row:
    said = [
        (turns.user, prompt_text(row["instruction"], row["input"])),
        (turns.assistant, row["output"]),
    ]
    if row.get("system"):
        said.insert(0, ("system", row["system"]))
    written = [{turns.role: role, turns.text: text} for role, text in said]
    return {turns.key: written, **_rest(row, "instruction", "output", "system")}


def _pair_read(row: Mapping[str, Any]) -> Row:
    prompt = row["prompt"]
    if not isinstance(prompt, str):
        raise RowError(f"key `prompt` is no text but {type(prompt).__name__}")
    instruction, given = _without_input(prompt, row.get("input"))
    return {
        "instruction": instruction,
        "input": given,
        "output": row["completion"],
        "file": row.get("file") or "",
        **_rest(row, "prompt", "completion", "input", "file"),
    }


def _pair_write(row: Mapping[str, Any]) -> Row:
    prompt = prompt_text(row["instruction"], row["input"])
    rest = _rest(row, "instruction", "output")
    return {"prompt": prompt, "completion": row["output"], **rest}


def _turns_shape(name: str, turns: _Turns) -> Shape:
    return Shape(
        name,
        (turns.key,),
        partial(_turns_read, turns=turns),
        partial(_turns_write, turns=turns),
    )


SHAPES: dict[str, Shape] = {
    shape.name: shape
    for shape in (
        # the first whose keys a row has is its shape
        Shape("alpaca", ("instruction",), dict, dict),
        _turns_shape("messages", _Turns("messages", "role", "content", "user", "assistant")),
        _turns_shape("sharegpt", _Turns("conversations", "from", "value", "human", "gpt")),
        Shape("prompt-completion", ("prompt", "completion"), _pair_read, _pair_write),
    )
}


def shape_of(row: Mapping[str, Any]) -> Shape:
    """Return a row's shape; Alpaca's where it has the keys of none, so that these are missed."""
    found = (shape for shape in SHAPES.values() if all(key in row for key in shape.keys))
    return next(found, SHAPES["alpaca"])


def as_alpaca(value: object) -> Row:
    """Return a row of any shape with Alpaca's keys, the others kept; ``system`` where it has one.

    :class:`RowError` for what is no row, or a conversation of more than one question and answer.
    """
    if not isinstance(value, dict):
        raise RowError(f"not a JSON object but {type(value).__name__}")
    return shape_of(value).read(value)
