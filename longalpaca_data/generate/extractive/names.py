"""Names and terms that recur in a window, and where.

A name is only returned with *all* its places, and only where the text writes it in one way: a
name that also occurs in lower case, in the plural, or as a part of a longer name is left out, for
a question about its first or every mention would have two answers.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from longalpaca_data.core.language import HAN_CHARACTERS
from longalpaca_data.generate.extractive.parsed_part import ParsedPart
from longalpaca_data.generate.extractive.speakers import zh_speakers

_WORD = r"[A-Z][a-z]+(?:[A-Z][a-z]+)?(?:-[A-Z][a-z]+)*"
_TITLE = r"(?:Mrs?|Ms|Dr|St|Sir|Lady|Lord|Captain|Father|Miss|Madame|Professor|Colonel|Major)"
_EN_NAME = re.compile(
    rf"(?<![\w.-])(?:{_TITLE}\.? )?{_WORD}"
    rf"(?: (?:of|the|de|von|van|du|la) {_WORD}| {_WORD})*(?![\w-])"
)
_ACRONYM = re.compile(r"(?<![\w.-])[A-Z]{3,6}(?![\w-])")
_MID_SENTENCE = re.compile(r"[a-z,;] $")
_REFERRING = re.compile(r"\b(?:[Ss]ee|also|section|chapter|under|[Cc]ompare|cf\.),? $")
_NOT_NAMES = frozenset(
    re.findall(
        r"\w+",
        "January February March April May June July August September October November December "
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday English French German Latin "
        "Greek Spanish Italian Dutch Chinese American British Christian Heaven Providence Table "
        "Figure Section Chapter Appendix Part Note Example Step Equation Table Tables Figures "
        "Sections Chapters Christmas Sabbath Lord Messrs Senor Senora Monsieur Internet Majesty "
        "Highness Ladyship Lordship Excellency Worship Federal National Tertiary Royal TRUE FALSE "
        "NULL Hundred Thousand Million First Second Third Fourth Fifth Sixth Seventh Eighth Ninth",
    )
)
_KIND = re.compile(r"(?:[ie]an|ish|ese|ers|ians)$")
_MINOR = frozenset(
    re.findall(
        r"\w+",
        "of the de von van du la Mr Mrs Ms Dr St Sir Lady Lord Captain Father Miss",
    )
)
_ZH_LATIN = re.compile(
    r"(?<![A-Za-z0-9./_-])[A-Z][A-Za-z0-9]{2,}(?: [A-Z][A-Za-z0-9]+)*(?![A-Za-z0-9/_-])"
)
_ZH_TITLE = re.compile(rf"《[{HAN_CHARACTERS}·]{{2,12}}》")
_ZH_LONGER = re.compile(r"[太爺爷兒儿老師师娘婆姐妹哥弟父母氏]")  # 王太 beside 王太太
_ZH_WORDS = frozenset({"明月", "清風", "清风", "金星"})  # names in one book, words in most
_FEWEST, _MOST = 2, 60
_SHORTEST_SINGLE = 5
_MAX_NAMES = 80  # the rarest first: what stands everywhere is no question


@dataclass(frozen=True, slots=True)
class Name:
    """A name or term and the offsets of all its occurrences, in order."""

    text: str
    places: tuple[int, ...]

    @property
    def acronym(self) -> bool:
        """Whether the name stands for a longer one, which the text may use as well."""
        return self.text.isupper()

    @property
    def parts(self) -> tuple[str, ...]:
        """The words by which the same thing may be called for short: Hussey of Mrs. Hussey, 少卿 of
        杜少卿; none for a single word.
        """
        words = re.findall(r"[A-Za-z]+", self.text)
        if words:
            return tuple(w for w in words if w not in _MINOR) if len(words) > 1 else ()
        return (self.text[1:],) if len(self.text) > 2 and self.text[0] != "《" else ()

    def only_form(self, reading: ParsedPart) -> bool:
        """Say whether no part of the name stands alone anywhere: "which chapters mention the White
        Sphinx" has two answers where the text also says "the Sphinx".
        """
        return all(reading.text.count(part) <= len(self.places) for part in self.parts)


@lru_cache(maxsize=8)
def names(reading: ParsedPart) -> tuple[Name, ...]:
    """Return the recurring proper names and terms of the window, each written in one way only."""
    found = _zh_candidates(reading) if reading.language == "zh" else _en_candidates(reading)
    words = _lower_words(reading.document_text)
    lower = _lower(reading.text)
    kept: list[Name] = []
    for text in found:
        places = _places(lower, text.lower())
        if text in reading.title or not _FEWEST <= len(places) <= _MOST:
            continue
        if _ordinary(text, words) or not _one_way(reading, text, places):
            continue
        if not _other_forms(text, lower, len(places)):
            kept.append(Name(text, tuple(places)))
        if len(kept) == _MAX_NAMES:
            break
    return tuple(kept)


@lru_cache(maxsize=4)
def _lower_words(text: str) -> frozenset[str]:
    """Return the words that a text writes in lower case; names asks the document, not only the
    window.
    """
    return frozenset(re.findall(r"(?<![\w’'-])[a-z]{3,}(?![\w-])", text))


def _ordinary(name: str, words: frozenset[str]) -> bool:
    """Say whether a single word is one of the language's, capital by accident: Details."""
    lower = name.lower()
    return " " not in name and not words.isdisjoint(_numbers(lower))


def _numbers(name: str) -> set[str]:
    """Return a name's likely singulars and plurals, itself included."""
    forms = {name, name + "s", name + "es"}
    if name.endswith("y"):
        forms.add(name[:-1] + "ies")
    if name.endswith("s"):
        forms |= {name[:-1], name.removesuffix("es")}
    if name.endswith("ies"):
        forms.add(name[:-3] + "y")
    return forms


def _other_forms(name: str, lower: str, count: int) -> bool:
    """Say whether the text has the name in the other number too, or hyphenated or spaced
    differently: Miss Bennets beside Miss Bennet, Micro-Segmentation beside microsegmentation.
    """
    if not name.isascii():
        return False
    text = name.lower()
    if text.endswith("s") and any(
        form in lower and re.search(rf"(?<!\w){re.escape(form)}(?!\w)", lower)
        for form in _numbers(text) - {text}
    ):
        return True
    if not re.search(r"[ -]|[a-z][A-Z]", name):
        return False
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
    loose = r"[\s‐‑–-]*".join(part.lower() for part in parts)
    return len(re.findall(loose, lower)) > count


def _lower(text: str) -> str:
    """Lower case of the same length: offsets hold."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _places(text: str, phrase: str) -> list[int]:
    found, at = [], text.find(phrase)
    while at >= 0:
        found.append(at)
        at = text.find(phrase, at + len(phrase))
    return found


def _en_candidates(reading: ParsedPart) -> list[str]:
    """Capitalised words that stand within a sentence twice or more, the rarest first; the first
    word of a link ("see Details of configuration") is capital for another reason.
    """
    text, times = reading.text, Counter[str]()
    for match in (*_EN_NAME.finditer(text), *_ACRONYM.finditer(text)):
        before = text[max(0, match.start() - 12) : match.start()]
        if _MID_SENTENCE.search(before) and not _REFERRING.search(before):
            times[match[0]] += 1
    return [name for name, count in _rarest(times) if count >= _FEWEST and _telling(name)]


def _rarest(times: Counter[str]) -> list[tuple[str, int]]:
    return sorted(times.items(), key=lambda item: (item[1], item[0]))


def _telling(name: str) -> bool:
    words = re.split(r"[ -]", name)
    if any(word in _NOT_NAMES for word in words):
        return False
    # Adjectives of peoples and plurals name a kind, not somebody: Tahitian, Spanish, Islanders.
    if name.isupper():
        return re.fullmatch(r"[IVXLC]+", name) is None
    return len(words) > 1 or (len(name) >= _SHORTEST_SINGLE and not _KIND.search(name))


def _one_way(reading: ParsedPart, name: str, places: list[int]) -> bool:
    """Say whether each occurrence is exactly this name: same case, no longer word or name."""
    text, size = reading.text, len(name)
    latin = name[0].isascii()
    for at in places:
        if text[at : at + size] != name:
            return False
        if not latin and _ZH_LONGER.match(text, at + size):
            return False
        if latin and not _stands_free(text[max(0, at - 24) : at], text[at + size : at + size + 3]):
            return False
    return True


def _stands_free(before: str, after: str) -> bool:
    """Neither a part of a word nor of a longer capitalised name."""
    if re.search(r"[A-Z]\w* (?:with|for|&) $", before):
        return False  # the Americans with Disabilities Act
    if re.search(r"[\w-]$", before) and not re.search(rf"[{HAN_CHARACTERS}]$", before):
        return False
    if re.match(r"[A-Za-z0-9_-]|[ -][A-Z]|[./:]\w|=", after):
        return False
    longer = re.search(r"(?:^|(?P<gap>[a-z,;] )|[^\w] |^)(?P<word>[A-Z][\w.’-]*) $", before)
    return longer is None or longer["gap"] is None


_NOUN = re.compile(
    r"(?<![\w’'-])[a-z]{3,}(?:tion|sion|ment|ness|ity|ology|ism|ship|ance|ence|ture|hood|phy|gy)(?![\w’'-])"
)
_EMPTY_NOUNS = frozenset(
    re.findall(
        r"\w+",
        "question mention moment instance attention addition section function position condition "
        "portion difference sentence reference element statement comment existence presence "
        "appearance distance occasion intention experience direction attachment possibility "
        "quantity quality ability university substance circumstance influence consequence "
        "conversation expression",
    )
)
_NOUN_MENTIONS = range(3, 7)


@lru_cache(maxsize=8)
def common_nouns(reading: ParsedPart) -> tuple[Name, ...]:
    """Return English nouns that occur three to six times in one form only (no plural, no capital):
    "every sentence with the word “evolution”" has one answer then.
    """
    if reading.language != "en":
        return ()
    lower, found = _lower(reading.text), []
    times = Counter(match[0] for match in _NOUN.finditer(reading.text))
    for noun, count in _rarest(times):
        if count not in _NOUN_MENTIONS or noun in _EMPTY_NOUNS:
            continue
        places = _places(lower, noun.removesuffix("y"))
        if len(places) == count:
            found.append(Name(noun, tuple(places)))
    return tuple(found)


def _in_chinese(text: str, match: re.Match[str]) -> bool:
    """Between Chinese words, not in a line of code or an English sentence."""
    around = text[max(0, match.start() - 2) : match.start()], text[match.end() : match.end() + 2]
    return all(re.search(rf"[{HAN_CHARACTERS}，。、；：（）]", side) for side in around)


def _zh_candidates(reading: ParsedPart) -> list[str]:
    text = reading.text
    times = Counter(m[0] for m in _ZH_LATIN.finditer(text) if _in_chinese(text, m))
    times.update(m[0] for m in _ZH_TITLE.finditer(text))
    found = [name for name, count in _rarest(times) if count >= _FEWEST]
    people = zh_speakers(reading) - _ZH_WORDS
    return found + [p for p in people if not any(p != other and p in other for other in people)]
