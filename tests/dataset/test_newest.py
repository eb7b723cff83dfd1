"""The data set that was built last."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.dataset.newest import newest


def test_the_newest_data_set_is_the_one_built_last(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no finished data set under .*; run `build` first"):
        newest(tmp_path / "none")
    root = tmp_path / "out"
    for number, name in enumerate(["b", "a", "c"]):
        (root / name).mkdir(parents=True)
        (root / name / "manifest.json").write_text("{}")
        os.utime(root / name / "manifest.json", (1000 + number % 2, 1000 + number % 2))
    (root / "unfinished").mkdir()
    assert newest(root) == root / "a"
