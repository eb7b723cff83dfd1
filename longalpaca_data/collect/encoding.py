"""Bytes of unknown encoding to text: byte order mark, UTF-8, UTF-16, then detection.

A bad byte is replaced within the encoding that the other bytes speak for; it never changes what
the whole is taken for.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache

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
WIDE_SAMPLE = 1 << 16  # bytes that tell whether a text is UTF-16
MANY_ZEROS = 0.2  # of the bytes: no narrow text has so many
WIDE_SHARE = 0.95  # of the zero bytes on one side, of the characters in scripts that people write
WRITTEN = re.compile(
    r"[\t\n\r\x20-\x7e\u00a0-\u024f\u0370-\u052f\u2010-\u2027\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]"
    r"|[\uac00-\ud7a3]"
)
GOOD_PER_BAD = 2  # characters of several bytes for each bad one: it is UTF-8 with a wound
HIGH_LINE = re.compile(rb"[\x80-\xff][^\n]{0,2000}\n?")
DETECTED = 1 << 18  # bytes with characters beyond ASCII that are looked at
PART = 2048  # bytes that are detected together: a bad byte spoils one part, the others outvote it
SUPERSETS = {
    **dict.fromkeys(("gb2312", "gbk", "gb18030"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "big5hkscs"), "big5hkscs"),
    **dict.fromkeys(("shift_jis", "sjis"), "cp932"),
    **dict.fromkeys(("euc-kr", "euc_kr"), "cp949"),
}
WINDOWS = {
    **dict.fromkeys(("iso8859-1", "iso-8859-1", "iso8859-15", "iso-8859-15"), "cp1252"),
    **dict.fromkeys(("iso8859-2", "iso-8859-2"), "cp1250"),
    **dict.fromkeys(("iso8859-9", "iso-8859-9"), "cp1254"),
    **dict.fromkeys(("iso8859-7", "iso-8859-7"), "cp1253"),
}
WINDOWS_ONLY = re.compile(rb"[\x80-\x9f]")  # controls in ISO 8859, letters and quotes in Windows
MULTIBYTE = frozenset({*SUPERSETS.values(), "euc_jp", "iso2022_jp"})
MIN_COMMON = 0.8  # of what isn't ASCII: running Chinese has over 0.95, other bytes under 0.5
ONLY_HANGUL = 0.95  # Chinese read as Korean has half of it
CANTONESE = "嘅係咗啲嚟喺冇佢哋嘢唔咁咩嗰啱靚畀攞瞓睇諗搵揾咪啦囉喎噃"
CHINESE_MARKS = "\u3000、。〃·—…‘’“”〔〕〈〉《》「」『』〖〗【】！（），－．：；？～￥℃○●◎☆★□■△▲"
NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def decode(data: bytes) -> str:
    r"""Return the text of ``data`` with ``\\n`` line ends and without NULs.

    Raises UnreadableError('binary') for what isn't text.
    """
    text = _by_mark(data)
    if text is None:
        encoding = wide_encoding(data) or _narrow_encoding(data)
        text = _decoded(data, encoding)
    controls = sum(text.count(character) for character in CONTROL_CHARACTERS)
    if controls > len(text) * MAX_CONTROL_SHARE:
        raise UnreadableError("binary", f"{controls} control characters in {len(text)}")
    return text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")


def _by_mark(data: bytes) -> str | None:
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    return None


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding, errors="replace")
    except LookupError:  # the detector knows encodings that Python doesn't
        return bytes_to_str(data, encoding, errors="replace")


def wide_encoding(data: bytes) -> str:
    """Return the UTF-16 that data without a byte order mark is in, or nothing.

    By twos the bytes are characters that people write, some of them ASCII. Half of an English text
    is zero bytes; a Chinese one has few, and isn't UTF-8 without them.
    """
    sample = data[: min(WIDE_SAMPLE, len(data) // 2 * 2)]
    zeros = sample.count(0)
    if not zeros or (zeros < MANY_ZEROS * len(sample) and _is_utf8(sample.replace(b"\0", b""))):
        return ""  # an ASCII text with a stray NUL reads as Chinese by twos
    found = {}
    for encoding in ("utf-16-le", "utf-16-be"):
        text = sample.decode(encoding, errors="replace")
        ascii_characters = _ascii_count(text)
        if ascii_characters and len(WRITTEN.findall(text)) >= WIDE_SHARE * len(text):
            found[encoding] = ascii_characters
    return max(found, key=found.__getitem__, default="")


def _ascii_count(text: str) -> int:
    return len(text.encode("ascii", "ignore"))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start > len(data) - 4  # a sample's end may cut a character
    return True


def _narrow_encoding(data: bytes) -> str:
    """Strict UTF-8 goes first because it is almost never right by chance, then UTF-8 with a few bad
    bytes, then what most parts of the text are detected as.
    """
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if _is_wounded_utf8(data[max(0, error.start - DETECTED) : error.start + DETECTED]):
            return "utf-8"
    else:
        return "utf-8"
    votes = Counter(map(_detected, _parts(data)))
    votes.pop("utf-8", None)  # what the detector says when it can't tell
    return max(votes, key=votes.__getitem__, default="cp1252")


def _is_wounded_utf8(data: bytes) -> bool:
    text = data.decode(errors="replace")
    bad = text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    good = len(text) - _ascii_count(text) - bad
    return good >= GOOD_PER_BAD * bad


def _parts(data: bytes) -> Iterator[bytes]:
    """Yield lines with characters beyond ASCII, some together; a bad byte spoils one such part."""
    part, size = b"", 0
    for match in HIGH_LINE.finditer(data):
        part += match.group()
        if len(part) >= PART:
            yield part
            size += len(part)
            part = b""
        if size > DETECTED:
            return
    if part:
        yield part


def _detected(part: bytes) -> str:
    """Return a part's encoding: what the detector says, but for Chinese, of which a few words in an
    English text, a bad byte or Hong Kong's signs are too little or too much for it.
    """
    guess = (detect_encoding(part) or "utf-8").lower()
    guess = SUPERSETS.get(guess, guess)
    if guess in MULTIBYTE:
        return guess
    if WINDOWS_ONLY.search(part):
        guess = WINDOWS.get(guess, guess)
    return _east_asian(part) or guess


def _east_asian(part: bytes) -> str:
    """Return the encoding in which what isn't ASCII is what Chinese (or Korean) is mostly written
    with, whether the part begins with a whole character or half of one.
    """
    for start in (0, 1):
        if _share(part[start:].decode("cp949", errors="replace"), _is_hangul) >= ONLY_HANGUL:
            return "cp949"
    scores = {
        encoding: max(
            _share(part[start:].decode(encoding, errors="replace"), common_han().__contains__)
            for start in (0, 1)
        )
        for encoding in ("gb18030", "big5hkscs")
    }
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] >= MIN_COMMON else ""


def _share(text: str, accepted: Callable[[str], bool]) -> float:
    counts = Counter(NOT_ASCII.findall(text))
    return sum(n for c, n in counts.items() if accepted(c)) / max(1, counts.total())


def _is_hangul(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3"


@cache
def common_han() -> frozenset[str]:
    """Return the first levels of GB 2312 (3,755 characters) and Big5 (5,401), which running Chinese
    is written with, Hong Kong's own signs for Cantonese, and Chinese punctuation.
    """
    first = ((lead, trail) for lead in range(0xB0, 0xD8) for trail in range(0xA1, 0xFF))
    other = (
        (lead, trail)
        for lead in range(0xA4, 0xC7)
        for trail in (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    )
    text = b"".join(map(bytes, first)).decode("gb2312", errors="ignore")
    text += b"".join(map(bytes, other)).decode("big5", errors="ignore")
    return frozenset(text + CANTONESE + CHINESE_MARKS)
