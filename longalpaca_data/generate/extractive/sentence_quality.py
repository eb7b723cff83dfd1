"""What a phrase or sentence must be like before it may stand in a question or an answer.

The families that ask about wording (definitions, figures, reasons …) share these checks. All of
them err on the side of silence: a sentence that a reader might find broken, out of context or
badly quoted is left out, since there are always others.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise

from longalpaca_data.core.language import HAN, HAN_CHARACTERS
from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Sentence


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text, for the closed lists of words below and elsewhere."""
    return frozenset(text.split())


_DEBRIS = re.compile(
    r"[\n\t{}<>\\|=_^~#*`\x02\x0c�␣•·◦]|https?:|www\.|\S@\S|\.\.|\. \.|\(\)|…\.|  |,,|\bcf\."
    r"|\], page|\[\.|\w/\w+/|\$\S*[A-Za-z]|[A-Za-z]\(|\b[A-Za-z]{26,}|-\s[a-z]|\s[,;:.)!?]|\(\s"
    r"|[a-zA-Z][,.)]\d{1,2}(?!\d)|[,;][A-Za-z]|\[\s*\]|\b(?:see|See)\s*\.|--"
)
_MARKS = {"“": "”", "「": "」", "『": "』", "(": ")", "（": "）", "[": "]", "《": "》", "【": "】"}
_CLOSERS = {close: opening for opening, close in _MARKS.items()}

_MERGED = re.compile(
    r"^(?:Table|Figure|Fig\.|Chapter|Section|Appendix|Listing|Algorithm|Note|Example|Step|Box)"
    r" ?[\dIVXA-Z]*[.:]"
    r"|[A-Za-z0-9)] (?:The|This|These|We|It|In|An?) [a-z]|^\d+(?:\.\d+)+ "
)
"""A caption, a heading or a running head that was joined to the sentence after it."""
_EN_START = re.compile(r"^[“‘\"(]?(?:[A-Z][\w’'-]*|\d[\d,.]*%?)(?=[\s,;:’])")
_EN_END = re.compile(r"(?<!e\.g\. \d)[.!?][”’\")]?$")
_ZH_END = re.compile(r"[。！？][”」』’）]?$")

# First words that point back (or on) to something outside the sentence.
_EN_POINTERS = word_set(
    "he she it its his her hers their theirs they them him i we you my our your me us this these "
    "that those such there here then thus hence therefore however moreover furthermore "
    "nevertheless nonetheless otherwise instead similarly likewise also besides additionally "
    "consequently so yet but and or nor for because since while although though if when where "
    "whereas both either neither another other others some one several few former latter first "
    "second third next finally lastly again still even only now meanwhile conversely indeed "
    "rather accordingly afterwards later soon what which who whom whose why how as not yes let "
    "please see note again firstly secondly thirdly it’s that’s there’s he’s she’s i’m you’re "
    "we’re they’re what’s"
)
_EN_POINTING_PAIRS = re.compile(
    r"^(?:the (?:former|latter|following|above|same|others?|second|first|third|next|previous|"
    r"last|rest|remaining|result|results|reason|answer|point|latter's)\b|"
    r"in (?:this|that|these|those|such|"
    r"addition|contrast|other|general|particular|short|fact|both)\b|"
    r"on the (?:other|contrary|one)\b|"
    r"for (?:example|instance|this|that|these)\b|as (?:a result|such|well|above)\b|"
    r"at (?:this|that|the same)\b|by (?:contrast|this|that)\b|after (?:this|that)\b|"
    r"of (?:these|those|course|them)\b|from (?:this|that)\b|with (?:this|that|these)\b)",
    re.IGNORECASE,
)
_EN_LATE_POINTER = re.compile(r"[A-Z][a-z]+ly,? (?:it|its|he|his|she|her|they|their|this|these)\b")
_EN_POINTING_WORDS = re.compile(
    r"\b(?:this|these|those|such|former|latter|aforementioned|above|below|following|latter’s|"
    r"aforesaid|said|herein|thereof|respectively)\b",
    re.IGNORECASE,
)
_ZH_POINTERS = re.compile(
    r"^[“「『‘]?(?:这|這|那|该|該|此|其|它|他|她|我|你|您|咱|俺|吾|汝|爾|彼|本|以上|以下|上述|下述|前者|后者|後者|"
    r"如此|因此|所以|但|不过|不過|然而|而|并且|並且|同时|同時|另外|此外|例如|比如|于是|於是|接着|接著|随后|隨後|"
    r"然后|然後|最后|最後|首先|其次|再|又|也|还|還|则|則|就|即|便|却|卻|否则|否則|之|只见|只見|众人|眾人|当下|當下|"
    r"說|说|道|自己|二人|兩人|两人|三人|前|后来|後來|次日|一日|忽|原來|原来|且)"
)
_ZH_POINTING_WORDS = re.compile(
    r"这|這|那[个個些种種]|该|該|此|其[中他它余]|它|他|她|上述|下述|前者|后者|後者|如下|以下|以上|上面|下面|上图|下图|"
    r"我|你|您"
)


@lru_cache(maxsize=4096)
def clean(text: str, language: str) -> bool:
    """Say whether a text is one whole sentence without debris: fit to be quoted or repeated."""
    if _DEBRIS.search(text) or not balanced(text):
        return False
    if language == "zh":
        han = len(HAN.findall(text))
        return han >= 0.6 * len(text.replace(" ", "")) and bool(_ZH_END.search(text))
    if not _EN_START.search(text) or not _EN_END.search(text) or _MERGED.search(text):
        return False
    letters = sum(character.isalpha() or character == " " for character in text)
    return letters >= 0.84 * len(text) and not _looks_like_names(text)


def _looks_like_names(text: str) -> bool:
    """Title pages, author lists and merged headings: most of the longer words are capitalised."""
    words = [word for word in re.findall(r"[A-Za-z’'-]+", text) if len(word) > 3]
    capital = sum(word[0].isupper() for word in words)
    return len(words) < 2 or capital > max(2, 0.5 * len(words))


def balanced(text: str) -> bool:
    """Say whether brackets and quotation marks pair up."""
    open_marks: list[str] = []
    for character in text:
        if character in _MARKS:
            open_marks.append(character)
        elif character in _CLOSERS and (not open_marks or open_marks.pop() != _CLOSERS[character]):
            return False
    return not open_marks and text.count('"') % 2 == 0 and _single_quotes_pair(text)


def _single_quotes_pair(text: str) -> bool:
    """Opening ‘ needs a closing ’; a ’ alone is an apostrophe. Straight ' at a word's start too."""
    opened = text.count("‘")
    closing = len(re.findall(r"’(?!\w)", text))
    straight = len(re.findall(r"(?<!\w)'\w", text))
    straight_closing = len(re.findall(r"[\w.,!?]'(?!\w)", text))
    # After a stop it is no apostrophe: what it closes was opened in an earlier sentence.
    ends = len(re.findall(r"[.,;!?—]’(?!\w)", text))
    straight_ends = len(re.findall(r"[.,;!?—]'(?!\w)", text))
    return opened <= closing and ends <= opened and straight_ends <= straight <= straight_closing


def quotable(text: str) -> bool:
    """Say whether a text may stand between “ and ” as it is: it has no such marks itself."""
    return not any(mark in text for mark in '“”"')


def stands_alone(text: str, language: str, *, strict: bool = False) -> bool:
    """Say whether a sentence can be understood without the one before it.

    Its first word is no pronoun and no connective. ``strict`` also refuses words inside the
    sentence that point at its surroundings ("this", "the following", "respectively").
    """
    if language == "zh":
        return not (_ZH_POINTERS.search(text) or (strict and _ZH_POINTING_WORDS.search(text)))
    first = re.match(r"[“‘\"(]?([A-Za-z’']+)", text)
    if first and first.group(1).lower().replace("'", "’") in _EN_POINTERS:
        return False
    if _EN_POINTING_PAIRS.search(text) or _EN_LATE_POINTER.match(text):
        return False
    return not (strict and _EN_POINTING_WORDS.search(text))


_NOT_A_TERM = word_set(
    "he she it they we you i this that these those such there here one ones who which what other "
    "others another former latter following above below same first second third next last "
    "previous section chapter table figure example appendix page part step item is are was were "
    "be been has have had can could will would may might must shall should do does did not no nor "
    "if when where because since so but or than then thus my your his her its our their me him "
    "them us each every some any all both either neither many most much more few several result "
    "results reason purpose goal answer question point idea problem thing things case cases way "
    "ways fact difference question word words term terms name names also only even just often "
    "usually how why whether as nothing something anything everything nobody somebody everybody "
    "everyone anyone someone none line lines argument arguments value values type types above- "
    "mentioned mentioned said used using being resulting corresponding new choice option latter’s "
    "however although"
)


def is_term(phrase: str, longest: int = 6) -> bool:
    """Say whether an English phrase can be the name of a thing: a short noun phrase with no
    pronoun, no pointing word and nothing that looks like a clause.
    """
    words = phrase.split()
    if not 1 <= len(words) <= longest or len(phrase) < 3:
        return False
    if not re.fullmatch(
        r"[A-Za-z][A-Za-z0-9’'/.-]*(?: (?:\(?[A-Za-z0-9][A-Za-z0-9’'/.-]*\)?))*", phrase
    ):
        return False
    if any(word.lower().strip("()") in _NOT_A_TERM for word in words):
        return False
    return words[-1].lower() not in {"of", "the", "a", "an", "in", "on", "for", "and", "to", "with"}


def without_article(phrase: str) -> str:
    """Return a noun phrase without its leading article."""
    return re.sub(r"^(?:an?|the) ", "", phrase, flags=re.IGNORECASE)


def statement(sentence: str) -> str:
    """Return a sentence without its full stop, as it is quoted inside another sentence."""
    return sentence.rstrip()[:-1] if sentence[-1:] in ".。" else sentence


_WORD = re.compile(rf"[A-Za-z][A-Za-z’'-]+|\d[\d.,]*|[{HAN_CHARACTERS}]")
_COMMON = word_set(
    "the a an of in on at to for from by with and or but as is are was were be been being it its "
    "this that these those which who whom whose what when where how not no nor so than then there "
    "their they them he she his her we our you your i my me us will would can could may might "
    "must shall should do does did has have had having if while into over under between about "
    "after before during through such each both all any some more most other only also very same "
    "own"
)


def content_words(text: str, language: str) -> frozenset[str]:
    """Return the words that carry a text's meaning: stemmed roughly in English, pairs of
    characters in Chinese.
    """
    if language == "zh":
        characters = HAN.findall(text)
        return frozenset(a + b for a, b in pairwise(characters))
    words = (word.lower().strip(".,") for word in _WORD.findall(text))
    return frozenset(_stem(word) for word in words if word not in _COMMON and len(word) > 1)


def _stem(word: str) -> str:
    for ending in ("ies", "ing", "ed", "es", "’s", "'s", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def told_once(keys: list[str]) -> frozenset[str]:
    """Return the keys that occur once: a question whose subject has two answers is not asked."""
    return frozenset(key for key, count in Counter(keys).items() if count == 1)


def as_within(reading: ParsedPart, phrase: str) -> str:
    """Return a phrase as it is written within a sentence: "Zero trust" becomes "zero trust" where
    the text has it so.
    """
    lower = phrase[:1].lower() + phrase[1:]
    core = re.sub(r" \(.*$", "", lower)
    return lower if re.search(rf"\s{re.escape(core)}(?![\w-])", reading.text) else phrase


_REFERENCES = re.compile(
    r"\b(?:references|bibliography|works cited)\b|参考文献|參考文獻", re.IGNORECASE
)
_REFERENCE = re.compile(
    r"^\[\w+\]\s|\bdoi\b|\bpp?\. ?\d|\d\(\d+\)|\d{1,4}:\d+[–-]\d+|\bet al\.,? \(?\d{4}\)?\."
    r"|\b(?:Journal|Proceedings|Transactions) of [A-Z].*\d{4}|\b(?:Press|eds?\.),? \(?\d{4}"
)


def in_references(reading: ParsedPart, sentence: Sentence) -> bool:
    """Say whether a sentence stands in a list of works cited: a title is no statement."""
    section = reading.section_at(sentence.start)
    if section is not None and _REFERENCES.search(section.title):
        return True
    return bool(_REFERENCE.search(reading.paragraphs[sentence.paragraph].text))
