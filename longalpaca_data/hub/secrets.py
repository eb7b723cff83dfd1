"""Keys, tokens and private keys in a data set's rows: what must never be published.

Two steps. Arrow's regular expressions (RE2) pass over whole columns; only rows that they flag are
looked at closely, where placeholders of manuals (``AKIAIOSFODNN7EXAMPLE``, ``sk-xxxx…``) are let
go. So each pattern must be one that RE2 and :mod:`re` both read: no look-around.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_COLUMNS = ("instruction", "input", "output", "file", "question", "titles")
_SHOWN = 4  # characters of a secret that a message may show


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that looks like a secret. ``place`` is a row's id and column, or a file;
    ``shown`` is the secret's beginning and its length, no more.
    """

    place: str
    kind: str
    shown: str

    def __str__(self) -> str:
        return f"{self.place}: {self.kind} {self.shown}"


def _random(text: str) -> bool:
    """Say whether a text of a key's shape is no placeholder: nobody's example, not one character
    over and over, no counting.
    """
    return not _PLACEHOLDER.search(text) and len(set(text)) >= _MIN_DISTINCT


def _signed(text: str) -> bool:
    """Say whether a text is a JSON web token: its first part names an algorithm."""
    head = text.split(".", 1)[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError):
        return False
    return isinstance(header, dict) and "alg" in header


def _assigned(text: str) -> bool:
    """Say whether what is assigned to a name like ``api_key`` is random rather than words."""
    value = re.split(r"[=:>]\s*[\"']?", text, maxsplit=1)[-1].strip("\"'")
    pieces = re.split(r"[^A-Za-z0-9]+", value)
    words = [piece for piece in pieces if piece.isalpha() and len(piece) >= _WORD]
    mixed = sum(c.isdigit() for c in value) >= 2 and sum(c.isalpha() for c in value) >= 2
    return mixed and len(words) < 2 and _entropy(value) >= _MIN_ENTROPY and _random(value)


def _entropy(text: str) -> float:
    """Return bits per character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


_PLACEHOLDER = re.compile(
    r"(?i)example|x{4}|your|placeholder|dummy|redacted|changeme|insert|fake|"
    r"(.)\1{5}|01234567|12345678|abcdefgh"
)
_MIN_DISTINCT = 8
# Random hexadecimal of 32 characters has 3.5-3.9 bits, base64 more, English words in one 3.0-3.6.
_MIN_ENTROPY = 3.4
_WORD = 4
_NAMES = "api[_-]?key|secret[_-]?key|access[_-]?key|client[_-]?secret|token|secret|passw(?:or)?d"

# (kind, pattern, what it must be besides). The shapes are those that the services document.
_KINDS: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("AWS access key", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b", _random),
    ("GitHub token", r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b", _random),
    ("GitHub token", r"\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b", _random),
    ("GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}", _random),
    ("Hugging Face token", r"\bhf_[A-Za-z0-9]{30,}\b", _random),
    ("OpenAI key", r"\bsk-[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}", _random),
    ("OpenAI key", r"\bsk-(?:proj-|svcacct-|admin-)[A-Za-z0-9_-]{40,}", _random),
    ("Anthropic key", r"\bsk-ant-[A-Za-z0-9_-]{32,}", _random),
    ("API key", r"\bsk-[A-Za-z0-9]{32,}\b", _random),
    ("Slack token", r"\bxox[abeoprs]-[0-9A-Za-z]{8,}-[0-9A-Za-z-]{10,}", _random),
    ("Slack webhook", r"hooks\.slack\.com/services/T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{20,}",
     _random),
    ("Google key", r"\bAIza[A-Za-z0-9_-]{35}", _random),
    ("Google token", r"\bya29\.[A-Za-z0-9_-]{30,}", _random),
    ("Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{20,}\b", _random),
    ("npm token", r"\bnpm_[A-Za-z0-9]{36}\b", _random),
    ("PyPI token", r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}", _random),
    ("private key",
     r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----[\s\S]{0,200}?[A-Za-z0-9+/]{40}", _random),
    ("JSON web token",
     r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{20,}", _signed),
    ("signed URL",
     r"[?&](?:X-Amz-Signature|[Ss]ig|[Ss]ignature|(?:access_)?token)=[A-Za-z0-9%+/=_-]{20,200}",
     _random),
    ("secret in an assignment",
     rf"(?i:{_NAMES})[\"']?\s{{0,3}}(?:=|:|:=|=>)\s{{0,3}}[\"'][A-Za-z0-9_+/=.-]{{16,200}}[\"']",
     _assigned),
    ("secret in an assignment",
     r"(?:KEY|SECRET|TOKEN|PASSWORD)=[A-Za-z0-9_+/.-]{20,200}", _assigned),
)  # fmt: skip
_SIEVE = "|".join(f"(?:{pattern})" for _, pattern, _ in _KINDS)
# ASCII as in RE2: a key directly after a Chinese character stands at a word's beginning too.
_PATTERNS = [(kind, re.compile(sign, re.ASCII), plausible) for kind, sign, plausible in _KINDS]


def secrets_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield the secrets of a text: kind, and as much of each as a message may show."""
    for kind, pattern, plausible in _PATTERNS:
        for secret in filter(plausible, (match[0] for match in pattern.finditer(text))):
            yield kind, _masked(secret)


def _masked(secret: str) -> str:
    return f"{secret[:_SHOWN]}… ({len(secret)} characters)"


def scan(folder: Path) -> Iterator[Finding]:
    """Yield what looks like a secret in the rows of a data set's folder, each kind once per text.

    Reads a row group at a time.
    """
    for file in sorted((folder / "data").glob("*.parquet")):
        with pq.ParquetFile(file) as parquet:
            columns = [name for name in _COLUMNS if name in parquet.schema_arrow.names]
            for group in range(parquet.num_row_groups):
                yield from _scan_table(parquet.read_row_group(group, columns=["id", *columns]))


def _scan_table(table: pa.Table) -> Iterator[Finding]:
    for name in table.column_names[1:]:
        texts = table.column(name)
        if pa.types.is_list(texts.type):
            texts = pc.binary_join(texts, "\n")
        flagged = pc.match_substring_regex(texts, _SIEVE)
        if pc.any(flagged).as_py():
            yield from _look(table.column("id").filter(flagged), name, texts.filter(flagged))


def _look(ids: pa.ChunkedArray, name: str, texts: pa.ChunkedArray) -> Iterator[Finding]:
    for kind, pattern, plausible in _PATTERNS:
        # Python's expressions are twenty times slower: they see only what this one flags.
        places = pc.indices_nonzero(pc.match_substring_regex(texts, pattern.pattern))
        for place in places.to_pylist():
            found = (match[0] for match in pattern.finditer(texts[place].as_py()))
            if secret := next(filter(plausible, found), ""):
                yield Finding(f"row {ids[place]}, {name}", kind, _masked(secret))
