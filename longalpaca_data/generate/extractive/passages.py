"""Sentences that may be shown to a person as quotes: whole, clean, and once in the window.

A quote is the subject of many questions, so a broken one spoils the row whatever the answer says.
The tests are deliberately strict (on top of ``sentence_quality.clean``): on a novel about half of
all sentences pass, on a PDF full of formulas a tenth, and that is enough.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from longalpaca_data.core.language import HAN_CHARACTERS
from longalpaca_data.generate.extractive import sentence_quality
from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Sentence

SHORTEST, LONGEST = {"en": 45, "zh": 14}, {"en": 320, "zh": 110}
"""Characters of a quote: below it says too little to be asked about, above nobody reads it."""

_DEBRIS = re.compile(
    r"[\u3000@†‡§¶■□●→↔◦∈≤≥±×%]|//|::|;;|[,.;:!?]\)\w|\[|\]"
    r"|[a-z]{2}\d{1,2}\b|[a-z][.,;”’]\d"  # footnote marks glued to a word
    r"|[a-z]\.[a-z]|\w_\w|\b[a-z]+[A-Z]"  # file names, identifiers
)
_MISTER = re.compile(
    r"^([“‘\"]?(?:Mrs?|Dr))\. "
)  # a first word that sentence_quality.clean takes for a list mark
_LONE_LETTER = re.compile(r"(?<![\w.’'-])(?![aAIO]\b)[A-Za-z](?![\w’'-])")
_EN_START = re.compile(r"[“\"‘(]{0,2}[A-Z]")
_EN_END = re.compile(r"(?:[.!?]|…)[”\"’')]{0,3}$")
_ABBREVIATED = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|St|vs|etc|Fig|No|Nos|cf|e\.g|i\.e|al|Vol|pp|p|Ch|Sec|Eq|Esq|[A-Z])\.[”’]?$"
)
_ZH_START = re.compile(rf"[“「『《]{{0,2}}[{HAN_CHARACTERS}A-Z]")
_HAN_GAP = re.compile(rf"[{HAN_CHARACTERS}，。：；、] [{HAN_CHARACTERS}]")
_FEWEST_WORDS, _FEWEST_HAN = 6, 8
_LABELLED = re.compile(r"[A-Z][\w’'-]*(?: [\w’'-]+){0,2}: ")  # "Default: true, except on Windows."
_CAPTION = re.compile(r"(?:Figure|Fig\.|Table|Listing|Algorithm|图|圖|表) ?\d+[.:： ](?! ?[a-z])")
_NO_SUBJECT = re.compile(
    r"\(|(?:Should|Can|Could|Must|May|Might|Will|Would|Is|Are|Was|Were|Has|Does|Used|Called)\b"
    r"|(?:Return|Set|Get|Give|Raise|Create|Specifie|Indicate|Define|Represent|Contain|Describe|Make"
    r"|Control|Check|Determine|Provide|Allow|Cause|Implement|Evaluate|Declare|List)s\b"
)  # "Can only be used inside a function.": an entry of a reference, or an aside in brackets
_CLOSING_SINGLE = re.compile(r"[.,!?;…—]’(?!\w)")
_STRAIGHT_CLOSING = re.compile(r"[.,!?;…—]'(?!\w)")
_PRONOUNS = "I|he|she|it|we|they|you|who|which|that|there|this|He|She|It|We|They|You|Who|There|This"
_PAST = sentence_quality.word_set(
    "said went came took made gave saw knew thought found left felt told became began kept held "
    "stood heard let meant set met ran brought sat spoke lay led grew lost fell sent built drew "
    "rose got put broke cut drove ate wrote bore wore shook threw sought caught taught fought "
    "bought laid paid sold slept wept struck stuck swung hung rang sang sank sprang shot shut "
    "hit spread flew fled blew chose froze stole swore woke tore bent lent spent rode crept knelt "
    "swept dealt leapt bound wound ground shone burst cost hurt beat bade forgot forgave mistook "
    "arose awoke withdrew overcame understood undertook won read seemed ought need dare used "
    "refers lies says seems means makes takes gives goes comes becomes remains follows depends "
    "exists begins ends occurs applies consists happens appears"
)
_AUXILIARY = sentence_quality.word_set(
    "is are was were am be been has have had do does did can could cannot will would shall should "
    "may might must ain’t don’t didn’t won’t can’t isn’t wasn’t couldn’t wouldn’t shouldn’t "
    "hadn’t hasn’t haven’t doesn’t aren’t weren’t"
)
_PRESENT = sentence_quality.word_set(
    "know say speak remember believe think want see make take give become remain depend follow "
    "require provide include contain allow describe define represent apply exist consist belong "
    "differ refer occur happen appear seem come go live love get hold keep bring leave tell ask "
    "choose lie"
)
_FINITE = re.compile(
    rf"\b(?:(?i:{'|'.join(sorted(_AUXILIARY | _PAST))})|(?:{_PRONOUNS})(?:’\w+|'\w+| [a-z]+)"
    rf"|(?<!to )(?:{'|'.join(sorted(_PRESENT))})"
    r"|(?:(?:Mrs?|Ms|Dr)\. |(?<=[a-z,] ))[A-Z][a-z]+ [a-z]{3,}ed"
    r"|[a-z]{3,}ed(?! (?:by|in|to|for|with|as|from|on|at|of))|[a-z]{2,}[^s\W]s (?:the|an?|that|its"
    r"|their|his|her|whether|how|it|them|him|no|any|each|all|to|not|only))\b"
)
"""A finite verb, as far as a list shows it: auxiliaries, irregular pasts, a word after a pronoun, a
past in -ed, a third person before its object. A sentence without any is likely a gloss.
"""
_SHOUTED = 0.3  # share of words in capitals from which a sentence is a heading or a table row


def clean(text: str, language: str) -> bool:
    """Say whether the text is a whole sentence (or several) that can be shown as a quote."""
    if _DEBRIS.search(text) or not sentence_quality.clean(_MISTER.sub(r"\1 ", text), language):
        return False
    if language == "zh":
        if text.count("‘") != text.count("’"):
            return False
        han = len(re.findall(rf"[{HAN_CHARACTERS}]", text))
        return han >= _FEWEST_HAN and bool(_ZH_START.match(text)) and not _HAN_GAP.search(text)
    words = text.split()
    shouted = sum(word.isupper() and len(word) > 1 for word in words)
    return (
        len(words) >= _FEWEST_WORDS
        and shouted <= _SHOUTED * len(words)
        and _EN_START.match(text) is not None
        and _ABBREVIATED.search(text) is None
        and _LONE_LETTER.search(text) is None
        and _is_statement(text)
    )


def _is_statement(text: str) -> bool:
    """Say whether an English text has subject and verb, no label, no quotation's tail."""
    if (
        _LABELLED.match(text)
        or (_NO_SUBJECT.match(text) and text[-1] != "?")
        or not _FINITE.search(text)
    ):
        return False
    straight = len(re.findall(r"(?<!\w)'\w", text))
    return (
        len(_CLOSING_SINGLE.findall(text)) <= text.count("‘")
        and len(_STRAIGHT_CLOSING.findall(text)) <= straight
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


def fit(reading: ParsedPart, offset: int, longest: int) -> Sentence | None:
    """Return the sentence around an offset if it can be quoted as one clean sentence."""
    around = reading.sentence_at(offset)
    if around is None:
        return None
    sentence = tidy(around)
    text, language = sentence.text, reading.language
    if (
        len(text) > longest
        or _in_caption(reading, sentence)
        or not clean(text, language)
        or not single(text, language)
    ):
        return None
    return sentence


@lru_cache(maxsize=8)
def clean_sentences(reading: ParsedPart) -> tuple[Sentence, ...]:
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
        if sentence_quality.in_references(reading, sentence) or _in_caption(reading, sentence):
            continue
        if reading.unique(text):
            found.append(sentence)
    return tuple(found)


def _in_caption(reading: ParsedPart, sentence: Sentence) -> bool:
    """Say whether the sentence stands under a figure or table: in the text, but not its course."""
    return _CAPTION.match(reading.paragraphs[sentence.paragraph].text) is not None


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
_ZH_INNER_END = re.compile(rf"[。！？](?=[{HAN_CHARACTERS}])")


def single(text: str, language: str) -> bool:
    """Say whether the text is one sentence and holds no several, within quotation marks either:
    of "A says: “B. C.”" a person may well call "C." the last sentence.
    """
    return (_ZH_INNER_END if language == "zh" else _EN_INNER_END).search(text) is None
