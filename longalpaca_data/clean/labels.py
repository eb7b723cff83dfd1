"""What headings look like: chapter labels, front and back matter, numbered sections."""

from __future__ import annotations

import re
from dataclasses import dataclass

ROMAN = r"(?=[IVXLCDMivxlcdm])M{0,4}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
WORD_NUMBER = (
    r"(?:THE\s+)?(?:ONE|TWO|THREE|FOUR|FIVE|SIX|SEVEN|EIGHT|NINE|TEN|ELEVEN|TWELVE|THIRTEEN|FOURTEEN|FIFTEEN"
    r"|SIXTEEN|SEVENTEEN|EIGHTEEN|NINETEEN|TWENTY(?:[- ]\w+)?|THIRTY(?:[- ]\w+)?"
    r"|FORTY(?:[- ]\w+)?|FIFTY"
    r"|FIRST|SECOND|THIRD|FOURTH|FIFTH|SIXTH|SEVENTH|EIGHTH|NINTH|TENTH|LAST)"
)
LABEL = re.compile(
    r"^(?P<label>BOOK|VOLUME|VOL\.|PART|CHAPTER|CHAP\.|LETTER|STAVE|CANTO|ADVENTURE|ACT|SCENE|ARTICLE|SECTION"
    r"|Book|Volume|Part|Chapter|Letter|Stave|Canto|Adventure|Act|Scene|Article|Section)\s+"
    rf"(?P<number>\d{{1,3}}|{ROMAN}|(?i:{WORD_NUMBER}))(?P<mark>\s*[.:,—–-]+|\b)(?P<rest>.*)$"
)
FUSED = re.compile(rf"^(CHAPTER|BOOK|PART|LETTER|VOLUME|CANTO)({ROMAN}|\d{{1,3}})(?=\W|$)")
LIST_NUMBER = re.compile(r"^\(?\d{1,2}\)\s+(?=\S)")
GROUPS = {
    "volume": "volume",
    "vol.": "volume",
    "book": "book",
    "part": "part",
    "act": "act",
    "article": "article",
    "section": "section",
    "scene": "scene",
}  # the others are chapters by other names
MATTER_WORDS = (
    r"preface|foreword|introduction|introductory(?: note)?|prologue|epilogue|conclusions?"
    r"|afterword|postscript"
    r"|dedication|abstract|summary|references|bibliography|acknowledge?ments?|glossary"
    r"|works cited|discussion"
    r"|limitations|related work|author[’']s note|executive summary"
)
MATTER = re.compile(
    rf"^(?:the\s+)?(?:{MATTER_WORDS})[.:]?$|^appendix(?:\s+(?:[A-Z]|\d+|[IVX]+|to\b.{{1,60}}))?(?:[.:—–-].{{0,100}})?$",
    re.IGNORECASE,
)
ZH_NUMBER = r"[0-9０-９〇○零一二三四五六七八九十百千兩两廿卅]+"
ZH_LABEL = re.compile(
    rf"^第\s?{ZH_NUMBER}\s?(?P<unit>[回章卷节節部篇集幕折])(?P<rest>$|[\s　:：、．.]+\S.{{0,60}}$"
    rf"|\S{{1,30}}$)"
)
ZH_TRAILING = re.compile(r"^[\u4e00-\u9fff]{1,6}第[一二三四五六七八九十百]+$")
ZH_MATTER = re.compile(
    r"^(?:序|自序|序言|前言|引言|引子|楔子|摘\s?要|后记|後記|跋|附录|附錄|结语|結語|结论|結論|尾声|尾聲|参考文献|參考文獻|致谢|致謝)[一二三四五六七八九十]?$"
)
ZH_LIST = re.compile(r"^(?P<number>[一二三四五六七八九十]{1,3})、\S.{1,30}$")
ZH_GROUPS = {
    "卷": "volume",
    "部": "volume",
    "集": "volume",
    "篇": "part",
    "节": "section",
    "節": "section",
    "折": "scene",
    "幕": "act",
}
ZH_SENTENCE = re.compile(r"[，。！？；]")
NUMBERED = re.compile(
    r"^(?P<number>\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+(?P<rest>[A-Z\u4e00-\u9fff“\"(].{1,90})$"
)
LETTERED = re.compile(r"^(?P<number>[A-H](?:\.\d{1,2}){0,3})\.?\s+(?P<rest>[A-Z].{2,90})$")
ROMAN_ALONE = re.compile(rf"^{ROMAN}\.?$")
ROMAN_TITLED = re.compile(rf"^(?P<number>{ROMAN})\.\s+(?P<rest>[A-Z].{{2,80}})$")
ARABIC_ALONE = re.compile(r"^\d{1,3}\.?$")
SENTENCE_ENDS = re.compile(r"[a-z”)][.!?](?=\W|$)")
MAX_LABELLED = 320  # "PART III.—Of the variations in the Proportion between …" takes four lines
MAX_SPACED_REST = 90
DIVISIONS = frozenset({"volume", "book", "part", "act"})


@dataclass(frozen=True, slots=True)
class Label:
    """A heading's class (``chapter``, ``part``, ``matter``); ``bare`` if it has no title."""

    group: str
    bare: bool = False


def spaced(heading: str) -> str:
    """Mend a heading: CHAPTERXXVII gets its blank, "1) Penguins" loses what isn't its number."""
    return LIST_NUMBER.sub("", FUSED.sub(r"\1 \2", heading))


def label_of(text: str) -> Label | None:
    """Recognise a heading that names what it is: CHAPTER I, 第一回 …, PREFACE."""
    if len(text) > MAX_LABELLED:
        return None
    if (match := LABEL.match(text)) and _is_title(match):
        return Label(
            GROUPS.get(match["label"].lower(), "chapter"), not match["rest"].strip(" .:—–-")
        )
    if MATTER.match(text) and text[:1].isupper():
        return Label("matter")
    if (zh := ZH_LABEL.match(text)) and not ZH_SENTENCE.search(zh["rest"]):
        return Label(ZH_GROUPS.get(zh["unit"], "chapter"), not zh["rest"].strip())
    if ZH_TRAILING.match(text):
        return Label("chapter")
    return Label("matter") if ZH_MATTER.match(text) else None


def _is_title(match: re.Match[str]) -> bool:
    """Tell "CHAPTER I. Loomings." from "Part of the capital …" and "Chapter 3 describes how"."""
    rest = match["rest"].strip()
    if not match["number"].strip():
        return False
    if len(SENTENCE_ENDS.findall(rest)) > 1:
        return False  # "CHAPTER I. (Sperm Whale).—This whale, among the English … . He is …"
    if not rest or match["mark"].strip():
        return True
    return rest[:1].isupper() and len(rest) <= MAX_SPACED_REST and rest[-1:] not in ".,;"


def roman_value(text: str) -> int:
    """Return the value of a Roman numeral."""
    values = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    digits = [values[digit] for digit in text.upper()]
    following = [*digits[1:], 0]
    return sum(-a if a < b else a for a, b in zip(digits, following, strict=True))
