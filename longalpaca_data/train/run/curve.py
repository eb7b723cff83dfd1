"""The loss curve as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def draw_losses(metrics: list[dict[str, Any]], path: Path) -> bool:
    """Draw training and validation loss by step; False (and no file) where nothing was logged."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - heavy, and only wanted here

    losses = [(m["step"], m["loss"]) for m in metrics if "loss" in m]
    held_out = [(m["step"], m["eval_loss"]) for m in metrics if "eval_loss" in m]
    if not losses:
        return False
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(*zip(*losses, strict=True), label="training", linewidth=1)
    if held_out:
        axes.plot(*zip(*held_out, strict=True), "o-", label="validation")
    axes.set_xlabel("step")
    axes.set_ylabel("loss (nats per token, mean over documents)")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120, metadata={"Software": None})
    return True
