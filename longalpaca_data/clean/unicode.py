"""Characters: what encodings, fonts and typesetting left in a text, made plain.

Chinese is why this isn't one call: NFKC and ftfy's defaults turn ``，：“”`` into ASCII. So NFC plus
the seven ligatures by hand, and ftfy without character-width and quote fixing, for mojibake only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import ftfy
from ftfy.badness import is_bad

LIGATURES = {
    0xFB00: "ff",
    0xFB01: "fi",
    0xFB02: "fl",
    0xFB03: "ffi",
    0xFB04: "ffl",
    0xFB05: "st",
    0xFB06: "st",
}
SPACES = dict.fromkeys([0x00A0, *range(0x2000, 0x200B), 0x202F, 0x205F], " ")
LINE_ENDS = {0x2028: "\n", 0x2029: "\n", 0x0085: "\n", 0x000B: "\n", 0x000C: "\n"}
# Soft hyphen, zero width (space, no-break), directions, word joiner, interlinear.
INVISIBLE = dict.fromkeys(
    [
        0x00AD,
        0x034F,
        0x061C,
        0x180E,
        0x200B,
        0x200E,
        0x200F,
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        0xFEFF,
        *range(0xFFF9, 0xFFFC),
    ]
)
CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0xFFFE, 0xFFFF])
# Symbol fonts' private places: Word's bullets are text, pieces of large brackets are not.
SYMBOLS = {
    **dict.fromkeys(range(0xF8E0, 0xF900)),
    **dict.fromkeys((0xF0B7, 0xF0A7, 0xF076, 0xF0D8), "•"),
}
TABLE = {
    **CONTROLS,
    **SYMBOLS,
    **INVISIBLE,
    **LIGATURES,
    **SPACES,
    **LINE_ENDS,
    0x09: "\t",
    0x0A: "\n",
}
CONFIG = ftfy.TextFixerConfig(
    unescape_html=False,
    remove_terminal_escapes=True,
    fix_latin_ligatures=False,
    fix_character_width=False,
    uncurl_quotes=False,
    fix_line_breaks=False,
    fix_surrogates=True,
    remove_control_chars=False,
    normalization=None,
    explain=False,
)
SOFT_HYPHEN = "\u00ad"
# A word divided at a line's end by a soft hyphen, or by the sign that OCR writes for one.
DIVIDED = re.compile(r"(?<=[^\W\d_])[\u00ad¬][ \t]*\n[ \t]*(?=[^\W\d_])")
DIVIDED_END = re.compile(r"[^\W\d_][\u00ad¬]$")
# Joiners mean something between emoji, and in Arabic, Indic and other scripts of South Asia.
JOINED = (
    r"\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ua840-\ua8ff\ufb50-\ufdff\ufe70-\ufefc"
    r"\u2190-\u27bf\u2b00-\u2bff\ufe0f\u20e3\U0001f000-\U0001faff\U000e0020-\U000e007f"
)
SECOND_JOINER = re.compile(r"(?<=[\u200c\u200d])[\u200c\u200d]+")
IDLE_JOINER = re.compile(rf"(?<![{JOINED}])[\u200c\u200d]|[\u200c\u200d](?![{JOINED}])")
# Removing a character can bring a base and its accent, or two halves of mojibake, together: a
# second round mends that; hypothesis found nothing that needs a fifth.
MAX_ROUNDS = 5
RUNS = re.compile(r"[^\S\n]{2000,}+|[^\s\u2e80-\uffff]{5000,}+")
BLANKS = re.compile(r"[ \t]+")
WIDE_BLANKS = re.compile(r"[ \t]*\u3000[ \t\u3000]*")
BLANK_LINES = re.compile(r"\n{3,}")
CODE_TAB = 4


def characters(text: str) -> str:
    """Mend characters; white space keeps its place. Idempotent."""
    if text.isascii() and text.isprintable():
        return text
    for _ in range(MAX_ROUNDS):
        mended = _once(text)
        if mended == text:
            break
        text = mended
    return text


def _once(text: str) -> str:
    text = whole(text.replace("\r\n", "\n").replace("\r", "\n"))
    if SOFT_HYPHEN in text or "¬" in text:
        text = DIVIDED.sub("", text)
    if "\u200c" in text or "\u200d" in text:
        text = IDLE_JOINER.sub("", SECOND_JOINER.sub("", text))
    if is_bad(text):
        text = ftfy.fix_text(text, CONFIG)
    return unicodedata.normalize("NFC", text.translate(TABLE))


def line_characters(text: str) -> str:
    """Mend a line's characters as :func:`characters` does, but keep the soft hyphen at its end:
    who joins the lines joins the word. A ¬ there is taken for one.
    """
    line = text.rstrip()
    if DIVIDED_END.search(line[-2:]):
        return characters(line[:-1]) + SOFT_HYPHEN
    return characters(text)


def whole(text: str) -> str:
    """Put surrogate pairs together; a half without its partner becomes U+FFFD."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def without_runs(text: str) -> str:
    """Drop runs that no text has: thousands of blanks, a picture in base64. Patterns that look for
    a word's or a line's end take time quadratic in them; Chinese, which has no blanks, stays whole.
    """
    return RUNS.sub(" ", text)


def squeeze(text: str) -> str:
    """Squeeze white space: one blank between words, no blanks at line ends. Idempotent."""
    text = WIDE_BLANKS.sub("\u3000", BLANKS.sub(" ", text))
    lines = (line.strip(" \u3000") for line in text.split("\n"))
    return BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def clean_text(text: str) -> str:
    """Mend characters and squeeze white space: what running text gets. Idempotent."""
    return _settled(text, squeeze)


def clean_code(text: str) -> str:
    """Mend characters and keep indentation: what code gets. Idempotent."""
    return _settled(text, _trim)


def _trim(text: str) -> str:
    lines = (line.rstrip() for line in text.expandtabs(CODE_TAB).split("\n"))
    return BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def _settled(text: str, shape: Callable[[str], str]) -> str:
    """Mend and shape until nothing changes: fewer blanks may bring halves of mojibake together."""
    for _ in range(MAX_ROUNDS):
        mended = characters(text)
        text = shape(mended)
        if text == mended or text.isascii():
            break
    return text
