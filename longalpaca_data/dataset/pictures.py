"""The pictures of a data set: SVG in the report, PNG files beside the card."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from longalpaca_data.core.storage import atomic
from longalpaca_data.dataset import charts
from longalpaca_data.dataset.manifest import Manifest, StageCounts
from longalpaca_data.dataset.statistics import ORIGINAL_TASKS, Statistics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = "pictures"
LABELS: Mapping[str, str] = {
    "funnel": "What each stage kept and dropped, from documents to rows",
    "tasks": "Share of each task",
    "languages": "Share of each language",
    "lengths": "Length of the long rows in tokens",
    "depth": "Where the evidence lies, by the length of the row",
    "families": "Share of each family of questions",
}
# The stages from which on other things are counted; every other stage goes on with what the one
# before it counted.
_UNITS = {
    "collect": "Documents",
    "segment": "Windows",
    "generate": "Questions",
    "short": "Short samples",
    "mix": "Rows",
}
_BARS = 40
_UNUSED = frozenset({"not needed", "left over"})


@dataclass(frozen=True)
class Shares:
    """Shares of rows, 0-1: what was made, and what was aimed at (``aim`` names it), if anything."""

    of: str
    realised: Mapping[str, float]
    target: Mapping[str, float] = field(default_factory=dict)
    aim: str = "target"

    @property
    def names(self) -> list[str]:
        """Return every name, those that were made first."""
        return [*self.realised, *(name for name in self.target if name not in self.realised)]


def mix_shares(manifest: Manifest, part: str) -> Shares | None:
    """Return the mix's shares of a ``part`` (task, length, language), None where it has none."""
    cells = manifest.mix.shares.get(part)
    if not cells:
        return None
    named = bucket if part == "length" else str
    shares = {named(name): share for name, share in cells.items()}
    aims = {name: share.target for name, share in shares.items() if share.target is not None}
    return Shares("long rows", {name: share.realised for name, share in shares.items()}, aims)


def bucket(name: str) -> str:
    """Return a length bucket of the mix as a person reads it: a bare number is its upper bound."""
    name = re.sub(r"\d+", lambda number: f"{int(number[0]):,}", name)
    return f"up to {name}" if name[:1].isdecimal() else name


def task_shares(figures: Statistics, manifest: Manifest) -> Shares:
    """Return the shares of tasks; without targets of the mix they stand beside LongAlpaca-12k's."""
    return mix_shares(manifest, "task") or beside_original(figures)


def beside_original(figures: Statistics) -> Shares:
    """Return the shares of tasks, the short rows among them, beside LongAlpaca-12k's."""
    return Shares("all rows", figures.share(figures.tasks), ORIGINAL_TASKS, "LongAlpaca-12k")


def language_shares(figures: Statistics, manifest: Manifest) -> Shares:
    """Return the shares of languages."""
    own = Shares("all rows", figures.share(figures.languages))
    return mix_shares(manifest, "language") or own


def draw(figures: Statistics, manifest: Manifest) -> Iterator[tuple[str, Figure]]:
    """Yield names and pictures, of all :data:`LABELS` that the data set has something to show."""
    yield "funnel", charts.funnel(funnel_stages(manifest.stages))
    yield "tasks", _share_chart(task_shares(figures, manifest))
    yield "languages", _share_chart(language_shares(figures, manifest))
    if figures.long:
        lengths = mix_shares(manifest, "length") or Shares("long rows", {})
        windows = manifest.settings.windows.lengths
        yield (
            "lengths",
            charts.length_histogram(figures.lengths, windows, lengths.realised, lengths.target),
        )
        yield "families", _share_chart(Shares("long rows", figures.share(figures.families)))
    if figures.depths:
        yield "depth", charts.depth_by_length(figures.depths)


def _share_chart(shares: Shares) -> Figure:
    """Draw shares, the first :data:`_BARS` of them: the largest where nothing is aimed at."""
    realised, target = (
        {name: of[name] for name in shares.names[:_BARS] if name in of}
        for of in (shares.realised, shares.target)
    )
    return charts.shares(shares.of, realised, target, shares.aim)


def funnel_stages(stages: Sequence[StageCounts]) -> list[charts.FunnelStage]:
    """Return the manifest's stages as steps of the funnel."""
    steps, unit = [], ""
    for stage in stages:
        unit = _UNITS.get(stage.stage, unit)
        # A stage that cuts or writes gives other things than it takes: nothing adds up there.
        kept = stage.taken == stage.given + stage.n_dropped
        taken = stage.taken if kept and stage.stage != "generate" else None
        steps.append(
            charts.FunnelStage(stage.stage, unit, taken, stage.given, stage.dropped, _UNUSED)
        )
    return steps


def svgs(figures: Statistics, manifest: Manifest) -> dict[str, str]:
    """Return the pictures as SVG elements for a page."""
    return {name: charts.svg(figure, LABELS[name]) for name, figure in draw(figures, manifest)}


def write_pictures(folder: Path, figures: Statistics, manifest: Manifest) -> list[Path]:
    """Write the pictures as PNG files into ``pictures/``; return the files."""
    files = []
    for name, figure in draw(figures, manifest):
        file = folder / FOLDER / f"{name}.png"
        with atomic(file) as out:
            out.write(charts.png(figure))
        files.append(file)
    return files
