"""Reviews: a rejected row is replaced and no other moves; an edited row shows the edit."""

from __future__ import annotations

import random

from longalpaca_data.core.recipe import MixSpec
from longalpaca_data.core.records import Sample, ShortPair
from longalpaca_data.mix import mix
from longalpaca_data.mix.reviews import Review
from longalpaca_data.pipeline.stage import Context
from tests.mix.material import LENGTHS, long_rows, run, sample, shorts


def pool(count: int = 400) -> list[Sample]:
    rng = random.Random(3)
    return [
        sample(
            f"r{n:03d}",
            task=rng.choice(["t1", "t2"]),
            family=rng.choice("abcdef"),
            length=rng.choice(LENGTHS),
            documents=(f"d{rng.randrange(8)}",),
            depth=rng.random(),
            score=round(rng.random(), 2),
        )
        for n in range(count)
    ]


WANTED = {
    "long": 90,
    "short": 30,
    "tasks": {"t1": 0.5, "t2": 0.5},
    "lengths": dict.fromkeys(LENGTHS, 1 / 3),
}
ROWS, PAIRS = pool(), shorts(60)


def ids(*reviews: Review) -> list[str]:
    return [row.id for row in run(ROWS, PAIRS, *reviews, **WANTED).train]


def reject(row_id: str) -> Review:
    return Review(row_id, "reject")


def test_a_rejected_row_gives_its_place_to_the_next_best_of_its_cell() -> None:
    before = run(ROWS, PAIRS, **WANTED)
    for gone in random.Random(1).sample(long_rows(before), 10):
        after = run(ROWS, PAIRS, reject(gone.id), **WANTED)
        at = [row.id for row in before.train].index(gone.id)
        new = after.train[at]
        assert isinstance(new, Sample)
        assert new.id not in {row.id for row in before.train}
        assert [*after.train[:at], *after.train[at + 1 :]] == [
            *before.train[:at],
            *before.train[at + 1 :],
        ]
        cell = (gone.example.task, gone.example.window.n_tokens)
        assert (new.example.task, new.example.window.n_tokens) == cell
        assert after.shares == before.shares


def test_a_later_rejection_moves_no_earlier_successor_and_taking_back_restores() -> None:
    states, chosen = [ids()], random.Random(2).sample(ids(), 12)
    decided: list[Review] = []
    for row_id in chosen:
        decided.append(reject(row_id))
        states.append(ids(*decided))
        changed = [
            (old, new) for old, new in zip(states[-2], states[-1], strict=True) if old != new
        ]
        assert [old for old, _ in changed] == [row_id]
    undone = [Review(row_id, "") for row_id in chosen]
    assert ids(*undone) == states[0]
    assert ids(*decided[:6], *undone[6:]) == states[6]


def test_a_rejected_successor_is_replaced_too() -> None:
    first = ids()[5]
    second = ids(reject(first))[5]
    third = ids(reject(first), reject(second))
    assert third[5] not in {first, second}
    assert len(set(third)) == len(third)


def test_rejections_are_counted_and_others_are_not_needed() -> None:
    context = Context("mix", 7)
    chosen = ids()
    out = next(row.id for row in ROWS if row.id not in chosen)
    reviews = {i: Review(i, "reject", note="wrong year") for i in (chosen[0], chosen[1], out)}
    made = mix(ROWS, PAIRS, MixSpec(**WANTED), 7, context, reviews)  # type: ignore[arg-type]
    reasons = {drop.item: (drop.reason, drop.detail) for drop in context.drops}
    assert [i for i, why in reasons.items() if why == ("rejected in review", "wrong year")]
    assert sum(why[0] == "rejected in review" for why in reasons.values()) == 3
    assert len(context.drops) == len(ROWS) + len(PAIRS) - len(made.train)


def test_an_edit_changes_the_words_and_nothing_else() -> None:
    before = run(ROWS, PAIRS, **WANTED)
    row = long_rows(before)[0]
    pair = next(r for r in before.train if isinstance(r, ShortPair))
    after = run(
        ROWS,
        PAIRS,
        Review(row.id, "accept", question="Which one?"),
        Review(pair.id, "", output="An edited answer."),
        **WANTED,
    )
    assert [r.id for r in after.train] == [r.id for r in before.train]
    changed = [(o, n) for o, n in zip(before.train, after.train, strict=True) if o != n]
    assert len(changed) == 2
    for _, new in changed:
        if isinstance(new, Sample):
            assert (new.example.question, new.example.answer) == ("Which one?", "a")
            assert new.example.evidence == row.example.evidence
        else:
            assert (new.instruction, new.output) == ("i", "An edited answer.")


def test_without_a_successor_the_place_stays_empty_and_it_is_said() -> None:
    few = [sample(f"r{n}", documents=(f"d{n}",)) for n in range(3)]
    made = run(few, [], reject("r1"), long=3, short=0)
    assert [row.id for row in made.train if row.id == "r1"] == []
    assert made.realised["long"] == 2
    assert "1 row rejected in review has no successor" in made.note


def test_where_its_cell_has_none_the_successor_is_of_the_nearest_length() -> None:
    rows = [
        *(sample(f"long{n}", length=16000, score=0.9) for n in range(5)),
        *(sample(f"middle{n}", length=8000, score=0.1) for n in range(5)),
        *(sample(f"short{n}", length=4000) for n in range(4)),
    ]
    shares = {"lengths": {4000: 0.5, 8000: 0.25, 16000: 0.25}, "max_document_share": 1.0}
    before = run(rows, [], long=8, short=0, validation=0, max_family_share=1.0, **shares)
    assert [r.id[:5] for r in long_rows(before)].count("short") == 4
    after = run(
        rows, [], reject("short2"), long=8, short=0, validation=0, max_family_share=1.0, **shares
    )
    (new,) = {r.id for r in after.train} - {r.id for r in before.train}
    assert new.startswith("middle")


def test_the_successor_keeps_to_the_caps() -> None:
    rows = [
        *(sample(f"a{n}", family="a", documents=("d1",), score=0.9) for n in range(10)),
        *(sample(f"b{n}", family="b", documents=("d2",), score=0.1) for n in range(10)),
    ]
    caps = {"max_family_share": 0.5, "max_document_share": 0.5, "long": 10, "short": 0}
    before = run(rows, [], **caps)
    gone = next(row.id for row in before.train if row.id.startswith("b"))
    after = run(rows, [], reject(gone), **caps)
    families = [row.example.family for row in long_rows(after)]
    assert families.count("a") == families.count("b") == 5


def test_a_rejected_pair_is_replaced_by_the_next_of_its_language() -> None:
    pairs = [*shorts(10), ShortPair("zh", "i", "", "o", "zh", "", "x"), *shorts(14)[10:]]
    made = run([], pairs, reject("s003"), long=0, short=10)
    assert {row.id for row in made.train} == {pair.id for pair in pairs[:10]} - {"s003"} | {"s010"}
