"""The mix: counts, caps, depth, shortfall, splits that share no document."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import product
from typing import Any

import msgspec
import pytest

from longalpaca_data.core.errors import SourceError
from longalpaca_data.core.recipe import MixSpec
from longalpaca_data.core.records import Evidence, Example, Sample, ShortPair
from longalpaca_data.dataset.statistics import ORIGINAL_TASKS
from longalpaca_data.mix import Mixture, mix
from longalpaca_data.pipeline.stage import Context
from tests.conftest import make_document, make_window
from tests.mix.material import counts, long_rows, sample


def samples(
    documents: int, families: int, per_cell: int = 1, deciles: int = 10, prefix: str = "d"
) -> list[Sample]:
    windows = [make_window(make_document(f"{prefix}{n}")) for n in range(documents)]
    return [
        Sample(
            Example(
                f"{prefix}{d}-{f}-{k}-{n}", windows[d], f"family{f}", "t", "en", "q", "a",
                (Evidence("x", 0, 0, 1),), "g",
            ),
            (k / 10 + 0.05,),
            {"spread": 0.0},
        )
        for d, f, k, n in product(*map(range, (documents, families, deciles, per_cell)))
    ]  # fmt: skip


def shorts(count: int) -> list[ShortPair]:
    return [ShortPair(f"s{n}", "i", "", "o", "en", "", "x") for n in range(count)]


def run(pool: list[Sample], pairs: list[ShortPair], **spec: Any) -> Mixture:
    return mix(pool, pairs, MixSpec(**{"tasks": {}, **spec}), 7, Context("mix", 7))


def test_counts_are_met_and_a_surplus_is_left_over() -> None:
    context = Context("mix", 7)
    pool, pairs = samples(10, 10), shorts(100)
    made = mix(pool, pairs, MixSpec(long=300, short=90), 7, context)
    assert made.realised == {"long": 300, "short": 90, "validation": 0}
    assert len(made.train) == 390
    assert len({row.id for row in made.train}) == 390
    assert len(context.drops) == len(pool) + len(pairs) - 390


@pytest.mark.parametrize(
    ("pool", "pairs", "expected"),
    [(900, 40, (120, 40)), (100, 200, (99, 33)), (300, 100, (300, 100)), (0, 50, (0, 0))],
)
def test_scale_keeps_the_ratio(pool: int, pairs: int, expected: tuple[int, int]) -> None:
    rows = samples(10, 10, per_cell=1)[:0] if pool == 0 else samples(10, 9, 1)[:900]
    made = run(rows[:: max(1, 900 // max(1, pool))][:pool], shorts(pairs), long=9000, short=3000)
    assert made.realised["long"] == 3 * made.realised["short"]
    assert made.realised["long"] <= expected[0]
    if pool in (0, 900):
        assert (made.realised["long"], made.realised["short"]) == expected
    assert "asked for 9000 long + 3000 short" in made.note


@pytest.mark.parametrize(
    ("asked", "at_hand", "expected"),
    [
        ((9000, 7), (900, 50), (900, 1)),  # a whole step of the ratio would be 9000 rows
        ((10, 1000), (3, 5000), (3, 300)),
        ((7, 3), (100, 100), (7, 3)),
        ((700, 300), (100, 100), (98, 42)),
        ((999, 1000), (500, 500), (500, 500)),
        ((9000, 3000), (5, 5), (3, 1)),
        ((9000, 3000), (2, 1), (2, 1)),
    ],
)
def test_scale_takes_as_much_as_any_ratio_allows(
    asked: tuple[int, int], at_hand: tuple[int, int], expected: tuple[int, int]
) -> None:
    pool = samples(10, 10)[:: 1000 // at_hand[0] if at_hand[0] < 500 else 1][: at_hand[0]]
    made = run(
        pool, shorts(at_hand[1]), long=asked[0], short=asked[1], validation=0,
        max_family_share=1.0, max_document_share=1.0,
    )  # fmt: skip
    assert (made.realised["long"], made.realised["short"]) == expected


def test_without_short_pairs_a_ratio_is_an_error_that_names_the_ways_out() -> None:
    with pytest.raises(SourceError, match=r"no short pairs.*set mix\.short: 0 or .*: fill"):
        run(samples(10, 10), [], long=90, short=30)
    made = run(samples(10, 10), [], long=90, short=30, on_shortfall="fill")
    assert made.realised["long"] == 90


def test_long_rows_that_too_few_pairs_hold_back_are_counted_in_the_note() -> None:
    made = run(samples(10, 10), shorts(20), long=900, short=300)
    assert made.realised["long"] == 60
    assert "20 short pairs at hand; with more of them, or on_shortfall: fill" in made.note
    assert "there are 900 long rows" in made.note


def test_fill_takes_what_there_is() -> None:
    made = run(samples(10, 10), shorts(5), long=400, short=50, on_shortfall="fill")
    assert (made.realised["long"], made.realised["short"]) == (400, 5)


def test_error_stops_and_says_the_counts() -> None:
    with pytest.raises(SourceError, match=r"asks for 9000 long .* there are 100 and 5"):
        run(samples(10, 1), shorts(5), long=9000, short=3000, on_shortfall="error",
            max_family_share=1.0)  # fmt: skip


def test_caps_hold_in_what_comes_out() -> None:
    lopsided = samples(10, 6) + samples(1, 1, per_cell=100, prefix="big")
    made = run(lopsided, [], long=5000, short=0)
    families = Counter(row.example.family for row in made.train if isinstance(row, Sample))
    documents = Counter(
        row.example.window.parts[0].document_id for row in made.train if isinstance(row, Sample)
    )
    total = len(made.train)
    assert total > 400
    assert max(families.values()) <= 0.2 * total + 1
    assert max(documents.values()) <= 0.3 * total + 1


def test_depth_is_even_where_it_can_be() -> None:
    early = samples(10, 8, per_cell=5, deciles=2, prefix="early")
    made = run(early + samples(10, 8), [], long=400, short=0)
    deciles = Counter(int(row.depths[0] * 10) for row in made.train if isinstance(row, Sample))
    assert max(deciles.values()) - min(deciles.values()) <= 2


def test_every_piece_of_evidence_counts_for_an_even_depth() -> None:
    """Whose first pieces alone are even leaves out where the others lie: here, behind."""
    rng = random.Random(5)
    pool = []
    for number in range(3000):
        first = rng.random() ** 2
        others = [first + (1 - first) * rng.random() for _ in range(rng.randrange(4))]
        row = sample(f"r{number}", documents=(f"d{number % 30}",), score=rng.random())
        pool.append(replace(row, depths=(first, *others)))
    chosen = long_rows(run(pool, [], long=400, short=0, validation=0))
    counted = Counter(int(10 * depth) for row in chosen for depth in row.depths)
    mean = counted.total() / 10
    assert mean > 60
    assert 0.93 * mean < min(counted.values()) <= max(counted.values()) < 1.07 * mean


def test_the_order_of_the_input_does_not_matter_and_any_prefix_is_fair() -> None:
    pool, pairs = samples(10, 10), shorts(100)
    made = run(pool, pairs, long=300, short=100)
    again = run(pool[::-1], pairs, long=300, short=100)
    assert [row.id for row in made.train] == [row.id for row in again.train]
    shares = [isinstance(row, ShortPair) for row in made.train[:100]]
    assert 10 <= sum(shares) <= 42


def test_validation_shares_no_document_and_comes_on_top() -> None:
    made = run(samples(40, 8), shorts(100), long=300, short=100, validation=0.1)
    assert made.realised["long"] == 300
    assert made.realised["validation"] == 30
    held = {p.document_id for s in made.validation for p in s.example.window.parts}
    used = {
        p.document_id for s in made.train if isinstance(s, Sample) for p in s.example.window.parts
    }
    assert not held & used
    assert made.note == ""


def test_a_validation_split_that_is_too_small_says_so() -> None:
    made = run(samples(25, 8), [], long=1900, short=0, validation=0.05)
    assert made.realised["validation"] == 80  # all rows of the one document that is held out
    assert "validation has 80 rows of 95: its documents give no more under the caps" in made.note


def test_few_documents_make_no_validation_and_it_is_said() -> None:
    made = run(samples(10, 10), shorts(100), long=300, short=100)
    assert not made.validation
    assert "no validation split: 10 documents" in made.note


def test_documents_of_one_window_are_held_out_together() -> None:
    pool = samples(30, 8)
    joint = make_window(make_document("d0"), make_document("d1"), kind="papers")
    evidence = (Evidence("x", 0, 0, 1),)
    pool += [
        Sample(
            Example(f"j{n}", joint, "joint", "t", "en", "q", "a", evidence, "g"),
            (0.5,),
            {"spread": 0},
        )
        for n in range(10)
    ]
    for seed in range(8):
        made = mix(pool, [], MixSpec(long=100, short=0, validation=0.3), seed, Context("mix", seed))
        held = {p.document_id for s in made.validation for p in s.example.window.parts}
        train = {
            p.document_id
            for s in made.train
            if isinstance(s, Sample)
            for p in s.example.window.parts
        }
        assert not held & train


def series(groups: int, size: int) -> list[Sample]:
    """Return rows of windows over whole groups of documents, and none over fewer."""
    names = [tuple(f"g{g}-{d}" for d in range(size)) for g in range(groups)]
    return [sample(f"{g}-{n}", documents=g, depth=n / 10) for g in names for n in range(10)]


def test_a_group_is_held_out_whole_even_where_it_is_more_than_asked_for() -> None:
    made = run(series(10, 3), [], long=200, short=0, validation=0.05, max_document_share=1.0)
    held = {p.document_id for s in made.validation for p in s.example.window.parts}
    used = {p.document_id for s in long_rows(made) for p in s.example.window.parts}
    assert len(held) == 3
    assert not held & used
    assert "validation" not in made.note


def test_documents_that_all_belong_together_make_no_validation_and_it_is_said() -> None:
    made = run(series(2, 15), [], long=20, short=0, validation=0.05, max_document_share=1.0)
    assert not made.validation
    assert "no validation split: too many of the 30 documents share rows" in made.note


def test_the_best_rows_of_a_cell_are_taken() -> None:
    pool = [
        sample(f"r{n}", documents=(f"d{n % 4}",), depth=n % 10 / 10, score=n * 37 % 101 / 101)
        for n in range(300)
    ]
    chosen = {row.id for row in long_rows(run(pool, [], long=60, short=0))}
    cells: dict[int, list[tuple[float, bool]]] = {decile: [] for decile in range(10)}
    for row in pool:
        cells[int(row.depths[0] * 10)].append((row.scores["spread"], row.id in chosen))
    for rows in cells.values():
        assert sum(taken for _, taken in rows) == 6
        worst = min(score for score, taken in rows if taken)
        assert all(taken for score, taken in rows if score > worst)


def test_equal_scores_come_from_the_document_that_gave_least() -> None:
    pool = [sample(f"r{n}", documents=("big" if n % 10 else f"d{n}",)) for n in range(200)]
    made = run(pool, [], long=42, short=0, max_document_share=1.0, validation=0)
    given = counts(long_rows(made))["document"]
    assert given.pop("big") == 22
    assert given == dict.fromkeys((f"d{n}" for n in range(0, 200, 10)), 1)


def test_a_cap_that_few_documents_cannot_meet_does_not_cut_the_set_down() -> None:
    pool = [sample(f"r{n}", documents=("book" if n > 20 else "note",)) for n in range(1000)]
    made = run(pool, [], long=600, short=0)
    assert made.realised["long"] == 600
    pool = [sample(f"r{n}", documents=(f"d{n % 2}",)) for n in range(1000)]
    given = counts(long_rows(run(pool, [], long=300, short=0)))["document"]
    assert given == {"d0": 150, "d1": 150}


def test_rows_of_several_documents_count_for_the_one_that_most_rows_share() -> None:
    pool = [
        sample(f"{year}-{n}", family=f"f{n % 6}", documents=(str(year), "2020"))
        for year in (2018, 2019, 2021)
        for n in range(40)
    ]
    pool += [sample(f"o{n}", family=f"f{n % 6}", documents=(f"o{n % 9}",)) for n in range(90)]
    rows = long_rows(run(pool, [], long=100, short=0))
    shared = sum(any(part.document_id == "2020" for part in r.example.window.parts) for r in rows)
    assert shared <= 30


def test_the_tasks_are_those_of_the_original_by_default() -> None:
    long_share = sum(share for task, share in ORIGINAL_TASKS.items() if task != "short")
    assert MixSpec().tasks == pytest.approx(
        {t: share / long_share for t, share in ORIGINAL_TASKS.items() if t != "short"}, abs=0.002
    )


def test_what_it_came_to_is_plain_values() -> None:
    made = run(samples(10, 10), shorts(5), long=60, short=20, lengths={100: 0.5, 9000: 0.5})
    about = msgspec.json.decode(msgspec.json.encode(made.about()))
    assert about == made.about()
    assert set(about) == {"target", "realised", "shares", "lacking", "note"}
    assert about["lacking"] == [{"length": "9000", "rows": 7}]


@pytest.mark.parametrize("shares", [{"a": 0.5}, {"a": 0.6, "b": 0.6}])
def test_shares_that_do_not_add_up_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="the shares add up to"):
        MixSpec(tasks=shares)
