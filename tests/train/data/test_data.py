"""From rows to batches: formats, templates, truncation, packing, the cache, the weights."""

from __future__ import annotations

import json
import random
import socket
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from longalpaca_data.core.errors import DatasetError, LongalpacaError
from longalpaca_data.train.attention.function import attention_name
from longalpaca_data.train.data.collate import Collator, PackedRows
from longalpaca_data.train.data.holdout import HoldOut
from longalpaca_data.train.data.packing import EpochOrder, one_each, pack
from longalpaca_data.train.data.rows import dataset_files, read_rows
from longalpaca_data.train.data.templates import (
    Encoder,
    as_chat_template,
    default_template,
    end_answers,
)
from longalpaca_data.train.data.tokenized import tokenize
from longalpaca_data.train.data.truncate import GAP, material_span, place_of_cut, shorten
from longalpaca_data.train.model.loss import add_weighted_loss, check_loss_supported, weighted_nll
from tests.train.tiny import byte_tokenizer, tiny_model

CHAT = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% if m.role == 'assistant' %}</s>"
    "{% endif %}\n{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def long_row(n=40, question="Who found the key?", answer="Ada."):
    material = "\n\n".join(f"Paragraph {i} tells of day {i}." for i in range(n))
    return {
        "instruction": f"Here is a book.\n\n{material}\n\nThe book ends here.\n\n{question}",
        "input": "",
        "output": answer,
        "file": "book.txt",
    }


SHORT = {"instruction": "Add the numbers.", "input": "2 and 3", "output": "5", "file": ""}


def write_parquet(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(records), path)


# ------------------------------------------------------------------------------------------- rows


def test_every_format_gives_the_same_rows(tmp_path):
    records = [long_row(), SHORT]
    (tmp_path / "a.json").write_text(json.dumps(records, ensure_ascii=False))
    (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, records)) + "\n\n")
    write_parquet(tmp_path / "c.parquet", records)
    write_parquet(tmp_path / "out/data/train-00000-of-00001.parquet", records)
    write_parquet(tmp_path / "out/data/validation-00000-of-00001.parquet", records[:1])
    (tmp_path / "out/manifest.json").write_text("{}")
    (tmp_path / "out/x.json").write_text("[]")
    plain = [(r["instruction"], r["input"], r["output"]) for r in records]
    for place in ("a.json", "b.jsonl", "c.parquet", "out"):
        read = list(read_rows(tmp_path / place))
        assert [(r.instruction, r.input, r.output) for r in read] == plain, place
    assert len(list(read_rows(tmp_path / "out", "validation"))) == 1
    assert list(read_rows(tmp_path / "a.json", "validation", empty=True)) == []


def test_a_broken_json_list_is_a_clear_error(tmp_path):
    records = [long_row(2, answer='日本 \\ " ]'), SHORT] * 3
    path = tmp_path / "a.json"
    path.write_text("\ufeff" + json.dumps(records, ensure_ascii=False, indent=1), encoding="utf-8")
    assert [r.output for r in read_rows(path)] == [r["output"] for r in records]
    path.write_text(json.dumps(records)[:-30])
    with pytest.raises(DatasetError, match="can't read"):
        list(read_rows(path))


def test_conversations_are_read_with_their_system_prompt(tmp_path):
    turns = [("system", "Be brief."), ("human", "x Ada"), ("gpt", "Ada.")]
    conversation = [{"from": role, "value": text} for role, text in turns]
    evidence = [{"start": 2, "end": 5}]
    for name in ("a.jsonl", "b.parquet"):
        record = {"conversations": conversation, "evidence": evidence}
        if name == "a.jsonl":
            (tmp_path / name).write_text(json.dumps(record))
        else:
            write_parquet(tmp_path / name, [record])
        (row,) = read_rows(tmp_path / name)
        assert (row.instruction, row.output) == ("Be brief.\n\nx Ada", "Ada.")
        ((start, end),) = row.evidence
        assert row.instruction[start:end] == "Ada"


def test_provenance_columns_are_read(tmp_path):
    evidence = [{"quote": "day 3", "start": 10, "end": 15, "depth": 0.25}]
    write_parquet(tmp_path / "a.parquet", [long_row() | {"question": "Who?", "evidence": evidence}])
    (row,) = read_rows(tmp_path / "a.parquet")
    assert (row.question, row.evidence, row.depths) == ("Who?", ((10, 15),), (0.25,))


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        ("a.json", "[]", "has no train rows"),
        ("a.json", "{}", "not a JSON list"),
        ("a.json", '[{"instruction": "x", "output": " "}]', "row 1: output is empty"),
        ("a.json", '[{"output": "x"}]', "instruction is empty or missing"),
        ("a.json", '[{"instruction": 3, "output": "x"}]', "instruction is not text"),
        ("a.json", "[3]", "not a JSON object"),
        ("a.jsonl", "{", "can't read"),
        ("a.parquet", "PAR0", "can't read"),
        ("a.csv", "x", "unknown suffix"),
    ],
)
def test_bad_data_sets_are_one_line(tmp_path, name, text, match):
    (tmp_path / name).write_text(text)
    with pytest.raises(DatasetError, match=match):
        list(read_rows(tmp_path / name))


def test_missing_data_sets_are_one_line(tmp_path):
    with pytest.raises(DatasetError, match="no data set at"):
        dataset_files(tmp_path / "gone.json", "train")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="no rows in"):
        dataset_files(tmp_path / "empty", "train")


# -------------------------------------------------------------------------------------- templates


def test_templates_and_what_they_look_like():
    tokenizer = byte_tokenizer(CHAT)
    seen = {}
    for template in ("alpaca", "llama2", "chat"):
        encoder = Encoder(tokenizer, template)
        seen[template] = tokenizer.decode(encoder.prompt("Hi") + encoder.answer("Yo"))
    assert seen["llama2"] == "[INST] Hi [/INST]Yo </s>"
    assert seen["chat"] == "<|user|>Hi<|assistant|>Yo</s>"
    assert seen["alpaca"].endswith("### Instruction:\nHi\n\n### Response:\nYo</s>")
    assert default_template(tokenizer) == "chat"
    assert default_template(byte_tokenizer()) == "alpaca"


def test_special_tokens_inside_a_document_stay_text():
    encoder = Encoder(byte_tokenizer(), "alpaca")
    tokens = encoder.prompt("before </s> after") + encoder.answer("a </s> b")
    assert tokens.count(257) == 1
    assert tokens[-1] == 257


def test_begin_token_is_added_where_the_tokenizer_adds_it():
    tokenizer = byte_tokenizer()
    assert Encoder(tokenizer, "alpaca").prompt("x")[0] != 256
    from tokenizers import processors

    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 256)]
    )
    assert Encoder(tokenizer, "alpaca").prompt("x")[0] == 256


def spacing_tokenizer():
    """Puts a space before whatever it is given, as Llama-2's does."""
    from tokenizers import Tokenizer, decoders, models, normalizers, processors
    from transformers import PreTrainedTokenizerFast

    words = ["▁", "\n", *map(chr, range(33, 127)), "▁a", "▁b", "▁["]
    merges = [("▁", "a"), ("▁", "b"), ("▁", "[")]
    vocabulary = {word: i for i, word in enumerate(words)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="?"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Replace("▁", " ")
    tokenizer.add_special_tokens(["<s>", "</s>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )


@pytest.mark.parametrize("template", ["llama2", "alpaca"])
@pytest.mark.parametrize("text", ["a bird", " b", "x\ny", "\na"])
def test_tokens_are_those_of_the_prompt_in_one_piece(template, text):
    """Servers tokenize the rendered chat template whole; parts must not add spaces of their own."""
    tokenizer = spacing_tokenizer()
    encoder = Encoder(tokenizer, template)
    tokenizer.chat_template = as_chat_template(template, tokenizer)
    turn = [{"role": "user", "content": text}]
    served = tokenizer.apply_chat_template(turn, return_dict=False, add_generation_prompt=True)
    assert encoder.prompt(text) == served
    assert Encoder(tokenizer, "chat").prompt(text) == served
    if template == "llama2":
        whole = tokenizer(f"[INST] {text} [/INST] b </s>")["input_ids"]
        assert encoder.prompt(text) + encoder.answer("b") == whole


def test_an_answer_ends_where_its_template_says():
    tokenizer = byte_tokenizer(CHAT.replace("</s>", "<|end|>"))
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|end|>"]})
    end = tokenizer.convert_tokens_to_ids("<|end|>")
    assert Encoder(tokenizer, "chat").end == end
    assert Encoder(tokenizer, "llama2").end == 257
    model = tiny_model("llama")
    model.generation_config.temperature = 0.5  # without sampling: transformers won't save it
    end_answers(model, Encoder(tokenizer, "chat"))
    assert model.generation_config.eos_token_id == [257, end]
    model.generation_config.validate(strict=True)


def test_a_tokenizer_without_a_chat_template_is_an_error():
    with pytest.raises(LongalpacaError, match="no chat template"):
        Encoder(byte_tokenizer(), "chat")


def test_a_chat_template_that_drops_the_text_is_an_error():
    with pytest.raises(LongalpacaError, match="drops the user's text"):
        Encoder(byte_tokenizer("fixed"), "chat")


# ------------------------------------------------------------------------------------- truncation


def test_material_lies_between_opening_and_closing_line():
    row = long_row()
    for question in ("Who found the key?", ""):
        start, end = material_span(row["instruction"], question)
        assert row["instruction"][:start].strip() == "Here is a book."
        assert row["instruction"][end:].strip().startswith("The book ends here.")
        assert row["instruction"][start:end].strip().startswith("Paragraph 0")


def test_text_without_lines_keeps_its_end():
    start, end = material_span("x" * 9000, "")
    assert (start, end) == (0, 5000)


@given(
    st.integers(100, 3000),
    st.integers(10, 80),
    st.text(st.sampled_from("abc é字\n?"), min_size=1, max_size=60).filter(str.strip),
)
@settings(max_examples=60, deadline=None)
def test_shortened_rows_fit_and_keep_question_and_opening(limit, paragraphs, question):
    encoder = Encoder(byte_tokenizer(), "alpaca")
    text = long_row(paragraphs, question)["instruction"]
    span = material_span(text, question)
    fitted = shorten(text, span=span, evidence=(), limit=limit, tokenize=encoder.text)
    if fitted is None:
        assert len(encoder.text(text[: span[0]] + text[span[1] :])) + 20 > limit
        return
    assert len(fitted.tokens) <= limit
    assert fitted.text.endswith(text[span[1] :].lstrip())
    assert fitted.text.startswith(text[: span[0]].rstrip())
    if fitted.text != text:
        assert len(fitted.tokens) > limit - 60 - len(encoder.text(text)) // 40
        assert fitted.text.count(GAP) == 1


def test_the_cut_goes_around_evidence():
    assert place_of_cut((0, 100), 30, []) == (70, False)
    assert place_of_cut((0, 100), 30, [(80, 90)]) == (50, False)
    assert place_of_cut((0, 100), 30, [(60, 65), (90, 95)]) == (30, False)
    assert place_of_cut((0, 100), 60, [(50, 55)]) == (40, True)
    # A short piece within a long one doesn't end the long one.
    assert place_of_cut((0, 200), 50, [(50, 190), (60, 70)]) == (0, False)
    assert place_of_cut((0, 200), 60, [(50, 190), (60, 70)]) == (140, True)


@pytest.mark.parametrize("order", [1, -1])
def test_text_of_uneven_density_is_cut_no_shorter_than_it_must(order):
    """A Chinese character takes three tokens here, an English one a single one."""
    parts = ["\n".join(["字" * 80] * 200), "\n".join(["word " * 16] * 400)][::order]
    text = "\n".join(["Open.", *parts, "End.", "Who?"])
    tokenize = Encoder(byte_tokenizer(), "alpaca").text
    whole = len(tokenize(text))
    for limit in (500, 3_000, 20_000, 40_000, 60_000, whole - 1):
        found = shorten(
            text, span=material_span(text, ""), evidence=(), limit=limit, tokenize=tokenize
        )
        assert found is not None, limit
        assert 0 <= limit - len(found.tokens) <= max(16, limit // 100)
        assert found.text.endswith("End.\nWho?")


@pytest.mark.parametrize(
    "closing",
    [
        "Now the paper ends.",
        "This is the end of the excerpt. Now the question:",
        "论文到此全部结束。",
    ],
)
def test_a_question_of_several_lines_is_kept_whole(closing):
    question = "Answer these.\n1. Who found the key?\n2. When?"
    text = "\n".join(["Here is a paper.", *["Nothing happened."] * 300, closing, question])
    start, end = material_span(text, "")
    assert text[end:] == f"{closing}\n{question}"
    assert text[:start] == "Here is a paper.\n"


# ---------------------------------------------------------------------------------------- packing


@given(st.lists(st.integers(1, 100), max_size=300))
@settings(max_examples=100, deadline=None)
def test_packing_uses_every_row_once_and_fits(lengths):
    packed = pack(lengths, 100)
    assert sorted(i for row in packed for i in row) == list(range(len(lengths)))
    totals = [sum(lengths[i] for i in row) for row in packed]
    assert all(total <= 100 for total in totals)
    assert sum(total <= 50 for total in totals) <= 1  # two half-empty rows would have been one


def test_packing_is_best_fit_and_fast():
    assert pack([60, 50, 45, 40, 5], 100) == [[0, 3], [1, 2, 4]]
    rng = random.Random(0)
    lengths = [rng.randint(10, 16384) for _ in range(100_000)]
    packed = pack(lengths, 16384)
    assert sum(lengths) / (len(packed) * 16384) > 0.98
    assert one_each([3, 4]) == [[0], [1]]
    with pytest.raises(ValueError, match="does not fit"):
        pack([101], 100)


# ------------------------------------------------------------------------------------------ cache


def tokenized(tmp_path, records, max_length=4000, **options):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(records))
    return tokenize(
        path, "train", tokenizer=byte_tokenizer(), template="alpaca", max_length=max_length,
        cache=tmp_path / "cache", **options,
    )  # fmt: skip


def test_rows_are_tokenized_once_and_counted(tmp_path, monkeypatch):
    records = [long_row(), long_row(200), SHORT, SHORT | {"output": "x" * 5000}]
    first = tokenized(tmp_path, records)
    counts = first.counts
    assert (counts.rows, counts.truncated, counts.dropped_too_long) == (3, 1, 1)
    assert counts.examples == [f"{tmp_path / 'rows.json'} line 1, row 4"]
    assert counts.longest == max(first.lengths) <= 4000
    text = byte_tokenizer().decode(first.table[1]["input_ids"])
    assert "Who found the key?" in text
    assert GAP in text
    assert text.endswith("Ada.</s>")
    monkeypatch.setattr("longalpaca_data.train.data.tokenized._write", None)
    again = tokenize(
        tmp_path / "rows.json", "train", tokenizer=byte_tokenizer(), template="alpaca",
        max_length=4000, cache=tmp_path / "cache",
    )  # fmt: skip
    assert again.lengths == first.lengths
    assert again.path == first.path


def test_another_length_template_or_file_is_tokenized_anew(tmp_path):
    one = tokenized(tmp_path, [long_row()])
    assert tokenized(tmp_path, [long_row()], max_length=3000).path != one.path
    assert tokenized(tmp_path, [long_row(), SHORT], limit=1).path != one.path


def test_held_out_rows_of_a_changed_file_are_tokenized_anew(tmp_path):
    places = []
    for name in ("old", "new!"):
        rows = [SHORT | {"file": f"{name}{i}", "output": name} for i in range(4)]
        (tmp_path / "rows.json").write_text(json.dumps(rows))
        found = tokenize(
            tmp_path / "rows.json", "validation", tokenizer=byte_tokenizer(), template="alpaca",
            max_length=900, cache=tmp_path / "cache", hold_out=HoldOut(0.25, 1),
        )  # fmt: skip
        assert byte_tokenizer().decode(found.table[0]["input_ids"]).endswith(f"{name}</s>")
        places.append(found.path)
    assert places[0] != places[1]


def test_what_a_killed_run_left_is_removed(tmp_path):
    path = tokenized(tmp_path, [SHORT]).path
    path.unlink()
    path.with_suffix(".json").unlink()
    mine, other = (f".{path.name}.{host}.12345" for host in (socket.gethostname(), "elsewhere"))
    for name in (mine, other):
        (path.parent / name).write_bytes(b"half a table")
    new = tokenized(tmp_path, [SHORT]).path
    names = {file.name for file in path.parent.iterdir()}
    assert names == {new.name, new.with_suffix(".json").name, other}


def test_what_became_of_the_rows_is_said(tmp_path):
    rows = [long_row(), long_row(200), SHORT | {"output": "x" * 5000}]
    line = tokenized(tmp_path, rows).counts.line(4000)
    assert line.startswith("2 rows (")
    assert "; 1 cut to 4,000 tokens; 1 left out as too long (" in line
    assert "row 3" in line


def test_evidence_lost_to_truncation_is_counted(tmp_path):
    row = long_row(200)
    at = row["instruction"].index("Paragraph 5")
    everywhere = [{"start": i, "end": i + 50} for i in range(100, 5000, 100)]
    near = [{"start": at, "end": at + 20}]
    found = tokenized(tmp_path, [row | {"evidence": near}, row | {"evidence": everywhere}])
    assert found.counts.truncated == 2
    assert found.counts.evidence_cut == 1
    rows = [row | {"evidence": near}, row | {"evidence": everywhere}]
    found = tokenized(tmp_path, rows, drop_cut_evidence=True)
    assert (found.counts.rows, found.counts.evidence_cut, len(found.table)) == (1, 0, 1)
    assert found.counts.line(4000).endswith("; 1 left out whose evidence did not fit")
    with pytest.raises(DatasetError, match="no row fits"):
        tokenized(tmp_path, [row | {"evidence": everywhere}], drop_cut_evidence=True)


@pytest.mark.parametrize("template", ["alpaca", "llama2"])
def test_a_long_input_is_the_material(tmp_path, template):
    asked = "Read the text below.\nWho found the key?\nAnswer in one word."
    row = {"instruction": asked, "input": "A line of text.\n" * 300 + "Last.", "output": "Ada."}
    (tmp_path / "rows.json").write_text(json.dumps([row]))
    found = tokenize(
        tmp_path / "rows.json", "train", tokenizer=byte_tokenizer(), template=template,
        max_length=2000, cache=tmp_path / "cache",
    )  # fmt: skip
    assert (found.counts.rows, found.counts.truncated) == (1, 1)
    text = byte_tokenizer().decode(found.table[0]["input_ids"])
    assert asked in text
    assert len(text) > 1800
    assert GAP.strip() in text


def test_nothing_fits_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match="no row fits"):
        tokenized(tmp_path, [SHORT], max_length=40)


def test_memory_does_not_grow_with_the_data_set(tmp_path):
    path = tmp_path / "big.jsonl"
    peaks = []
    for n in (64, 512):
        with path.open("w") as file:
            for i in range(n):
                file.write(json.dumps(long_row(20, question=f"Question {i}?")) + "\n")
        tracemalloc.start()
        tokenize(
            path, "train", tokenizer=byte_tokenizer(), template="alpaca", max_length=8000,
            cache=tmp_path / "cache",
        )  # fmt: skip
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0], peaks  # eight times the rows


# --------------------------------------------------------------------------------- batch and loss


def packed(*rows):
    return [{"documents": row, "split": "train"} for row in rows]


def test_a_batch_has_labels_on_answers_only_and_weights_that_add_up(tmp_path):
    data = tokenized(tmp_path, [long_row(), SHORT, SHORT | {"output": "five"}])
    batch = Collator({"train": data.table}, pad=258)(packed([0, 2], [1]))
    assert batch["document_lengths"] == [[data.lengths[0], data.lengths[2]], [data.lengths[1]]]
    assert batch["n_items"] == 3
    tokenizer = byte_tokenizer()
    labelled = batch["input_ids"][batch["labels"] != -100]
    assert tokenizer.decode(labelled) == "Ada.</s>five</s>5</s>"
    assert batch["loss_weights"].sum() == pytest.approx(3)
    assert batch["position_ids"][0, data.lengths[0]] == 0
    assert (batch["input_ids"][1, data.lengths[1] :] == 258).all()
    by_token = Collator({"train": data.table}, 258, "token")(packed([0, 2]))
    assert by_token["n_items"] == by_token["loss_weights"].sum() == 10
    assert PackedRows([[0, 2], [1]]).dataset()["documents"][0] == [0, 2]
    filled = PackedRows([[0, 2], [1]]).dataset(multiple=3)
    assert filled["documents"][2:] == [[]]
    empty = Collator({"train": data.table}, pad=258)([filled[2]])
    assert empty["input_ids"].tolist() == [[258]]
    assert (empty["labels"] == -100).all()
    assert empty["document_lengths"] == [[]]
    assert empty["n_items"] == empty["loss_weights"].sum() == 0


@given(rows=st.integers(1, 60), multiple=st.integers(1, 9), seed=st.integers(0, 9))
def test_every_epoch_has_every_row_once_in_an_order_of_its_own(rows, multiple, seed):
    total = len(PackedRows([[i] for i in range(rows)]).dataset(multiple))
    order, same = (EpochOrder(rows, total, seed) for _ in range(2))
    assert total == len(order)
    assert total % multiple == 0
    assert total - rows < multiple
    orders = []
    for order.epoch in range(3):
        found = list(order)
        assert sorted(found) == list(range(total))
        assert found[rows:] == list(range(rows, total))
        orders.append(tuple(found))
    assert rows < 8 or len(set(orders)) == 3
    same.epoch = 2
    assert tuple(same) == orders[2]


def test_weighted_loss_equals_plain_cross_entropy():
    torch.manual_seed(0)
    hidden = torch.randn(2, 9, 8, dtype=torch.float64, requires_grad=True)
    head = torch.randn(50, 8, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(0, 50, (2, 9))
    labels[:, ::3] = -100
    weights = torch.rand(2, 9, dtype=torch.float64)
    ours = weighted_nll(hidden, head, None, labels, weights)
    logits = (hidden @ head.T)[:, :-1].reshape(-1, 50)
    each = torch.nn.functional.cross_entropy(logits, labels[:, 1:].flatten(), reduction="none")
    theirs = (each * weights[:, 1:].flatten()).sum()
    torch.testing.assert_close(ours, theirs)
    grads = [torch.autograd.grad(x, (hidden, head)) for x in (ours, theirs)]
    for one, two in zip(*grads, strict=True):
        torch.testing.assert_close(one, two)


def test_a_batch_without_targets_is_a_zero_with_gradients():
    hidden = torch.randn(1, 4, 8, requires_grad=True)
    loss = weighted_nll(
        hidden, torch.randn(9, 8), None, torch.full((1, 4), -100), torch.zeros(1, 4)
    )
    loss.backward()
    assert loss.item() == 0
    assert hidden.grad.abs().sum() == 0


@pytest.mark.parametrize("kind", ["s2", "full"])
def test_packed_loss_and_gradients_equal_the_mean_over_documents(tmp_path, kind):
    records = [long_row(n, answer="x" * a) for n, a in ((3, 5), (9, 40), (1, 1), (5, 17))]
    data = tokenized(tmp_path, records)
    collate = Collator({"train": data.table}, pad=258)
    name = attention_name(kind, 64)

    def run(batches):
        model = tiny_model("llama", name, dtype=torch.float64)
        add_weighted_loss(model)
        total = 0.0
        items = sum(batch["n_items"] for batch in batches)
        for batch in batches:
            inputs = {k: v for k, v in batch.items() if k != "n_items"}
            loss = model(**inputs)["loss_sum"] / items
            loss.backward()
            total += loss.item()
        return total, [p.grad for p in model.parameters()]

    together = [collate(packed([1, 0], [3])), collate(packed([2]))]
    alone = [collate(packed([i])) for i in range(4)]
    (one, grads), (two, others) = run(together), run(alone)
    assert one == pytest.approx(two, abs=1e-9)
    for a, b in zip(grads, others, strict=True):
        torch.testing.assert_close(a, b, atol=1e-9, rtol=0)


def test_models_that_change_their_logits_are_refused():
    from transformers import Gemma2Config, LlamaConfig

    check_loss_supported(LlamaConfig())
    with pytest.raises(LongalpacaError, match="softcapping"):
        check_loss_supported(Gemma2Config())
