"""The stage ``generate`` of a language model, with a scripted one in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from longalpaca_data.core.recipe import GenerateSpec, ModelSpec
from longalpaca_data.core.records import Document, Example
from longalpaca_data.core.tokens import resolve
from longalpaca_data.filter.ground import ground_stage
from longalpaca_data.generate.prompted import Writer, prompted_stage
from longalpaca_data.llm import Completion, Limits, Message, Prompt, Session
from longalpaca_data.pipeline.stage import Outcome, perform
from longalpaca_data.windows.documents import Documents
from tests.conftest import make_document, make_window
from tests.generate.prompted.good_model import reply
from tests.generate.prompted.material import document, store, windows_of
from tests.llm.asking import QUICK

Script = Callable[[tuple[Message, ...]], str]


def plain(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    return [{"role": m.role, "content": m.content} for m in messages]


def good(messages: tuple[Message, ...]) -> str:
    return reply(plain(messages))


class Scripted:
    """A model in this process that answers by a script, and keeps what it was asked."""

    name = "scripted"

    def __init__(self, script: Script, finish_reason: str = "stop") -> None:
        self.script = script
        self.finish_reason = finish_reason
        self.prompts: list[Prompt] = []

    async def complete(self, prompt: Prompt) -> Completion:
        self.prompts.append(prompt)
        return Completion(self.script(prompt.messages), self.finish_reason, 100, 10, 50, "s-1")

    async def aclose(self) -> None:
        pass


def run(
    folder: Path,
    documents: list[Document],
    model: Scripted,
    rows: int = 6,
    max_calls: int | None = None,
    **spec: object,
) -> tuple[Outcome[Example], Documents]:
    stored = store(folder, documents)
    count, _ = resolve("cl100k_base")
    model_spec = ModelSpec(name="scripted", max_calls=max_calls)
    values = {"generator": "openai", "oversample": 1, "passage_tokens": 200, **spec}
    chosen = GenerateSpec.model_validate({**values, "model": model_spec})
    writer = Writer.of(chosen, stored, rows, count)

    def opened() -> Session:
        bounds = Limits(concurrency=4, max_calls=max_calls)
        return Session(model, folder / "ledger.sqlite", bounds, retry_policy=QUICK)

    stage = prompted_stage(writer, opened, lambda _: None)
    return perform(stage, windows_of(documents), 7, None), stored


@pytest.mark.parametrize("strategy", ["whole", "anchored"])
def test_a_good_model_s_rows_are_all_made_and_all_grounded(tmp_path: Path, strategy: str) -> None:
    model = Scripted(good)
    outcome, stored = run(tmp_path, [document(1), document(2, language="zh")], model, 8,
                          strategy=strategy)  # fmt: skip
    assert len(outcome.outputs) == len(model.prompts) == 8
    assert {example.language for example in outcome.outputs} == {"en", "zh"}
    grounded = perform(ground_stage(stored), list(outcome.outputs), 7, None)
    assert len(grounded.outputs) == 8
    assert all(example.grounding == 1 for example in grounded.outputs)


def test_a_quote_is_placed_where_the_model_has_read_it(tmp_path: Path) -> None:
    """What stands in every chapter is evidence for the chapter that was shown."""
    refrain = "Nobody in the whole town could say afterwards why the lamp had smoked that night."
    text = "\n\n".join(f"Chapter {n} tells of lamp {n} and its warden. {refrain}" * 3
                       for n in range(300))  # fmt: skip
    book = make_document(text, kind="book")

    def says_the_refrain(messages: tuple[Message, ...]) -> str:
        return json.dumps({**json.loads(good(messages)), "evidence": [refrain]})

    model = Scripted(says_the_refrain)
    outcome, stored = run(tmp_path, [book], model, 40, tasks={"book_qa": 1})
    grounded = perform(ground_stage(stored), list(outcome.outputs), 7, None).outputs
    assert len(grounded) == 40
    assert len({int(10 * e.evidence[0].start / len(text)) for e in grounded}) >= 8


def test_a_window_s_texts_are_read_once_for_each_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the time of the reply a large corpus may have pushed them out of memory."""
    read: list[str] = []
    texts = Documents.texts
    monkeypatch.setattr(Documents, "texts", lambda d, w: [read.append(w.id), *texts(d, w)][1:])
    outcome, _ = run(tmp_path, [document(1), document(2)], Scripted(good), 8)
    assert len(outcome.outputs) == len(read) == 8


def test_a_reply_that_cannot_be_read_is_asked_for_once_more(tmp_path: Path) -> None:
    def second_time(messages: tuple[Message, ...]) -> str:
        return good(messages) if len(messages) == 4 else "Here is my question: why?"

    model = Scripted(second_time)
    outcome, _ = run(tmp_path, [document(1)], model, 3)
    assert len(outcome.outputs) == 3
    assert outcome.counts["repair calls"] == 3
    assert outcome.counts["calls"] == len(model.prompts) == 6
    repair = model.prompts[-1].messages
    assert [m.role for m in repair] == ["system", "user", "assistant", "user"]
    assert "no JSON object" in repair[-1].content


def test_a_reply_that_stays_broken_is_a_drop_that_keeps_the_text(tmp_path: Path) -> None:
    model = Scripted(lambda _: "I would rather not write JSON.")
    outcome, _ = run(tmp_path, [document(1)], model, 3)
    assert not outcome.outputs
    assert [d.reason for d in outcome.drops] == ["broken reply"] * 3
    assert all("I would rather not write JSON." in d.detail for d in outcome.drops)
    assert len(model.prompts) == 6


def test_a_reply_that_was_cut_off_is_not_asked_for_again(tmp_path: Path) -> None:
    model = Scripted(lambda messages: good(messages)[:80], "length")
    outcome, _ = run(tmp_path, [document(1)], model, 3)
    assert len(model.prompts) == 3
    assert all("cut off by max_tokens" in d.detail for d in outcome.drops)


def test_a_budget_s_questions_are_about_all_documents(tmp_path: Path) -> None:
    lamps = [document(n) for n in range(6)]
    some, _ = run(tmp_path / "some", lamps, Scripted(good), 60, max_calls=12)
    assert len(some.outputs) == 12
    asked_of = [e.window.parts[0].document_id for e in some.outputs]
    assert set(asked_of) == {d.id for d in lamps}
    # Once all is asked, nobody can tell that it was asked in another order.
    for _ in range(4):
        whole, _ = run(tmp_path / "some", lamps, Scripted(good), 60, max_calls=12)
    at_once, _ = run(tmp_path / "all", lamps, Scripted(good), 60)
    assert whole.outputs == at_once.outputs
    assert len(whole.outputs) == 60


def test_windows_join_their_documents_in_one_prompt(tmp_path: Path) -> None:
    years = [document(n, kind="report", paragraphs=60) for n in (1, 2, 3)]
    model = Scripted(good)
    stored = store(tmp_path, years)
    count, _ = resolve("cl100k_base")
    spec = GenerateSpec(generator="openai", oversample=1, model=ModelSpec(name="scripted"))
    writer = Writer.of(spec, stored, 2, count)
    session = Session(model, tmp_path / "ledger.sqlite", Limits(), retry_policy=QUICK)
    stage = prompted_stage(writer, lambda: session, lambda _: None)
    outcome = perform(stage, [make_window(*years, kind="series")], 7, None)
    assert {example.task for example in outcome.outputs} == {"comparison"}
    for example in outcome.outputs:
        assert {evidence.part for evidence in example.evidence} == {0, 1, 2}


def test_a_window_in_another_language_is_asked_about_in_english(tmp_path: Path) -> None:
    german = make_document(document(1).text, language="de", title="Lampen")
    outcome, _ = run(tmp_path, [german], Scripted(good), 3)
    assert [example.language for example in outcome.outputs] == ["de"] * 3
    assert not outcome.drops


def test_a_window_that_no_prompt_suits_is_a_drop(tmp_path: Path) -> None:
    stored = store(tmp_path, [document(1), document(2)])
    count, _ = resolve("cl100k_base")
    spec = GenerateSpec(generator="openai", oversample=1, model=ModelSpec(name="scripted"))
    session = Session(Scripted(good), tmp_path / "ledger.sqlite", Limits(), retry_policy=QUICK)
    stage = prompted_stage(Writer.of(spec, stored, 2, count), lambda: session, lambda _: None)
    outcome = perform(stage, [make_window(document(1), kind="mosaic")], 7, None)
    assert [(d.reason, d.detail) for d in outcome.drops] == [("no prompt suits it", "mosaic in en")]
