"""``manifest.json``: the file that is written last, so that a folder that has it is whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.core.storage import read_json, write_json

MANIFEST = "manifest.json"
PACKAGE = "longalpaca-data"
_ENTRIES = {"name", "recipe", "tokenizer", "stages", "mix", "documents", "costs", "files"}
"""Without these it is the manifest of something else: other tools write files of this name."""


class TokenCounter(msgspec.Struct, frozen=True):
    """What counted the tokens; counts are estimates where it is not ``exact``."""

    name: str
    exact: bool


class StageCounts(msgspec.Struct, frozen=True):
    """What a stage took and gave, what it dropped by reason, and what else it counted."""

    stage: str
    taken: int = msgspec.field(name="in")
    given: int = msgspec.field(name="out")
    dropped: Mapping[str, int]
    counts: Mapping[str, int]

    @property
    def n_dropped(self) -> int:
        """Things that were dropped, for whatever reason."""
        return sum(self.dropped.values())

    def values(self) -> dict[str, Any]:
        """Return the counts as plain values, by the keys of the manifest."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


class RowsAsked(msgspec.Struct, frozen=True):
    """The numbers of rows that the recipe asks for."""

    long: int
    short: int


class RowsMade(msgspec.Struct, frozen=True):
    """The numbers of rows that there are; long and short ones are those of the train split."""

    long: int
    short: int
    validation: int = 0


class Share(msgspec.Struct, frozen=True):
    """A share of the long rows of the train split, 0-1: what was aimed at, None for anything, and
    what came out.
    """

    target: float | None
    realised: float


class LackingCell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A cell of the mix that would need more rows; None stands for any task, length, language."""

    task: str | None = None
    length: str | None = None
    language: str | None = None
    rows: int

    @property
    def where(self) -> dict[str, str]:
        """What is known of the cell, by ``task``, ``length`` and ``language``."""
        named = {"task": self.task, "length": self.length, "language": self.language}
        return {name: value for name, value in named.items() if value is not None}


class Mix(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen beside what had been asked for.

    ``shares`` are by ``task``, ``length`` or ``language`` and by value.
    """

    target: RowsAsked
    realised: RowsMade
    shares: Mapping[str, Mapping[str, Share]] = msgspec.field(default_factory=dict)
    lacking: tuple[LackingCell, ...] = ()
    note: str = ""


class TokenCounts(msgspec.Struct, frozen=True):
    """Tokens of the train split, and of its longest row."""

    train: int
    longest_row: int


class Costs(msgspec.Struct, frozen=True):
    """What models were asked; ``money`` is None where the recipe has no prices."""

    calls: int
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    money: float | None = None


class DocumentAccount(msgspec.Struct, frozen=True):
    """Where a document's characters went: ``lost`` are by reason, ``suspicions`` say why it looks
    as if it had been misread.
    """

    seen: int
    kept: int
    lost: Mapping[str, int]
    unaccounted: int
    suspicions: tuple[str, ...]


class DocumentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A document that was collected, with the number of rows that it gave. Data sets of earlier
    versions have no account of it.
    """

    id: str
    path: str
    title: str
    kind: str
    language: str
    licence: str
    author: str
    account: DocumentAccount | msgspec.UnsetType = msgspec.UNSET
    n_tokens: int
    rows: int

    @property
    def name(self) -> str:
        """The title, the path where there is none."""
        return self.title or self.path


class ShortSet(msgspec.Struct, frozen=True):
    """A set of short samples under one licence, with the number of rows that it gave."""

    source: str
    licence: str
    rows: int


class FileEntry(msgspec.Struct, frozen=True):
    """A file's size in bytes and its checksum in hex."""

    size: int = msgspec.field(name="bytes")
    sha256: str


class WindowSettings(msgspec.Struct, frozen=True):
    """How documents were cut: tokens of each length and of the shortest window."""

    lengths: tuple[int, ...]
    coverage: int
    min_tokens: int


class ModelSettings(msgspec.Struct, frozen=True):
    """The model that was asked, empty where none was."""

    name: str = ""


class GenerateSettings(msgspec.Struct, frozen=True):
    """What wrote the questions."""

    generator: str
    rows_per_1k_tokens: float
    model: ModelSettings = ModelSettings()


class FilterSettings(msgspec.Struct, frozen=True):
    """From which ROUGE-L on rows count as near-duplicates."""

    near_duplicate: float


class MixSettings(msgspec.Struct, frozen=True):
    """How rows were chosen. Recipes of earlier versions have no share per document."""

    on_shortfall: str
    max_document_share: float | None = None


class BuiltWith(msgspec.Struct, frozen=True):
    """The values of a recipe that card, report and licences speak of; the others are not read."""

    description: str
    licence: str
    windows: WindowSettings
    generate: GenerateSettings
    filter: FilterSettings
    mix: MixSettings


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """How a data set came to be, and the files that it has.

    ``recipe`` is what the build was asked for, as plain values: recipes of other versions have
    other keys, and none of them may be lost when the manifest is written anew. ``settings`` are
    those of its values that the card and the report speak of. ``versions`` are of packages.
    """

    name: str
    recipe: Mapping[str, Any]
    seed: int
    versions: Mapping[str, str]
    tokenizer: TokenCounter
    stages: tuple[StageCounts, ...]
    mix: Mix
    tokens: TokenCounts
    costs: Costs
    documents: tuple[DocumentEntry, ...]
    short: tuple[ShortSet, ...] = ()
    files: Mapping[str, FileEntry] = msgspec.field(default_factory=dict)

    @property
    def settings(self) -> BuiltWith:
        """The recipe's values that card and report speak of."""
        return msgspec.convert(self.recipe, BuiltWith)

    @property
    def version(self) -> str:
        """The version of this package that built the set."""
        return self.versions.get(PACKAGE, "unknown")

    def values(self) -> dict[str, Any]:
        """Return the manifest as plain values, in the order of its file."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


class _Recipe(msgspec.Struct, frozen=True):
    recipe: BuiltWith


def manifest_of(values: Mapping[str, Any]) -> Manifest:
    """Return plain values as a manifest. ``msgspec.ValidationError`` where one of them is missing
    or of another type; it names the key.
    """
    msgspec.convert(values, _Recipe)
    return msgspec.convert(values, Manifest)


def read_manifest(folder: Path) -> Manifest:
    """Return a data set's manifest. DatasetError where there is none, or none of a data set."""
    file = folder / MANIFEST
    if not file.is_file():
        raise DatasetError(
            f"no finished data set in {folder}: {MANIFEST} is missing",
            do="run `build` with --out on that folder",
        )
    values = read_json(file)
    found: dict[str, Any] = values if isinstance(values, dict) else {}
    missing = _ENTRIES - found.keys()
    if missing:
        raise DatasetError(
            f"{file} is not a data set's manifest: it has no `{min(missing)}`",
            do="build the data set anew",
        )
    try:
        return manifest_of(found)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        key = where.strip("`").removeprefix("$").removeprefix(".")
        place = f"`{key}`: " if key else ""
        raise DatasetError(
            f"{file} is not a data set's manifest: {place}{what[:1].lower()}{what[1:]}",
            do="build the data set anew",
        ) from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.json``: indented, keys in the order of the types."""
    write_json(folder / MANIFEST, manifest.values())
