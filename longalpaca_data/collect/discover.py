"""From the recipe's sources to an ordered list of references, one per document."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from longalpaca_data.collect import pydocs
from longalpaca_data.core.errors import SourceError, UnreadableError
from longalpaca_data.core.recipe import SourceSpec, source_at
from longalpaca_data.core.records import content_id

GROUP_PREFIX = "group-"
PYTHON_DOCS = "python-docs:"
REMOTE = re.compile(r"^(?:https?://.+|gutenberg:\s*\d+|arxiv:\s*[\w./-]+)$", re.IGNORECASE)
SCHEMES = "a file, a folder, a glob, http(s)://…, gutenberg:ID, arxiv:ID, python-docs:"
# A folder's own description, unless it is named itself.
FOLDER_NOTES = frozenset({"readme.md", "readme.txt", "readme", "readme.rst"})
_NOTE = "unknown format: a folder's own description"
MAX_FILE_BYTES = 500 * 1024 * 1024
GLOB_CHARACTERS = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Reference:
    """A document that was found but not read.

    ``location`` is where to read it (an absolute path, a URL, ``gutenberg:ID`` …); ``path`` is its
    name relative to the source, the same on every machine. ``refused`` says why it isn't read, as
    "reason: detail".
    """

    id: str
    path: str
    location: str
    title: str = ""
    kind: str = ""
    language: str = ""
    licence: str = ""
    group: str = ""
    format: str = ""
    refused: str = ""

    @property
    def source(self) -> str:
        """The document's path."""
        return self.path


def discover(sources: Iterable[str | SourceSpec], base: Path | None = None) -> list[Reference]:
    """Return the documents of all sources, in the sources' order, files in their paths' order.

    Relative paths start at ``base`` (default: the working folder). A file that two sources name
    counts once. Raises SourceError for a source that is missing, unreadable or empty.
    """
    found: dict[str, Reference] = {}
    for source in sources:
        spec = source_at(source) if isinstance(source, str) else source
        references = list(_references(spec, base or Path()))
        if not references:
            raise SourceError(
                f"no document found in {spec.path}", do="name a folder or pattern that holds some"
            )
        for reference in references:
            found.setdefault(reference.id, reference)
    return list(found.values())


def _references(spec: SourceSpec, base: Path) -> Iterator[Reference]:
    where = spec.path.strip()
    if where == PYTHON_DOCS:
        digest = hashlib.sha256(pydocs.data()).hexdigest()
        yield _reference(spec, digest, where, where, format="python-docs")
    elif REMOTE.match(where):
        yield _reference(spec, "", where, where.replace(" ", ""))
    else:
        path = base / Path(where).expanduser()
        if path.is_dir():
            yield from _folder(spec, path)
        elif path.is_file():
            yield _file(spec, path, path.name, "")
        elif GLOB_CHARACTERS.search(where):
            yield from _glob(spec, path)
        else:
            raise SourceError(f"no such source: {where}", do=f"give {SCHEMES}")


def _folder(spec: SourceSpec, root: Path) -> Iterator[Reference]:
    paths = sorted(_walk(root), key=lambda path: path.relative_to(root).parts)
    for path in paths:
        relative = path.relative_to(root)
        if any(part.startswith(".") for part in relative.parts):
            continue
        refused = _NOTE if path.name.lower() in FOLDER_NOTES else ""
        yield _file(spec, path, relative.as_posix(), _group(root, relative), refused)


def _walk(root: Path) -> Iterator[Path]:
    """All files below a folder; links to folders are followed, each folder once."""
    visited: set[str] = set()

    def fail(error: OSError) -> None:
        raise SourceError(
            f"can't read {error.filename}: {error.strerror}", do="check its permissions"
        )

    for folder, folders, files in os.walk(root, onerror=fail, followlinks=True):
        real = os.path.realpath(folder)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder) / name for name in files)


def _glob(spec: SourceSpec, pattern: Path) -> Iterator[Reference]:
    fixed = Path(*_before_magic(pattern))
    for name in sorted(glob.glob(str(pattern), recursive=True)):  # noqa: PTH207 — Path.glob takes no absolute pattern
        path = Path(name)
        if path.is_dir():
            yield from _folder(spec, path)
        elif path.is_file():
            relative = path.relative_to(fixed)
            yield _file(spec, path, relative.as_posix(), _group(fixed, relative))


def _before_magic(pattern: Path) -> list[str]:
    parts = list(pattern.parts)
    while any(GLOB_CHARACTERS.search(part) for part in parts):
        parts.pop()
    return parts


def _group(root: Path, relative: Path) -> str:
    """The nearest folder whose name makes its documents a group."""
    for name in (*reversed(relative.parent.parts), root.name):
        if name.startswith(GROUP_PREFIX):
            return name
    return ""


def _file(spec: SourceSpec, path: Path, relative: str, group: str, refused: str = "") -> Reference:
    try:
        digest = _digest(path)
    except UnreadableError as error:
        digest, refused = "", str(error)
    # Backslashes and undecodable bytes in names must not break JSON or Parquet later.
    safe = relative.encode("utf-8", "replace").decode()
    return _reference(spec, digest, safe, str(path.absolute()), group, refused=refused)


def _digest(path: Path) -> str:
    """Return a file's SHA-256. Raises UnreadableError for what would be read for hours or for ever:
    named pipes, devices, files larger than any that `collect` reads.
    """
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise UnreadableError("unreadable", "not a regular file")
        if about.st_size > MAX_FILE_BYTES:
            raise UnreadableError("too large", f"{about.st_size >> 20} MiB")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableError("unreadable", error.strerror or str(error)) from error


def _reference(
    spec: SourceSpec,
    digest: str,
    path: str,
    location: str,
    group: str = "",
    *,
    format: str = "",  # noqa: A002 — the word users know
    refused: str = "",
) -> Reference:
    overrides = (spec.title, spec.kind, spec.language, spec.licence, group, format, refused)
    return Reference(
        content_id(digest, path, *overrides),
        path,
        location,
        spec.title,
        spec.kind,
        spec.language,
        spec.licence,
        group,
        format,
        refused,
    )
