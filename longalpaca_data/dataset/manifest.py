"""``manifest.json``: the file that is written last, so that a folder that has it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.core.storage import read_json

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
    found: dict[str, Any] = manifest if isinstance(manifest, dict) else {}
    missing = _ENTRIES - found.keys()
    if missing:
        raise DatasetError(
            f"{file} is not a data set's manifest: it has no `{min(missing)}`",
            do="build the data set anew",
        )
    return found
