"""Figures as they stand in running text and in tables: found, told from labels, read exactly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from longalpaca_data.generate.extractive.sentence_quality import word_set

NUMBER = r"\d{1,3}(?:[,\u202f\u00a0 ]\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?"
_FIGURE = re.compile(rf"(?<![\w.,:/–—−-])(?P<number>{NUMBER})(?![\w/:–—-]|[.,]\d)")
_ZH_FIGURE = re.compile(
    r"(?<![A-Za-z\d.,:/–—−-])(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![A-Za-z\d/:–—-])"
)

# "Section 3", "version 2.1", "May 12", "RFC 2119": numbers that name a thing and count nothing.
_LABEL = re.compile(
    r"(?:\b(?:[Ss]ections?|[Cc]hapters?|[Tt]ables?|[Ff]igures?|[Ff]ig\.|[Pp]ages?|pp?\.|[Nn]o\.|[Nn]os\.|"
    r"[Nn]umbers?|[Ee]quations?|[Ee]q\.|[Vv]ersions?|[Vv]ol\.|[Vv]olume|[Ss]teps?|[Tt]enets?|[Ll]evels?|"
    r"[Aa]ppendix|[Aa]rticles?|[Ii]tems?|[Ll]ines?|[Rr]ows?|[Cc]olumns?|[Pp]hases?|[Pp]arts?|[Pp]orts?|"
    r"[Cc]lass|[Tt]ype|[Gg]rade|[Mm]onths?|[Dd]ays?|[Ww]eeks?|[Yy]ears?|[Ww]aves?|[Gg]roups?|[Ll]ayers?|"
    r"[Cc]odes?|[Uu]ids?|[Ii][Dd]|[Bb]its?|rooms?|[Aa]ct|[Tt]itle|or|to|and|[Rr]ule|[Pp]roposition|[Tt]heorem|"
    r"[Cc]omponents?|[Cc]lusters?|[Mm]odels?|[Cc]ases?|[Ee]xamples?|[Ee]xperiments?|[Qq]uestions?|"
    r"[Ss]essions?|[Ll]essons?|[Ee]xercises?|[Bb]ooks?|[Qq]uarters?|[Tt]iers?|[Zz]ones?|[Uu]nits?|"
    r"[Nn]odes?|[Ss]tages?|[Rr]ounds?|[Cc]ategory|[Ff]actors?|[Cc]ells?|[Cc]ohorts?|[Oo]ptions?|"
    r"[Tt]ypes|[Gg]rades|[Mm]odules?|[Vv]ariants?|[Ss]chedules?|[Ff]orms?|[Nn]otes?|[Ff]ootnotes?|"
    r"[Bb]ox|[Pp]anels?|[Mm]odes?|[Tt]asks?|[Ss]cenarios?|[Ss]tudy|[Mm]ethods?|[Rr]oute|[Ll]ots?|[Dd]evice)"
    r"|[A-Z][\w’'-]*\.?|[§#=<>+*×^~(\[\"“‘])\s?$"
)
_QUANTIFIERS = word_set(
    "The In At Of About Some Only Over Around Nearly Almost Another These All A"
)
_UNITS = word_set(
    "percent per million billion thousand hundred dozen km kg cm mm ms px kw mw gb mb kb hz ghz mhz"
)
_NO_NOUN = word_set(
    "and or to of in is are was were be above below with as at by for from on if when which that "
    "the a an it its has have had but not so than then until before after can may must will would "
    "should do does did only also respectively through into"
)
_GOES_ON = re.compile(r"\s?%?,? \d|.{0,6}×")  # "90 %, 95 %", "32 px × 32 px"
_ZH_UNIT = re.compile(
    r"\s?(?:%|％|(?:多|余|餘)?(?:万|萬|亿|億|千|百)?(?:[个個人名台臺座条條件次天岁歲元米吨噸克升种種类類家本册冊页頁位只隻艘辆輛户戶亩畝倍项項张張幅层層字句秒両兩斤里]|"
    r"分钟|分鐘|小时|小時|公里|公斤|平方|毫米|厘米|千克|美元|字节|字節|年(?!代|版|[\d，,]|度))|[KMGT]i?B)"
)


_NOUN_AFTER = re.compile(
    r"\s?%| (?:[a-z][a-z-]+ ){0,2}(?:(?!(?:was|has|this|its|less|thus|does|as|is|us)\b)[a-z-]{2,}s|"
    r"people|men|women|children|staff|feet|per|percent|mm|ms|[kKMG]i?B|km|kg|cm|mins?|million|billion|"
    r"thousand|hundred|[kMG]?[WH]z?h?)\b"
)
"""A figure counts things, or measures in a unit: "component 2 write" is a label's number."""


def stated_figures(text: str, language: str) -> Iterator[re.Match[str]]:
    """Yield the numbers of a sentence that count or measure something: followed by a noun, a unit
    or a per cent sign, after no label. Years and numbers below 2 are left out.
    """
    for match in (_ZH_FIGURE if language == "zh" else _FIGURE).finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        if _is_year(match["number"]) or as_decimal(match["number"]) in {
            None,
            Decimal(0),
            Decimal(1),
        }:
            continue
        if language == "zh":
            if _ZH_UNIT.match(after) and not re.search(r"[第图圖表节節章条條月版]\s?$", before):
                yield match
            continue
        if not before or before.endswith("× ") or _GOES_ON.match(after):
            continue
        if not _NOUN_AFTER.match(after) and not re.search(r"[$€£]\s?$", before):
            continue
        if re.search(r"[$€£]\s?$", before) or (_counts(after) and not _labelled(before)):
            yield match


_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_SMALL = rf"(?:(?:{_TENS})(?:-(?:{_ONES}))?|{_TEENS})"
_GREAT = (
    rf"(?:{_ONES}|{_SMALL}) (?:hundred|thousand|million)(?: thousand| million)?(?: and {_SMALL})?"
)
_SPELT = re.compile(
    rf"(?<![\w-])(?P<number>{_GREAT}|{_SMALL})(?= (?:[a-z]+ )?"
    rf"(?:[a-z]{{3,}}s|men|women|people|feet|"
    r"children)\b)(?! (?:or|and|to|hundred|thousand|times)\b|-)"
)
_VAGUE = re.compile(
    rf"(?:\b(?:or|and|to|these|those|this|a|an|the|his|her|its|their|my|our|next|last|first|every|of|"
    rf"{_ONES}|{_TENS}|{_TEENS}))\s$",
    re.IGNORECASE,
)
"""Before a number: "eight or ten", "these ten years"."""
_ZH_SPELT = re.compile(
    r"(?<![第初正這这那此一二三四五六七八九十百千萬万两兩几幾數数])(?P<number>(?:[一二三四五六七八九两兩]?"
    r"[千萬万百十])+[一二三四五六七八九]?)"
    r"(?=(?:[兩两](?:銀|银|黃|黄)|里[路地，。、]|[歲岁]|[個个名][人兵和僧]|匹|擔|担|文[錢钱]|[尺丈斤]|口|[間间]|員|员|座))"
)


def spelt_figures(text: str, language: str) -> Iterator[re.Match[str]]:
    """Yield the numbers from ten upwards that are written in words and count something."""
    for match in (_ZH_SPELT if language == "zh" else _SPELT).finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        if language == "zh":
            if re.search("[一二三四五六七八九兩两]", match["number"]) and not _verse(text):
                yield match
        elif not (_VAGUE.search(before) or _PART_BEFORE.search(before) or _PART_AFTER.match(after)):
            yield match


_PART_BEFORE = re.compile(r"\b(?:millions?|thousands?|hundreds?) $")
_PART_AFTER = re.compile(
    r" [a-z]+,? (?:and|or) (?:a|three|one|[a-z]+) (?:half|quarters?|thirds?|[a-z]+pence)"
)
"""Pieces of a longer number: "two millions ____ pounds and a half"."""


def _verse(text: str) -> bool:
    """Lines of equal length are verse, and its thousands are no figures."""
    lines = [line for line in re.split(r"[，,；。！？：「」“”]", text) if line]
    return len(lines) > 1 and len({len(line) for line in lines}) == 1


def _counts(after: str) -> bool:
    if re.match(r"\s?%", after):
        return True
    word = re.match(r" ([A-Za-z]+)", after)
    if not word or word[1].lower() in _NO_NOUN or re.fullmatch(r"[A-Z][a-z]*", word[1]):
        return False
    return len(word[1]) > 2 or word[1].lower() in _UNITS


def _labelled(before: str) -> bool:
    label = _LABEL.search(before)
    return bool(label) and label is not None and label[0].strip() not in _QUANTIFIERS


def _is_year(number: str) -> bool:
    return bool(re.fullmatch(r"1[0-9]\d\d|20\d\d", number))


def as_decimal(number: str) -> Decimal | None:
    """Read a number with thousands marks, "1,212" or "168 233"; None where it is none."""
    bare = re.sub(r"[,\s\u202f\u00a0]", "", number).replace("−", "-").replace("–", "-")
    if re.fullmatch(r"\([\d.]+\)", bare):  # accountants' minus
        bare = "-" + bare[1:-1]
    try:
        return Decimal(bare)
    except InvalidOperation:
        return None


def masked(text: str) -> str:
    """Return a text with all its numbers made equal, to find sentences of the same shape."""
    return re.sub(NUMBER, "#", text)
