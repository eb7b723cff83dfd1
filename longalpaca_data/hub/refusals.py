"""Why a data set is not published: everything that is wrong with the folder itself.

What can't be called back is checked before the first byte leaves. Cheap checks come first.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.dataset.licences import conflict_line
from longalpaca_data.dataset.manifest import Manifest
from longalpaca_data.dataset.write import files_hold
from longalpaca_data.hub.content import Published
from longalpaca_data.hub.secrets import Finding, scan, secrets_in
from longalpaca_data.rowfiles.validate import validate

_NAMED = 3  # secrets that the message names


def check_licence(folder: Path, manifest: Manifest) -> None:
    """Raise DatasetError where the set has no licence, or one that its sources don't allow."""
    if not manifest.settings.licence.strip():
        raise DatasetError(
            f"{folder} has no licence",
            do="give it one: `push-to-hub --licence cc-by-4.0` or another, or "
            f"`build --licence … --out {folder}`, which does nothing anew but the card",
        )
    if conflict := conflict_line(manifest):
        raise DatasetError(
            conflict,
            do="set another licence in the recipe, leave the source out, or, where its licence is "
            "only unknown here, state it (documents: - {path: …, licence: …}); then run `build` "
            "again",
        )


def check_files(folder: Path) -> None:
    """Raise DatasetError where a file was changed since the build or a row breaks the schema."""
    changed = next(files_hold(folder), "")
    if changed:
        raise DatasetError(f"{folder}: {changed}", do="run `build` again")
    problems = validate(folder).problems
    if problems:
        raise DatasetError(f"{folder} does not validate: {problems[0]}", do="run `build` again")


def check_secrets(folder: Path, files: Sequence[Published]) -> None:
    """Raise DatasetError where a row, the card or the manifest holds what looks like a secret."""
    found = [*itertools.islice(itertools.chain(_in_texts(files), scan(folder)), 100)]
    if not found:
        return
    named = "; ".join(map(str, found[:_NAMED]))
    count = f"at least {len(found)}" if len(found) == 100 else str(len(found))
    more = f"; {count} in all" if len(found) > _NAMED else ""
    raise DatasetError(
        f"{folder} holds what looks like a secret: {named}{more}",
        do="take it out of the document or reject the row in `review`, then run `build` again",
    )


def _in_texts(files: Sequence[Published]) -> Iterator[Finding]:
    for file in files:
        if isinstance(file.content, bytes):
            for kind, shown in secrets_in(file.content.decode()):
                yield Finding(file.path, kind, shown)
