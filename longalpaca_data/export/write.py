"""A data set's Parquet in another format, as often as wanted and in constant memory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from longalpaca_data.core.errors import DatasetError
from longalpaca_data.core.storage import output_errors, read_json, write_json
from longalpaca_data.export.formats import Format, find_format, write_file
from longalpaca_data.export.layout import Template
from longalpaca_data.export.schema import SCHEMA
from longalpaca_data.export.splits import count_rows, read_rows, split_parquet, write_split
from longalpaca_data.rowfiles import ALPACA_KEYS, SPLITS, Row

DATASET_INFO = "dataset_info.json"
_PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class Options:
    """How rows are exported: ``template`` is a file or a built-in's name, ``system`` a system
    prompt; ``provenance`` keeps all columns instead of Alpaca's four.
    """

    template: str = ""
    system: str = ""
    provenance: bool = False
    llama_factory: bool = False


@dataclass
class Exported:
    """What was written: a file or, for Parquet, a folder; ``notes`` are for the person."""

    path: Path
    rows: int = 0
    notes: list[str] = field(default_factory=list)


def export(
    folder: Path,
    name: str,
    target: Path | None = None,
    split: str = "",
    options: Options = Options(),
) -> Exported:
    """Write a split of a data set in the format ``name``; ``target`` is a file, or a folder.

    Without ``split`` it is train, in Parquet all there are. Raises :class:`DatasetError` for what
    is unknown or missing, before anything is written.
    """
    form = find_format(name)
    splits = _splits(folder, split, form)
    if options.llama_factory and not form.llama_factory:
        raise DatasetError(f"{DATASET_INFO} can't say which split of {form.name} is meant",
                           do="export messages, sharegpt or alpaca")  # fmt: skip
    source = _Source(folder, options)
    if form.name == "prompt-completion" and source.system_beside:
        raise DatasetError(
            f"{form.name} has no place for a system prompt",
            do="add a --template that uses {{ system }}, such as chatml",
        )
    path = _target(folder, form, target, splits)
    done = Exported(path)
    if form.suffixes:
        done.rows = write_file(path, form.shape, source.rows(splits[0]))
    else:
        done.rows = _write_parquet(path, source, splits)
    done.notes += source.notes()
    if options.llama_factory:
        done.notes.append(_add_dataset_info(path, form, system=source.system_beside))
    return done


class _Source:
    """The rows to be written: columns chosen, system prompt added, laid out by the template."""

    def __init__(self, folder: Path, options: Options) -> None:
        self.folder = folder
        self._options = options
        self._template = Template(options.template) if options.template else None
        self._with_marks = 0
        in_the_text = self._template is not None and self._template.holds_system
        self.system_beside = bool(options.system) and not in_the_text

    @property
    def schema(self) -> pa.Schema:
        """The Parquet columns of these rows."""
        names = SCHEMA.names if self._options.provenance else ALPACA_KEYS
        fields = [SCHEMA.field(name) for name in names]
        return pa.schema([*fields, *([("system", pa.string())] if self.system_beside else [])])

    def rows(self, split: str) -> Iterator[Row]:
        """Yield a split's rows."""
        options, names = self._options, self.schema.names
        columns: Sequence[str] | None = None if self._template else names
        for number, row in enumerate(read_rows(self.folder, split, columns), 1):
            given = {**row, "system": options.system}
            if self._template:
                given = self._laid_out(given, self._template, f"{split} row {number}")
            yield {name: given[name] for name in names}

    def _laid_out(self, row: Row, template: Template, place: str) -> Row:
        own = row["instruction"] + row["input"]
        self._with_marks += any(mark in own for mark in template.special)
        kept = row if self._options.provenance else {**row, "evidence": []}
        return template.lay_out(kept, place)

    def notes(self) -> list[str]:
        """Return what a person should know about the rows."""
        if not self._with_marks or not self._template:
            return []
        marks = ", ".join(self._template.special)
        said = f"{self._with_marks} rows contain {marks} themselves, which a trainer can't tell "
        return [said + "from the template's; the formats messages and sharegpt keep them apart"]


def _splits(folder: Path, split: str, form: Format) -> list[str]:
    if split and split not in SPLITS:
        raise DatasetError(f"unknown split {split!r}; known are {', '.join(SPLITS)}")
    split_parquet(folder, "train")  # a clear error where there is no data set at all
    there: list[str] = [name for name in SPLITS if split_parquet(folder, name)]
    if split and split not in there:
        raise DatasetError(
            f"no {split} split in {folder}", do="a build of fewer than 20 documents has none"
        )
    return [split] if split else there if not form.suffixes else ["train"]


def _target(folder: Path, form: Format, target: Path | None, splits: list[str]) -> Path:
    """Return the file (for Parquet the folder) to write; never one of the data set's own."""
    name = folder.resolve().name + (".validation" if splits == ["validation"] else "")
    default = f"{name}.{form.name}{form.suffixes[0]}" if form.suffixes else f"{name}-{form.name}"
    if not target:
        target = folder / default
    elif form.suffixes and target.is_dir():
        target /= default
    if form.suffixes and target.suffix not in form.suffixes:
        raise DatasetError(
            f"{form.name} is not written as {target.name}",
            do=f"let the file's name end with {' or '.join(form.suffixes)}",
        )
    if not form.suffixes and target.is_file():
        raise DatasetError(f"{target} is a file", do="name a folder for Parquet")
    own = {folder.resolve(), *((folder / name).resolve() for name in _own_files(folder))}
    if target.resolve() in own:
        raise DatasetError(f"{target} belongs to the data set itself", do="choose another --to")
    return target


def _own_files(folder: Path) -> list[str]:
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        return []
    listed = read_json(manifest)
    files = listed.get("files") if isinstance(listed, dict) else None
    return ["manifest.json", *(files or ())]


def _write_parquet(target: Path, source: _Source, splits: list[str]) -> int:
    """Write splits beside their place, then put them there; an older export's files go."""
    new, count = target / _PARTIAL, 0
    shutil.rmtree(new, ignore_errors=True)  # of an export that was killed
    try:
        for split in splits:
            total = count_rows(source.folder, split)
            write_split(new, split, source.rows(split), total, source.schema)
            count += total
        with output_errors(target):
            (target / "data").mkdir(exist_ok=True)
            names = {file.name for file in (new / "data").iterdir()}
            for name in sorted(names):
                (new / "data" / name).replace(target / "data" / name)
            for split in splits:
                for old in (target / "data").glob(f"{split}-*.parquet"):
                    if old.name not in names:
                        old.unlink()
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return count


def _add_dataset_info(file: Path, form: Format, *, system: bool) -> str:
    """Add a file to LLaMA-Factory's list beside it; entries of others stay."""
    info = file.with_name(DATASET_INFO)
    listed: Any = read_json(info) if info.is_file() else {}
    if not isinstance(listed, dict):
        raise DatasetError(f"{info} is not LLaMA-Factory's: it holds no object", do="move it away")
    entry = {"file_name": file.name, **form.llama_factory}
    if system and "messages" not in entry["columns"]:
        entry["columns"] = {**entry["columns"], "system": "system"}
    write_json(info, {**listed, file.stem: entry})
    return f"LLaMA-Factory: dataset: {json.dumps(file.stem)}, dataset_dir: {file.parent}"
