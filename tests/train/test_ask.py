"""Asking: wording, numbering, cutting, streaming, errors."""

from __future__ import annotations

import threading

import pytest
import torch
from transformers import AutoModelForCausalLM

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.core.records import Evidence, Example
from longalpaca_data.train.ask import Asker, Material, ask, build_prompt
from longalpaca_data.train.data.templates import Encoder
from longalpaca_data.windows.instruction import assemble
from tests.conftest import make_document, make_window
from tests.train.tiny import byte_tokenizer, save_tiny, tiny_config

ENCODER = Encoder(byte_tokenizer(), "llama2")


def text_of(prompt):
    return byte_tokenizer().decode(prompt.tokens)


def test_one_document_is_named_and_several_are_numbered():
    one = build_prompt(ENCODER, [Material("Emma", "Text.")], "Who?", room=4000, context=4000)
    assert "Emma" in text_of(one)
    assert text_of(one).index("Text.") < text_of(one).index("Who?")
    assert one.left_out == 0
    materials = [Material("A", "First text."), Material("B", "Second text.")]
    two = text_of(build_prompt(ENCODER, materials, "Which?", room=4000, context=4000))
    assert two.index("1") < two.index("First text.") < two.index("2,") < two.index("Second text.")
    assert two.rstrip().endswith("Which? [/INST]")


def test_chinese_documents_get_chinese_wording():
    prompt = build_prompt(
        ENCODER, [Material("红楼梦", "满纸荒唐言", language="zh")], "谁?", room=4000, context=4000
    )
    assert "《红楼梦》" in text_of(prompt)
    marked = [Material("《红楼梦》", "满纸荒唐言", "paper", "zh"), Material("“Emma”", "满纸")]
    text = text_of(build_prompt(ENCODER, marked, "谁?", room=4000, context=4000))
    assert "第1篇论文《红楼梦》" in text
    assert "第2篇论文《Emma》" in text


def test_long_material_is_cut_and_the_question_is_kept():
    material = Material("Emma", "A line of text.\n" * 500)
    prompt = build_prompt(ENCODER, [material], "Who?", room=2000, context=2000)
    assert len(prompt.tokens) <= 2000
    assert 0.7 < prompt.left_out < 0.8
    assert text_of(prompt).endswith("Who? [/INST]")


def test_a_question_that_leaves_no_room_is_an_error():
    with pytest.raises(LongalpacaError, match="too few for the question"):
        build_prompt(ENCODER, [Material("Emma", "x" * 999)], "Who? " * 50, room=300, context=300)


def test_asking_without_material_asks_the_question_alone():
    prompt = build_prompt(ENCODER, [], "Who?", room=100, context=100)
    assert text_of(prompt) == "[INST] Who? [/INST]"


def test_the_streamed_answer_equals_the_whole(asker):
    tokens = asker.encoder.prompt("Say something.")
    pieces = list(asker.stream(tokens, answer=20))
    assert "".join(pieces).strip() == asker.complete(tokens, answer=20)


def test_words_of_the_document_may_be_repeated(asker):
    """A model's own penalty on repetition would count the prompt's tokens, too."""
    tokens = asker.encoder.prompt("Say something.")
    plain = asker.complete(tokens, answer=20)
    asker.model.generation_config.repetition_penalty = 30.0
    asker.model.generation_config.no_repeat_ngram_size = 1
    assert asker.complete(tokens, answer=20) == plain


class Speaker(Asker):
    """Says a fixed sentence, token by token."""

    def _generate(self, tokens, answer, streamer=None, stopping_criteria=()):
        said = torch.tensor([[*tokens, *self.encoder.text("One word after another.")]])
        streamer.put(said[:, : len(tokens)])
        for token in said[0, len(tokens) :]:
            streamer.put(token[None])
        streamer.end()
        return said


def test_answers_come_in_pieces(asker):
    speaker = Speaker(None, asker.tokenizer, asker.encoder, 100)
    pieces = list(speaker.stream(asker.encoder.prompt("Speak."), answer=50))
    assert "".join(pieces) == "One word after another."
    assert len(pieces) >= 4  # transformers before 5.24 waits for whole words


def test_a_reader_who_has_had_enough_stops_the_model(asker):
    """The generating thread ends with the reader, not 10,000 tokens later."""
    pieces = asker.stream(asker.encoder.prompt("Speak."), answer=10_000)
    next(pieces)
    pieces.close()
    assert not [t for t in threading.enumerate() if t is not threading.main_thread() and t.daemon
                and "run" in t.name]  # fmt: skip


def test_an_error_while_generating_reaches_the_caller(asker):
    with pytest.raises(IndexError):
        list(asker.stream([10**6], answer=2))


def test_a_full_gpu_is_one_line(asker, tmp_path, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(asker.model, "generate", full)
    with pytest.raises(LongalpacaError, match=r"memory is full; give less material"):
        list(asker.stream([1, 2], answer=2))
    save_tiny(tmp_path / "m")
    monkeypatch.setattr(torch.nn.Module, "to", full)
    with pytest.raises(LongalpacaError, match=r"memory is full; use a smaller model"):
        Asker.load(str(tmp_path / "m"))


def test_asking_a_model_on_disk_says_when_it_cuts(tmp_path):
    config = tiny_config("llama")
    config.max_position_embeddings = 1024
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "m")
    byte_tokenizer().save_pretrained(tmp_path / "m")
    book = Material("Book", "One line.\n" * 300)
    said = []
    pieces = ask(str(tmp_path / "m"), [book], "Why?", answer_tokens=8, say=said.append)
    assert isinstance("".join(pieces), str)
    (line,) = said
    assert "left out" in line
    assert "1024 tokens" in line


def test_an_answer_ends_at_the_chat_templates_own_token(tmp_path):
    """Qwen2.5's end of text is not what its chat template ends with."""
    template = "{% for m in messages %}{{ m.content }}<|end|>\n{% endfor %}"
    tokenizer = byte_tokenizer(template)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|end|>"]})
    model = save_tiny(tmp_path / "m")
    model.resize_token_embeddings(len(tokenizer))
    end = tokenizer.convert_tokens_to_ids("<|end|>")

    class Ends(torch.nn.Module):
        def forward(self, hidden):
            scores = torch.zeros(*hidden.shape[:-1], len(tokenizer))
            scores[..., end] = 1
            return scores

    model.lm_head = Ends()
    asker = Asker(model, tokenizer, Encoder(tokenizer, "chat"), 128)
    tokens = asker.encoder.prompt("Speak.")
    assert asker._generate(tokens, 20)[0, len(tokens) :].tolist() == [end]


def test_errors_come_before_the_first_piece(tmp_path):
    save_tiny(tmp_path / "m")
    with pytest.raises(LongalpacaError, match="no model at"):
        ask(str(tmp_path / "gone"), [], "Why?")
    with pytest.raises(LongalpacaError, match="question is empty"):
        ask(str(tmp_path / "m"), [], " ")
    with pytest.raises(LongalpacaError, match="no chat template"):
        ask(str(tmp_path / "m"), [], "Why?", template="chat")


def test_an_asker_reads_as_much_as_its_model(tmp_path):
    save_tiny(tmp_path / "m")
    assert Asker.load(str(tmp_path / "m")).context == 128


@pytest.mark.parametrize(
    ("kinds", "window", "language"),
    [
        (["book"], "single", "en"),
        (["paper"], "single", "zh"),
        (["report"], "single", "en"),
        (["manual"], "single", "en"),
        (["paper", "paper"], "papers", "en"),
        (["report", "report", "report"], "series", "zh"),
    ],
)
def test_a_prompt_is_worded_as_a_training_row_is(kinds, window, language):
    """Whatever the kind of document: the prompt is one of the instructions that build writes."""
    documents = [
        make_document(f"Text {n}.", title=f"“Title {n}”", kind=kind, language=language)
        for n, kind in enumerate(kinds)
    ]
    made = make_window(*documents, kind=window)
    question = Example(
        "id", made, "f", "t", language, "Who?", "Ada.", (Evidence("x", 0, 0, 1),), "g"
    )
    rows = {assemble(question, [d.text for d in documents], seed).text for seed in range(200)}
    materials = [Material(d.title, d.text, d.kind, d.language) for d in documents]
    prompt = text_of(build_prompt(ENCODER, materials, "Who?", room=4000, context=4000))
    assert prompt.removeprefix("[INST] ").removesuffix(" [/INST]") in rows
