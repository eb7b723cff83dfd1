"""Vectors of texts: the packaged word vectors, an encoder of the user's, clear errors."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from longalpaca_data.core.errors import MissingPackageError, RecipeError
from longalpaca_data.core.recipe import MixSpec
from longalpaca_data.core.records import ShortPair, content_id
from longalpaca_data.mix.diversity import in_order_of_choice
from longalpaca_data.mix.embeddings import STATIC, embedder

SUBJECTS = {  # the same wish in words that hardly overlap
    "bread": ["How do I bake a loaf of bread?", "Explain making sourdough at home.",
              "Steps for preparing dough and using the oven.", "A recipe for fresh rolls, please."],
    "money": ["How should I invest my savings?", "Explain stocks and bonds.",
              "Ways of putting cash into a pension fund.", "Advice on shares, please."],
    "code": ["How do I sort a list in Python?", "Explain recursion to a programmer.",
             "Write a function that parses JSON.", "Fix this compiler bug, please."],
    "health": ["How can I sleep better at night?", "Explain why exercise helps the heart.",
               "Ways of lowering blood pressure.", "Advice against headaches, please."],
}  # fmt: skip


@pytest.fixture
def static() -> None:
    pytest.importorskip(STATIC, reason="the embedding extra is not installed")


def pairs() -> list[ShortPair]:
    texts = [text for subject in SUBJECTS.values() for text in subject]
    return [ShortPair(content_id(t, ""), t, "", "o", "en", "", "x") for t in texts]


@pytest.mark.usefixtures("static")
def test_what_is_about_the_same_is_near() -> None:
    texts = [text for subject in SUBJECTS.values() for text in subject]
    vectors = embedder(STATIC)(texts)
    unit = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    near = (unit @ unit.T).reshape(4, 4, 4, 4).mean(axis=(1, 3))  # subject by subject
    same = (4 * near.diagonal() - 1) / 3  # without each text's own 1
    others = near[~np.eye(4, dtype=bool)]
    assert same.mean() > 2 * others.mean()


@pytest.mark.usefixtures("static")
def test_a_text_has_its_vector_in_any_company() -> None:
    embed = embedder(STATIC)
    texts = ["One.", "如何烤面包？", "", " ", "Two and three. " * 900, "<s></s>\x00"]
    together = embed(texts)
    assert together.shape == (6, 256)
    for text, vector in zip(texts, together, strict=True):
        assert (embed([text])[0] == vector).all()
    assert not together[2].any()
    assert np.isfinite(together).all()
    assert embed([]).shape == (0, 256)


@pytest.mark.usefixtures("static")
def test_the_first_pairs_are_each_about_something_else() -> None:
    spec = MixSpec(short=4, short_select="embedding")
    first = in_order_of_choice(pairs(), spec, 1)[:4]
    subject_of = {text: name for name, texts in SUBJECTS.items() for text in texts}
    assert {subject_of[pair.instruction] for pair in first} == set(SUBJECTS)
    assert in_order_of_choice(pairs()[::-1], spec, 1)[:4] == first


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"short_select: embedding needs .*\[embedding\]"):
        in_order_of_choice(pairs(), MixSpec(short_select="embedding"), 1)


@pytest.mark.slow
def test_an_encoder_that_is_not_there_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("transformers", reason="the train extra is not installed")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(
        RecipeError, match=r"mix\.short_embedding: can't load .*nothing: "
    ) as caught:
        embedder(str(tmp_path / "nothing"))
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_an_encoders_states_are_averaged_over_the_text(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="the train extra is not installed")
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {"[PAD]": 0, "[UNK]": 1, "a": 2, "long": 3, "text": 4}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]"
    ).save_pretrained(tmp_path)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=5, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=512,
    )  # fmt: skip
    model = transformers.BertModel(config).eval()
    model.save_pretrained(tmp_path)
    texts = ["a", "a long text", "", "text " * 900, *["long a"] * 40]
    found = embedder(str(tmp_path))(texts)
    assert found.shape == (44, 16)
    with torch.inference_mode():
        alone = model(torch.tensor([[2, 3, 4]])).last_hidden_state[0].mean(0).numpy()
    assert found[1] == pytest.approx(alone, abs=1e-5)
    assert np.isfinite(found).all()
