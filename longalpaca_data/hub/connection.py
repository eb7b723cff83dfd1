"""The Hub's own client, set up for an upload and put back afterwards.

Xet, the Hub's newer way to transfer files, is switched off: no server is to be had to test it
against, and the way that is used is the one that is tested (Git LFS over HTTP).
"""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from collections.abc import Iterator

import httpx2
from huggingface_hub import HfApi, constants, get_token, set_client_factory
from huggingface_hub.utils._http import default_client_factory, hf_request_event_hook
from huggingface_hub.utils.tqdm import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)

from longalpaca_data.core.errors import HubError
from longalpaca_data.hub.failures import Discreet, hub_errors

# The library's own client waits for ever. A commit of many files takes the Hub a minute or more.
_TIMEOUT = httpx2.Timeout(300, connect=20)
_TOKEN = re.compile(r"[\x21-\x7e]+")


def find_token() -> str:
    """Return the user's token. HubError where there is none, or none that could be sent."""
    with hub_errors("reading the Hub's token", ""):
        token = get_token()
    if not token:
        raise HubError("no token for the Hub", do="run `hf auth login` or set HF_TOKEN")
    if not _TOKEN.fullmatch(token):
        # Sent as it is, it would come back within the message of an error.
        raise HubError(
            "the Hub's token has characters that no token has", do="set HF_TOKEN to the token alone"
        )
    return token


@contextlib.contextmanager
def connection(token: str, progress: Discreet) -> Iterator[HfApi]:
    """Yield the Hub's client: without Xet, with time limits, its news said as lines."""
    with contextlib.ExitStack() as stack:
        stack.callback(setattr, constants, "HF_HUB_DISABLE_XET", constants.HF_HUB_DISABLE_XET)
        constants.HF_HUB_DISABLE_XET = True  # read at every upload
        if not are_progress_bars_disabled():
            disable_progress_bars()
            stack.callback(enable_progress_bars)
        set_client_factory(_client)
        stack.callback(set_client_factory, default_client_factory)
        stack.enter_context(_forwarded(progress))
        yield HfApi(token=token, library_name="longalpaca-data")


def _client() -> httpx2.Client:
    return httpx2.Client(
        event_hooks={"request": [hf_request_event_hook]}, follow_redirects=True, timeout=_TIMEOUT
    )


@contextlib.contextmanager
def _forwarded(progress: Discreet) -> Iterator[None]:
    """Say the library's log and warnings as lines; elsewhere its log would name signed URLs."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            progress.say(record.getMessage())

    logger = logging.getLogger("huggingface_hub")
    handlers, logger.handlers = logger.handlers, [Lines()]
    propagate, logger.propagate = logger.propagate, False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # between that library and its own
            warnings.showwarning = lambda message, *_: progress.say(str(message))
            yield
    finally:
        logger.handlers, logger.propagate = handlers, propagate
