"""Pictures for the report, as SVG text. The same data gives the same bytes: no date, fixed ids."""

from __future__ import annotations

import io
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

INK, SOFT, FILL, MARK = "#1f2933", "#9aa5b1", "#2f6f9f", "#d9822b"
_STYLE: Any = {
    "svg.hashsalt": "longalpaca-data",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def length_histogram(lengths: Sequence[int]) -> str:
    """Rows per length in tokens, on a logarithmic axis in thirds of a doubling."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6.2, 2.6), layout="constrained")
        axes = figure.subplots()
        low, high = np.log2(max(1, min(lengths))), np.log2(max(lengths) + 1)
        edges: Any = 2 ** np.arange(np.floor(low), np.ceil(high) + 0.34, 1 / 3)
        axes.hist(lengths, bins=edges, color=FILL, edgecolor="white", linewidth=0.5)
        axes.set_xscale("log", base=2)
        ticks = 2 ** np.arange(np.floor(low), np.ceil(high) + 1)
        axes.set_xticks(ticks, [_thousands(tick) for tick in ticks])
        axes.set_xlabel("tokens in the row")
        axes.set_ylabel("rows")
        return _svg(figure)


def depth_by_length(points: Sequence[tuple[float, int]]) -> str:
    """Heat map: where the evidence lies (depth decile), against the row's length."""
    depths = np.array([depth for depth, _ in points])
    lengths = np.array([length for _, length in points])
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6.2, 3.0), layout="constrained")
        axes = figure.subplots()
        low, high = np.floor(np.log2(lengths.min())), np.floor(np.log2(lengths.max())) + 1
        edges = 2 ** np.arange(low, high + 1)
        counts, _, _ = np.histogram2d(depths, lengths, bins=(np.linspace(0, 1, 11), edges))
        image = axes.imshow(counts, aspect="auto", cmap="Blues", vmin=0)
        labels = [f"{_thousands(a)}-{_thousands(b)}" for a, b in itertools.pairwise(edges)]
        axes.set_xticks(range(len(labels)), labels)
        axes.set_yticks(range(10), [f"{d * 10}-{d * 10 + 10} %" for d in range(10)])
        axes.set_xlabel("tokens in the row")
        axes.set_ylabel("depth of the evidence")
        for (row, column), count in np.ndenumerate(counts):
            dark = count > counts.max() * 0.6
            axes.text(column, row, f"{count:.0f}", ha="center", va="center", fontsize=7,
                      color="white" if dark else INK)  # fmt: skip
        figure.colorbar(image, ax=axes, label="pieces of evidence", shrink=0.9)
        return _svg(figure)


def shares(title: str, realised: Mapping[str, float], target: Mapping[str, float] = {}) -> str:
    """Bars of shares in per cent, a mark where the target stands."""
    names = [*realised, *(name for name in target if name not in realised)][::-1]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6.2, 0.5 + 0.26 * max(1, len(names))), layout="constrained")
        axes = figure.subplots()
        values = [100 * realised.get(name, 0.0) for name in names]
        axes.barh(range(len(names)), values, color=FILL, height=0.62)
        for place, (name, value) in enumerate(zip(names, values, strict=True)):
            axes.text(value, place, f" {value:.1f} %", va="center", fontsize=8, color=INK)
            if name in target:
                axes.plot([100 * target[name]] * 2, [place - 0.42, place + 0.42], color=MARK, lw=2)
        axes.set_yticks(range(len(names)), names)
        axes.set_xlim(0, max([*values, *(100 * t for t in target.values()), 1]) * 1.15)
        axes.set_xlabel(f"% of {title}")
        return _svg(figure)


def _thousands(tokens: float) -> str:
    return f"{tokens / 1024:.0f}k" if tokens >= 1024 else f"{tokens:.0f}"


def _svg(figure: Figure) -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :]
