"""``README.md``: the data set's card, with the YAML header that the Hub's viewer reads.

Titles, authors and licences come from untrusted documents: none of them can break a table, add
HTML or reach the header.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from longalpaca_data.core.storage import write_text
from longalpaca_data.dataset.licences import HUB_LICENCES, hub_header
from longalpaca_data.dataset.manifest import LackingCell, Manifest
from longalpaca_data.dataset.pages import render
from longalpaca_data.dataset.pictures import FOLDER, LABELS
from longalpaca_data.dataset.statistics import ORIGINAL_TASKS, Statistics, statistics
from longalpaca_data.rowfiles import SPLITS

CARD = "README.md"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LISTED = 500  # documents in the card; the manifest has all
_CELLS = 20  # of the mix that lacked rows
_FOLDER = "path/to/this/folder"
_COLUMNS = {
    "input": " (empty for long rows)",
    "file": " (the document's path)",
    "n_tokens": " (of instruction, input and output)",
    "evidence": " (each `quote` with `start` and `end`, Unicode code points within `instruction`, "
    "and `depth`, 0-1 within the material)",
}
# Names of value types in the Hub's headers where they differ from Arrow's.
_TYPES = {"double": "float64", "float": "float32", "halffloat": "float16"}


def write_card(folder: Path, manifest: Manifest, figures: Statistics | None = None) -> Path:
    """Write the card of the data set in a folder; return its file. ``figures`` are those of the
    train split, read from the folder where they aren't given.
    """
    file = folder / CARD
    write_text(file, card_text(folder, manifest, figures=figures))
    return file


def card_text(
    folder: Path,
    manifest: Manifest,
    place: str = _FOLDER,
    figures: Statistics | None = None,
) -> str:
    """Return the card of the data set in a folder. ``place`` is what its code examples load: a
    folder, or a name on the Hub.
    """
    figures = figures or statistics(folder)
    settings = manifest.settings
    sources = sorted((d for d in manifest.documents if d.rows), key=lambda d: -d.rows)
    return render(
        "card.md.j2",
        header=yaml.safe_dump(_header(folder, manifest, figures), sort_keys=False, width=10_000),
        cell=cell,
        description=_prose(settings.description),
        columns=_columns(folder),
        place=place,
        manifest=manifest,
        settings=settings,
        figures=figures,
        validation=_rows(folder, "validation"),
        original=ORIGINAL_TASKS,
        shares=figures.share(figures.tasks),
        aims=[
            (part, name, share)
            for part, shares in manifest.mix.shares.items()
            for name, share in shares.items()
        ],
        lacking=_lacking(manifest.mix.lacking),
        thin=figures.thin_tasks(),
        pictures=_pictures(folder),
        sources=sources[:_LISTED],
        unlisted=len(sources[_LISTED:]),
        silent=len(manifest.documents) - len(sources),
        drops=[stage for stage in manifest.stages if stage.dropped],
    )


# Entities rather than backslashes: every Markdown reader decodes them after it has cut cells, code
# and emphasis. An underscore within a word is no markup and stays readable.
_ESCAPED = {ord(sign): f"&#{ord(sign)};" for sign in "&<>|\\`*[]~$"}
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")


def cell(value: object) -> str:
    """Return a value as text for one line of Markdown: nothing in it is markup, an HTML tag, the
    end of a table's cell or of the line.
    """
    text = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", str(value)).strip()
    text = text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate is no text
    return _EDGE_UNDERSCORE.sub("&#95;", text.translate(_ESCAPED))


def _prose(text: str) -> str:
    """Return the recipe's own Markdown, without HTML."""
    return html.escape(" ".join(text.split()), quote=False)


def _columns(folder: Path) -> str:
    """Return the names of the columns, each with what needs saying about it."""
    names = pq.read_schema(_files(folder, "train")[0]).names
    return ", ".join(f"`{name}`{_COLUMNS.get(name, '')}" for name in names)


def _lacking(cells: Sequence[LackingCell]) -> list[str]:
    """Return the cells of the mix that lacked rows, as text."""
    lines = []
    for lacking in cells[:_CELLS]:
        name = ", ".join(f"{key} {cell(value)}" for key, value in lacking.where.items())
        lines.append(f"{lacking.rows:,} of {name}")
    return [*lines, f"and {len(cells) - _CELLS} more kinds"] if len(cells) > _CELLS else lines


def _pictures(folder: Path) -> list[tuple[str, str]]:
    """Return the pictures that the folder has: path in it, and what they show."""
    named = ((f"{FOLDER}/{name}.png", label) for name, label in LABELS.items())
    return [(path, label) for path, label in named if (folder / path).is_file()]


def _header(folder: Path, manifest: Manifest, figures: Statistics) -> dict[str, Any]:
    licence = manifest.settings.licence.strip()
    files: dict[str, list[Path]] = {split: _files(folder, split) for split in SPLITS}
    splits = [split for split in files if files[split]]
    rows = sum(_rows(folder, split) for split in splits)
    tasks = ["question-answering", "text-generation"]
    if "summarization" in figures.tasks:
        tasks.append("summarization")
    return {
        **_licence_lines(folder, licence),
        "pretty_name": manifest.name,
        "language": sorted(n for n in figures.languages if re.fullmatch(r"[a-z]{2,3}", n)),
        "task_categories": tasks,
        "size_categories": [next((name for top, name in _SIZES if rows < top), "n>1M")],
        "tags": ["long-context", "instruction-tuning", "longalpaca"],
        "dataset_info": _info(files, splits),
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": split, "path": f"data/{split}-*.parquet"} for split in splits
                ],
            }
        ],
    }


def _licence_lines(folder: Path, licence: str) -> dict[str, str]:
    if not licence:
        return {}
    lines = hub_header(licence)
    if lines["license"] == "other" and (folder / "LICENSE").is_file():
        lines.setdefault("license_link", "LICENSE")
    assert lines["license"] in HUB_LICENCES | {"other"}, "the Hub refuses other identifiers"
    return lines


def _files(folder: Path, split: str) -> list[Path]:
    return sorted((folder / "data").glob(f"{split}-*.parquet"))


def _rows(folder: Path, split: str) -> int:
    return sum(pq.read_metadata(file).num_rows for file in _files(folder, split))


def _info(files: Mapping[str, Sequence[Path]], splits: Sequence[str]) -> dict[str, Any]:
    """Return what ``datasets`` would write itself: it checks the rows of each split against it,
    and with the columns' types at hand the Hub shows a set without reading it.
    """
    about = [
        {"name": split, "num_bytes": num_bytes, "num_examples": rows}
        for split in splits
        for num_bytes, rows in [_size(files[split])]
    ]
    schema = pq.read_schema(files[splits[0]][0])
    return {
        "features": [_feature(column.name, column.type) for column in schema],
        "splits": about,
        "download_size": sum(file.stat().st_size for s in splits for file in files[s]),
        "dataset_size": sum(split["num_bytes"] for split in about),
    }


def _size(files: Sequence[Path]) -> tuple[int, int]:
    """Return bytes in memory (Arrow) and rows, read a row group at a time."""
    tables = list(_table_sizes(files))
    return sum(num_bytes for num_bytes, _ in tables), sum(rows for _, rows in tables)


def _table_sizes(files: Sequence[Path]) -> Iterator[tuple[int, int]]:
    for file in files:
        with pq.ParquetFile(file) as parquet:
            for group in range(parquet.num_row_groups):
                table = parquet.read_row_group(group)
                yield table.nbytes, table.num_rows


def _feature(name: str, kind: pa.DataType) -> dict[str, Any]:
    return {"name": name, **_type(kind)}


def _type(kind: pa.DataType) -> dict[str, Any]:
    """Return an Arrow type in the words of the Hub's header."""
    if pa.types.is_struct(kind):
        return {"struct": [_feature(field.name, field.type) for field in kind]}
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = _type(kind.value_type)
        word = "list" if pa.types.is_list(kind) else "large_list"
        return {word: inner.get("dtype") or inner.get("struct") or inner}
    return {"dtype": _TYPES.get(str(kind), str(kind))}
