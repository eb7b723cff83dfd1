"""Who may speak to the review server: the page that it served itself, opened with its token.

Any web page that a browser shows can send requests to a port of this machine, and a host name can
be made to point at it (DNS rebinding). So a request has to name a host that is this machine, come
from this origin, and carry the token, which stands in the address that only the user was shown.
Documents are untrusted as well: the policy sent along runs no script but the served files.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

TOKEN_HEADER = "X-Review-Token"  # noqa: S105 — its name, not its value
_READING = ("GET", "HEAD")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "longalpaca-data",
}


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class Guard:
    """What a request has to show. ``host`` is the address listened on."""

    host: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def knows_host(self, header: str) -> bool:
        """Whether a Host header names this machine. An address can't be rebound, a name can, so
        of names only those that belong to this machine count.
        """
        try:
            name = urlsplit(f"//{header}").hostname or ""
        except ValueError:
            return False
        if is_loopback(name):
            return True
        if is_loopback(self.host):
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in {self.host.lower(), socket.gethostname().lower()}
        return True

    def refusal(self, request: web.Request) -> tuple[int, str] | None:
        """Return why a request is refused, with its status; None for one that may pass."""
        headers = request.headers
        if not self.knows_host(headers.get(hdrs.HOST, "")):
            return 421, "this server doesn't answer to that host name"
        if not request.path.startswith("/api/"):
            return None
        origin = headers.get(hdrs.ORIGIN, "")
        if origin and origin != f"http://{headers[hdrs.HOST]}":
            return 403, "requests from other origins are refused"
        if headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            return 403, "requests from other sites are refused"
        token = headers.get(TOKEN_HEADER, "")
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            return 401, "the token is wrong: open the address that `review` printed last"
        if request.method not in _READING and request.content_type != "application/json":
            return 415, "send application/json"
        return None

    def middleware(self) -> Middleware:
        """Return the middleware that refuses, before anything else looks at the request."""

        @web.middleware
        async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
            refusal = self.refusal(request)
            if refusal is None:
                return await handler(request)
            status, reason = refusal
            return web.json_response({"error": reason}, status=status)

        return refuse


async def send_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Put the policy on every response, refusals and errors among them."""
    response.headers.update(_HEADERS)
