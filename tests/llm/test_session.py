"""A session: nothing lost, nothing asked twice, limits and budgets kept, an orderly end."""

from __future__ import annotations

import asyncio
import itertools
import random
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from longalpaca_data.core.errors import (
    CallFailedError,
    ModelUnavailableError,
    OutputError,
    RecipeError,
)
from longalpaca_data.core.progress import Progress
from longalpaca_data.llm import (
    Ask,
    Completion,
    Limits,
    Price,
    Prompt,
    Session,
    StopAskingError,
    TryAgainError,
)
from longalpaca_data.llm.client import Budget
from longalpaca_data.llm.openai import OpenAIModel
from longalpaca_data.pipeline.calls import CallFilter, Calls
from tests.llm.asking import QUICK, answer, ask_all, question, session
from tests.llm.server import Asked, ModelServer, Reply


class Instant:
    """A model in this process that answers with the prompt, or fails as it is told."""

    name = "instant"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.prompts: list[Prompt] = []
        self.closed = False

    async def complete(self, prompt: Prompt) -> Completion:
        self.prompts.append(prompt)
        if self.error:
            raise self.error
        return Completion(prompt.messages[-1].content, "stop", 1000, 500, 200, "instant-1")

    async def aclose(self) -> None:
        self.closed = True


def asked_of(model: Instant, folder: Path, limits: Limits, price: Price | None = None) -> Session:
    return Session(model, folder / "ledger.sqlite", limits, price, retry_policy=QUICK)


def test_results_come_in_order_though_the_first_is_slow(tmp_path: Path) -> None:
    def script(asked: Asked) -> Reply:
        return Reply(asked.prompt, latency=0.3 if asked.prompt == "0" else 0)

    with ModelServer(script) as server:
        answers = ask_all(server.base_url, tmp_path, range(30), limits=Limits(concurrency=5))
    assert answers == [str(number) for number in range(30)]
    assert 1 < server.most_in_flight <= 5


def test_items_are_pulled_a_bounded_number_ahead(tmp_path: Path) -> None:
    pulled = 0

    def items() -> Iterator[int]:
        nonlocal pulled
        for pulled in itertools.count(1):  # noqa: UP028 — counts what was pulled
            yield pulled

    model = Instant()
    with asked_of(model, tmp_path, Limits(concurrency=2)) as opened:
        results = opened.map(items(), answer)
        for _ in range(5):
            next(results)
            assert pulled <= 5 + 16
    assert model.closed


def test_what_the_ledger_has_is_not_asked_again(tmp_path: Path) -> None:
    with ModelServer() as server:
        first = ask_all(server.base_url, tmp_path, range(10), price=Price(1, 2))
        with session(server.base_url, tmp_path, price=Price(1, 2)) as opened:
            again = list(opened.map(range(12), answer))
            usage = opened.usage
    assert again[:10] == first
    assert len(server.asked) == 12
    assert (usage.kept.calls, usage.made.calls) == (10, 2)
    assert usage.kept.cost == pytest.approx(5 * usage.made.cost, rel=0.1)
    assert usage.as_dict()["made"]["calls"] == 2


def test_a_prompt_s_key_is_all_that_is_asked_and_no_tag() -> None:
    prompt = question("x")
    changes = [{"max_tokens": 9}, {"schema": "{}"}, {"seed": 1}, {"top_p": 0.5}, {"extra": "{}"}]
    keys = {question("x", **change).key("m") for change in changes}
    keys |= {prompt.key("m"), prompt.key("n"), question("y").key("m")}
    assert len(keys) == len(changes) + 3
    assert Prompt(prompt.messages).key("m") == prompt.key("m")
    assert len(prompt.key("m")) == 64


def test_the_ledger_tells_of_every_call(tmp_path: Path) -> None:
    with ModelServer(lambda asked: Reply("yes", latency=0.02)) as server:
        ask_all(server.base_url, tmp_path, ["why"], price=Price(1, 2, 0.5))
    ledger = Calls(tmp_path / "ledger.sqlite")
    call = ledger.get(question("why").key("m"))
    ledger.close()
    assert call is not None
    assert (call.text, call.model, call.served) == ("yes", "m", "scripted-0613")
    assert (call.task, call.template, call.language) == ("short_qa", "t1", "en")
    assert (call.source, call.finish_reason) == ("why.txt", "stop")
    fresh, cached = call.prompt_tokens - call.cached_tokens, call.cached_tokens
    assert call.cost == pytest.approx((fresh + 0.5 * cached + 2 * call.completion_tokens) / 1e6)
    assert 0.02 < call.seconds < 5


def test_seconds_are_the_model_s_not_those_of_waiting_for_a_slot(tmp_path: Path) -> None:
    with ModelServer(lambda asked: Reply("yes", latency=0.3)) as server:
        ask_all(server.base_url, tmp_path, range(5), limits=Limits(concurrency=1))
    with closing(Calls(tmp_path / "ledger.sqlite")) as ledger:
        seconds = [row["seconds"] for row in ledger.rows(CallFilter())]
    assert len(seconds) == 5
    assert min(seconds) >= 0.29
    assert sum(seconds) < 5 * 0.3 + 1.2  # the waits for the slot would add 3 s


def test_equal_prompts_are_one_call(tmp_path: Path) -> None:
    async def thrice(item: object, ask: Ask) -> list[str]:
        return [c.text for c in await asyncio.gather(*(ask(question("x")) for _ in range(3)))]

    with (
        ModelServer(lambda asked: Reply("once", latency=0.05)) as server,
        session(server.base_url, tmp_path) as opened,
    ):
        assert list(opened.map(range(4), thrice)) == [["once"] * 3] * 4
    assert len(server.asked) == 1


def test_filtered_answers_are_kept_and_fail_each_time(tmp_path: Path) -> None:
    with ModelServer(lambda asked: Reply("", finish_reason="content_filter")) as server:
        for _ in range(2):
            assert ask_all(server.base_url, tmp_path, [1]) == ["failed: content filter"]
    assert len(server.asked) == 1


@pytest.mark.parametrize(("limit", "made"), [(0, 0), (3, 3), (100, 10)])
def test_max_calls_leaves_out_what_it_must(limit: int, made: int, tmp_path: Path) -> None:
    model = Instant()
    with asked_of(model, tmp_path, Limits(max_calls=limit)) as opened:
        answers = list(opened.map(range(10), answer))
    assert len(model.prompts) == len(answers) == made
    assert opened.usage.unasked == 10 - made
    assert opened.stopped == (f"the budget of {limit} calls is spent" if made < 10 else "")
    with asked_of(model, tmp_path, Limits(max_calls=0)) as replay:
        assert list(replay.map(range(10), answer)) == answers


@pytest.mark.parametrize("concurrency", [1, 8])
def test_max_cost_is_used_and_not_exceeded(concurrency: int, tmp_path: Path) -> None:
    # An answer costs 1000 x 1 + 500 x 2 per million; at worst its 1024 tokens cost twice that.
    limits = Limits(concurrency=concurrency, max_cost=0.02)
    with asked_of(Instant(), tmp_path, limits, Price(1, 2)) as opened:
        answers = list(opened.map(range(50), answer))
    assert 0.017 < opened.usage.made.cost <= 0.02
    assert len(answers) == opened.usage.made.calls
    assert "budget of 0.02" in opened.stopped


def test_a_budget_ends_though_sums_of_costs_do_not_come_out_even() -> None:
    """0.1 + 0.2 + 0.3 - 0.1 - 0.2 - 0.3 is more than 0: nobody may wait for that to be settled."""

    async def spend() -> None:
        budget = Budget(Limits(max_cost=1), Price(1, 1), "m")
        costs = (0.1, 0.2, 0.3)
        for cost in costs:
            await budget.reserve(cost)
        for cost in costs:
            budget.charge(cost, Completion("", prompt_tokens=200_000))
        with pytest.raises(StopAskingError):
            await asyncio.wait_for(budget.reserve(0.5), 5)

    asyncio.run(spend())


@pytest.mark.parametrize("seed", range(5))
def test_max_cost_ends_a_run_of_uneven_costs(seed: int, tmp_path: Path) -> None:
    lengths = random.Random(seed).choices(range(1, 40), k=60)
    limits = Limits(concurrency=4, max_cost=0.02)
    with asked_of(Instant(), tmp_path, limits, Price(0.7, 1.3)) as opened:
        list(opened.map([f"{n} " + "x" * 97 * n for n in lengths], answer))
    assert 0 < opened.usage.made.cost <= 0.02
    assert opened.usage.unasked > 0


def test_a_limit_on_money_needs_a_price(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="needs the price of instant"):
        asked_of(Instant(), tmp_path, Limits(max_cost=1))


def test_requests_per_minute_are_kept(tmp_path: Path) -> None:
    with ModelServer() as server:
        ask_all(server.base_url, tmp_path, range(8), limits=Limits(requests_per_minute=1200))
    times = sorted(asked.at for asked in server.asked)
    # Their spacing is held by tests of the rates; a busy machine may deliver two together.
    assert times[-1] - times[0] > 7 * 0.05 - 0.04


def test_retry_after_holds_for_all(tmp_path: Path) -> None:
    def script(asked: Asked) -> Reply:
        if asked.number == 0:
            return Reply(status=429, headers={"Retry-After": "0.5"})
        return Reply("ok", latency=0.1)

    with ModelServer(script) as server:
        assert ask_all(server.base_url, tmp_path, range(9), limits=Limits(concurrency=3)) == (
            ["ok"] * 9
        )
    early = [asked for asked in server.asked if asked.at < server.asked[0].at + 0.45]
    assert len(early) <= 3


def test_troubles_that_pass_cost_nothing_but_time(tmp_path: Path) -> None:
    faults = [
        Reply(status=429),
        Reply(status=500),
        Reply(status=503, headers={"Retry-After": "0.1"}),
        Reply(fault="cut"),
        Reply(fault="truncate"),
        Reply(fault="malformed"),
        Reply(fault="html"),
        Reply(status=408),
        Reply(fault="hang"),
    ]

    def script(asked: Asked) -> Reply:
        bad = faults[int(asked.prompt) % len(faults)]
        return bad if asked.attempt == 1 else Reply(asked.prompt)

    with (
        ModelServer(script) as server,
        session(server.base_url, tmp_path, Limits(concurrency=9), timeout=2) as opened,
    ):
        assert list(opened.map(range(18), answer)) == [str(number) for number in range(18)]
        assert opened.usage.retries == {
            "http 429": 2,
            "http 500": 2,
            "http 503": 2,
            "connection lost": 2,
            "truncated body": 2,
            "malformed body": 2,
            "wrong content type": 2,
            "http 408": 2,
            "timeout": 2,
        }
    assert server.times_answered() == 1


@pytest.mark.slow
def test_a_prompt_that_the_endpoint_never_takes_is_one_drop(tmp_path: Path) -> None:
    def script(asked: Asked) -> Reply:
        return Reply(status=500) if asked.prompt == "3" else Reply("ok", latency=0.02)

    with ModelServer(script) as server:
        answers = ask_all(server.base_url, tmp_path, range(60), limits=Limits(concurrency=2))
    assert answers.pop(3) == "failed: retries exhausted"
    assert set(answers) == {"ok"}


@pytest.mark.slow
@pytest.mark.parametrize("bad", [["1"], ["1", "2", "3"]])
def test_prompts_that_nothing_can_answer_do_not_condemn_the_endpoint(
    bad: list[str], tmp_path: Path
) -> None:
    def script(asked: Asked) -> Reply:
        return Reply(status=500) if asked.prompt in bad else Reply("ok")

    # On the second run there is nothing left that the endpoint could show its health by.
    with ModelServer(script) as server:
        for _ in range(2):
            answers = ask_all(server.base_url, tmp_path, range(4), limits=Limits(concurrency=2))
            assert answers.count("failed: retries exhausted") == len(bad)
            assert answers.count("ok") == 4 - len(bad)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply("loading the model", status=503), "http 503: loading the model"),
        (Reply(fault="html"), "wrong content type: text/html"),
        (Reply(status=429), "http 429"),
        (Reply(status=429, headers={"Retry-After": "7200"}), "http 429"),
    ],
)
def test_an_endpoint_that_never_answers_ends_the_run(
    reply: Reply, says: str, tmp_path: Path
) -> None:
    with (
        ModelServer(lambda asked: reply) as server,
        pytest.raises(ModelUnavailableError, match=f"{server.base_url} does not answer .{says}"),
    ):
        ask_all(server.base_url, tmp_path, range(9), limits=Limits(concurrency=3))


@pytest.mark.slow
def test_a_server_that_goes_away_ends_the_run_and_all_is_kept(tmp_path: Path) -> None:
    answers = []
    with ModelServer() as server:
        opened = session(server.base_url, tmp_path, Limits(concurrency=2))
        with pytest.raises(ModelUnavailableError, match=r"connection refused.*--base-url"), opened:  # noqa: PT012
            for text in opened.map(range(10_000), answer):
                answers.append(text)
                if len(answers) == 20:
                    server.outage(60)
    assert opened.usage.made.calls >= len(answers)
    with asked_of(Instant(), tmp_path, Limits(max_calls=0)) as kept:
        assert kept.usage.failed == {}
    rows = sqlite3.connect(tmp_path / "ledger.sqlite").execute("SELECT count(*) FROM calls")
    assert rows.fetchone()[0] == opened.usage.made.calls


@pytest.mark.slow
def test_a_server_that_comes_back_loses_nothing(tmp_path: Path) -> None:
    with ModelServer() as server, session(server.base_url, tmp_path) as opened:
        answers = []
        for text in opened.map(range(600), answer):
            answers.append(text)
            if len(answers) == 100:
                server.outage(0.5)
    assert len(answers) == 600
    assert not [text for text in answers if text.startswith("failed")]
    assert opened.usage.failed == {}
    assert opened.usage.retries.total() > 0


@pytest.mark.slow
def test_an_endpoint_that_takes_connections_and_says_nothing_ends_the_run(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        started = time.monotonic()
        with pytest.raises(ModelUnavailableError, match="takes connections and says nothing"):
            ask_all(url, tmp_path, range(9), limits=Limits(concurrency=3), timeout=20)
    assert time.monotonic() - started < 8  # not the 20 s of a call: 0.15 of them, and closing


@pytest.mark.slow
def test_an_endpoint_that_thinks_for_long_is_waited_for(tmp_path: Path) -> None:
    with ModelServer(lambda asked: Reply("at last", latency=4)) as server:
        assert ask_all(server.base_url, tmp_path, [1, 2], timeout=10) == ["at last"] * 2


def test_a_model_that_refuses_everything_ends_the_run(tmp_path: Path) -> None:
    model = Instant(CallFailedError("http 400", "no such parameter: top_q"))
    with (
        pytest.raises(ModelUnavailableError, match=r"all of the first 20 calls .*top_q"),
        asked_of(model, tmp_path, Limits(concurrency=4)) as opened,
    ):
        list(opened.map(range(100), answer))
    assert len(model.prompts) < 40


def test_an_error_in_the_work_ends_the_iteration(tmp_path: Path) -> None:
    async def work(item: int, ask: Ask) -> int:
        if item == 7:
            raise ZeroDivisionError("a mistake")
        await ask(question(item))
        return item

    with (
        pytest.raises(ZeroDivisionError, match="a mistake"),
        asked_of(Instant(), tmp_path, Limits(concurrency=2)) as opened,
    ):
        list(opened.map(range(100), work))


def test_a_ledger_that_cannot_be_written_ends_the_run(tmp_path: Path) -> None:
    model = Instant()
    with asked_of(model, tmp_path, Limits(concurrency=2)) as opened:
        blocker = sqlite3.connect(tmp_path / "ledger.sqlite")
        blocker.execute("DROP TABLE calls")
        blocker.commit()
        blocker.close()
        with pytest.raises((OutputError, sqlite3.OperationalError)):
            list(opened.map(range(3), answer))


def test_leaving_early_keeps_what_is_under_way(tmp_path: Path) -> None:
    with ModelServer(lambda asked: Reply("ok", latency=0.1)) as server:
        with session(server.base_url, tmp_path, Limits(concurrency=4)) as opened:
            results = opened.map(range(1000), answer)
            assert next(results) == "ok"
        asked = len(server.asked)
        results.close()
    rows = sqlite3.connect(tmp_path / "ledger.sqlite").execute("SELECT count(*) FROM calls")
    assert rows.fetchone()[0] == asked


class Interrupted:
    """Raises Ctrl-C in the consumer once so many results have come, and again while it waits."""

    def __init__(self, server: ModelServer, folder: Path) -> None:
        self.opened = session(server.base_url, folder, Limits(concurrency=4))

    def run(self) -> None:
        with self.opened:
            for number, _ in enumerate(self.opened.map(range(1000), answer)):
                if number == 6:
                    raise KeyboardInterrupt


def test_ctrl_c_waits_for_calls_in_flight_and_keeps_them(tmp_path: Path) -> None:
    with ModelServer(lambda asked: Reply("ok", latency=0.2)) as server:
        with pytest.raises(KeyboardInterrupt):
            Interrupted(server, tmp_path).run()
        asked = len(server.asked)
        time.sleep(0.3)
        assert len(server.asked) == asked
    rows = sqlite3.connect(tmp_path / "ledger.sqlite").execute("SELECT count(*) FROM calls")
    assert rows.fetchone()[0] == asked


def test_a_session_can_be_closed_twice_and_unused(tmp_path: Path) -> None:
    opened = asked_of(Instant(), tmp_path, Limits())
    opened.close()
    opened.close()


def test_the_progress_line_says_what_matters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = Instant()
    with Session(
        model, tmp_path / "l.sqlite", Limits(), Price(1000, 1000), Progress(), retry_policy=QUICK
    ) as opened:
        opened.usage.retries["http 429"] = 3
        list(opened.map(range(4), answer, total=4))
    said = capsys.readouterr().err
    parts = ("generate: 4 of 4", "rows/s", "tokens/s", "cost 6.00", "20% of the prompts cached")
    for part in (*parts, "3× http 429"):
        assert part in said


@pytest.mark.parametrize(("read", "lines"), [(4096, 1), (16_000, 0)])
def test_a_server_that_cuts_prompts_short_is_noticed_once(
    read: int, lines: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = {"prompt_tokens": read, "completion_tokens": 1}
    with (
        ModelServer(lambda asked: Reply("ok", usage=usage)) as server,
        Session(
            OpenAIModel("m", server.base_url), tmp_path / "l.sqlite", progress=Progress()
        ) as opened,
    ):
        list(opened.map([f"{n} word" * 10_000 for n in range(3)], answer))
    said = capsys.readouterr().err
    assert said.count(f"it read {read} tokens of a prompt of 60,000 bytes") == lines


def test_a_trouble_without_an_endpoint_is_the_model_s(tmp_path: Path) -> None:
    with (
        pytest.raises(ModelUnavailableError, match=r"the model does not answer .out of memory"),
        asked_of(Instant(TryAgainError("out of memory")), tmp_path, Limits()) as opened,
    ):
        list(opened.map(range(2), answer))


@pytest.mark.slow
def test_troubles_of_different_kinds_are_not_added_up(tmp_path: Path) -> None:
    """A call that met two other troubles may still hang twice."""
    troubles = [Reply(status=500), Reply(fault="cut"), Reply(fault="hang"), Reply(fault="hang")]

    def script(asked: Asked) -> Reply:
        if asked.prompt == "0" and asked.attempt <= len(troubles):
            return troubles[asked.attempt - 1]
        return Reply("ok", latency=0.02)

    with (
        ModelServer(script) as server,
        session(server.base_url, tmp_path, Limits(concurrency=2), timeout=0.2) as opened,
    ):
        assert set(opened.map(range(60), answer)) == {"ok"}
