"""What goes wrong between here and the Hub: what is tried again, and the line for the rest."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from json import JSONDecodeError

import httpx2
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled, OIDCError
from huggingface_hub.utils._http import parse_ratelimit_headers
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from longalpaca_data.core.errors import HubError, LongalpacaError
from longalpaca_data.core.progress import Progress

ATTEMPTS = 6
LONGEST_WAIT = 300  # seconds; a Hub that asks for more is left to the user
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
CONFLICT = frozenset({409, 412})
"""Someone else committed at the same moment, or another write to the repository is under way."""

AGAIN = "run the same command again: files that have arrived are not sent again"
_QUERY = re.compile(r"(?<=\w)\?\S*=\S*")
_WRITE = "https://huggingface.co/settings/tokens"
_BY_STATUS: dict[int, tuple[str, str]] = {
    401: (
        "the Hub refused the token (401)",
        f"run `hf auth login`, or set HF_TOKEN to a valid token with write access ({_WRITE})",
    ),
    403: (
        "the token may not do that (403)",
        f"use a token with write access there ({_WRITE}), or name another repository with --repo",
    ),
    404: (
        "there is no such place on the Hub, or the token can't see it (404)",
        "check --repo and --revision",
    ),
    409: ("something else is changing it at the same time (409)", AGAIN),
    412: ("something else is changing it at the same time (412)", AGAIN),
    413: ("the Hub finds it too large (413)", "make the data set smaller"),
    429: ("the Hub asks to slow down (429)", "wait a while, then " + AGAIN),
}


def transient(error: BaseException) -> bool:
    """Say whether the same request may succeed in a moment."""
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in _TRANSIENT and asked_wait(error) <= LONGEST_WAIT
    return isinstance(error, httpx2.TransportError)


def conflicting(error: BaseException) -> bool:
    """Say whether a commit met another one: made anew, it may succeed."""
    return isinstance(error, HfHubHTTPError) and error.response.status_code in CONFLICT


def asked_wait(error: BaseException) -> float:
    """Return the seconds that the Hub asks to wait, 0 where it doesn't say."""
    if not isinstance(error, HfHubHTTPError):
        return 0
    headers = error.response.headers
    limit = parse_ratelimit_headers(headers)
    if limit is not None and limit.remaining == 0:
        return limit.reset_in_seconds
    after = headers.get("retry-after", "").strip()
    return int(after) if after.isdigit() else 0


def patient(progress: Progress, again: Callable[[BaseException], bool] = transient) -> Retrying:
    """Return what repeats a call while ``again`` says that it may help, and tells the user."""

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return float((error and asked_wait(error)) or min(8, 2 ** (state.attempt_number - 1)))

    def say(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        seconds = state.next_action.sleep if state.next_action else 0
        progress.say(f"{_what(error)[0] if error else ''}; trying again in {seconds:.0f} s")

    return Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait,
        retry=retry_if_exception(again),
        before_sleep=say,
        reraise=True,
    )


class Discreet(Progress):
    """Says lines without the token, and without what signs URLs: whoever reads a query of the
    Hub's storage may write there.
    """

    def __init__(self, progress: Progress, token: str) -> None:
        super().__init__(quiet=progress.quiet)
        self._token = token

    def say(self, line: str) -> None:
        """Print a line for the person who waits."""
        super().say(discreet(line, self._token))


def discreet(line: str, token: str) -> str:
    """Return a line without the token and without queries of URLs."""
    return _QUERY.sub("", line.replace(token, "…") if token else line)


@contextlib.contextmanager
def hub_errors(doing: str, token: str) -> Iterator[None]:
    """Turn whatever the Hub's client raises while ``doing`` something into one line without the
    token. What an error names, the request's headers, is not part of it.
    """
    try:
        yield
    except LongalpacaError:
        raise
    except (
        httpx2.HTTPError,  # among them no connection, and every status that is no success
        httpx2.InvalidURL,
        OIDCError,
        RuntimeError,  # the client's wrapper about a file that could not be sent
        OSError,
        ValueError,  # metadata that the Hub refuses, or an answer that is no JSON
        KeyError,
        TypeError,  # an answer of another shape
    ) as error:
        what, do = _what(error)
        raise HubError(discreet(f"{doing} failed: {what}", token), do=do) from None


def _what(error: BaseException) -> tuple[str, str]:
    """Return what is wrong and what to do about it."""
    if isinstance(error, RuntimeError) and error.__cause__:  # the wrapper about a file
        error = error.__cause__
    if isinstance(error, HfHubHTTPError):
        return _refused(error)
    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE forbids the network", "unset it"
    if isinstance(error, httpx2.TransportError):
        reason = " ".join(str(error).split()) or type(error).__name__
        return f"no connection to the Hub ({reason[:120]})", f"check the network, then {AGAIN}"
    if isinstance(error, KeyError | TypeError | JSONDecodeError):
        return "the answer is none that the Hub gives", f"check HF_ENDPOINT, then {AGAIN}"
    return " ".join(str(error).split())[:300] or type(error).__name__, AGAIN


def _refused(error: HfHubHTTPError) -> tuple[str, str]:
    status = error.response.status_code
    said = " ".join((error.server_message or "").split())[:200]
    said = f", saying: {said}" if said else ""
    if status == 403 and "authorization" not in error.response.request.headers:
        # The place for a large file is asked for anew at each run.
        return "the Hub's storage refused the file (403)", AGAIN
    if status in _BY_STATUS:
        what, do = _BY_STATUS[status]
        wait = f", in {asked_wait(error):.0f} s" if asked_wait(error) else ""
        return what + wait + said, do
    if status >= 500:
        return f"the Hub has a fault ({status}){said}", f"wait a while, then {AGAIN}"
    return f"the Hub refused it ({status}){said}", AGAIN
