"""What an endpoint's status means: for this attempt, for this prompt, or for all."""

from __future__ import annotations

from typing import Any

import msgspec

from longalpaca_data.core.errors import CallFailedError, ModelUnavailableError
from longalpaca_data.llm.http import Endpoint, Reply
from longalpaca_data.llm.protocol import TryAgainError

_PASSING = frozenset({408, 409, 425, 429})
_TOO_LONG = ("context_length", "context length", "context size", "maximum context", "too long")
_FILTERED = ("content_filter", "content filter", "content management", "content_policy")
_NO_CREDIT = ("insufficient_quota", "insufficient balance", "billing")


def complaint(body: bytes) -> str:
    """Return what a server says is wrong, in lower case with its code; empty where it says
    nothing.
    """
    return _said(body).lower()


def is_too_long(said: str) -> bool:
    """Say whether a complaint is about the prompt's length."""
    return any(mark in said for mark in _TOO_LONG)


def refusal(reply: Reply, endpoint: Endpoint, model: str) -> Exception | None:
    """Return the error that a response stands for, None for a success.

    TryAgainError, CallFailedError or ModelUnavailableError.
    """
    status = reply.status
    if 200 <= status < 300:
        code = _code_within(reply.body)
        if code is None:
            return None
        status = code
    said = endpoint.redacted(_said(reply.body))
    if status == 429 and any(mark in said.lower() for mark in _NO_CREDIT):
        return _unavailable(endpoint, 402, said, model)
    if status in _PASSING or status >= 500:
        where = endpoint.base_url
        return TryAgainError(f"http {status}", said, wait=reply.wait, endpoint=where)
    if status in _UNAVAILABLE or status < 400:
        return _unavailable(endpoint, status, said, model)
    return CallFailedError(_reason(status, said.lower()), said)


_UNAVAILABLE: dict[int, tuple[str, str]] = {
    401: ("refuses the key", "set {variable} to a valid key"),
    402: ("says that the account has no credit left", "add credit or use another key"),
    403: ("refuses access", "set {variable} to a key that may use {model}"),
    404: ("does not know {model}", "check --model and --base-url"),
    405: ("takes no chat completions", "check --base-url: it usually ends in /v1"),
}


def _unavailable(endpoint: Endpoint, status: int, said: str, model: str) -> ModelUnavailableError:
    what, do = _UNAVAILABLE.get(
        status, ("sends elsewhere, where no key is sent", "give that address as --base-url")
    )
    if status == 401:
        said = ""  # it cites the key, in part
        if not endpoint.has_key:
            what = "wants a key"
    names = {"variable": endpoint.key_variable, "model": model}
    detail = f": {said}" if said else ""
    return ModelUnavailableError(
        f"the endpoint {endpoint.base_url} {what.format(**names)} (http {status}{detail})",
        do=do.format(**names),
    )


def _reason(status: int, said: str) -> str:
    if status == 413 or is_too_long(said):
        return "too long"
    if any(mark in said for mark in _FILTERED):
        return "content filter"
    return f"http {status}"


def _said(body: bytes) -> str:
    """Return a server's message with its code; servers put them in four different places."""
    found = _decoded(body)
    error = found.get("error", found)
    if isinstance(error, str):
        return error
    if not isinstance(error, dict):
        return ""
    parts = (error.get(name) for name in ("code", "message", "detail"))
    return ": ".join(part if isinstance(part, str) else str(part) for part in parts if part)


def _code_within(body: bytes) -> int | None:
    """Return the status of an error that came as a success, as some gateways have it."""
    if b'"error"' not in body[:2000]:
        return None
    found = _decoded(body)
    error = found.get("error")
    if not error or found.get("choices"):
        return None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 500


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
