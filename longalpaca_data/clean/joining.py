"""How two lines become one: blanks, hyphens, Chinese, and a document's own words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from longalpaca_data.clean.chunks import Chunk, Piece
from longalpaca_data.clean.unicode import SOFT_HYPHEN
from longalpaca_data.core.language import HAN, HAN_CHARACTERS

WIDTH_PERCENTILE = 0.9
UNWRAPPED = 160  # characters: no margin ends lines as long as this, each is a paragraph
CJK = rf"\u3000-\u303f{HAN_CHARACTERS}\uff01-\uff60“”‘’…—"
CJK_END = re.compile(rf"[{CJK}]$")
CJK_START = re.compile(rf"^[{CJK}]")
HYPHEN_END = re.compile(r"([^\W\d_]+)-$")
WORD_START = re.compile(r"^([^\W\d_]+)")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# Parts of compounds, where neither writing is found elsewhere in the document.
_FIRST = "well self non high low long short cross half all ill so co ex quasi one two three four"
KEEP_HYPHEN = frozenset(_FIRST.split())
_SECOND = (
    "based specific independent dependent driven oriented centric aware compatible informed"
    " grained engineered owned provided related defined"
)
KEEP_BEFORE = frozenset(_SECOND.split())
# Words that fuse with others, so that two known halves don't make a compound: over|come, use|less.
_FUSING_FIRST = "over under some any every when what where there here with fore back down super"
_FUSING_SECOND = (
    "able ably ness less ship ward wards wise hood self selves work works form forms time times"
)
FUSING_FIRST, FUSING_SECOND = frozenset(_FUSING_FIRST.split()), frozenset(_FUSING_SECOND.split())
MIN_HALF = 4  # letters: "per-form" and "no-table" are single words, "mail-transport" is none
MIN_CHAINED = 2
CHAIN_BEFORE = re.compile(r"-[^\W\d_]+-$")
CHAIN_AFTER = re.compile(r"^[^\W\d_]+(?:-[^\W\d_]+)+")
SLASH_END = re.compile(r"\S+/$")
PATH_WORD = re.compile(r"^[^\s,;:)]*[\w/]")
ADDRESS_END = re.compile(r"\S+://\S*[.)_=&?%#]$")
SINGLE = re.compile(r"^[(“\"']?[^\W\d_]+/$")  # import/ + export; paths have more slashes
PATH = re.compile(r"([^\s/(“\"']+)/(?=([\w.-]*\w))")
# Whole words only: tried at every letter of a text without blanks, it takes quadratic time.
BROKEN = re.compile(r"(?<![^\W\d_])[^\W\d_]++-\n\s*+[^\W\d_]+")
FOREIGN = re.compile(r"^(?:\d{0,3}$|\W|\d{0,3}https?:)")  # a footnote's number, another address
PART_OF_PATH = re.compile(r"\w(?:/|[._]\w)")


@dataclass(frozen=True, slots=True)
class Joiner:
    """Joins lines with what the whole document tells about its words and its width."""

    words: Counter[str]
    width: int
    paged: bool
    paths: frozenset[str] = frozenset()

    def join(self, lines: Sequence[str]) -> str:
        """Return lines as one; Chinese is joined without blanks."""
        parts = [lines[0].strip()]
        for line in map(str.strip, lines[1:]):
            if line:
                parts[-1:] = self._two(parts[-1], line)
        return "".join(parts)

    def _two(self, text: str, line: str) -> tuple[str, ...]:
        """Return what stands in place of the line before, and the line."""
        if text.endswith(SOFT_HYPHEN):
            return text[:-1], line
        if (end := HYPHEN_END.search(text)) and (start := WORD_START.match(line)):
            kept = (
                text if self._is_compound(text, line, end.group(1), start.group(1)) else text[:-1]
            )
            return kept, line
        if self._is_address(text, line):
            return text, line
        both_wide = CJK_END.search(text) and CJK_START.match(line)
        if not text or (both_wide and HAN.search(text[-3:] + line[:3])):
            return text, line
        dashed = text.endswith(("—", "--", "-")) and text[-2:-1] != " "
        return (text, line) if dashed else (text, " ", line)

    def _is_compound(self, text: str, line: str, first: str, second: str) -> bool:
        """Whether the hyphen at a line's end belongs to the word."""
        first, second, is_name = first.lower(), second.lower(), second[:1].isupper()
        joined, hyphened = self.words[first + second], self.words[f"{first}-{second}"]
        if joined != hyphened:
            return hyphened > joined
        if is_name or first in KEEP_HYPHEN:
            return True
        # Transcribed texts don't divide words at line ends; typesetters do.
        return not self.paged or self._is_two_words(text, line, first, second)

    def _is_two_words(self, text: str, line: str, first: str, second: str) -> bool:
        """Whether both halves are words of their own, in a typeset text that has neither whole."""
        after = CHAIN_AFTER.match(line)
        if after and self.words[after.group().lower()]:  # near- + real-time
            return True
        both = bool(self.words[first] and self.words[second])
        shortest = min(len(first), len(second))
        if CHAIN_BEFORE.search(text) or after:  # end-to- + end, mail- + transport-agent
            return both and shortest >= MIN_CHAINED
        if second in KEEP_BEFORE:
            return len(first) >= MIN_HALF
        fuses = first in FUSING_FIRST or second in FUSING_SECOND
        inflected = self.words[first + second + "s"] or self.words[(first + second)[:-1]]
        return both and shortest >= MIN_HALF and not fuses and not inflected

    def _is_address(self, text: str, line: str) -> bool:
        """Whether a line ends within an address or a path."""
        if line.startswith("//") and text.endswith(":"):
            return True
        end = SLASH_END.search(text) or ADDRESS_END.search(text)
        return end is not None and self._is_path(end.group(), line)

    def _is_path(self, before: str, line: str) -> bool:
        """Whether a slash at a line's end stands within a path, not at a folder's end."""
        word = match.group() if (match := PATH_WORD.match(line)) else ""
        if not word or FOREIGN.match(word):
            return False
        if "://" in before and not word.isalpha():
            return True
        if not before.endswith("/"):
            return False
        last = before.rstrip("/").rpartition("/")[2]
        known = f"{last}/{word}".lower() in self.paths
        return known or bool(SINGLE.match(before) or PART_OF_PATH.search(word))

    def fits(self, line: str, following: str) -> bool:
        """Whether the next line's first word would have fitted: the line was ended on purpose."""
        first = following.strip()
        # Chinese lines end one or two characters early rather than begin with a comma.
        word = 3 if CJK_START.match(first) else len(first.split(maxsplit=1)[0]) + 1 if first else 0
        slack = 0.85 if self.paged else 1.0  # proportional fonts: characters measure width roughly
        return len(line) + word <= slack * self.width


def joiner(pieces: Iterable[Piece]) -> Joiner:
    """Learn a document's words, its paths and its line width."""
    words: Counter[str] = Counter()
    paths: set[str] = set()
    lengths: list[int] = []
    paged = False
    for piece in pieces:
        if isinstance(piece, Chunk):
            paged = paged or piece.page > 0
            lengths += [len(line) for line in piece.lines[:-1] if len(line) < UNWRAPPED]
            text = _without_halves(piece.lines)
        else:
            text = piece.text
        words.update(word.lower() for word in WORD.findall(text))
        if "/" in text:
            paths.update(f"{folder}/{name}".lower() for folder, name in PATH.findall(text))
    lengths.sort()
    width = lengths[int(WIDTH_PERCENTILE * (len(lengths) - 1))] if lengths else UNWRAPPED
    return Joiner(words, width, paged, frozenset(paths))


def _without_halves(lines: Sequence[str]) -> str:
    """Return lines without the halves of words that a line's end divides."""
    return BROKEN.sub(" ", "\n".join(lines))
