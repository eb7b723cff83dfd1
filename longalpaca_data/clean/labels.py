"""What headings look like: chapter labels, front and back matter, numbered sections."""

from __future__ import annotations

import re
from dataclasses import dataclass

from longalpaca_data.core.language import HAN, HAN_CHARACTERS
from longalpaca_data.core.numerals import (
    CHINESE_DIGITS,
    CHINESE_NUMBER,
    ENGLISH,
    ENGLISH_WORDS,
    ROMAN,
)

WORD_NUMBER = rf"(?:THE\s+)?(?:{ENGLISH}|LAST)"
LABEL = re.compile(
    r"^(?P<label>BOOK|VOLUME|VOL\.|PART|CHAPTER|CHAP\.|LETTER|STAVE|CANTO|ADVENTURE|ACT|SCENE|ARTICLE|SECTION"
    r"|Book|Volume|Part|Chapter|Letter|Stave|Canto|Adventure|Act|Scene|Article|Section)\s+"
    rf"(?P<number>\d{{1,3}}|{ROMAN}|(?i:{WORD_NUMBER}))(?P<mark>\s*[.:,：、—–-]+|\b)(?P<rest>.*)$"
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
ZH_DIVISION_UNITS = "卷部集篇"
ZH_MARK = re.compile(
    rf"第\s{{0,2}}(?P<number>{CHINESE_NUMBER})\s{{0,2}}(?P<unit>[回章话話节節幕折{ZH_DIVISION_UNITS}])"
)
"""A Chinese label: 第十二章, 第 3 回, 第一二○回. Whether it heads a chapter is another question."""
ZH_ROLL = re.compile(rf"^(?P<unit>卷)之?(?P<number>{CHINESE_NUMBER})(?P<rest>$|[\s:：].{{0,40}}$)")
ZH_TRAILING = re.compile(rf"^[{HAN_CHARACTERS}]{{1,6}}第[{CHINESE_DIGITS}]{{1,4}}$")
ZH_MATTER_WORDS = [
    *[
        "序",
        "自序",
        "他序",
        "总序",
        "總序",
        "代序",
        "序言",
        "序章",
        "序幕",
        "序文",
        "前言",
        "引言",
        "引子",
        "楔子",
        "导言",
        "導言",
        "导论",
        "導論",
    ],
    *[
        "译者序",
        "譯者序",
        "摘要",
        "后记",
        "後記",
        "跋",
        "附录",
        "附錄",
        "结语",
        "結語",
        "结论",
        "結論",
        "终章",
        "終章",
        "尾声",
        "尾聲",
        "番外",
        "番外篇",
    ],
    *["外传", "外傳", "大结局", "大結局", "参考文献", "參考文獻", "致谢", "致謝"],
]
ZH_MATTER = re.compile(
    r"^[【〖\[]?(?:"
    + "|".join(r"\s{0,4}".join(word) for word in ZH_MATTER_WORDS)
    + rf")\s?(?:之?{CHINESE_NUMBER})?[】〗\]]?(?P<rest>$|[\s:：·—–-]+[^。]{{1,30}}$)"
)
ZH_LIST = re.compile(
    rf"^(?:(?P<number>[{CHINESE_DIGITS}]{{1,4}}|\d{{1,3}})"
    rf"(?:、|(?:[.．]\s*|\s+)(?=[{HAN_CHARACTERS}])))\S.{{0,30}}$"
)
ZH_ALONE = re.compile(rf"^[（(]?[{CHINESE_DIGITS}]{{1,4}}[)）]?$")
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
RULE = re.compile(r"^[\s\-=_*~—－＝＊]{4,}$")
NUMBERED = re.compile(
    r"^(?P<number>\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+(?P<rest>[A-Z\u4e00-\u9fff“\"(].{1,90})$"
)
LETTERED = re.compile(r"^(?P<number>[A-H](?:\.\d{1,2}){0,3})\.?\s+(?P<rest>[A-Z].{2,90})$")
ROMAN_ALONE = re.compile(rf"^(?:{ROMAN}|[\u2160-\u216b])\.?$")
ROMAN_TITLED = re.compile(rf"^(?P<number>{ROMAN})\.\s+(?P<rest>[A-Z].{{2,80}})$")
WORD_ALONE = re.compile(rf"^(?:{'|'.join(ENGLISH_WORDS)})\.?$", re.IGNORECASE)
ARABIC_ALONE = re.compile(r"^\d{1,3}\.?$")
SENTENCE_ENDS = re.compile(r"[a-z”)][.!?](?=\W|$)")
MAX_LABELLED = 320  # "PART III.—Of the variations in the Proportion between …" takes four lines
MAX_SPACED_REST = 90
MAX_ZH = 60
DIVISIONS = frozenset({"volume", "book", "part", "act"})


@dataclass(frozen=True, slots=True)
class Label:
    """A heading's class (``chapter``, ``part``, ``matter``); ``bare`` if it has no title.

    ``counts`` if the heading is one only where its number counts up with others (Chinese).
    """

    group: str
    bare: bool = False
    counts: bool = False


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
    if len(text) <= MAX_ZH and (zh := _chinese(text)):
        return zh
    return Label("matter") if ZH_MATTER.match(text) else None


def _chinese(text: str) -> Label | None:
    if mark := ZH_MARK.match(text):
        rest = text[mark.end() :].strip(" \u3000：:")
        group = ZH_GROUPS.get(mark["unit"], "chapter")
        return Label(group, not rest, counts=True) if "。" not in rest else None
    if roll := ZH_ROLL.match(text):
        return Label("volume", not roll["rest"].strip(" \u3000：:"), counts=True)
    return Label("chapter") if ZH_TRAILING.match(text) else None


def _is_title(match: re.Match[str]) -> bool:
    """Tell "CHAPTER I. Loomings." from "Part of the capital …" and "Chapter 3 describes how"."""
    rest = match["rest"].strip()
    if not match["number"].strip():
        return False
    if len(SENTENCE_ENDS.findall(rest)) > 1:
        return False  # "CHAPTER I. (Sperm Whale).—This whale, among the English … . He is …"
    if not rest or match["mark"].strip():
        return True
    titled = rest[:1].isupper() or HAN.match(rest)
    return bool(titled) and len(rest) <= MAX_SPACED_REST and rest[-1:] not in ".,;。，；"
