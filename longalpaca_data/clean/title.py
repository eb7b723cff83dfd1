"""A title that can stand in a question: never a file name, never empty."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote

from longalpaca_data.clean.chunks import Chunk, Piece
from longalpaca_data.clean.labels import label_of
from longalpaca_data.clean.unicode import clean_text
from longalpaca_data.core.language import HAN, HAN_CHARACTERS

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
SITE_SEPARATOR = re.compile(r"\s+[-–—|·»]{1,2}\s+|\s*\|\s*|_(?=[^_]+$)")
SITES = re.compile(
    r"^(?:[\w ]{0,20}wikipedia|wikisource|wikibooks|medium|github|stack overflow|youtube|reddit)\b"
    r"|^(?:维基|維基|百度)(?:百科|文库|文庫|教科书)|^知乎|^豆瓣|^简书|^csdn|free encyclopedia$"
    r"|[\w-]+\.(?:com|org|net|cn)$",
    re.IGNORECASE,
)
FILE_TOKEN = re.compile(r"^(?:[a-z0-9]+(?:[-_.][a-z0-9]+)+|\S*\d{5,}\S*|\S*_\S*|[a-z]+\d+)$")
FORM_NAME = re.compile(
    r"^(?:form\s+)?(?:10-?[kq](?:/a)?|20-f|40-f|8-k|6-k|s-[134]|def ?14a)\W*$"
    r"|^(?:annual|quarterly) report(?: on form 10-?[kq])?$",
    re.IGNORECASE,
)
ALTERNATIVE = re.compile(r"[;,:]\s+or[,:]?\s+\S.*$", re.IGNORECASE)
SUBTITLE = re.compile(r"^([^:：]{4,})\s*[:：]\s+\S")
BOOK_MARKS = re.compile(r"《([^《》]{1,60})》")
FILE_AUTHOR = re.compile(
    r"(?:作者|著者|by)\s*[：:_\s]\s*([^()（）【】\[\]《》_.，,]{1,30})", re.IGNORECASE
)
EDITION = re.compile(r"[（(【\[][^（）()【】\[\]]{0,30}[）)】\]]")
LEADING_NUMBER = re.compile(r"^\d{1,4}[-_.、\s]+")
DIGIT_WORD = re.compile(r"\b(?=\w*\d)(?=\w*[a-z])\w+\b|\d{5,}")
MAX_LABEL = 40  # characters that tell whether a heading is a chapter's
DIGITS = re.compile(r"\d")
YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
MIN_NAME = 3  # letters of a file's name that can be a title
DOWNLOADED = re.compile(r"https?:|www\.|\.com\b|下载|電子書|电子书|论坛", re.IGNORECASE)
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
    if FILE_TOKEN.match(title) and not HAN.search(title):
        title = "" if DIGIT_WORD.search(title) else in_title_case(title.replace("-", " "))
    capitals = sum(map(str.isupper, title)) > CAPITALS_SHARE * sum(map(str.isalpha, title))
    if capitals and len(title) > MAX_ACRONYM:
        return in_title_case(title)
    return _with_small_words(title)


def _with_small_words(title: str) -> str:
    """Return "The Case Of Mr. A And Mr. B" with its of and and small."""
    words = title.split(" ")
    if any(word.islower() for word in words):
        return title
    inner = [word.lower() if word.lower() in SMALL_WORDS else word for word in words[1:]]
    return " ".join([*words[:1], *inner])


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
    is_other = is_title and (label_of(lines[0]) or DOWNLOADED.search(lines[0]))
    return judge(lines[0]) if is_title and not is_other else ""


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
    found = (
        line
        for line in lines
        if len(line) == len(syllables) and IDEOGRAPHS.match(line) and not label_of(line)
    )
    return next(found, title) if len(syllables) > 1 else title


def of_path(path: str) -> str:
    """Return a file's or URL's name made readable (``war_and-peace.txt`` → War and Peace), nothing
    where it is a code (``unp-20241231``, ``25c``).
    """
    stem = _stem(path)
    words = " ".join(re.split(r"[\s_+-]+", stem)).strip()
    letters = sum(map(str.isalpha, words))
    code = DIGITS.search(YEAR.sub("", words)) or letters < MIN_NAME or letters < len(words) / 2
    if code or JUNK.match(words) or FORM_NAME.match(stem):
        return ""
    return in_title_case(words) if words.islower() else words


def _stem(path: str) -> str:
    name = unquote(PurePosixPath(path.split("?", maxsplit=1)[0].rstrip("/")).name)
    return SUFFIX.sub("", name)


def of_file_name(path: str) -> tuple[str, str]:
    """Return title and author of a name like 《自编长夜》（校对版全本）作者：无名氏.txt."""
    stem = _stem(path)
    author = FILE_AUTHOR.search(stem)
    named = BOOK_MARKS.search(stem)
    if named is None and author is None:
        return "", ""
    text = named[1] if named else EDITION.sub(" ", stem[: author.start() if author else None])
    found = judge(LEADING_NUMBER.sub("", " ".join(text.split())).strip(" 　-_—·."))
    return found, author[1].strip() if author else ""


def without_site(title: str, headings: Sequence[str]) -> str:
    """Return a page's title without its site's name: "Duck - Wikipedia", "Title | Site".

    The part that a heading says again is the title; of "Handbook: Chapter 3 …" over the heading
    "Chapter 3 …" the handbook is.
    """
    title = " ".join(clean_text(title).split())
    for heading in headings[:1]:
        work = title.removesuffix(heading).rstrip(" :：-–—|") if heading else ""
        if work and work != title and label_of(heading[:MAX_LABEL]):
            return work
    parts = [part.strip() for part in SITE_SEPARATOR.split(title)]
    keys = {squeezed(heading) for heading in headings if squeezed(heading)}
    said = [part for part in parts if squeezed(part) in keys]
    if len(parts) > 1 and said:
        return said[0]
    if len(parts) > 1 and SITES.search(parts[-1]):
        return title[: title.rindex(parts[-1])].rstrip(" -–—|_·")
    return parts[0] if "|" in title and len(parts) > 1 and parts[0] else title


def squeezed(text: str) -> str:
    """What two writings of one title have in common."""
    return re.sub(r"[\W_]+", "", text).casefold()


def is_weak(title: str) -> bool:
    """Whether a metadata title is a file's or a form's name: developers-reference, Form 10-K."""
    title = WORD.sub("", title.strip())
    return bool(SUFFIX.search(title) or FILE_TOKEN.match(title) or FORM_NAME.match(title))


def without_subtitle(title: str, is_book: bool) -> str:
    """Return a title that a question can name: "Moby Dick; or The Whale" is Moby Dick."""
    title = ALTERNATIVE.sub("", title)
    if is_book and (match := SUBTITLE.match(title)):
        return match[1]
    return title
