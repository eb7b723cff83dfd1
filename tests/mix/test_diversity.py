"""The order in which short pairs are wanted: varied, without garbage, the same everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longalpaca_data.core.recipe import MixSpec, ShortSpec
from longalpaca_data.core.records import ShortPair, content_id
from longalpaca_data.mix import diversity
from longalpaca_data.mix.diversity import in_order_of_choice, without_near_duplicates
from longalpaca_data.mix.short import read_pairs
from longalpaca_data.pipeline.stage import Context


def pair(instruction: str, given_: str = "", language: str = "en") -> ShortPair:
    row_id = content_id(instruction, given_)
    return ShortPair(row_id, instruction, given_, "o", language, "", instruction[:20])


def bundled() -> list[ShortPair]:
    return list(read_pairs([ShortSpec(path="sample:")]))


def kept(pairs: list[ShortPair]) -> tuple[list[ShortPair], list[str]]:
    context = Context("short", 0)
    return list(without_near_duplicates(pairs, 0, context)), [d.item for d in context.drops]


def test_near_duplicates_go_and_like_questions_about_something_else_stay() -> None:
    one = "Give three tips for staying healthy when you travel for work every week."
    pairs = [
        pair(one),
        pair(one.replace(".", "!")),
        pair(one.upper() + "  "),
        pair("What is the capital of France?"),
        pair("What is the capital of Germany?"),
        pair("Translate into French.", "The cat sleeps on the mat."),
        pair("Translate into French.", "Nobody came to the fair."),
    ]
    found, dropped = kept(pairs)
    assert len(dropped) == 2
    assert {p.id for p in pairs[3:]} <= {p.id for p in found}


def test_the_bundled_pairs_have_no_near_duplicates() -> None:
    found, dropped = kept(bundled())
    assert not dropped
    assert len(found) == len(bundled())


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=10)), max_size=30))
@settings(max_examples=40, deadline=None)
def test_any_text_can_be_compared(texts: list[tuple[str, str]]) -> None:
    pairs = list({p.id: p for p in (pair(*text) for text in texts)}.values())
    found, dropped = kept(pairs)
    assert sorted([p.id for p in found] + dropped) == sorted(p.id for p in pairs)
    ordered = in_order_of_choice(found, MixSpec(short=5), 1)
    assert sorted(p.id for p in ordered) == sorted(p.id for p in found)


KINDS = {
    "translate": "Translate the sentence into French: the {} is very {}.",
    "sum": "Add the number of {} to the number of {} and show your working.",
    "story": "Tell a short story in which a {} meets a {}.",
    "list": "List five things that a {} needs before winter, with one reason about {} each.",
}
WORDS = ["cat", "baker", "river", "tower", "lamp", "horse", "piano", "garden", "stone", "letter"]


def kinds() -> list[ShortPair]:
    """Return 300 pairs of one kind and a few of three others."""
    some = [(a, b) for a in WORDS for b in WORDS if a != b]
    many = [pair(KINDS["translate"].format(a, b), " ".join(WORDS[:2])) for a, b in some]
    return many + [
        pair(KINDS[kind].format(*some[n * 7])) for kind in ("sum", "story", "list") for n in (1, 2)
    ]


def test_a_short_prefix_holds_every_kind() -> None:
    first = in_order_of_choice(kinds(), MixSpec(short=8), 3)[:8]
    starts = {p.instruction.split()[0] for p in first}
    assert starts == {"Translate", "Add", "Tell", "List"}
    assert sum(p.instruction.startswith("Translate") for p in first) <= 5


def test_garbage_comes_last() -> None:
    garbage = [
        pair(text)
        for text in ("asdkjh qwe zxcm lkj", "Zzyzx quux frobnicate plugh", "Lorem ipsum dolor sit")
    ]
    ordered = in_order_of_choice([*garbage, *bundled()], MixSpec(short=1000), 5)
    english = [p.id for p in ordered if p.language == "en"]
    assert min(english.index(p.id) for p in garbage) > 0.9 * len(english)


def test_the_order_is_that_of_plain_farthest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(200, 256))
    vectors[100:150] = vectors[:50]  # ties
    vectors = np.rint(vectors / np.linalg.norm(vectors, axis=1)[:, None] * 2048).astype(np.float32)
    familiar = (np.rint(rng.random(200) * 4) / 4).astype(np.float32)
    plain = diversity._traversal(vectors, familiar, 1)
    while len(plain) < 140:
        nearest = (vectors @ vectors[plain].T).max(axis=1)
        worth = np.maximum(2048.0**2 - nearest, 0) * familiar
        worth[plain] = -1
        plain.append(int(worth.argmax()))
    for front in (1, 20, 2048):
        monkeypatch.setattr(diversity, "_FRONT", front)
        assert diversity._traversal(vectors, familiar, 140) == plain


def test_a_longer_order_begins_with_the_shorter_and_the_input_order_makes_no_difference() -> None:
    pairs = bundled()
    short = in_order_of_choice(pairs, MixSpec(short=40), 7)
    assert in_order_of_choice(pairs[::-1], MixSpec(short=40), 7) == short
    assert in_order_of_choice(pairs, MixSpec(short=80), 7)[:40] == short[:40]
    assert in_order_of_choice(pairs, MixSpec(short=40), 7, reserve=40)[:40] == short[:40]


def test_pairs_that_differ_in_numbers_alone_are_each_there_once() -> None:
    pairs = [pair(f"Question about the {w} number {n}") for w in WORDS for n in range(20)]
    ordered = in_order_of_choice(pairs, MixSpec(short=150), 1)
    assert sorted(p.id for p in ordered) == sorted(p.id for p in pairs)
    first = {word for p in ordered[:12] for word in p.instruction.split() if word in WORDS}
    assert first == set(WORDS)


def test_random_is_the_seeds() -> None:
    spec = MixSpec(short=40, short_select="random")
    orders = [[p.id for p in in_order_of_choice(bundled(), spec, seed)] for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2])


@pytest.mark.parametrize(
    ("languages", "chinese"), [({}, 20), ({"en": 0.5, "zh": 0.5}, 50), ({"en": 1.0}, 0)]
)
def test_languages_alternate_by_their_shares(languages: dict[str, float], chinese: int) -> None:
    pairs = [pair(f"Question about the {w} number {n}") for w in WORDS for n in range(20)]
    pairs += [pair(f"关于{w}的第{n}个问题", language="zh") for w in WORDS for n in range(5)]
    ordered = in_order_of_choice(pairs, MixSpec(short=100, languages=languages), 1)[:100]
    assert sum(p.language == "zh" for p in ordered) == chinese
