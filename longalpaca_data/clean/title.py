"""A title that can stand in a question: never a file name, never empty."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from longalpaca_data.clean.chunks import Chunk, Piece
from longalpaca_data.clean.unicode import clean_text
from longalpaca_data.core.language import HAN_CHARACTERS

MAX_TITLE = 200
MAX_ACRONYM = 5  # letters: "NIST" stays as it is
CAPITALS_SHARE = 0.8  # "WALDEN and ON THE DUTY OF CIVIL DISOBEDIENCE"
MAX_TITLE_PAGE = 8  # lines between the first one and "by …"
MAX_AUTHOR = 80
MAX_FIRST_LINE = 60
GUTENBERG = re.compile(
    r"^(?:The )?Project Gutenberg(?:'s|’s)? (?:E(?:Book|text) of )?(?P<title>.+?)(?:,? by .+)?$",
    re.IGNORECASE,
)
WORD = re.compile(r"^Microsoft (?:Word|PowerPoint|Excel) - ", re.IGNORECASE)
SUFFIX = re.compile(
    r"\.(?:pdf|docx?|rtf|odt|tex|dvi|indd|qxd|html?|txt|md|pptx?|xlsx?|epub)$", re.IGNORECASE
)
JUNK = re.compile(
    r"^(?:untitled.*|unknown|no title|title|document\s?\d*|doc\d*|main|paper|manuscript"
    r"|template|slide \d+|index"
    r"|powerpoint presentation|cover|untitled document|\W*|[\d\W]+|.*\\.*|.*/.*\.\w{2,4})$",
    re.IGNORECASE,
)
FILE_LIKE = re.compile(r"^[\w.-]*[_\d][\w.-]*$")
BY = re.compile(
    r"^(?:(?:written|translated|edited)\s+)?by(?:\s+|$)|^(?:作者|著者|[编編]者)\s*[:：]\s*",
    re.IGNORECASE,
)
BRACKETS = re.compile(r"^《([^《》]+)》$")
SENTENCE = re.compile(r"[.!?。！？；;,，:：、]$")
COLOPHON = re.compile(r"^\s*《([^《》]{1,30})》\s*(?:至此|全[书書文])?\s*[终終完]")
_SMALL = "a an and as at but by for from in into nor of on or the to with"
SMALL_WORDS = frozenset(_SMALL.split())
LAST_PIECES = 30
PINYIN = re.compile(r"^[a-z]{1,6}$", re.IGNORECASE)
IDEOGRAPHS = re.compile(rf"^[{HAN_CHARACTERS}]+$")


def judge(title: str) -> str:
    """Return a title from metadata as a person would write it, or nothing if it is none."""
    title = " ".join(clean_text(title).split())
    title = WORD.sub("", title)
    title = BRACKETS.sub(r"\1", title)
    if match := GUTENBERG.match(title):
        title = match["title"]
    was_file = bool(SUFFIX.search(title))
    title = SUFFIX.sub("", title).strip(" -–—:;,.")
    if JUNK.match(title) or len(title) > MAX_TITLE or (was_file and FILE_LIKE.match(title)):
        return ""
    if "_" in title:
        title = " ".join(title.replace("_", " ").split())
    capitals = sum(map(str.isupper, title)) > CAPITALS_SHARE * sum(map(str.isalpha, title))
    return in_title_case(title) if capitals and len(title) > MAX_ACRONYM else title


def in_title_case(title: str) -> str:
    """Return "WALDEN AND OTHERS" as "Walden and Others"."""
    words = title.lower().split()
    return " ".join(
        word if word in SMALL_WORDS and index else _capitalised(word)
        for index, word in enumerate(words)
    )


def _capitalised(word: str) -> str:
    return "-".join(part[:1].upper() + part[1:] for part in word.split("-"))


def of_title_page(pieces: Sequence[Piece]) -> tuple[str, str]:
    """Return title and author where the text begins "TITLE … by AUTHOR", or 《…》, 作者：… ."""
    lines = [line for piece in pieces[:MAX_TITLE_PAGE] for line in _lines(piece)]
    parts: list[str] = []
    for line in lines[:MAX_TITLE_PAGE]:
        if (match := BY.match(line)) and parts:
            author = line[match.end() :].strip()
            return judge(" ".join(parts)), author if len(author) <= MAX_AUTHOR else ""
        if len(line) > MAX_TITLE:
            break
        parts.append(line)
    return "", ""


def of_first_line(pieces: Sequence[Piece]) -> str:
    """Return the first line if it stands alone before the first heading and is no sentence."""
    if not pieces or not isinstance(pieces[0], Chunk):
        return ""
    lines = _lines(pieces[0])
    is_title = len(lines) == 1 and len(lines[0]) <= MAX_FIRST_LINE and not SENTENCE.search(lines[0])
    return judge(lines[0]) if is_title else ""


def _lines(piece: Piece) -> list[str]:
    lines = piece.lines if isinstance(piece, Chunk) else piece.text.split("\n")
    return [text for line in lines if (text := " ".join(line.split()))]


def of_colophon(pieces: Sequence[Piece]) -> str:
    """Return the title that a Chinese book names at its end (《西遊記》至此終)."""
    for piece in reversed(pieces[-LAST_PIECES:]):
        if match := COLOPHON.match(piece.text):
            return match.group(1)
    return ""


def in_own_script(title: str, pieces: Sequence[Piece]) -> str:
    """Return the Chinese title that the text begins with, for one in pinyin (Lun Yu, 論語).

    One character per syllable: who catalogues in pinyin writes the syllables apart.
    """
    syllables = title.split()
    if not title.isascii() or not all(PINYIN.match(syllable) for syllable in syllables):
        return title
    lines = (
        line.strip("《》 \u3000") for piece in pieces[:MAX_TITLE_PAGE] for line in _lines(piece)
    )
    found = (line for line in lines if len(line) == len(syllables) and IDEOGRAPHS.match(line))
    return next(found, title) if len(syllables) > 1 else title


def of_path(path: str) -> str:
    """Return a file's or URL's name made readable: ``war_and-peace.txt`` → War and Peace."""
    stem = PurePosixPath(path.split("?", maxsplit=1)[0].rstrip("/")).name
    stem = SUFFIX.sub("", stem) or path
    words = " ".join(re.split(r"[\s_+-]+", stem)).strip() or path
    return in_title_case(words) if words.islower() else words
