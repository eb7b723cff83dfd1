"""Secrets are found in their usual shapes; examples of manuals and plain prose are not secrets."""

from __future__ import annotations

import base64
import random
import string
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longalpaca_data.core.resources import sample_folder
from longalpaca_data.hub.secrets import _PATTERNS, _SIEVE, scan, secrets_in

# Made up here, so that no scanner of repositories takes this file for a leak.
_draw = random.Random(7)
ALNUM, UPPER32 = string.ascii_letters + string.digits, string.ascii_uppercase + "234567"


def drawn(count: int, of: str = ALNUM) -> str:
    return "".join(_draw.choices(of, k=count))


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


JWT = ".".join([encoded('{"alg": "HS256"}'), encoded('{"sub": "1", "n": 7}'), drawn(43)])
PEM = f"{drawn(64)}\n{drawn(64)}\n-----END RSA PRIVATE KEY-----"
SECRETS = [
    ("AWS access key", "AKIA" + drawn(16, UPPER32)),
    ("AWS access key", "ASIA" + drawn(16, UPPER32)),
    ("GitHub token", "ghp_" + drawn(36)),
    ("GitHub token", "github_pat_" + drawn(22) + "_" + drawn(59)),
    ("GitLab token", "glpat-" + drawn(20)),
    ("Hugging Face token", "hf_" + drawn(34)),
    ("OpenAI key", "sk-" + drawn(20) + "T3BlbkFJ" + drawn(20)),
    ("OpenAI key", "sk-proj-" + drawn(100)),
    ("Anthropic key", "sk-ant-api03-" + drawn(90)),
    ("API key", "sk-" + drawn(48)),
    ("Slack token", "xoxb-" + drawn(12, string.digits) + "-" + drawn(24)),
    (
        "Slack webhook",
        f"hooks.slack.com/services/T{drawn(9, UPPER32)}/B{drawn(9, UPPER32)}/{drawn(24)}",
    ),
    ("Google key", "AIza" + drawn(35)),
    ("Google token", "ya29." + drawn(60)),
    ("Stripe key", "sk_live_" + drawn(24)),
    ("npm token", "npm_" + drawn(36)),
    ("PyPI token", "pypi-" + "AgEIcHlwaS5vcmc" + drawn(80)),
    ("private key", f"-----BEGIN RSA PRIVATE KEY-----\n{PEM}"),
    ("private key", f"-----BEGIN OPENSSH PRIVATE KEY-----\n{PEM}"),
    ("private key", f"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n{PEM}"),
    ("private key", "-----BEGIN PRIVATE KEY-----\\n" + drawn(64)),
    ("JSON web token", JWT),
    ("signed URL", f"&sig={drawn(43)}%3D"),
    ("secret in an assignment", f'api_key = "{drawn(32)}"'),
    ("secret in an assignment", f"'aws_secret_access_key': '{drawn(40)}'"),
    ("secret in an assignment", f'PASSWORD="{drawn(20)}"'),
    ("secret in an assignment", f"export SERVICE_TOKEN={drawn(32)}"),
]
HARMLESS = [
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "ghp_123456789012345678901234567890123456",
    "hf_your_token_here_0123456789012345",
    "sk-" + "a" * 48,
    "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
    "A key begins with -----BEGIN PRIVATE KEY----- and goes on for many lines of text.",
    "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl",
    f"eyJ{drawn(20)}.eyJ{drawn(20)}.{drawn(30)}",
    'password = "correct horse battery staple"',
    'password = "correct-horse-battery-staple-42"',
    'token = "your-api-token-goes-here-12"',
    'secret: "aaaaaaaaaaaaaaaa1111111111"',
    "token = get_token(request, 'csrf_middleware_token_1')",
    "https://example.org/task-management-system-for-small-teams-2024",
    "sk-learn-estimator-container-fluid-navigation-menu",
    "The secret: nobody had asked. 密码是什么？",
    "SHA-256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
]


@pytest.mark.parametrize(("kind", "secret"), SECRETS, ids=lambda value: value[:12])
@pytest.mark.parametrize("around", ["{}", "see ({}).", "密钥{}是", "a\n{}\n"])
def test_secrets_are_found(kind: str, secret: str, around: str) -> None:
    text = "The report of the year. " * 5 + around.format(secret)
    found = dict(secrets_in(text))
    assert kind in found
    assert found[kind][:4] in secret
    assert secret[:8] not in found[kind]
    assert pc.match_substring_regex(pa.array([text]), _SIEVE).to_pylist() == [True]


@pytest.mark.parametrize("text", HARMLESS, ids=lambda text: text[:24])
def test_examples_and_prose_are_let_go(text: str) -> None:
    assert list(secrets_in(text)) == []


pieces = st.lists(
    st.sampled_from(
        [*(secret for _, secret in SECRETS), *(secret[:7] for _, secret in SECRETS),
         *"é漢_-= \"'\n", "KEY", "Secret", drawn(20), drawn(40, UPPER32)]
    ),
    max_size=6,
).map("".join)  # fmt: skip


@given(pieces)
def test_both_expression_engines_see_the_same(text: str) -> None:
    for _, pattern, _ in _PATTERNS:
        flagged = pc.match_substring_regex(pa.array([text]), pattern.pattern).to_pylist()
        assert flagged == [bool(pattern.search(text))]


def test_rows_are_named(tmp_path: Path) -> None:
    secret = "ghp_" + drawn(36)
    (tmp_path / "data").mkdir()
    rows = [{"id": f"r{n}", "instruction": "plain", "titles": ["a", "b"]} for n in range(300)]
    rows[217]["titles"] = ["a", secret]
    rows[3]["instruction"] = f"{secret} and again {secret}"
    pq.write_table(
        pa.Table.from_pylist(rows), tmp_path / "data" / "train-1.parquet", row_group_size=50
    )
    assert [str(finding) for finding in scan(tmp_path)] == [
        "row r3, instruction: GitHub token ghp_… (40 characters)",
        "row r217, titles: GitHub token ghp_… (40 characters)",
    ]


def test_the_sample_holds_no_secret() -> None:
    for file in sample_folder().rglob("*.[jth][sx]*"):
        assert not list(secrets_in(file.read_text(encoding="utf-8"))), file.name


@pytest.mark.slow
@pytest.mark.corpus
def test_real_documents_hold_none(corpus: Path) -> None:
    for file in corpus.rglob("*"):
        if file.suffix in {".txt", ".html", ".md"}:
            text = file.read_text(encoding="utf-8", errors="replace")
            assert not list(secrets_in(text)), file.name
