"""Short instruction pairs: any Alpaca-form file, or a set on the Hugging Face Hub by its name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from longalpaca_data.errors import MissingPackageError, SourceError
from longalpaca_data.recipe import ShortSpec
from longalpaca_data.records import ShortPair, content_id
from longalpaca_data.resources import sample_folder
from longalpaca_data.stage import Context

_HAN = re.compile(r"[\u3400-\u9fff]")
_HUB_NAME = re.compile(r"^[\w.-]+/[\w.-]+$")


def read_pairs(specs: Sequence[ShortSpec]) -> Iterator[ShortPair]:
    """Yield the pairs of all sets as they stand there. SourceError for a set that can't be read."""
    for spec in specs:
        for number, row in enumerate(_rows(spec.path), 1):
            yield _pair(row, spec, number)


def distinct_pairs(pairs: Iterable[ShortPair], context: Context) -> Iterator[ShortPair]:
    """Let each whole pair pass once; empty and repeated ones are counted drops."""
    seen: set[str] = set()
    for pair in pairs:
        if not pair.instruction or not pair.output:
            context.drop(pair, "empty")
        elif pair.id in seen:
            context.drop(pair, "repeated pair")
        else:
            seen.add(pair.id)
            yield pair


def _pair(row: Mapping[str, Any], spec: ShortSpec, number: int) -> ShortPair:
    instruction, given, output = (
        str(row.get(key) or "").strip() for key in ("instruction", "input", "output")
    )
    language = "zh" if _HAN.search(instruction + given) else "en"
    licence = str(row.get("licence") or spec.licence or "")
    source = f"{Path(spec.path).name if Path(spec.path).exists() else spec.path}:{number}"
    return ShortPair(
        content_id(instruction, given), instruction, given, output, language, licence, source
    )


def _rows(path: str) -> Iterator[Mapping[str, Any]]:
    if path == "sample:":
        yield from _file_rows(sample_folder() / "short.jsonl")
    elif Path(path).is_file():
        yield from _file_rows(Path(path))
    elif _HUB_NAME.match(path):
        yield from _hub_rows(path)
    else:
        raise SourceError(
            f"no short samples at {path}",
            do="name a JSON or JSONL file in Alpaca form, or a Hub set",
        )


def _file_rows(file: Path) -> Iterator[Mapping[str, Any]]:
    """Read a JSON array or JSONL; what is neither is one clear error with the line."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        if text.lstrip().startswith("["):
            rows = json.loads(text)
        else:
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"can't read the short samples {file}: {error}") from error
    except json.JSONDecodeError as error:
        raise SourceError(f"{file}, line {error.lineno}: not JSON ({error.msg})") from error
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or "instruction" not in row or "output" not in row:
            raise SourceError(f"{file}, row {number}: no `instruction` and `output`")
        yield row


def _hub_rows(name: str) -> Iterator[Mapping[str, Any]]:
    try:
        import datasets  # noqa: PLC0415 — an extra, needed for sets on the Hub alone
    except ImportError:
        raise MissingPackageError("datasets", extra="hub", purpose=f"the Hub set {name}") from None
    try:
        yield from datasets.load_dataset(name, split="train")
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise SourceError(f"can't load {name} from the Hub: {reason}") from error
