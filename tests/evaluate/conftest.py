"""The evaluation's tests borrow the trainer's tiny models."""

from __future__ import annotations

import pytest

torch = pytest.importorskip(
    "torch", reason="evaluation needs torch: pip install 'longalpaca-data[train]'"
)
torch.set_num_threads(1)  # tiny models: threads only wait for one another
pytest.importorskip("trl", reason="evaluation needs trl: pip install 'longalpaca-data[train]'")

from tests.train.conftest import asker

__all__ = ["asker"]
