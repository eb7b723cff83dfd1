"""The data set that was built last: what commands take that are given no folder."""

from __future__ import annotations

from pathlib import Path

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.dataset.manifest import MANIFEST

BUILT = Path("data") / "out"


def newest(root: Path = BUILT) -> Path:
    """Return the folder of the data set that was built last. DatasetError where there is none."""
    manifests = list(root.glob(f"*/{MANIFEST}"))
    if not manifests:
        raise DatasetError(
            f"no finished data set under {root}", do="run `build` first, or name its folder"
        )
    return max(manifests, key=lambda file: (file.stat().st_mtime_ns, file)).parent
