"""The files of a run's output folder by name, and the newest checkpoint among them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from longalpaca_data.core.errors import OutputError

SETTINGS_FILE = "sft.json"
"""What the launcher tells its processes; gone when they have ended."""

STOP_FILE = "stop"
"""The launcher asks all ranks to save and stop by creating it."""

RUN_FILE = "run.json"
"""What the run was begun with; lies there from the first step until the model is saved."""

METRICS_FILE = "metrics.jsonl"
"""One JSON object per logged step."""

CONFIG_FILE = "config.json"
"""Written last: a folder that has it holds a finished model."""

LAST_FILE = "trainer_state.json"
"""What transformers writes into a checkpoint when all else is there."""

CHECKPOINTS = "checkpoint-*"
CHECKPOINT = re.compile(r"checkpoint-(\d+)")
"""A checkpoint's folder; the number is that of its step."""


def result_file(settings_file: Path) -> Path:
    """Return where the workers of one machine tell what became of the settings in a file."""
    return settings_file.with_suffix(".result")


def whole_checkpoint(out: Path) -> Path:
    """Return the newest checkpoint in ``out`` that was saved to its end.

    A run that is killed while it saves leaves half a checkpoint, and a machine that does not share
    the folder with the first one leaves its random numbers only. Raises :class:`OutputError` where
    there is no whole one.
    """
    found = {path: CHECKPOINT.fullmatch(path.name) for path in out.glob(CHECKPOINTS)}
    steps = {path: int(name[1]) for path, name in found.items() if name}
    for path in sorted(steps, key=lambda path: steps[path], reverse=True):
        try:
            json.loads((path / LAST_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        return path
    if steps:
        raise OutputError(
            f"no checkpoint in {out} was saved to its end",
            do="copy them from the machine with node_rank 0, or delete them and begin anew",
        )
    raise OutputError(f"there is no checkpoint in {out}", do="run without --resume")
