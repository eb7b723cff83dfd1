"""Passkey, perplexity, longqa: what they measure, exactly, and the report."""

from __future__ import annotations

import json
import math
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from longalpaca_data.core.errors import DatasetError, LongalpacaError, SourceError
from longalpaca_data.evaluate.longqa import Answered, buckets, exact_match, f1, longqa
from longalpaca_data.evaluate.passkey import ANSWER_TOKENS, Cell, draw_heat_map, haystack, passkey
from longalpaca_data.evaluate.perplexity import perplexity, windows
from longalpaca_data.evaluate.suite import EvalOptions, default_contexts, evaluate
from longalpaca_data.train.ask import Asker
from longalpaca_data.train.data.templates import Encoder
from tests.train.tiny import byte_tokenizer, save_tiny


class Perfect(Asker):
    """Answers from the prompt's text, with rules; reads only its last ``sees`` tokens."""

    sees = 10**9

    def complete(self, tokens, *, answer):
        text = self.tokenizer.decode(tokens[-self.sees :])
        found = re.search(r"pass key is (\d{5})", text)
        return found[1] if found else "no"


@pytest.fixture
def perfect():
    tokenizer = byte_tokenizer()
    return Perfect(None, tokenizer, Encoder(tokenizer, "llama2"), 8192)


# ---------------------------------------------------------------------------------------- passkey


@pytest.mark.parametrize("context", [600, 1500, 4000])
@pytest.mark.parametrize("depth", [0.0, 0.3, 1.0])
def test_the_haystack_fills_the_context_and_hides_the_key_where_asked(perfect, context, depth):
    tokens = haystack(perfect, context, depth, 12345)
    assert context - 120 < len(tokens) + ANSWER_TOKENS <= context
    text = perfect.tokenizer.decode(tokens)
    start, end = text.index("The grass"), text.rindex("again.")
    if context > 600:
        place = (text.index("12345") - start) / (end - start)
        assert abs(place - depth) < 0.1


def test_a_context_too_short_for_any_haystack_is_an_error(perfect):
    with pytest.raises(LongalpacaError, match=r"passkey takes at least \d+ tokens.* 100 are too"):
        haystack(perfect, 100, 0.5, 12345)


def test_passkey_counts_what_was_found(perfect):
    cells = passkey(perfect, [1000, 2000], depths=(0.0, 1.0), trials=2)
    assert [c.accuracy for c in cells] == [1, 1, 1, 1]
    perfect.sees = 700
    near, far = passkey(perfect, [4000], depths=(1.0, 0.0), trials=2)
    assert (near.accuracy, far.accuracy) == (1, 0)


def test_the_heat_map_is_a_picture(tmp_path):
    cells = [Cell(c, d, 1, 2) for c in (1024, 2048) for d in (0.0, 0.5, 1.0)]
    for name in ("a.png", "b.png"):
        draw_heat_map(cells, tmp_path / name, "model")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


# ------------------------------------------------------------------------------------- perplexity


@given(st.integers(0, 200), st.integers(1, 60), st.integers(1, 60))
@settings(max_examples=300, deadline=None)
def test_sliding_windows_predict_each_token_once(length, context, stride):
    stride = min(stride, context)
    counted = []
    for window in windows(length, context, stride):
        assert window.stop - window.start <= context
        assert window.start < window.first < window.stop
        counted += range(window.first, window.stop)
    if stride < context:
        assert counted == list(range(1, length))
    else:
        assert counted == [i for i in range(1, length) if i % context]


def test_perplexity_equals_the_definition(asker):
    text = "Some text that the random model finds hard, and more of it."
    ids = torch.tensor([asker.encoder.text(text)])
    with torch.no_grad():
        logits = asker.model(ids).logits[0, :-1]
    nll = torch.nn.functional.cross_entropy(logits, ids[0, 1:]).item()
    for mode in ("sliding", "non-overlapping"):
        (one,) = perplexity(asker, [text], [1000], mode=mode, stride=10)
        assert one.tokens == ids.shape[1] - 1
        assert one.perplexity == pytest.approx(math.exp(nll), rel=1e-5)


def test_sliding_perplexity_uses_a_full_window_before_each_token(asker):
    text = "abcdefghijklmnopqrstuvwxyz0123456789"
    ids = asker.encoder.text(text)
    expected = 0.0
    for at in range(1, len(ids)):  # stride 1: at most 19 tokens of context before the predicted one
        seen = torch.tensor([ids[max(0, at - 19) : at]])
        with torch.no_grad():
            logits = asker.model(seen).logits[0, -1]
        expected += torch.nn.functional.cross_entropy(logits, torch.tensor(ids[at])).item()
    (one,) = perplexity(asker, [text], [20], mode="sliding", stride=1)
    assert one.nll == pytest.approx(expected / (len(ids) - 1), rel=1e-5)


@pytest.mark.parametrize("stride", [1, 19, 20, 256])
def test_sliding_perplexity_predicts_every_token_whatever_the_stride(asker, stride):
    (one,) = perplexity(asker, ["abcdefghij" * 10], [20], mode="sliding", stride=stride)
    assert one.tokens == 99
    with pytest.raises(LongalpacaError, match="two tokens"):
        perplexity(asker, ["abc"], [1])


def test_perplexity_of_several_texts_weighs_tokens(asker):
    (both,) = perplexity(asker, ["abc", "defgh"], [100])
    parts = [perplexity(asker, [text], [100])[0] for text in ("abc", "defgh")]
    total = sum(p.nll * p.tokens for p in parts)
    assert both.tokens == 6
    assert both.nll == pytest.approx(total / 6)
    with pytest.raises(SourceError, match="no text"):
        perplexity(asker, ["", "a"], [100])


# ----------------------------------------------------------------------------------------- longqa


def test_scores_compare_words():
    assert exact_match("The answer, is: 42!", "answer is 42") == 1
    assert exact_match("41", "42") == 0
    assert f1("Ada found the key", "Ada") == pytest.approx(0.5)
    assert f1("红楼梦", "红楼") == pytest.approx(0.8)
    assert f1("2023年", "2023") == pytest.approx(2 / 3)
    assert exact_match("在2023年，A公司", "在 2023 年 A 公司") == 1
    assert exact_match("", "A") == 0  # the answer to a question of choice, not an article
    assert exact_match("The A.", "a") == 0
    assert f1("", "") == 1
    assert f1("", "x") == 0
    assert f1("x", "y") == 0


def test_buckets_hold_every_question_once():
    answered = [
        Answered("a", 100, 0.1, "", 1.0, 1.0), Answered("b", 3000, 0.1, "", 0.0, 0.5),
        Answered("c", 10**6, None, "", 0.0, 0.0), Answered("d", 150, 1.0, "", 1.0, 1.0),
    ]  # fmt: skip
    found = buckets(answered)
    assert found["all"][0].questions == 4
    odd = [Answered("e", 1, 1.0000001, "", 1.0, 1.0)]
    assert buckets(odd)["depth"][0].name == "75% - 100%"
    assert [(b.name, b.questions) for b in found["length"]] == [
        ("≤ 2,000", 2), ("≤ 4,000", 1), ("> 64,000", 1),
    ]  # fmt: skip
    assert [(b.name, b.f1) for b in found["depth"]] == [
        ("0% - 25%", 0.75), ("75% - 100%", 1.0), ("unknown", 0.0),
    ]  # fmt: skip


def validation(folder, rows):
    (folder / "data").mkdir(parents=True)
    table = pa.Table.from_pylist(rows)
    for split in ("train", "validation"):
        pq.write_table(table, folder / "data" / f"{split}-00000-of-00001.parquet")
    return str(folder)


def qa_row(lines, key="54321", question="What is the key?"):
    material = "\n".join(["Nothing."] * lines + [f"The pass key is {key}."])
    return {
        "instruction": f"Read.\n{material}\nEnd.\n{question}",
        "input": "",
        "output": key,
        "question": question,
        "evidence": [{"quote": key, "start": 0, "end": 1, "depth": 0.9}],
    }


def test_longqa_asks_the_validation_split(perfect, tmp_path):
    short = {**qa_row(3), "question": "", "output": "x"}
    data = validation(tmp_path / "d", [qa_row(5), short, qa_row(2000), qa_row(10, key="11111")])
    answered = longqa(perfect, data, answer_tokens=16)
    assert [a.exact for a in answered] == [1, 0, 1]  # the cut took the middle row's key
    assert max(a.tokens for a in answered) <= 8192 - 16
    assert answered[0].depth == pytest.approx(0.9)
    assert len(longqa(perfect, data, limit=1)) == 1
    with pytest.raises(DatasetError, match=r"none of the 3 questions of .* fits in 20 tokens"):
        longqa(perfect, data, context=20, answer_tokens=16)
    with pytest.raises(DatasetError, match="no validation rows"):
        longqa(perfect, validation(tmp_path / "e", [short]))


# ------------------------------------------------------------------------------------------ suite


def test_models_stand_side_by_side(tmp_path):
    save_tiny(tmp_path / "base")
    save_tiny(tmp_path / "tuned", seed=1)
    models = [str(tmp_path / "base"), str(tmp_path / "tuned")]
    said = []
    report = evaluate(
        EvalOptions(
            models, ("passkey", "perplexity", "longqa"), contexts=(600,), trials=1, depths=(0.5,),
            texts=["Some text. " * 20], dataset=validation(tmp_path / "d", [qa_row(2)]),
            out=str(tmp_path / "out"), answer_tokens=4,
        ),
        progress=said.append,
    )  # fmt: skip
    table = report.table().splitlines()
    assert models[0] in table[0]
    assert models[1] in table[0]
    measured = [line.split("  ")[0].strip() for line in table[1:]]
    assert measured[:3] == ["passkey 600", "perplexity 600 (non-overlapping)", "longqa all EM"]
    loaded = json.loads((tmp_path / "out" / "eval.json").read_text())
    assert set(loaded["models"]) == set(models)
    assert (tmp_path / "out" / "passkey-2.png").is_file()
    assert (tmp_path / "out" / "eval.txt").read_text().splitlines() == table
    assert any("made for 128 tokens" in line for line in said)


class Small(Perfect):
    """Has memory for so many tokens."""

    room = 700

    def complete(self, tokens, *, answer):
        if len(tokens) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return super().complete(tokens, answer=answer)


def test_lengths_that_the_gpu_has_no_memory_for_are_left_out(tmp_path, monkeypatch):
    """What the others took, hours perhaps, is not lost; nor where a later model can't be read."""
    tokenizer = byte_tokenizer()
    small = Small(None, tokenizer, Encoder(tokenizer, "llama2"), 8192)

    def load(model, **_):
        if model == "broken":
            raise LongalpacaError("can't read the weights of broken")
        return small

    monkeypatch.setattr(Asker, "load", load)
    said = []
    rows = validation(tmp_path / "d", [qa_row(2), qa_row(90)])
    options = {"contexts": (600, 900, 1500), "trials": 1, "depths": (0.5,), "dataset": rows}
    report = evaluate(EvalOptions(["m"], ("passkey", "longqa"), **options), progress=said.append)
    assert [cell["context"] for cell in report.models["m"]["passkey"]] == [600]
    assert len(report.models["m"]["longqa"]["answers"]) == 1
    assert "passkey at 900 tokens was left out: the GPU's memory is full" in said
    assert "1 questions do not fit in the GPU's memory and were left out" in said
    with pytest.raises(LongalpacaError, match="can't read the weights of broken"):
        evaluate(EvalOptions(["m", "broken"], out=str(tmp_path / "out"), **options))
    kept = json.loads((tmp_path / "out" / "eval.json").read_text())
    assert [cell["context"] for cell in kept["models"]["m"]["passkey"]] == [600]
    small.room = 0
    with pytest.raises(LongalpacaError, match=r"memory is full at every length; lower --context"):
        evaluate(EvalOptions(["m"], out=str(tmp_path / "none"), **options))
    assert not (tmp_path / "none").exists()
    with pytest.raises(DatasetError, match=r"none of the 2 .* and the GPU's memory; lower"):
        longqa(small, rows)


def test_perplexity_leaves_out_what_does_not_fit(tmp_path, monkeypatch):
    save_tiny(tmp_path / "m")
    original = Asker.load(str(tmp_path / "m")).model.base_model.forward

    def forward(self, input_ids=None, **more):
        if input_ids.shape[1] > 100:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return original(input_ids=input_ids, **more)

    loaded = Asker.load(str(tmp_path / "m"))
    loaded.model.base_model.forward = forward.__get__(loaded.model.base_model)
    monkeypatch.setattr(Asker, "load", lambda *_, **__: loaded)
    said = []
    texts = ["Some text. " * 40]
    report = evaluate(
        EvalOptions(["m"], ("perplexity",), contexts=(50, 200), texts=texts), progress=said.append
    )
    assert [one["context"] for one in report.models["m"]["perplexity"]] == [50]
    assert [line.split(":")[0] for line in said[-2:]] == [
        "perplexity at 50 tokens", "perplexity at 200 tokens was left out",
    ]  # fmt: skip


def test_what_is_missing_is_said_before_a_model_is_loaded():
    for options, match in (
        (EvalOptions(["x"], ("chess",)), "passkey, perplexity, longqa"),
        (EvalOptions(["x"], ()), "no such suite"),
        (EvalOptions(["x"], ("perplexity",)), "--text"),
        (EvalOptions(["x"], ("longqa",)), "--dataset"),
        (EvalOptions(["x"], ("longqa",), dataset="/no/data"), "no data set at"),
        (EvalOptions(["x"], out=__file__), "is a file"),
        (EvalOptions(["x"], ("passkey",), contexts=(0,)), "--context"),
        (EvalOptions(["x", "/no/model"]), "no model at"),
    ):
        with pytest.raises(LongalpacaError, match=match):
            evaluate(options)


def test_default_contexts_stop_at_the_models_own():
    assert default_contexts(4096) == [1024, 2048, 4096]
    assert default_contexts(500) == [500]
    assert max(default_contexts(131072)) == 32768
