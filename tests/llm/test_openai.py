"""The client against a scripted endpoint: what is asked, what is understood, what is refused."""

from __future__ import annotations

import asyncio
import email.utils
import json
import logging
import time
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longalpaca_data.core.errors import CallFailedError, ModelUnavailableError
from longalpaca_data.llm import Completion, Limits, Prompt, TryAgainError, frozen_json
from longalpaca_data.llm.http import Endpoint, Secret, _seconds
from longalpaca_data.llm.openai import Dialect, OpenAIModel, parse_completion
from tests.llm.asking import ask_all, question
from tests.llm.server import Asked, ModelServer, Reply

SCHEMA = frozen_json({"type": "object", "properties": {"q": {"type": "string"}}})
KEY = "sk-test-0123456789abcdef"


def complete(url: str, prompt: Prompt, **options: object) -> Completion:
    async def once() -> Completion:
        model = OpenAIModel("m", url, **options)  # type: ignore[arg-type]
        try:
            return await model.complete(prompt)
        finally:
            await model.aclose()

    return asyncio.run(once())


def test_a_request_says_what_the_prompt_says() -> None:
    prompt = question(
        "怎么?",
        max_tokens=7,
        schema=SCHEMA,
        temperature=0.3,
        top_p=0.9,
        seed=5,
        extra='{"chat_template_kwargs": {"enable_thinking": false}}',
    )
    with ModelServer(lambda asked: Reply("好")) as server:
        answer = complete(server.base_url, prompt)
    asked = server.asked[0].body
    assert asked["messages"] == [{"role": "user", "content": "怎么?"}]
    assert asked["response_format"]["json_schema"]["schema"] == json.loads(SCHEMA)
    assert (asked["max_tokens"], asked["temperature"], asked["top_p"], asked["seed"]) == (
        7,
        0.3,
        0.9,
        5,
    )
    assert asked["chat_template_kwargs"] == {"enable_thinking": False}
    assert answer.text == "好"
    assert answer.model == "scripted-0613"
    assert answer.prompt_tokens > answer.cached_tokens > 0


def picky(*complaints: tuple[str, str]) -> ModelServer:
    """A server that refuses fields with its own words."""

    def script(asked: Asked) -> Reply:
        for name, words in complaints:
            if name in asked.body:
                return Reply(words, status=400)
        return Reply("ok")

    return ModelServer(script)


def test_complaints_about_fields_are_heeded_once_and_remembered() -> None:
    refused = (
        ("response_format", "'response_format' of type 'json_schema' is not supported"),
        ("max_tokens", "Unsupported parameter: use 'max_completion_tokens' instead"),
        ("temperature", "'temperature' does not support 0.5 with this model"),
        ("seed", "seed: extra fields not permitted"),
    )
    prompt = question("x", schema=SCHEMA, temperature=0.5, seed=1)

    async def twice() -> list[str]:
        model = OpenAIModel("m", server.base_url)
        answers = [(await model.complete(prompt)).text for _ in range(2)]
        await model.aclose()
        return answers

    with picky(*refused) as server:
        assert asyncio.run(twice()) == ["ok", "ok"]
    # json_schema, json_object, none; then the other three; then all is known.
    assert [asked.body.get("response_format", {}).get("type") for asked in server.asked[:3]] == [
        "json_schema",
        "json_object",
        None,
    ]
    assert len(server.asked) == 7
    last = server.asked[-1].body
    assert last["max_completion_tokens"] == prompt.max_tokens
    assert last.keys().isdisjoint({"response_format", "max_tokens", "temperature", "seed"})


def test_a_field_that_the_user_insists_on_is_no_endless_loop() -> None:
    with picky(("temperature", "no temperature")) as server, pytest.raises(CallFailedError):
        complete(server.base_url, question("x", extra='{"temperature": 1}'))
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("status", "text", "reason"),
    [
        (400, "This model's maximum context length is 8192 tokens", "too long"),
        (400, "'max_tokens' or 'max_completion_tokens' is too large: too long", "too long"),
        (413, "", "too long"),
        (400, "The response was filtered by the content management policy", "content filter"),
        (400, "bad", "http 400"),
        (422, "bad", "http 422"),
        (418, "", "http 418"),
    ],
)
def test_what_only_this_prompt_suffers(status: int, text: str, reason: str) -> None:
    with (
        ModelServer(lambda asked: Reply(text, status=status)) as server,
        pytest.raises(CallFailedError) as failed,
    ):
        complete(server.base_url, question("x"))
    assert failed.value.reason == reason
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "text", "says"),
    [
        (401, "Incorrect API key provided: sk-abcdef123", "wants a key.*OPENAI_API_KEY"),
        (402, "", "no credit"),
        (403, "not yours", "refuses access.*not yours"),
        (404, "The model `m` does not exist", "does not know m.*does not exist"),
        (429, "insufficient_quota: check your plan", "no credit"),
        (302, "", "sends elsewhere, where no key is sent"),
    ],
)
def test_what_ends_the_run_at_once_in_one_line(
    status: int, text: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    reply = Reply(text, status=status, headers={"Location": "http://127.0.0.1:9/"})
    with (
        ModelServer(lambda asked: reply) as server,
        pytest.raises(ModelUnavailableError, match=says) as error,
    ):
        ask_all(server.base_url, tmp_path, [1])
    assert "\n" not in str(error.value)
    assert "sk-abcdef" not in str(error.value)
    assert len(server.asked) == 1


def test_an_error_that_comes_as_a_success_is_an_error() -> None:
    body = b'{"error": {"message": "upstream is tired", "code": 502}}'
    with (
        ModelServer(lambda asked: Reply(body=body)) as server,
        pytest.raises(TryAgainError, match=r"http 502: .*upstream is tired"),
    ):
        complete(server.base_url, question("x"))


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("hang", "timeout"),
        ("cut", "connection lost"),
        ("truncate", "truncated body"),
        ("malformed", "malformed body"),
        ("html", "wrong content type"),
    ],
)
def test_troubles_are_sorted_into_kinds(fault: str, kind: str) -> None:
    with (
        ModelServer(lambda asked: Reply("x", fault=fault)) as server,  # type: ignore[arg-type]
        pytest.raises(TryAgainError) as trouble,
    ):
        complete(server.base_url, question("x"), timeout=0.3)
    assert trouble.value.kind == kind


def test_an_endpoint_that_is_not_there() -> None:
    with ModelServer() as server:
        url = server.base_url
    for address, kind in ((url, "connection refused"), ("http://no.invalid/v1", "unknown host")):
        with pytest.raises(TryAgainError) as trouble:
            complete(address, question("x"))
        assert trouble.value.kind == kind


@pytest.mark.parametrize(
    "stated",
    ["1" + 23 * "0", "1e23", "1e400", "-1" + 23 * "0", "NaN", "-Infinity", '"many"', "[1]", "{}"],
)
def test_counts_that_cannot_be_true_are_taken_for_none(stated: str, tmp_path: Path) -> None:
    counts = (
        f'"prompt_tokens": {stated}, "completion_tokens": {stated}, '
        f'"prompt_tokens_details": {{"cached_tokens": {stated}}}'
    )
    for usage in (f"{{{counts}}}", stated):
        body = f'{{"choices": [{{"message": {{"content": "abcdefgh"}}}}], "usage": {usage}}}'
        answer = parse_completion(body.encode(), question("x" * 400), "m")
        assert (answer.prompt_tokens, answer.completion_tokens) == (95, 2)
        assert answer.cached_tokens == 0


def test_a_server_that_states_absurd_counts_answers_all_the_same(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 10**23, "completion_tokens": 10**23}
    with ModelServer(lambda asked: Reply("fine", usage=usage)) as server:
        first = ask_all(server.base_url, tmp_path, range(3))
        assert ask_all(server.base_url, tmp_path, range(3)) == first
        assert len(server.asked) == 3
    assert "fine" in repr(first)


def test_answers_that_are_hard_to_read() -> None:
    def body(content: object, **more: object) -> bytes:
        message = {"role": "assistant", "content": content, **more}
        return json.dumps({"choices": [{"message": message}]}).encode()

    prompt = question("x" * 400)
    assert parse_completion(body("half \ud83d a character"), prompt, "m").text == (
        "half \ufffd a character"
    )
    assert parse_completion(body([{"type": "text", "text": "in parts"}]), prompt, "m").text == (
        "in parts"
    )
    refused = parse_completion(body(None, refusal="I won't"), prompt, "m")
    assert (refused.finish_reason, refused.text) == ("refusal", "I won't")
    estimated = parse_completion(body("abcdefgh"), prompt, "m")
    assert (estimated.prompt_tokens, estimated.completion_tokens, estimated.model) == (95, 2, "m")
    usage = b'"usage": {"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 9}}'
    boast = b'{"choices": [{"message": {"content": "x"}}], ' + usage + b"}"
    assert parse_completion(boast, prompt, "m").cached_tokens == 5
    chinese = parse_completion(body("字" * 90), question("字" * 90), "m")
    assert chinese.prompt_tokens == chinese.completion_tokens > 90  # a byte count says 67
    for odd in (b"", b"[]", b"{}", b'{"choices": []}', b"[" * 100_000, b"\xff"):
        with pytest.raises((ValueError, RecursionError)):
            parse_completion(odd, prompt, "m")


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_body_is_worse_than_a_value_error(body: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        parse_completion(body, question("x"), "m")


@given(st.text(max_size=80))
def test_no_complaint_makes_a_dialect_worse(message: str) -> None:
    request = {"max_tokens": 1, "temperature": 0, "response_format": {}}
    dialect: Dialect | None = Dialect()
    for _ in range(8):
        dialect = dialect and dialect.adapted(message, request)
    assert dialect is None


def test_retry_after_is_seconds_or_a_date() -> None:
    assert _seconds("1.5") == 1.5
    assert _seconds("-3") == 0
    assert _seconds(None) is None
    assert _seconds("soon") is None
    in_a_minute = email.utils.formatdate(time.time() + 60, usegmt=True)
    assert 55 < (_seconds(in_a_minute) or 0) < 61


@pytest.mark.parametrize("fault", ["duplicate", "late duplicate"])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_answer_that_comes_twice_is_given_to_nobody_else(
    fault: str, concurrency: int, tmp_path: Path
) -> None:
    def script(asked: Asked) -> Reply:
        often = int(asked.prompt) % 4 == 0 and asked.attempt == 1
        return Reply(f"to {asked.prompt}", latency=0.03, fault=fault if often else "")  # type: ignore[arg-type]

    with ModelServer(script) as server:
        answers = ask_all(
            server.base_url, tmp_path, range(12), limits=Limits(concurrency=concurrency)
        )
    assert answers == [f"to {number}" for number in range(12)]


def test_a_server_that_says_the_same_to_all_is_believed(tmp_path: Path) -> None:
    body = b'{"choices": [{"message": {"content": "same"}}]}'
    with ModelServer(lambda asked: Reply(body=body)) as server:
        answers = ask_all(server.base_url, tmp_path, range(40), limits=Limits(concurrency=2))
    assert answers == ["same"] * 40
    assert len(server.asked) < 50


def test_the_key_is_sent_and_shown_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MY_KEY", f" {KEY}\n")
    caplog.set_level(logging.DEBUG)

    def script(asked: Asked) -> Reply:
        said = f"you sent {asked.headers['Authorization']}"
        replies = (Reply("fine"), Reply(said, status=500), Reply(said, fault="truncate"))
        return replies[len(server.asked) % 3]

    seen = []

    async def ask() -> None:
        model = OpenAIModel("m", server.base_url, key_variable="MY_KEY", timeout=2)
        for number in range(6):
            try:
                seen.append(repr(await model.complete(question(number))))
            except TryAgainError as error:
                seen.append("".join(traceback.format_exception(error)))
                frames = traceback.walk_tb(error.__traceback__)
                seen.extend(repr(frame.f_locals) for frame, _ in frames)
                seen.append(repr(error.__context__))
        seen.append(repr(vars(model)) + repr(vars(model.endpoint)))
        await model.aclose()

    with ModelServer(script) as server:
        asyncio.run(ask())
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        ask_all(server.base_url, tmp_path, range(4))
    assert all(asked.headers["Authorization"] == f"Bearer {KEY}" for asked in server.asked)
    assert any("[key]" in text for text in seen)
    written = [file.read_bytes() for file in tmp_path.iterdir()]
    assert KEY not in "".join(seen) + caplog.text
    assert not any(KEY.encode() in content for content in written)


@pytest.mark.parametrize("key", ["x", "none", KEY])
def test_a_reply_that_says_the_key_is_kept_word_for_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """A reply is data: with the key x every x of it once became [key]."""
    monkeypatch.setenv("OPENAI_API_KEY", key)
    said = f"six boxes, none taxed; {key}"
    with ModelServer(lambda asked: Reply(said)) as server:
        first = ask_all(server.base_url, tmp_path, range(2))
        again = ask_all(server.base_url, tmp_path, range(2))
    assert first == again
    assert said in repr(first)


@pytest.mark.parametrize(("key", "shown"), [("none", "none of it"), (KEY, "[key] is wrong")])
def test_only_a_long_key_is_taken_out_of_messages(
    monkeypatch: pytest.MonkeyPatch, key: str, shown: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    said = f"none of it: {key} is wrong"
    with (
        ModelServer(lambda asked: Reply(said, status=400)) as server,
        pytest.raises(CallFailedError) as error,
    ):
        complete(server.base_url, question("?"))
    assert shown in str(error.value)
    assert KEY not in str(error.value)


def test_a_key_with_a_line_break_within_is_refused_without_citing_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abc\ndef")
    with pytest.raises(ModelUnavailableError, match="OPENAI_API_KEY holds") as error:
        complete("http://127.0.0.1:9/v1", question("x"))
    assert "abc" not in str(error.value)
    assert repr(Secret("abc")) == "[key]"
    assert repr(Endpoint("http://h/v1")) == "Endpoint('http://h/v1')"


def test_openai_is_sent_nothing_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ModelUnavailableError, match="wants a key; set OPENAI_API_KEY"):
        complete("https://api.openai.com/v1", question("x"))


def test_no_document_is_too_long_to_be_sent() -> None:
    with ModelServer(lambda asked: Reply(str(len(asked.prompt)))) as server:
        assert complete(server.base_url, question("长" * 700_000)).text == "700000"
