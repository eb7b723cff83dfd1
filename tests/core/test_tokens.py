"""Token counts: exact where a vocabulary is at hand, marked as estimates where not."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from longalpaca_data.core import tokens
from longalpaca_data.core.tokens import Tokenizer, estimate, resolve
from tests.conftest import Run

ENGLISH = "The committee met on the third of May and adjourned without a decision. " * 40
CHINESE = "委员会于五月三日开会，没有作出决定便休会了。" * 40


def test_special_tokens_in_a_document_are_plain_text() -> None:
    count = Tokenizer("cl100k_base", exact=True)
    assert count("a <|endoftext|> b") > 4


def test_long_runs_of_white_space_are_harmless() -> None:
    assert Tokenizer("cl100k_base", exact=True)("a" + " " * 1_000_000 + "b") > 2


def test_estimate_is_near_the_count() -> None:
    count = Tokenizer("cl100k_base", exact=True)
    for text in (ENGLISH, CHINESE, ENGLISH + CHINESE):
        assert estimate(text) == pytest.approx(count(text), rel=0.25)


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(tokens, "_packaged", lambda file: None)
    return tmp_path / "cache"


@pytest.mark.usefixtures("empty_cache")
def test_offline_the_count_is_a_marked_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGALPACA_TIKTOKEN_URL", "http://127.0.0.1:9/")
    tokenizer, says = resolve("cl100k_base")
    assert not tokenizer.exact
    assert "ESTIMATES" in says
    assert "longalpaca-data[offline]" in says
    assert tokenizer(ENGLISH) == estimate(ENGLISH)


@pytest.fixture
def dripping() -> Iterator[str]:
    """A server that sends a byte now and then and never ends."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with_end = time.monotonic() + 1.5
            try:
                while time.monotonic() < with_end:
                    self.wfile.write(b"x")
                    time.sleep(0.02)
            except OSError:
                pass

        def log_message(self, *words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("empty_cache")
def test_a_hanging_download_ends(dripping: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGALPACA_TIKTOKEN_URL", dripping)
    monkeypatch.setattr(tokens, "DOWNLOAD_SECONDS", 0.3)
    started = time.monotonic()
    tokenizer, _ = resolve("cl100k_base")
    assert not tokenizer.exact
    assert time.monotonic() - started < 20


def test_the_download_is_checked_and_kept(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    real = tokens._packaged("cl100k_base.tiktoken")
    if real is None:
        pytest.skip("the offline extra is not installed")
    site = tmp_path / "site"
    site.mkdir()
    (site / "cl100k_base.tiktoken").write_bytes(real)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *words: object, **named: object) -> None:
            super().__init__(*words, directory=str(site), **named)  # type: ignore[arg-type]

        def log_message(self, *words: object) -> None:
            pass

    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(empty_cache))
    monkeypatch.setattr(tokens, "_packaged", lambda file: None)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("LONGALPACA_TIKTOKEN_URL", f"http://127.0.0.1:{server.server_port}/")
    try:
        assert resolve("cl100k_base")[0].exact
        (site / "cl100k_base.tiktoken").write_bytes(real[:-10])
        assert resolve("cl100k_base")[0].exact, "the kept file serves"
        for kept in empty_cache.iterdir():
            kept.unlink()
        assert not resolve("cl100k_base")[0].exact, "a damaged vocabulary is refused"
    finally:
        server.shutdown()
        server.server_close()


def test_a_tokenizer_json_counts(tmp_path: Path) -> None:
    from tokenizers import Tokenizer as HuggingFace
    from tokenizers import models, pre_tokenizers

    made = HuggingFace(models.WordLevel({"a": 0, "b": 1, "[UNK]": 2}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.add_special_tokens(["<s>"])
    made.save(str(tmp_path / "tokenizer.json"))
    for name in (str(tmp_path), str(tmp_path / "tokenizer.json")):
        tokenizer, says = resolve(name)
        assert says == ""
        assert tokenizer("a b a") == 3
        assert tokenizer("<s>") == 3, "a special token's text is text"


def test_an_unknown_tokenizer_is_one_clear_error(
    tmp_path: Path, here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # read from the environment at import
    recipe = tmp_path / "r.yaml"
    recipe.write_text("name: a\ndocuments: [x]\ntokenizer: no/such\n")
    done = here("build", recipe, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr.startswith("error: tokenizer 'no/such' is neither")
