"""``manifest.json``: the file that is written last, so that a folder that has it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from longalpaca_data.errors import DatasetError
from longalpaca_data.storage import read_json

MANIFEST = "manifest.json"
_ENTRIES = {"name", "recipe", "tokenizer", "stages", "mix", "documents", "costs", "files"}
"""Without these it is the manifest of something else: other tools write files of this name."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return a data set's manifest. DatasetError where there is none."""
    file = folder / MANIFEST
    if not file.is_file():
        raise DatasetError(
            f"no finished data set in {folder}: {MANIFEST} is missing",
            do="run `build` with --out on that folder",
        )
    manifest = read_json(file)
    missing = _ENTRIES - manifest.keys() if isinstance(manifest, dict) else _ENTRIES
    if missing:
        lacks = f"it has no `{min(missing)}`"
        raise DatasetError(f"{file} is not a data set's manifest: {lacks}",
                           do="build the data set anew")  # fmt: skip
    return manifest
