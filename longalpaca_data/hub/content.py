"""What of a data set's folder goes to the Hub, and what of it is nobody's business.

Published are the Parquet files, the card, its pictures, the manifest and a LICENSE file where there
is one. The Alpaca JSON repeats the Parquet (``export`` makes it again), the report is for whoever
builds, ``work/`` stays at home. A downloaded copy passes ``validate``: its manifest lists the files
that are there.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import msgspec

from longalpaca_data.core.storage import file_sha256
from longalpaca_data.dataset.card import CARD, card_text
from longalpaca_data.dataset.manifest import MANIFEST, FileEntry, Manifest

LICENSE = "LICENSE"
OWN = re.compile(r"data/(?:train|validation)-[^/]*\.parquet|pictures/[^/]*\.png")
"""Paths in a repository that a build makes. Those that the newest build has no more are removed."""

_ABSOLUTE = re.compile(r"~?/|[A-Za-z]:[\\/]")
_CREDENTIALS = re.compile(r"(?<=://)[^/?#@\s]*@")
_PRIVATE = frozenset({"base_url", "extra"})  # of a model: a host, and whatever its server asks for


@dataclass(frozen=True, slots=True)
class Published:
    """A file for the repository: its path there, and a local file or the bytes themselves."""

    path: str
    content: Path | bytes

    @property
    def size(self) -> int:
        """Bytes."""
        if isinstance(self.content, bytes):
            return len(self.content)
        return self.content.stat().st_size

    @property
    def sha256(self) -> str:
        """Checksum in hex."""
        if isinstance(self.content, bytes):
            return hashlib.sha256(self.content).hexdigest()
        return file_sha256(self.content)


def published(folder: Path, manifest: Manifest, repository: str) -> list[Published]:
    """Return the files to upload, by path. The card's examples load ``repository``; the manifest
    names no folder of this machine.
    """
    public = _public(manifest)
    files = [Published(name, folder / name) for name in manifest.files if OWN.fullmatch(name)]
    if (folder / LICENSE).is_file():
        files.append(Published(LICENSE, folder / LICENSE))
    files.append(Published(CARD, card_text(folder, public, repository).encode()))
    listed = {
        file.path: FileEntry(file.size, file.sha256)
        for file in sorted(files, key=lambda file: file.path)
    }
    values = msgspec.structs.replace(public, files=listed).values()
    text = json.dumps(values, ensure_ascii=False, indent=2) + "\n"
    files.append(Published(MANIFEST, text.encode()))
    return sorted(files, key=lambda file: file.path)


def _public(manifest: Manifest) -> Manifest:
    """Return a manifest without what tells of the machine: absolute paths keep their last part,
    URLs lose a password, a model's endpoint and extra fields go.
    """
    tokenizer = msgspec.structs.replace(manifest.tokenizer, name=_clear(manifest.tokenizer.name))
    return msgspec.structs.replace(
        manifest, recipe=dict(_cleared(manifest.recipe)), tokenizer=tokenizer
    )


def _cleared(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if key not in _PRIVATE:
            yield key, value if key == "description" else _clear(value)


def _clear(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(_cleared(value))
    if isinstance(value, list | tuple):
        return [_clear(entry) for entry in value]
    if not isinstance(value, str):
        return value
    if _ABSOLUTE.match(value):
        path = PurePosixPath if value[0] in "~/" else PureWindowsPath
        return path(value).name
    return _CREDENTIALS.sub("", value)
