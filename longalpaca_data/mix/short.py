"""Short instruction pairs: any Alpaca-form file, or a set on the Hugging Face Hub by its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from longalpaca_data.core.errors import DatasetError, MissingPackageError, SourceError
from longalpaca_data.core.language import HAN
from longalpaca_data.core.recipe import ShortSpec
from longalpaca_data.core.records import ShortPair, content_id
from longalpaca_data.core.resources import sample_folder
from longalpaca_data.pipeline.stage import Context
from longalpaca_data.rowfiles import RowError, as_alpaca, read_rows

_LETTERS = re.compile(r"[^\W\d_]+")
_LATIN_WORD = re.compile(r"[A-Za-z]+")
_INVISIBLE = re.compile(r"[\u200b\u200e\u200f\u2060\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)
_EMPTY_LINES = re.compile(r"\n{3,}")
_UNTIDY = re.compile(rf"\r|[ \t]\n|\n\n\n|{_INVISIBLE.pattern}")
# What sets write where there is nothing, the marks of table programs included.
_NOTHING = re.compile(
    r"<?\s*(?:no[ _-]?(?:in|out)put|nan|null|n\.?/a\.?|undefined)\s*>?\.?|[-–—_.]+", re.IGNORECASE
)
_REFUSAL = re.compile(
    r"(?:(?:i'?m|i am) (?:very |so |really )?sorry|sorry|i apologi[sz]e|unfortunately)\b.{0,40}?"
    r"\b(?:i (?:can(?:'?t|not)|am (?:not able|unable))|as an ai)\b"
    r"|i (?:cannot|can't|am unable to|am not able to) (?:assist|help|fulfil|comply|provide|access|"
    r"browse|view|see|open)\b"
    r"|(?:as|i am|i'm) (?:just )?an? (?:large )?(?:ai\b|artificial intelligence|language model)"
    r"|(?:很|非常)?(?:抱歉|对不起)[，,。]?.{0,10}?(?:无法|不能)"
    r"|(?:作为|我是)(?:一[个款])?(?:AI|人工智能|语言模型|大语言模型)",
    re.IGNORECASE,
)
_GARBLED = re.compile(r"\ufffd|[\ue000-\uf8ff]|Ã[\u0080-\u00bf]|â€")
_PICTURE = re.compile(
    r"\b(?:this|the (?:following|attached|given|above|below)|attached|given) "
    r"(?:image|picture|photo(?:graph)?|video|audio|screenshot)\b|<(?:image|img|video)\b",
    re.IGNORECASE,
)
MAX_CHARACTERS = 8000  # some 2,000 tokens of English, where long rows begin
_HUB_NAME = re.compile(r"^[\w.-]+/[\w.-]+$")


def read_pairs(specs: Sequence[ShortSpec]) -> Iterator[ShortPair]:
    """Yield the pairs of all sets, tidied. SourceError for a set that can't be read."""
    for spec in specs:
        name = Path(spec.path).name if Path(spec.path).exists() else spec.path
        for number, row in enumerate(_rows(spec.path), 1):
            yield _pair(row, spec, f"{name}:{number}")


def distinct_pairs(pairs: Iterable[ShortPair], context: Context) -> Iterator[ShortPair]:
    """Let each sound pair pass once; faulty and repeated ones are counted drops."""
    seen: set[str] = set()
    for pair in pairs:
        reason = next((reason for reason, faulty in FAULTS.items() if faulty(pair)), None)
        if reason is not None:
            context.drop(pair, reason, pair.output[:80])
        elif pair.id in seen:
            context.drop(pair, "repeated pair")
        else:
            seen.add(pair.id)
            yield pair


def _pair(row: Mapping[str, Any], spec: ShortSpec, source: str) -> ShortPair:
    instruction, given, output = (
        _tidied(str(row.get(key) or "")) for key in ("instruction", "input", "output")
    )
    if _NOTHING.fullmatch(given):
        given = ""
    # A word or two of Chinese in an English question is its subject, not its language.
    chinese = len(HAN.findall(instruction + given))
    language = "zh" if chinese > len(_LATIN_WORD.findall(instruction + given)) else "en"
    licence = str(row.get("licence") or spec.licence or "")
    return ShortPair(
        content_id(instruction, given), instruction, given, output, language, licence, source
    )


def _tidied(text: str) -> str:
    """Return a text without what nobody sees: line ends of other systems, trailing blanks, empty
    lines at the ends or more than one in a row, invisible characters.
    """
    if _UNTIDY.search(text):
        text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = _TRAILING.sub("", text)
        text = _EMPTY_LINES.sub("\n\n", text)
    return text.strip()


def _not_text(pair: ShortPair) -> bool:
    """Say whether a question is no sentence, or the pair holds characters of no script."""
    # Two Han characters make a verb, and a whole instruction; two Latin letters don't.
    letters = sum(map(len, _LETTERS.findall(pair.instruction)))
    visible = sum(map(len, pair.instruction.split()))
    return letters < max(2, 0.4 * visible) or bool(_GARBLED.search(pair.instruction + pair.output))


FAULTS: Mapping[str, Callable[[ShortPair], bool]] = {
    "empty": lambda pair: not pair.instruction or not pair.output,
    "placeholder answer": lambda pair: bool(_NOTHING.fullmatch(pair.output)),
    "refusal": lambda pair: bool(_REFUSAL.match(pair.output)),
    "not text": _not_text,
    "asks for a picture": lambda pair: bool(_PICTURE.search(pair.instruction)),
    "too long": lambda pair: (
        len(pair.instruction) + len(pair.input) + len(pair.output) > MAX_CHARACTERS
    ),
}
"""Drop reason → whether a pair has that fault. The first one that holds is counted."""


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
    """Read a file of any format, row by row; what is wrong is one clear error with its place."""
    try:
        for place, row in read_rows(file):
            yield _asked(row, str(place))
    except DatasetError as error:
        raise SourceError(f"short samples: {error}") from error


def _asked(row: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    """Return a row with its system prompt before the instruction: a pair has no place for it."""
    if "instruction" not in row or "output" not in row:
        raise SourceError(f"{place}: no `instruction` and `output`")
    system = row.get("system")
    return {**row, "instruction": f"{system}\n\n{row['instruction']}"} if system else row


def _hub_rows(name: str) -> Iterator[Mapping[str, Any]]:
    try:
        import datasets  # noqa: PLC0415 — an extra, needed for sets on the Hub alone
    except ImportError:
        raise MissingPackageError("datasets", extra="hub", purpose=f"the Hub set {name}") from None
    try:
        for number, value in enumerate(datasets.load_dataset(name, split="train"), 1):
            place = f"{name} row {number}"
            try:
                row = as_alpaca(value)
            except RowError as error:
                raise SourceError(f"{place}: {error}", do="name another set") from error
            yield _asked(row, place)
    except (OSError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)[:200]
        raise SourceError(f"can't load {name} from the Hub: {reason}") from error
