"""Models in this process: batches are gathered, prompts that can't be answered name themselves."""

from __future__ import annotations

import asyncio
import json
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from longalpaca_data.core.errors import CallFailedError, LongalpacaError, ModelUnavailableError
from longalpaca_data.llm.batching import Answer, MicroBatcher
from longalpaca_data.llm.prompt import Completion, Message, Prompt, frozen_json
from longalpaca_data.llm.vllm import VllmModel
from tests.llm.small_model import small_gguf

SCHEMA = frozen_json({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]})


def prompt(text: str, **more: Any) -> Prompt:
    return Prompt((Message("user", text),), **{"max_tokens": 24, "temperature": 0.0, **more})


def together(complete: Callable[[Prompt], Any], prompts: Sequence[Prompt]) -> list[Any]:
    async def ask() -> list[Any]:
        return await asyncio.gather(*map(complete, prompts), return_exceptions=True)

    return asyncio.run(ask())


class TestGather:
    def batches(self, size: int, count: int) -> tuple[list[int], list[Any]]:
        seen: list[int] = []

        async def run(prompts: Sequence[Prompt]) -> list[Answer]:
            seen.append(len(prompts))
            await asyncio.sleep(0.001)
            return [
                CallFailedError("odd") if "3" in p.messages[0].content
                else Completion(p.messages[0].content)
                for p in prompts
            ]  # fmt: skip

        gather = MicroBatcher(run, size, 0.01)
        return seen, together(gather.complete, [prompt(str(n)) for n in range(count)])

    def test_each_prompt_gets_its_own_answer(self) -> None:
        seen, answers = self.batches(4, 10)
        assert seen == [4, 4, 2]
        assert [a.text for n, a in enumerate(answers) if n != 3] == [*"012", *"456789"]
        assert isinstance(answers[3], CallFailedError)

    def test_an_error_of_the_batch_reaches_all_who_wait(self) -> None:
        async def run(prompts: Sequence[Prompt]) -> list[Answer]:
            raise ModelUnavailableError("out of memory")

        answers = together(MicroBatcher(run, 2, 0.01).complete, [prompt("a"), prompt("b")])
        assert [type(a) for a in answers] == [ModelUnavailableError] * 2

    def test_closing_ends_what_runs(self) -> None:
        async def run(prompts: Sequence[Prompt]) -> list[Answer]:
            await asyncio.sleep(60)
            return []

        async def close_early() -> list[Any]:
            gather = MicroBatcher(run, 1, 0.01)
            waiting = asyncio.create_task(gather.complete(prompt("a")))
            await asyncio.sleep(0.01)
            await gather.aclose()
            return await asyncio.gather(waiting, return_exceptions=True)

        (ended,) = asyncio.run(close_early())
        assert isinstance(ended, asyncio.CancelledError)


@pytest.mark.slow
def test_llama_cpp_answers_in_this_process() -> None:
    from longalpaca_data.llm.llamacpp import LlamaCppModel

    model = LlamaCppModel(small_gguf(), name="smol", context=512)
    asked = [prompt("Say hello.", schema=SCHEMA), prompt("Say hello.", schema=SCHEMA)]
    first, again = together(model.complete, asked)
    assert first.text == again.text
    assert "a" in json.loads(first.text + '"}' if first.finish_reason == "length" else first.text)
    assert 0 < first.completion_tokens <= 24
    assert first.prompt_tokens > 3
    (failed,) = together(model.complete, [prompt("word " * 2000)])
    assert isinstance(failed, CallFailedError)
    assert failed.reason == "too long"
    asyncio.run(model.aclose())


def test_a_missing_gguf_is_one_line(tmp_path: Path) -> None:
    from longalpaca_data.llm.llamacpp import LlamaCppModel

    with pytest.raises(ModelUnavailableError, match="no GGUF file"):
        LlamaCppModel(tmp_path / "none.gguf", name="none")


TEMPLATE = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="needs the extra train")
    from tests.train.tiny import byte_tokenizer, tiny_model

    saved = tmp_path_factory.mktemp("tiny")
    tiny_model("llama").save_pretrained(saved)
    byte_tokenizer(TEMPLATE).save_pretrained(saved)
    return saved


@pytest.mark.slow
class TestTransformers:
    def test_a_batch_answers_as_single_prompts_do(self, folder: Path) -> None:
        from longalpaca_data.llm.hugging_face import TransformersModel

        asked = [prompt("a"), prompt("a longer one", max_tokens=9), prompt("abc")]
        batched = TransformersModel(str(folder), batch=3)
        single = TransformersModel(str(folder), batch=1)
        answers = together(batched.complete, asked)
        assert answers == together(single.complete, asked)
        assert answers[1].completion_tokens <= 9
        assert answers[0].prompt_tokens == len("<user>a<assistant>")

    def test_a_prompt_beyond_the_context_fails_alone(self, folder: Path) -> None:
        from longalpaca_data.llm.hugging_face import TransformersModel

        model = TransformersModel(str(folder), batch=2)
        good, bad = together(model.complete, [prompt("a"), prompt("b" * 200)])
        assert isinstance(good, Completion)
        assert (bad.reason, type(bad)) == ("too long", CallFailedError)

    def test_a_model_that_is_not_there_is_one_line(self, tmp_path: Path) -> None:
        from longalpaca_data.llm.hugging_face import TransformersModel

        with pytest.raises(ModelUnavailableError, match="can't load the model"):
            TransformersModel(str(tmp_path))


class StandInEngine:
    """What the tests know of vLLM's offline engine: its constructor and ``chat``."""

    made: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, **options: Any) -> None:
        if options["model"] == "missing":
            raise ValueError("no such model\nand more lines")
        self.made.append(options)

    def chat(self, conversations: list[Any], parameters: list[Any], *, use_tqdm: bool) -> list[Any]:
        assert len(conversations) == len(parameters)
        if any("long" in c[0]["content"] for c in conversations):
            raise ValueError("the prompt is longer than the maximum model length")
        return [
            self.output(c[0]["content"], p) for c, p in zip(conversations, parameters, strict=True)
        ]

    def output(self, said: str, parameters: Any) -> Any:
        text = f"{said}:{parameters.values}"
        best = types.SimpleNamespace(text=text, finish_reason="stop", token_ids=[1, 2])
        return types.SimpleNamespace(
            outputs=[best], prompt_token_ids=[1, 2, 3], num_cached_tokens=1
        )


@pytest.fixture
def vllm(monkeypatch: pytest.MonkeyPatch) -> type[StandInEngine]:
    class Values:
        def __init__(self, **values: Any) -> None:
            self.values = {k: v.values if isinstance(v, Values) else v for k, v in values.items()}

    module = types.ModuleType("vllm")
    module.LLM = StandInEngine  # type: ignore[attr-defined]
    module.SamplingParams = Values  # type: ignore[attr-defined]
    sampling = types.ModuleType("vllm.sampling_params")
    sampling.StructuredOutputsParams = Values  # type: ignore[attr-defined]
    module.sampling_params = sampling  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vllm", module)
    monkeypatch.setitem(sys.modules, "vllm.sampling_params", sampling)
    monkeypatch.setattr(StandInEngine, "made", [])
    return StandInEngine


def test_vllm_is_asked_for_all_at_once(vllm: type[StandInEngine]) -> None:
    model = VllmModel("some/model", context=4096)
    assert vllm.made == [
        {"model": "some/model", "enable_prefix_caching": True, "max_model_len": 4096}
    ]
    asked = [prompt("a", schema=SCHEMA, seed=7), prompt("b"), prompt("a long one")]
    first, second, failed = together(model.complete, asked)
    wanted = {
        "max_tokens": 24,
        "temperature": 0.0,
        "seed": 7,
        "structured_outputs": {"json": json.loads(SCHEMA)},
    }
    assert first == Completion(f"a:{wanted}", "stop", 3, 2, 1, "some/model")
    assert second.text == "b:{'max_tokens': 24, 'temperature': 0.0}"
    assert isinstance(failed, CallFailedError)


def test_vllm_names_a_model_that_it_cannot_load(vllm: type[StandInEngine]) -> None:
    with pytest.raises(ModelUnavailableError, match="vLLM can't load missing: no such model;"):
        VllmModel("missing")


def test_vllm_that_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(LongalpacaError, match="needs the package vllm"):
        VllmModel("some/model")
