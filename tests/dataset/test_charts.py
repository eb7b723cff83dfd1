"""Pictures: the same bytes everywhere, and no word in them is anything but a word."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from longalpaca_data.dataset import charts
from tests.conftest import ROOT

EVIL = "<script>alert(1)</script>"
FORMULA = r"$\frac{1}{0$"
NAMES = {EVIL: 0.5, FORMULA: 0.3, "西遊記": 0.15, "a\nb": 0.05}


STEPS = [
    charts.FunnelStage("collect", "Documents", 30, 20, {EVIL: 7, FORMULA: 2, "c": 1}),
    charts.FunnelStage("segment", "Windows", None, 400, {"too short": 3}),
    charts.FunnelStage("mix", "Rows", 900, 100, {"not needed": 800}, frozenset({"not needed"})),
]
# One of each kind, with the names that a data set could have at their worst.
DRAW: dict[str, Callable[[], Figure]] = {
    "funnel": lambda: charts.funnel(STEPS),
    "lengths": lambda: charts.length_histogram([2100, 4000, 9000], (4000,), NAMES, {"x": 1.0}),
    "depth": lambda: charts.depth_by_length([(0.0, 2100), (0.55, 9000), (1.0, 9000)]),
    "shares": lambda: charts.shares("rows", NAMES, {"x": 0.4}),
}


def words(picture: str) -> list[str]:
    """The texts of an SVG picture, read as XML: a broken tag is an error here."""
    tree = ET.fromstring(picture)
    return [text.strip() for text in tree.itertext() if text.strip()]


def test_names_are_shown_as_they_stand() -> None:
    for name in ("shares", "lengths"):
        picture = charts.svg(DRAW[name](), EVIL)
        assert "<script" not in picture
        assert ET.fromstring(picture).get("aria-label") == EVIL
        assert {EVIL, FORMULA, "西遊記", "a b"} <= set(words(picture))


def test_the_funnel_says_what_was_kept_and_why_the_rest_was_not() -> None:
    shown = words(charts.svg(DRAW["funnel"](), "funnel"))
    assert {"30 → 20", "400", "900 → 100", "not needed 800", "too short 3"} <= set(shown)
    assert any(f"{EVIL} 7" in text for text in shown)
    assert {"Documents", "Windows", "Rows"} <= set(shown)


def test_the_funnels_words_neither_overlap_nor_leave_the_picture() -> None:
    reasons = {f"a reason that needs some words {n}": 100_000 for n in range(9)}
    step = charts.FunnelStage("a long stage", "Questions", 1_111_111, 211_111, reasons)
    figure = charts.funnel([step])
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts if text.get_text()]
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width for box in boxes)
    assert not [(a, b) for n, a in enumerate(boxes) for b in boxes[:n] if a.overlaps(b)]
    assert figure.axes[0].texts[-1].get_text().endswith("8 more")


def test_the_heat_map_counts_every_piece_once() -> None:
    axes = DRAW["depth"]().axes[0]
    counts = [int(text.get_text()) for text in axes.texts]
    assert sum(counts) == 3
    columns = len(axes.get_xticklabels())
    assert counts[0] == 1  # depth 0, the shortest rows
    assert counts[10 * columns - 1] == 1  # depth 1 is within the last tenth


def test_bars_are_as_long_as_their_shares() -> None:
    axes = charts.shares("rows", {"a": 0.75, "b": 0.25}, {"b": 0.5, "c": 0.5}).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [75, 25, 0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]


@pytest.mark.parametrize("lengths", [[0, 5], [2048] * 5])
def test_few_or_equal_lengths_can_be_drawn(lengths: list[int]) -> None:
    assert "<svg" in charts.svg(charts.length_histogram(lengths), "lengths")
    assert "<svg" in charts.svg(charts.depth_by_length([(0.5, n) for n in lengths]), "depth")


@pytest.mark.slow
def test_another_process_with_a_users_settings_draws_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("figure.facecolor: red\nsavefig.dpi: 30\n")
    program = "from tests.dataset.test_charts import digest; print(digest())"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "77"}
    command = [sys.executable, "-c", program]
    printed = subprocess.check_output(command, cwd=tmp_path, env=environment, text=True)
    assert printed.strip() == digest()


def digest() -> str:
    """One hash over all pictures in both forms."""
    everything = hashlib.sha256()
    for name, draw in DRAW.items():
        everything.update(charts.svg(draw(), name).encode())
        everything.update(charts.png(draw()))
    return everything.hexdigest()


def test_pictures_carry_no_date_and_no_program() -> None:
    figure = DRAW["shares"]()
    assert b"tEXt" not in charts.png(figure)
    assert "<dc:date>" not in charts.svg(figure, "x")
