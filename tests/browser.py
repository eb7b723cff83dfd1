"""A page in a headless Chromium that reaches files and this machine only.

``page`` is playwright's own :class:`playwright.sync_api.Page`; ``witness`` holds what the page
tried on the way. Both are fixtures of ``tests/conftest.py`` and skip, with a reason, where
playwright or a browser is missing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Route

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass
class Witness:
    """What a page did while a test looked: addresses asked for, dialogs, errors of its scripts.

    ``refused`` are those of the ``requests`` that would have left the machine; none did.
    """

    requests: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def stays_here(address: str) -> bool:
    """Whether a request for the address stays on this machine."""
    parts = urlsplit(address)
    return parts.scheme in ("file", "data", "blob", "about") or parts.hostname in _LOOPBACK


# A module's browser, not the session's: playwright keeps an event loop running in this thread
# while it is open, and other modules call asyncio.run.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running headless Chromium, or a skip that says what is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable = next(filter(None, map(shutil.which, _NAMES)), None)
    if executable is None:
        pytest.skip("no Chromium on the PATH (Debian: apt install chromium)")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def witness() -> Witness:
    """What ``page`` does during one test."""
    return Witness()


@pytest.fixture
def page(browser: Browser, witness: Witness) -> Iterator[Page]:
    """An empty page of its own context: no cookies, no storage, no network but loopback."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en")
    _watch(context, witness)
    yield context.new_page()
    context.close()


def _watch(context: BrowserContext, witness: Witness) -> None:
    def judge(route: Route) -> None:
        address = route.request.url
        witness.requests.append(address)
        if stays_here(address):
            route.continue_()
        else:
            witness.refused.append(address)
            route.abort()

    def close(dialog: Dialog) -> None:
        witness.dialogs.append(dialog.message)
        dialog.dismiss()

    context.route("**/*", judge)
    context.on("dialog", close)
    context.on("weberror", lambda error: witness.errors.append(str(error.error)))
