"""The values of a JSON list or of JSON lines, one at a time: a gigabyte of rows is never held.

Text is decoded as it comes and scanned by :mod:`json`; a value that ends with the buffer is tried
again with as much text again, so that even a very long row is scanned about twice.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from longalpaca_data.core.errors import DatasetError

CHUNK = 4 << 20
"""Bytes read at a time."""

LONGEST_ROW = 1 << 30
"""Characters: what is longer is no row but a file with a quote or a bracket missing."""

_LONGEST_TOKEN = 16  # of those that a cut leaves invalid: an escaped surrogate pair has 12
_BLANK = " \t\r\n"
_FOREIGN = {  # how files begin that are no UTF-8 text: what they are, what to do
    b"\xff\xfe": ("UTF-16 text", "save it as UTF-8"),
    b"\xfe\xff": ("UTF-16 text", "save it as UTF-8"),
    b"\x1f\x8b": ("compressed with gzip", "unpack it first"),
    b"\x28\xb5\x2f\xfd": ("compressed with zstd", "unpack it first"),
    b"PK\x03\x04": ("a zip archive", "unpack it first"),
    b"PAR1": ("a Parquet file", "name it .parquet"),
}


def json_values(path: Path, chunk: int = CHUNK) -> Iterator[tuple[int, Any]]:
    """Yield each row's line (from 1) and value. What the file holds decides, not its name: a list
    ``[{…}, {…}]``, or objects on lines of their own.

    Raises :class:`DatasetError` for what is neither, naming the line; :class:`OSError` for a file
    that can't be read.
    """
    with path.open("rb") as stream:
        text = _Text(path, stream, chunk)
        first = text.peek()
        if first == "[":
            yield from _of_list(text)
        elif first == "{" and path.suffix == ".json":
            yield from _of_lines_named_json(text)
        elif first or path.suffix == ".jsonl":
            yield from _of_lines(text)
        else:
            raise text.error("the file is empty")


def _of_list(text: _Text) -> Iterator[tuple[int, Any]]:
    text.skip()
    if text.peek() != "]":
        yield text.value()
        while text.peek() == ",":
            text.skip()
            if text.peek() == "]":
                raise text.error("a comma before the closing bracket")
            yield text.value()
    if text.peek() != "]":
        raise text.error("a comma is missing between two rows" if text.peek() else CUT_OFF)
    text.skip()
    if text.peek():
        raise text.error("text after the list's closing bracket")


def _of_lines(text: _Text) -> Iterator[tuple[int, Any]]:
    while text.peek():
        value, end = text.value(), text.line
        yield value
        if text.peek() and text.line == end:
            raise text.error("text after the row, on the same line")


def _of_lines_named_json(text: _Text) -> Iterator[tuple[int, Any]]:
    """Yield JSON lines in a file called ``.json``; one object alone is something else."""
    rows = _of_lines(text)
    first = next(rows)
    if not text.peek():
        raise DatasetError(
            f"can't read {text.path}: one object, not a JSON list of rows", do="give [{…}, {…}]"
        )
    yield first
    yield from rows


CUT_OFF = "the file ends too early: was it cut off, or is a quote or a bracket missing?"


class _RepeatedKeyError(ValueError):
    """An object has a key twice: nobody can tell which value is meant."""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _RepeatedKeyError(f"key `{next(k for k in keys if keys.count(k) > 1)}` stands twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_distinct)


class _Text:
    """What was read of a file and not yet used, with the line where it begins."""

    def __init__(self, path: Path, stream: BinaryIO, chunk: int) -> None:
        self.path = path
        self.line = 1
        self._stream = stream
        self._chunk = chunk
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._whole = False
        self._refuse_foreign()

    def _refuse_foreign(self) -> None:
        start = self._stream.read(4)
        self._stream.seek(0)
        for mark, (kind, do) in _FOREIGN.items():
            if start.startswith(mark):
                raise DatasetError(f"can't read {self.path}: it is {kind}", do=do)
        if b"\0" in start:
            raise DatasetError(f"can't read {self.path}: it is no UTF-8 text", do="save it as such")

    def peek(self) -> str:
        """Return the next character that is not blank, without using it; empty at the end."""
        while True:
            rest = len(self._text)
            at = self._at
            while at < rest and self._text[at] in _BLANK:
                at += 1
            self._use(at)
            if at < rest:
                return self._text[at]
            if self._whole:
                return ""
            self._fill()

    def skip(self) -> None:
        """Use the character that :meth:`peek` returned."""
        self._use(self._at + 1)

    def value(self) -> tuple[int, Any]:
        """Use one JSON value, after :meth:`peek`; return the line where it begins, and itself."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._may_go_on(error):
                    raise self.error(self._reason(error), error.pos) from error
                if self._whole:
                    raise self.error(CUT_OFF) from error
                self._fill()
            except _RepeatedKeyError as error:
                raise self.error(str(error)) from error
            except RecursionError as error:
                raise self.error("nested too deeply") from error
            except ValueError as error:  # Python's limit on the digits of an integer
                raise self.error("a number with too many digits") from error
            else:
                if end < len(self._text) or self._whole:
                    break
                self._fill()  # 12 may be the beginning of 123
        self._refuse_halves(value, end)
        line = self.line
        self._use(end)
        return line, value

    def error(self, reason: str, at: int | None = None) -> DatasetError:
        """Return the error for the character ``at`` of the buffer, the next one by default."""
        line = self.line + self._text.count("\n", self._at, self._at if at is None else at)
        return DatasetError(f"can't read {self.path}, line {line}: not JSON: {reason}")

    def _use(self, end: int) -> None:
        self.line += self._text.count("\n", self._at, end)
        self._at = end

    def _fill(self) -> None:
        held = len(self._text) - self._at
        if held > LONGEST_ROW:
            raise self.error(f"a row of over {LONGEST_ROW:,} characters: is a quote missing?")
        piece = self._stream.read(max(self._chunk, held))
        try:
            more = self._decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            line = self.line + self._text.count("\n", self._at)
            line += error.object.count(b"\n", 0, error.start)
            raise DatasetError(
                f"can't read {self.path}, line {line}: not UTF-8 text", do="save it as UTF-8"
            ) from error
        self._text = self._text[self._at :] + more
        self._at = 0
        self._whole = not piece

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        """Tell whether more text could mend this: it breaks off at its end, or within a string."""
        near_the_end = error.pos > len(self._text) - _LONGEST_TOKEN
        return error.msg.startswith("Unterminated string") or (near_the_end and not self._whole)

    def _reason(self, error: json.JSONDecodeError) -> str:
        before = self._text[self._at : error.pos].rstrip(_BLANK)
        if self._text[error.pos : error.pos + 1] in ("}", "]") and before.endswith(","):
            return "a comma before the closing bracket"
        return CUT_OFF if error.pos >= len(self._text.rstrip(_BLANK)) else error.msg

    def _refuse_halves(self, value: object, end: int) -> None:
        r"""Refuse half of a surrogate pair, written as ``\ud83d``: no file can hold it as text."""
        if self._text.find(r"\u", self._at, end) < 0:
            return  # written as text alone, which was decoded as UTF-8
        if any(self._text.find(mark, self._at, end) >= 0 for mark in (r"\ud", r"\uD")):
            try:
                json.dumps(value, ensure_ascii=False).encode("utf-8")
            except UnicodeEncodeError as error:
                raise self.error("half of a surrogate pair (\\ud83d without \\ude00)") from error
