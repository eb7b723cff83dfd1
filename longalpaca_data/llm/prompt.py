"""What a model is asked and what it answers, as records."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from longalpaca_data.core.tokens import estimate

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class PromptMetadata:
    """What a prompt is for. Statistics and ``ledger prune`` use it; the call's key doesn't.

    ``source`` is what a person would look for: a document's path, a window's source.
    """

    task: str = ""
    template: str = ""
    language: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One call of a model, whole: whoever has this record can make the call.

    ``schema`` is a JSON schema for the answer as text (see :func:`frozen_json`), None for free
    text. ``temperature``, ``top_p`` and ``seed`` are the server's defaults where None.
    ``extra`` is a JSON object, as text, of further fields of the request
    (``{"chat_template_kwargs": {"enable_thinking": false}}``).
    """

    messages: tuple[Message, ...]
    max_tokens: int = 1024
    schema: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    extra: str | None = None
    metadata: PromptMetadata = field(default_factory=PromptMetadata)

    def key(self, model: str) -> str:
        """Return the call's key: SHA-256, in hex, of the model and all that it is asked.

        Without the metadata: a call that was paid for under another label isn't paid for again.
        """
        parts = (
            model,
            [(message.role, message.content) for message in self.messages],
            self.max_tokens,
            self.schema,
            self.temperature,
            self.top_p,
            self.seed,
            self.extra,
        )
        return hashlib.sha256(msgspec.msgpack.encode(parts)).hexdigest()

    @property
    def n_bytes(self) -> int:
        """Length of the messages in UTF-8."""
        texts = (message.content for message in self.messages)
        # Python knows of a text whether it is ASCII; only others need to be encoded to be measured.
        return sum(len(t) if t.isascii() else len(t.encode("utf-8", "replace")) for t in texts)

    @property
    def estimated_tokens(self) -> int:
        """About how many tokens the messages have, whatever the model's tokenizer."""
        return sum(estimate(message.content) for message in self.messages)


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's answer. ``finish_reason`` is the server's word: ``stop``, ``length`` (cut off by
    ``max_tokens``), ... ``cached_tokens`` of ``prompt_tokens`` came from the server's prefix cache.
    ``model`` is what the server says has answered.
    """

    text: str
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    model: str = ""


def frozen_json(value: Mapping[str, Any]) -> str:
    """Return a JSON object as text with its keys in order: equal objects give equal text."""
    return msgspec.json.encode(value, order="deterministic").decode()
