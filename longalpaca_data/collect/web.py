"""Documents from the web: one GET with time limits, a size cap and one retry."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import httpx2

from longalpaca_data.core.errors import UnreadableError

USER_AGENT = "longalpaca-data/0.1 (+https://pypi.org/project/longalpaca-data)"
TIMEOUT = httpx2.Timeout(30, connect=10)  # seconds
TOTAL_SECONDS = 300  # a server that sends a byte every 20 s never hits the read limit
MAX_BYTES = 200 * 1024 * 1024
ATTEMPTS = 2
RETRY_AFTER_SECONDS = 1.0
TOO_MANY, SERVER_ERROR, CLIENT_ERROR = 429, 500, 400
CHUNK = 1 << 16

BASES = {"gutenberg": "https://www.gutenberg.org", "arxiv": "https://arxiv.org"}
PATHS = {"gutenberg": "/cache/epub/{id}/pg{id}.txt", "arxiv": "/pdf/{id}"}


def url_of(location: str, bases: Mapping[str, str] | None = None) -> str:
    """Return the URL of ``gutenberg:ID`` or ``arxiv:ID``; http(s) URLs are returned as they are.

    ``bases`` replaces a scheme's host, for mirrors and tests.
    """
    scheme, _, identifier = location.partition(":")
    if scheme not in PATHS:
        return location
    base = {**BASES, **(bases or {})}[scheme]
    return base.rstrip("/") + PATHS[scheme].format(id=identifier.strip())


def fetch(url: str) -> tuple[bytes, str]:
    """Return the body and the name that the URL gives it.

    Raises UnreadableError: 'unreachable' (no answer, an error status), 'too large'.
    """
    problem = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(RETRY_AFTER_SECONDS)
        try:
            with httpx2.stream(
                "GET",
                url,
                headers={"User-Agent": USER_AGENT},
                timeout=TIMEOUT,
                follow_redirects=True,
            ) as answer:
                if answer.status_code == TOO_MANY or answer.status_code >= SERVER_ERROR:
                    problem = f"status {answer.status_code} from {url}"
                    continue
                if answer.status_code >= CLIENT_ERROR:
                    raise UnreadableError("unreachable", f"status {answer.status_code} from {url}")
                return _body(answer), _name(str(answer.url))
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:  # no name of a host
            problem = f"{type(error).__name__} for {url}"
    raise UnreadableError("unreachable", problem)


def _body(answer: httpx2.Response) -> bytes:
    parts, size, deadline = [], 0, time.monotonic() + TOTAL_SECONDS
    for part in answer.iter_bytes(CHUNK):  # decoded: a compressed bomb is counted as it unpacks
        size += len(part)
        if size > MAX_BYTES:
            raise UnreadableError("too large", f"more than {MAX_BYTES >> 20} MiB from {answer.url}")
        if time.monotonic() > deadline:
            raise UnreadableError("unreachable", f"slower than {TOTAL_SECONDS} s: {answer.url}")
        parts.append(part)
    return b"".join(parts)


def _name(url: str) -> str:
    return PurePosixPath(unquote(urlsplit(url).path)).name
