"""Bytes of unknown encoding to text: byte order mark, strict UTF-8, then detection."""

from __future__ import annotations

import codecs

from resiliparse.parse.encoding import bytes_to_str, detect_encoding

from longalpaca_data.core.errors import UnreadableError

BYTE_ORDER_MARKS = (
    # UTF-32's little-endian mark begins with UTF-16's: longest first.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# Text has tabs, line ends and form feeds; other control characters are the mark of binary data.
CONTROL_CHARACTERS = frozenset(map(chr, range(32))) - frozenset("\t\n\r\f\v\x1a\x1b")
MAX_CONTROL_SHARE = 0.01


def decode(data: bytes) -> str:
    r"""Return the text of ``data`` with ``\\n`` line ends.

    Strict UTF-8 goes first because it is almost never right by chance; only what fails it is left
    to resiliparse's detection. Raises UnreadableError('binary') for what isn't text.
    """
    text = _by_mark(data)
    if text is None:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = bytes_to_str(data, detect_encoding(data) or "utf-8", errors="replace")
    controls = sum(text.count(character) for character in CONTROL_CHARACTERS)
    if controls > len(text) * MAX_CONTROL_SHARE:
        raise UnreadableError("binary", f"{controls} control characters in {len(text)}")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _by_mark(data: bytes) -> str | None:
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    return None
