"""The planner spreads questions before any is asked."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longalpaca_data.core.recipe import WindowSpec
from longalpaca_data.core.records import Window
from longalpaca_data.generate.prompted.plan import Assignment, plan
from longalpaca_data.generate.prompted.templates import Templates
from longalpaca_data.pipeline.stage import perform
from longalpaca_data.windows.segment import segment_stage
from tests.conftest import make_window
from tests.generate.prompted.material import document

TEMPLATES = Templates()


def uniform_distance(depths: list[float]) -> float:
    """Return the Kolmogorov-Smirnov distance from the uniform distribution on 0-1."""
    ordered = sorted(depths)
    n = len(ordered)
    return max(max(d - i / n, (i + 1) / n - d) for i, d in enumerate(ordered))


def books(count: int, **about: object) -> list[Window]:
    return [make_window(document(n, **about)) for n in range(count)]  # type: ignore[arg-type]


def planned(windows: list[Window], rows: int, **more: object) -> list[Assignment]:
    settings_ = {"seed": 1, "rows_per_1k_tokens": 3.0, **more}
    return plan(windows, TEMPLATES.all, rows, **settings_)  # type: ignore[arg-type]


def test_depths_are_uniform_even_for_few_questions_of_many_books() -> None:
    made = planned(books(40), 120)
    depths = [anchor.depth for a in made for anchor in a.anchors]
    assert uniform_distance(depths) < 0.1


def test_depths_are_uniform_within_one_book() -> None:
    made = planned(books(1, paragraphs=2000), 60)
    assert uniform_distance([anchor.depth for a in made for anchor in a.anchors]) < 0.1


@pytest.mark.parametrize("rows", [40, 120])
def test_questions_lie_all_over_a_long_book_that_is_cut_into_windows(rows: int) -> None:
    book = document(1, paragraphs=5000)
    spec = WindowSpec(lengths=(4000, 8000, 16000, 32000), coverage=2)
    stage = segment_stage(spec, (), lambda text: len(text) // 4)
    windows = list(perform(stage, [book], 1, None).outputs)
    made = planned(windows, rows)
    parts = [(a.window.parts[0], a.depth) for a in made]
    places = [part.start + depth * (part.end - part.start) for part, depth in parts]
    assert uniform_distance([place / len(book.text) for place in places]) < 0.1
    assert uniform_distance([depth for _, depth in parts]) < 0.15  # and in the rows themselves


def asked(made: list[Assignment]) -> set[tuple[object, ...]]:
    """What makes a question another one, and so another call."""
    return {(a.window.id, a.template.name, a.anchors, a.style, a.persona) for a in made}


def test_more_rows_keep_the_questions_that_were_planned() -> None:
    windows = books(10)
    assert asked(planned(windows, 60)) <= asked(planned(windows, 90))


def test_another_document_leaves_the_questions_about_the_others_as_they_are() -> None:
    """They are paid for: whoever adds a book pays for questions about that book."""
    before = asked(planned(books(10), 100))
    new = books(11)[-1]
    after = planned(books(11), 100)
    about_others = [a for a in after if a.window.id != new.id]
    assert len(about_others) < len(after)
    assert len(before & asked(about_others)) >= 0.9 * len(about_others)


def test_documents_get_even_numbers() -> None:
    made = planned(books(10), 100)
    given_ = Counter(a.window.parts[0].document_id for a in made)
    assert max(given_.values()) - min(given_.values()) <= 1


def test_lengths_get_even_numbers() -> None:
    windows = [
        *books(8, paragraphs=45),
        *[make_window(document(n, paragraphs=500)) for n in range(90, 92)],
    ]
    made = planned(windows, 60)
    lengths = Counter(a.window.n_tokens > 5000 for a in made)
    assert abs(lengths[True] - lengths[False]) <= 2


def test_kinds_keep_their_shares() -> None:
    made = planned(books(20), 100)
    names = Counter(a.template.name for a in made)
    shares = {
        t.name: t.share for t in TEMPLATES.all if t.language == "en" and t.suits(made[0].window)
    }
    total = sum(shares.values())
    for name, share in shares.items():
        assert names[name] == pytest.approx(100 * share / total, abs=2)


def test_tasks_of_the_recipe_hold() -> None:
    made = planned(books(30), 100, tasks={"book_qa": 0.8, "summarization": 0.2})
    tasks = Counter(a.template.task_of(a.window) for a in made)
    assert tasks == {"book_qa": 80, "summarization": 20}


def test_calls_about_one_window_run_next_to_each_other() -> None:
    made = planned(books(6), 60)
    order = [a.window.id for a in made]
    blocks = [w for w, before in zip(order, [None, *order], strict=False) if w != before]
    assert len(blocks) == len(set(blocks))


def test_two_anchors_are_half_the_window_apart() -> None:
    for a in planned(books(5), 50):
        if a.template.name == "connect":
            first, second = (anchor.depth for anchor in a.anchors)
            assert second - first == pytest.approx(0.5)


def test_joint_windows_have_an_anchor_in_every_part() -> None:
    reports = [document(n, kind="report", paragraphs=40) for n in range(5)]
    window = make_window(*reports, kind="series")
    for a in planned([window], 4):
        assert {anchor.part for anchor in a.anchors} == set(range(5))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(10, 400), min_size=1, max_size=12), st.integers(0, 120), st.integers(0, 9)
)
def test_no_window_gets_more_than_its_length_allows(sizes: list[int], rows: int, seed: int) -> None:
    windows = [make_window(document(n, paragraphs=size)) for n, size in enumerate(sizes)]
    made = planned(windows, rows, seed=seed)
    assert made == planned(windows, rows, seed=seed)
    assert len({a.id for a in made}) == len(made) <= rows
    room = {w.id: max(1, round(3 * w.n_tokens / 1000)) for w in windows}
    for window_id, count in Counter(a.window.id for a in made).items():
        assert count <= room[window_id]
    assert all(0 <= anchor.depth < 1 for a in made for anchor in a.anchors)
