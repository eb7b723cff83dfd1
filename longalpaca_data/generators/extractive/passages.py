"""Sentences that may be shown to a person as quotes: whole, clean, and once in the window.

A quote is the subject of many questions, so a broken one spoils the row whatever the answer says.
The tests are deliberately strict (on top of ``phrases.clean``): on a novel about half of all
sentences pass, on a PDF full of formulas a tenth, and that is enough.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from longalpaca_data.generators.extractive import phrases
from longalpaca_data.generators.extractive.reading import Reading, Sentence

SHORTEST, LONGEST = {"en": 45, "zh": 14}, {"en": 320, "zh": 110}
"""Characters of a quote: below it says too little to be asked about, above nobody reads it."""

_DEBRIS = re.compile(
    r"[\u3000@†‡§¶■□●→↔◦∈≤≥±×%]|//|::|;;|[,.;:!?]\)\w|\[|\]"
    r"|[a-z]{2}\d{1,2}\b|[a-z][.,;”’]\d"  # footnote marks glued to a word
    r"|[a-z]\.[a-z]|\w_\w|\b[a-z]+[A-Z]"  # file names, identifiers
)
_MISTER = re.compile(
    r"^([“‘\"]?(?:Mrs?|Dr))\. "
)  # a first word that phrases.clean takes for a list mark
_LONE_LETTER = re.compile(r"(?<![\w.’'-])(?![aAIO]\b)[A-Za-z](?![\w’'-])")
_EN_START = re.compile(r"[“\"‘(]{0,2}[A-Z]")
_EN_END = re.compile(r"(?:[.!?]|…)[”\"’')]{0,3}$")
_ABBREVIATED = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|St|vs|etc|Fig|No|Nos|cf|e\.g|i\.e|al|Vol|pp|p|Ch|Sec|Eq|Esq|[A-Z])\.[”’]?$"
)
_ZH_START = re.compile(r"[“「『《]{0,2}[\u4e00-\u9fffA-Z]")
_HAN_GAP = re.compile(r"[\u4e00-\u9fff，。：；、] [\u4e00-\u9fff]")
_FEWEST_WORDS, _FEWEST_HAN = 6, 8
_SHOUTED = 0.3  # share of words in capitals from which a sentence is a heading or a table row


def clean(text: str, language: str) -> bool:
    """Say whether the text is a whole sentence (or several) that can be shown as a quote."""
    if _DEBRIS.search(text) or not phrases.clean(_MISTER.sub(r"\1 ", text), language):
        return False
    if language == "zh":
        han = len(re.findall(r"[\u4e00-\u9fff]", text))
        return han >= _FEWEST_HAN and bool(_ZH_START.match(text)) and not _HAN_GAP.search(text)
    words = text.split()
    shouted = sum(word.isupper() and len(word) > 1 for word in words)
    return (
        len(words) >= _FEWEST_WORDS
        and shouted <= _SHOUTED * len(words)
        and _EN_START.match(text) is not None
        and _ABBREVIATED.search(text) is None
        and _LONE_LETTER.search(text) is None
    )


def tidy(sentence: Sentence) -> Sentence:
    """Return the sentence without the quotation mark that opens or closes a longer speech."""
    text, start, end = sentence.text, sentence.start, sentence.end
    for opening, closing in ("“”", "「」"):
        if text.startswith(opening) and closing not in text and text.count(opening) == 1:
            text, start = text[1:], start + 1
        elif text.endswith(closing) and opening not in text and text.count(closing) == 1:
            text, end = text[:-1], end - 1
    return sentence if text == sentence.text else replace(sentence, text=text, start=start, end=end)


def fit(reading: Reading, offset: int, longest: int) -> Sentence | None:
    """Return the sentence around an offset if it can be quoted as one clean sentence."""
    around = reading.sentence_at(offset)
    if around is None:
        return None
    sentence = tidy(around)
    text, language = sentence.text, reading.language
    if len(text) > longest or not clean(text, language) or not single(text, language):
        return None
    return sentence


@lru_cache(maxsize=8)
def clean_sentences(reading: Reading) -> tuple[Sentence, ...]:
    """Return the window's clean sentences that stand in it exactly once, in order.

    A sentence whose neighbours look wrongly cut (the next begins in lower case, the one before
    lacks its mark) is doubtful itself and left out.
    """
    language, all_sentences = reading.language, reading.sentences
    low, high = SHORTEST[language], LONGEST[language]
    times = Counter(s.text for s in all_sentences)
    found = []
    for index, original in enumerate(all_sentences):
        sentence = tidy(original)
        text = sentence.text
        if not low <= len(text) <= high or times[text] > 1 or not clean(text, language):
            continue
        around = all_sentences[max(0, index - 1) : index + 2]
        if any(_cut_wrongly(left, right, language) for left, right in pairwise(around)):
            continue
        if reading.unique(text):
            found.append(sentence)
    return tuple(found)


def _cut_wrongly(left: Sentence, right: Sentence, language: str) -> bool:
    if left.paragraph != right.paragraph:
        return False
    if language == "zh":
        return right.text[0] in "”」』）》，、；：。"
    return (
        not _EN_START.match(right.text)
        or not _EN_END.search(left.text)
        or _ABBREVIATED.search(left.text) is not None
    )


_EN_INNER_END = re.compile(r"(?<!Mr)(?<!Mrs)(?<!Dr)(?<!St)[.!?]\s|[.!?]—[A-Z]")
_ZH_INNER_END = re.compile(r"[。！？](?=[\u4e00-\u9fff])")


def single(text: str, language: str) -> bool:
    """Say whether the text is one sentence and holds no several, within quotation marks either:
    of "A says: “B. C.”" a person may well call "C." the last sentence.
    """
    return (_ZH_INNER_END if language == "zh" else _EN_INNER_END).search(text) is None
