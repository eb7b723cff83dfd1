"""Any endpoint with OpenAI's ``/chat/completions``: OpenAI, vLLM, llama.cpp, Ollama, TGI, ...

Servers differ in what they take. A complaint about one field of the request is remembered, and the
field is left out, or named otherwise, from then on.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from longalpaca_data.core.errors import ModelUnavailableError
from longalpaca_data.core.tokens import estimate
from longalpaca_data.llm.http import Endpoint, Reply
from longalpaca_data.llm.prompt import Completion, Prompt
from longalpaca_data.llm.protocol import TryAgainError
from longalpaca_data.llm.refusals import complaint, is_too_long, refusal

_MOST_TOKENS = 1 << 31  # of one call; no model reads or writes so many: a larger count is none
_ABOUT_SCHEMA = re.compile("response_format|json_schema|json_object|structured|grammar|guided")
_SILENCE = 0.15  # of a call's time limit (45 of 300 s), after which an endpoint seems to hang
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character: no UTF-8 file can hold it


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server is known to take. ``schema`` is a type of ``response_format``, or empty."""

    schema: str = "json_schema"
    max_tokens: str = "max_tokens"
    temperature: bool = True
    top_p: bool = True
    seed: bool = True

    def adapted(self, message: str, request: dict[str, Any]) -> Dialect | None:
        """Return the dialect that heeds a server's complaint, None where it is about no field of
        the request that can be changed.
        """
        changes: dict[str, Any] = {}
        if "response_format" in request and _ABOUT_SCHEMA.search(message):
            changes["schema"] = "json_object" if self.schema == "json_schema" else ""
        elif "max_tokens" in request and "max_completion_tokens" in message:
            changes["max_tokens"] = "max_completion_tokens"
        else:
            names = ("temperature", "top_p", "seed")
            refused = [name for name in names if name in request and name in message]
            changes.update(dict.fromkeys(refused, False))
        adapted = replace(self, **changes)
        return None if adapted == self else adapted


class OpenAIModel:
    """A model behind an endpoint. The key is read from ``key_variable`` and sent there alone."""

    def __init__(
        self,
        name: str,
        base_url: str,
        key_variable: str = "OPENAI_API_KEY",
        timeout: float = 300.0,
    ) -> None:
        self.name = name
        self.endpoint = Endpoint(base_url, key_variable, timeout)
        self.dialect = Dialect()
        self.max_silence = _SILENCE * timeout

    async def complete(self, prompt: Prompt) -> Completion:
        """Make one attempt; a request that the server wants otherwise is made again at once."""
        while True:
            dialect = self.dialect
            request = request_fields(self.name, prompt, dialect)
            reply = await self.endpoint.request(
                "POST", "chat/completions", msgspec.json.encode(request)
            )
            if reply.status not in {400, 422} or is_too_long(said := complaint(reply.body)):
                break
            adapted = dialect.adapted(said, request)
            if adapted is None:
                break
            if self.dialect == dialect:  # else another call has learnt it meanwhile
                self.dialect = adapted
        if error := refusal(reply, self.endpoint, self.name):
            raise error
        return _completion(reply, prompt, self.endpoint, self.name)

    async def ping(self) -> bool:
        """Say whether the endpoint answers a small question: which models it has."""
        try:
            async with asyncio.timeout(self.max_silence / 5):
                await self.endpoint.request("GET", "models")
        except (TryAgainError, TimeoutError):
            return False
        return True

    def no_answer_error(self) -> ModelUnavailableError:
        """Return the error for an endpoint that takes connections and says nothing."""
        return ModelUnavailableError(
            f"the endpoint {self.endpoint.base_url} takes connections and says nothing",
            do="start it anew, or raise generate.model.timeout if it is that slow, then run the "
            "same command again: every answer so far is kept",
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self.endpoint.aclose()


def request_fields(model: str, prompt: Prompt, dialect: Dialect | None = None) -> dict[str, Any]:
    """Return the request of a call, as OpenAI's API has it."""
    dialect = dialect or Dialect()
    fields: dict[str, Any] = {
        "model": model,
        "messages": [{"role": m.role, "content": m.content} for m in prompt.messages],
        dialect.max_tokens: prompt.max_tokens,
    }
    for name in ("temperature", "top_p", "seed"):
        value = getattr(prompt, name)
        if value is not None and getattr(dialect, name):
            fields[name] = value
    if prompt.schema is not None and dialect.schema:
        fields["response_format"] = {"type": dialect.schema}
        if dialect.schema == "json_schema":
            schema = {
                "name": "answer",
                "strict": True,
                "schema": msgspec.Raw(prompt.schema.encode()),
            }
            fields["response_format"]["json_schema"] = schema
    if prompt.extra is not None:
        fields |= msgspec.json.decode(prompt.extra)
    return fields


class _Message(msgspec.Struct):
    content: str | list[dict[str, Any]] | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Body(msgspec.Struct):
    choices: list[_Choice]
    usage: Any = None
    model: str | None = None


_DECODER = msgspec.json.Decoder(_Body)


def parse_completion(body: bytes, prompt: Prompt, asked: str) -> Completion:
    """Return the answer that a response's body holds. ValueError where it holds none.

    Where the server states no tokens they are estimated, so that bounds on costs still hold.
    """
    try:
        found = _DECODER.decode(body)
    except msgspec.MsgspecError:  # what a stricter reader refuses was paid for all the same
        found = msgspec.convert(json.loads(body), _Body)
    if not found.choices:
        raise ValueError("no choices")
    choice = found.choices[0]
    text, finish = _text(choice.message.content), choice.finish_reason or "stop"
    if choice.message.refusal and not text:
        text, finish = choice.message.refusal, "refusal"
    text = _SURROGATE.sub("\ufffd", text)
    prompt_tokens, completion_tokens, cached = _token_counts(found.usage)
    if prompt_tokens is None:
        prompt_tokens = prompt.estimated_tokens
    if completion_tokens is None:
        completion_tokens = estimate(text)
    return Completion(
        text,
        finish,
        prompt_tokens,
        completion_tokens,
        min(cached, prompt_tokens),  # more would be paid for with less than nothing
        _SURROGATE.sub("\ufffd", found.model or asked),
    )


def _token_counts(usage: Any) -> tuple[int | None, int | None, int]:
    """Return the prompt's and the reply's tokens, None where a server states no number that can be
    true, and how many of the prompt's came from a cache.
    """
    stated = usage if isinstance(usage, dict) else {}
    details = stated.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    cached = _count(cached) or _count(stated.get("prompt_cache_hit_tokens"))  # DeepSeek's name
    return _count(stated.get("prompt_tokens")), _count(stated.get("completion_tokens")), cached or 0


def _count(stated: Any) -> int | None:
    if not isinstance(stated, int | float) or not abs(stated) <= _MOST_TOKENS:  # NaN is not less
        return None
    return max(0, int(stated))


def _text(content: str | list[dict[str, Any]] | None) -> str:
    """Return a message's text; some servers send it in parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content)
    return content or ""


def _completion(reply: Reply, prompt: Prompt, endpoint: Endpoint, asked: str) -> Completion:
    try:
        return parse_completion(reply.body, prompt, asked)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        is_json = "json" in reply.content_type
        kind = "malformed body" if is_json else "wrong content type"
        trouble = TryAgainError(
            kind,
            "" if is_json else endpoint.redacted(reply.content_type),
            endpoint=endpoint.base_url,
        )
    raise trouble
