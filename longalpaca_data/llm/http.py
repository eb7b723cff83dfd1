"""HTTP to one endpoint: one request at a time to one host, troubles sorted into kinds.

The key comes from the environment, goes to the endpoint's host alone (redirects are not followed)
and appears nowhere else: errors are made anew here, for aiohttp's own carry the request's headers.
"""

from __future__ import annotations

import asyncio
import email.utils
import errno
import hashlib
import io
import os
import re
import time
import urllib.request
import weakref
from dataclasses import dataclass

import aiohttp
from yarl import URL

from longalpaca_data.core.errors import ModelUnavailableError
from longalpaca_data.llm.protocol import TryAgainError
from longalpaca_data.llm.retry import TIMEOUT

_CONNECT_SECONDS = 10.0
_KEEP_ALIVE_SECONDS = 60.0
_MAX_BODY = 64 << 20  # bytes; the longest answers of today's models are a thousandth of it
_LARGE_BODY = 1 << 20  # bytes; aiohttp warns of larger bodies that are given to it in one piece
_KEY = re.compile(r"\b(sk|hf|gsk|xai|key)[-_][A-Za-z0-9*_-]{6,}")
_REDACTED = "[key]"
_SHORTEST_SECRET = 8  # characters
_WANT_KEYS = frozenset({"api.openai.com"})
"""Hosts that answer nobody without a key: they are sent no document to find that out."""


class Secret:
    """A text that shows itself to nobody who doesn't ask."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return _REDACTED if self._text else "''"

    def __bool__(self) -> bool:
        return bool(self._text)

    def reveal(self) -> str:
        """Return the text."""
        return self._text


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole response. ``wait`` is its Retry-After in seconds, None where it has none."""

    status: int
    body: bytes
    content_type: str
    wait: float | None = None


class Endpoint:
    """A base URL, the key for it, and the connections to it (HTTP/1.1, kept alive)."""

    def __init__(
        self, base_url: str, key_variable: str = "OPENAI_API_KEY", timeout: float = 300.0
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.key_variable = key_variable
        self._key = Secret(os.environ.get(key_variable, "").strip())
        self._timeout = aiohttp.ClientTimeout(
            total=timeout, sock_connect=_CONNECT_SECONDS, ceil_threshold=60
        )
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[str, URL] = {}
        self._duplicates = _DuplicateGuard()

    def __repr__(self) -> str:
        return f"Endpoint({self.base_url!r})"

    @property
    def has_key(self) -> bool:
        """Whether there is a key to send."""
        return bool(self._key)

    async def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str = "application/json",
    ) -> Reply:
        """Make one request and return its response, whatever its status.

        Raises TryAgainError where there is no whole response, ModelUnavailableError for a key that
        can't be sent.
        """
        trouble: TryAgainError | None = None
        try:
            return await self._exchange(method, path, body, content_type)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            trouble = TryAgainError(*_kind(error), endpoint=self.base_url)
        # Raised out here, so that it doesn't carry the error, whose frames know the headers.
        raise trouble

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()
            await asyncio.sleep(0)  # lets transports close before the loop does

    def redacted(self, text: str) -> str:
        """Return a server's text for a message: keys blotted out, on one line, not too long.

        Only for messages: a reply is data and stays as it is. Short keys (EMPTY, none, test) are
        words of ordinary text and no secrets.
        """
        text = self._without_key(text)
        return " ".join(_KEY.sub(_REDACTED, text).split())[:300]

    def _without_key(self, message: str) -> str:
        secret = self._key.reveal()
        return message.replace(secret, _REDACTED) if len(secret) >= _SHORTEST_SECRET else message

    async def _exchange(
        self, method: str, path: str, body: bytes | None, content_type: str
    ) -> Reply:
        session = self._session = self._session or self._connect()
        data = io.BytesIO(body) if body and len(body) > _LARGE_BODY else body
        headers = {"Content-Type": content_type} if body is not None else {}
        url = self._urls.get(path) or URL(f"{self.base_url}/{path}")
        self._urls[path] = url
        async with session.request(
            method, url, data=data, headers=headers, allow_redirects=False
        ) as response:
            content = await _read(response)
            if isinstance(response, _FreshResponse):
                self._duplicates.check(response, content)
            if not response.ok:  # a message; an answer is data and stays as it is
                content = self._without_key(content.decode("utf-8", "replace")).encode()
            wait = _seconds(response.headers.get("Retry-After"))
            return Reply(response.status, content, response.headers.get("Content-Type", ""), wait)

    def _connect(self) -> aiohttp.ClientSession:
        if not self._key and URL(self.base_url).host in _WANT_KEYS:
            raise ModelUnavailableError(
                f"the endpoint {self.base_url} wants a key",
                do=f"set {self.key_variable}, or give another --base-url",
            )
        headers = {"Accept": "application/json", "User-Agent": "longalpaca-data"}
        if self._key:
            secret = self._key.reveal()
            if not (secret.isascii() and secret.isprintable()):
                raise ModelUnavailableError(
                    f"{self.key_variable} holds characters that no key has",
                    do="set it to the key alone",
                )
            headers["Authorization"] = f"Bearer {secret}"
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, ttl_dns_cache=300, keepalive_timeout=_KEEP_ALIVE_SECONDS
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
            timeout=self._timeout,
            response_class=_FreshResponse,
            proxy=_proxy(self.base_url),
        )


class _FreshResponse(aiohttp.ClientResponse):
    """A response that began after its request did.

    aiohttp 3.14 gives what an idle connection has received to the *next* request: one reply too
    many and all later answers on that connection belong to the question before.
    """

    link: object = None

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        protocol = connection.protocol
        if protocol is not None and len(protocol):
            connection.close()
            raise aiohttp.ServerDisconnectedError("an answer came before its question")
        self.link = protocol
        return await super().start(connection)


class _DuplicateGuard:
    """Notices a response that is, byte for byte, the one before it on the same connection.

    A second copy that comes late is taken for the next request's answer, and that one's for the
    request after it. Where a *new* connection says the same again, the server means it.
    """

    def __init__(self) -> None:
        self._last: weakref.WeakKeyDictionary[object, bytes] = weakref.WeakKeyDictionary()
        self._suspects: set[bytes] = set()
        self._trusted = False

    def check(self, response: _FreshResponse, content: bytes) -> None:
        """Raise ServerDisconnectedError for an echo, having closed its connection."""
        link = response.link
        if self._trusted or response.status != 200 or link is None:
            return
        digest = hashlib.blake2b(content, digest_size=16).digest()
        before = self._last.get(link)
        self._last[link] = digest
        if before is None:
            self._trusted = digest in self._suspects
        elif before == digest:
            self._suspects.add(digest)
            assert isinstance(link, aiohttp.client_proto.ResponseHandler)
            link.close()  # ends the next request on it too: its answer would be this one's
            raise aiohttp.ServerDisconnectedError("the last answer came a second time")


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Return the whole body; ClientPayloadError where it is longer than any answer."""
    pieces, size = [], 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > _MAX_BODY:
            response.close()
            raise aiohttp.ClientPayloadError(f"more than {_MAX_BODY >> 20} MB")
        pieces.append(piece)
    return b"".join(pieces)


_KINDS: tuple[tuple[type[BaseException], str, str], ...] = (
    (aiohttp.ClientConnectorDNSError, "unknown host", ""),
    (aiohttp.ClientSSLError, "unreachable", "no trusted TLS connection"),
    (aiohttp.ConnectionTimeoutError, "unreachable", f"no connection in {_CONNECT_SECONDS:.0f} s"),
    (TimeoutError, TIMEOUT, ""),
    (aiohttp.ClientConnectorError, "unreachable", ""),
    (aiohttp.ClientPayloadError, "truncated body", ""),
    (aiohttp.ClientResponseError, "malformed body", "no HTTP"),
    (aiohttp.InvalidURL, "unreachable", "no valid address"),
)
"""Kinds of trouble, the first that fits. aiohttp's own texts are left out: they cite requests."""


def _kind(error: BaseException) -> tuple[str, str]:
    """Return the kind of a trouble and what there is to say of it."""
    refused = f"[Errno {errno.ECONNREFUSED}]"  # with several addresses only the text tells
    if isinstance(error, aiohttp.ClientConnectorError) and refused in str(error.os_error):
        return "connection refused", ""
    for known, kind, detail in _KINDS:
        if isinstance(error, known):
            return kind, detail
    return "connection lost", ""


def _seconds(header: str | None) -> float | None:
    """Return a Retry-After, in seconds from now: it is a number of them, or a date."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None


def _proxy(base_url: str) -> str | None:
    """Return the environment's proxy for an https endpoint: it sees no key, only a tunnel."""
    url = URL(base_url)
    if url.scheme != "https" or urllib.request.proxy_bypass(url.host or ""):
        return None
    return urllib.request.getproxies().get("https")
