"""Pictures as SVG text and PNG bytes. The same data gives the same bytes on every machine: fonts
are those that matplotlib carries, its settings are its own defaults and not a user's, nothing is
dated.

Every word in a picture is drawn as it stands: ``$`` begins no formula, ``<`` no tag.
"""

from __future__ import annotations

import contextlib
import html
import io
import itertools
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import matplotlib.style  # not loaded with matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

INK, SOFT, LINE, FILL, MARK = "#1f2933", "#616e7c", "#cbd2d9", "#2f6f9f", "#d9822b"
_LOST = ("#d9822b", "#e8a864", "#f2cb9f", "#f8e3cb")  # drops, the most frequent reason first
_UNUSED = "#dde3e9"  # what was good and not needed
_WIDTH = 5.4  # inches; half a report page
_REASONS = 56  # characters of reasons beside a bar of the funnel
_RESOLUTION = 144  # dots per inch of the PNG
_STYLE: Any = {
    "svg.hashsalt": "longalpaca-data",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.axisbelow": True,
    "grid.color": "#edf0f3",
    "text.color": INK,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
}


@contextlib.contextmanager
def _style() -> Iterator[None]:
    with mpl.rc_context():
        matplotlib.style.use(["default", _STYLE])
        yield


@dataclass(frozen=True)
class FunnelStage:
    """A stage of the funnel: how many of its ``unit`` (documents, rows) came out, and what went
    in where they are the same things (else None). ``dropped`` counts per reason; those in
    ``unused`` were good.
    """

    name: str
    unit: str
    taken: int | None
    given: int
    dropped: Mapping[str, int]
    unused: frozenset[str] = frozenset()


@_style()
def funnel(steps: Sequence[FunnelStage]) -> Figure:
    """One bar per stage, what it kept and what it dropped; stages of one unit share a scale."""
    groups = [(unit, list(of)) for unit, of in itertools.groupby(steps, lambda step: step.unit)]
    height = len(steps) + 1.3 * len(groups)  # in bars
    figure = Figure(figsize=(10.6, 0.3 * height))
    axes = figure.add_axes((0.12, 0.0, 0.34, 1.0))
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(height, 0)
    place = 0.0
    for unit, of in groups:
        axes.text(-0.335, place + 0.75, unit, fontsize=9.5, fontweight="bold", va="center")
        place += 1.8
        most = max(1, *(step.given + sum(_alike(step).values()) for step in of))
        for step in of:
            _bar(axes, place, step, most)
            place += 1
        place -= 0.5
    return figure


def _alike(step: FunnelStage) -> Mapping[str, int]:
    """Return the drops that can be drawn beside what was kept: they are the same things."""
    return {} if step.taken is None else step.dropped


def _bar(axes: Any, place: float, step: FunnelStage, most: int) -> None:
    axes.text(-0.02, place, step.name, ha="right", va="center")
    pieces = [(step.given, FILL)]
    lost = itertools.chain(_LOST, itertools.repeat(_LOST[-1]))
    for reason, count in _alike(step).items():
        pieces.append((count, _UNUSED if reason in step.unused else next(lost)))
    left = 0.0
    for count, colour in pieces:
        axes.barh(place, count / most, left=left, height=0.62, color=colour)
        left += count / most
    change = f"{step.given:,}" if step.taken is None else f"{step.taken:,} → {step.given:,}"
    if not step.dropped and step.taken is not None:
        change = f"{step.given:,}"
    axes.text(1.045, place, change, va="center")
    axes.text(1.445, place, _reasons(step.dropped), va="center", fontsize=8, color=SOFT)


def _reasons(dropped: Mapping[str, int]) -> str:
    """Return the most frequent reasons, as many as fit beside a bar, and the number of others."""
    listed = [f"{_short(reason, 30)} {count:,}" for reason, count in dropped.items()]
    shown = [text for n, text in enumerate(listed, 1) if len(" · ".join(listed[:n])) <= _REASONS]
    more = [f"{len(listed) - len(shown)} more"] if len(listed) > len(shown) else []
    return " · ".join([*shown, *more])


@_style()
def length_histogram(
    lengths: Sequence[int],
    windows: Sequence[int] = (),
    realised: Mapping[str, float] = {},
    target: Mapping[str, float] = {},
) -> Figure:
    """Rows per length in tokens, in thirds of a doubling, with the windows' sizes asked for; below
    it the shares of the length buckets, where the mix has a target for them.
    """
    names = [*target, *(name for name in realised if name not in target)] if target else []
    below = 0.45 + 0.27 * len(names) if names else 0.0
    figure = Figure(figsize=(_WIDTH, 2.6 + below), layout="constrained")
    heights = [2.6, below] if names else [2.6]
    grid: Any = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)
    axes, *others = grid[:, 0]
    logs = np.log2(np.maximum(1, lengths))
    low, high = np.floor(logs.min()), np.floor(logs.max()) + 1
    edges = np.linspace(low, high, int(high - low) * 3 + 1)
    axes.hist(logs, bins=edges, color=FILL, edgecolor="white", linewidth=0.5)
    axes.grid(axis="y")
    axes.set_xticks(edges[::3], [_thousands(2**edge) for edge in edges[::3]])
    for size in windows:
        if low <= np.log2(size) <= high:
            axes.axvline(np.log2(size), color=MARK, linewidth=1.4, linestyle=(0, (3, 2)))
    if windows:
        handle = axes.axvline(np.nan, color=MARK, linewidth=1.4, linestyle=(0, (3, 2)))
        figure.legend([handle], ["window size in the recipe"], loc="outside upper right")
    axes.set_xlabel("tokens in the row")
    axes.set_ylabel("rows")
    for axes_below in others:
        _share_bars(axes_below, names, realised, target)
        axes_below.set_xlabel("% of long rows; mark: target")
    return figure


@_style()
def depth_by_length(points: Sequence[tuple[float, int]]) -> Figure:
    """Heat map: where the evidence lies (depth decile), against the row's length in tokens."""
    depths = np.array([depth for depth, _ in points])
    logs = np.log2(np.maximum(1, [length for _, length in points]))
    edges = np.arange(np.floor(logs.min()), np.floor(logs.max()) + 2)
    counts, _, _ = np.histogram2d(np.clip(depths, 0, 1), logs, bins=(np.linspace(0, 1, 11), edges))
    figure = Figure(figsize=(_WIDTH, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.pcolormesh(counts, cmap="Blues", vmin=0, vmax=max(1, counts.max()), edgecolors="white")
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    labels = [f"{_thousands(2**a)} - {_thousands(2**b)}" for a, b in itertools.pairwise(edges)]
    axes.set_xticks(np.arange(len(labels)) + 0.5, labels)
    axes.set_yticks(np.arange(10) + 0.5, [f"{d * 10} - {d * 10 + 10} %" for d in range(10)])
    axes.set_xlabel("tokens in the row")
    axes.set_ylabel("depth of the evidence in the material")
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if count > counts.max() * 0.55 else INK
        axes.text(column + 0.5, row + 0.5, f"{count:,.0f}", ha="center", va="center", fontsize=8,
                  color=colour)  # fmt: skip
    return figure


@_style()
def shares(
    of: str,
    realised: Mapping[str, float],
    target: Mapping[str, float] = {},
    aim: str = "target",
) -> Figure:
    """Bars of shares in per cent, a mark where the ``aim`` stands."""
    names = [*realised, *(name for name in target if name not in realised)]
    height = 0.55 + 0.27 * max(1, len(names)) + (0.22 if target else 0)
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    axes = figure.subplots()
    _share_bars(axes, names, realised, target)
    axes.set_xlabel(f"% of {of}")
    if target:
        handles = [Patch(color=FILL), axes.axvline(np.nan, color=MARK, linewidth=2.2)]
        figure.legend(handles, ["made", aim], loc="outside upper right", ncols=2)
    return figure


def _share_bars(
    axes: Any, names: Sequence[str], realised: Mapping[str, float], target: Mapping[str, float]
) -> None:
    """Draw one bar per name, the first on top. A label stands clear of the target's mark."""
    most = 100 * max([*realised.values(), *target.values(), 0.01])
    for place, name in enumerate(names):
        value, aim = 100 * realised.get(name, 0.0), 100 * target.get(name, 0.0)
        axes.barh(place, value, color=FILL, height=0.62)
        label = value
        if name in target:
            axes.plot([aim, aim], [place - 0.42, place + 0.42], color=MARK, linewidth=2.2)
            label = max(value, aim) if value - most / 100 < aim < value + most / 7 else value
        axes.text(label + most / 90, place, f"{value:.1f} %", va="center", fontsize=8)
    axes.set_yticks(range(len(names)), [_short(name, 28) for name in names])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(max(1, len(names)) - 0.4, -0.6)
    axes.set_xlim(0, most * 1.15)
    axes.grid(axis="x")


def _thousands(tokens: float) -> str:
    return f"{tokens / 1024:.0f}k" if tokens >= 1024 else f"{tokens:.0f}"


def _short(name: str, characters: int) -> str:
    name = " ".join(name.split())
    return name if len(name) <= characters else name[: characters - 1] + "…"


def svg(figure: Figure, label: str) -> str:
    """Return a picture as an ``<svg>`` element for a page; ``label`` is read out instead of it."""
    text = _saved(figure, format="svg", metadata={"Date": None, "Creator": None}).decode("utf-8")
    # Several pictures stand in one page: names like axes_1, which nothing refers to, would repeat.
    text = re.sub(r' id="[\w.]+_\d+"', "", text[text.index("<svg") :])
    return text.replace("<svg ", f'<svg role="img" aria-label="{html.escape(label)}" ', 1)


def png(figure: Figure) -> bytes:
    """Return a picture as a PNG file's bytes."""
    return _saved(figure, format="png", dpi=_RESOLUTION, metadata={"Software": None})


def _saved(figure: Figure, **options: Any) -> bytes:
    out = io.BytesIO()
    with _style(), warnings.catch_warnings():
        # A name that the font can't show, a Chinese one for instance, is a box in the PNG.
        warnings.filterwarnings("ignore", r"Glyph \d+")
        figure.savefig(out, **options)
    return out.getvalue()
