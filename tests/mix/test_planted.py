"""A mix that can be made is made exactly; one that can't be is reported with what it lacks."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longalpaca_data.core.errors import SourceError
from longalpaca_data.core.records import Sample
from tests.mix.material import LENGTHS, counts, long_rows, run, sample, shorts

DOCUMENTS = [(f"d{n}", "zh" if n % 3 == 0 else "en") for n in range(7)]


@st.composite
def rows(draw: st.DrawFn, size: int, least: int) -> list[dict[str, Any]]:
    """Draw what rows are: lopsided, so that tasks, lengths and documents go together."""
    kinds = draw(
        st.lists(
            st.builds(
                lambda task, family, length, document: {
                    "task": task,
                    "family": family,
                    "length": length,
                    "language": document[1],
                    "documents": (document[0],),
                },
                st.sampled_from(["t1", "t2", "t3"]),
                st.sampled_from(["f1", "f2", "f3"]),
                st.sampled_from(LENGTHS),
                st.sampled_from(DOCUMENTS),
            ),
            min_size=1,
            max_size=8,
        )
    )
    return draw(st.lists(st.sampled_from(kinds), min_size=least, max_size=size))


@given(planted=rows(size=40, least=1), others=rows(size=40, least=0), data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_planted_mix_is_met_exactly(
    planted: list[dict[str, Any]], others: list[dict[str, Any]], data: st.DataObject
) -> None:
    pool = [
        sample(f"r{n}", depth=(n * 37 % 100) / 100, **kind)
        for n, kind in enumerate([*planted, *others])
    ]
    wanted = counts(pool[: len(planted)])
    total = len(planted)
    shares = {name: {v: c / total for v, c in wanted[name].items()} for name in wanted}
    made = run(
        data.draw(st.permutations(pool)),
        [],
        long=total,
        short=0,
        validation=0,
        tasks=shares["task"],
        lengths={length: shares["length"].get(length, 0.0) for length in LENGTHS},
        languages=shares["language"],
        max_family_share=max(wanted["family"].values()) / total,
        max_document_share=max(wanted["document"].values()) / total,
    )
    found = counts(long_rows(made))
    for name in ("task", "length", "language"):
        assert found[name] == wanted[name]
    for name in ("family", "document"):  # an even split is allowed, however small the cap
        parties = len(counts(pool)[name])
        assert max(found[name].values()) <= max(*wanted[name].values(), -(-total // parties))
    assert not made.lacking
    assert made.note == ""
    assert all(s["target"] == s["realised"] for v in made.shares.values() for s in v.values())


def grid(cells: dict[tuple[str, int], int]) -> list[Sample]:
    """Return so many candidates of each task and length, each of a document of its own."""
    return [
        sample(f"{task}-{length}-{n}", task=task, length=length, documents=(f"d{task}{length}{n}",))
        for (task, length), count in cells.items()
        for n in range(count)
    ]


HALVES = {
    "tasks": {"t1": 0.5, "t2": 0.5},
    "lengths": {4000: 0.5, 8000: 0.5},
    "validation": 0,
    "max_family_share": 1.0,
}


def test_the_cell_that_lacks_rows_is_named() -> None:
    cells = {("t1", 4000): 80, ("t1", 8000): 40, ("t2", 4000): 80, ("t2", 8000): 0}
    made = run(grid(cells), [], long=100, short=0, **HALVES)
    assert made.realised["long"] == 100
    assert made.shares["task"] == {t: {"target": 0.5, "realised": 0.5} for t in ("t1", "t2")}
    assert made.shares["length"]["8000"] == {"target": 0.5, "realised": 0.4}
    # All 40 rows of that length are in the set: more of it is needed, whatever the task.
    assert made.lacking == ({"length": "8000", "rows": 10},)
    assert "length 8000 40 % instead of 50 %" in made.note


def test_shares_that_contradict_one_another_name_the_cells_between_them() -> None:
    # Each share alone could be had, but whatever is long is of one task.
    cells = {("t1", 4000): 5, ("t1", 8000): 100, ("t2", 4000): 100, ("t2", 8000): 0}
    shares = HALVES | {"lengths": {4000: 0.2, 8000: 0.8}}
    made = run(grid(cells), [], long=100, short=0, **shares)
    assert made.realised["long"] == 100
    missing = 0.3  # 80 long ones need 30 of t2
    off = sum(
        abs(share["target"] - share["realised"])
        for values in made.shares.values()
        for share in values.values()
    )
    assert off == pytest.approx(2 * missing)
    lacking = {(c.get("task"), c.get("length"), c["rows"]) for c in made.lacking}
    assert lacking & {("t2", "8000", 30), ("t1", "8000", 30)}


def test_a_task_that_nobody_makes_goes_to_the_others_in_proportion() -> None:
    pool = grid({("t1", 4000): 400, ("t2", 4000): 400, ("t3", 4000): 10})
    made = run(
        pool,
        shorts(50),
        long=150,
        short=50,
        validation=0,
        tasks={"t1": 0.2, "t2": 0.4, "t3": 0.2, "review": 0.2},
        max_family_share=1.0,
    )
    assert made.realised == {"long": 150, "short": 50, "validation": 0}
    assert counts(long_rows(made))["task"] == Counter(t1=47, t2=93, t3=10)
    assert made.lacking == ({"task": "review", "rows": 30}, {"task": "t3", "rows": 20})
    assert "task review 0 % instead of 20 %" in made.note


def test_error_names_the_cells() -> None:
    pool = grid({("t1", 4000): 100})
    tasks = {"t1": 0.5, "review": 0.5}
    with pytest.raises(SourceError, match=r"lacks 20 rows of task review; .*on_shortfall: scale"):
        run(
            pool, [], long=40, short=0, tasks=tasks, on_shortfall="error",
            max_family_share=1.0, validation=0,
        )  # fmt: skip


def test_what_lies_above_the_last_bound_is_a_bucket_of_its_own() -> None:
    pool = grid({("t1", 4000): 20, ("t1", 16000): 100})
    made = run(pool, [], long=50, short=0, lengths={8000: 1.0}, validation=0, max_family_share=1.0)
    assert made.shares["length"]["over 8000"] == {"target": 0.0, "realised": 0.6}
    assert made.lacking == ({"length": "8000", "rows": 30},)
