"""What a reply must not be, whatever document or model made it so. A table: reason → check."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from longalpaca_data.core import language
from longalpaca_data.core.language import HAN, HAN_CHARACTERS
from longalpaca_data.generate.prompted.compose import Composed
from longalpaca_data.generate.prompted.reply import Reply

_WORD = re.compile(rf"[^\W\d_]+|[{HAN_CHARACTERS}]")
_LEAK_WORDS = {"en": 12, "zh": 20}
"""A run of this many words (Han characters) in common with our prompt is no accident."""

_SURE = 0.8  # the detector's score: a short answer full of names is taken for many languages
_REFUSAL = re.compile(
    r"^\W*(?:(?:i['’]?m|i am) (?:sorry|unable|afraid)|sorry[,.]|as an? (?:ai|language model)|"
    r"i (?:can(?:['’]?t|not)|won['’]?t) (?:help|assist|answer|provide|comply|do)|"
    r"(?:很)?抱歉|对不起|作为(?:一个|一名)?(?:人工智能|AI|语言模型)|我(?:无法|不能)(?:回答|提供|协助|帮助))",
    re.IGNORECASE,
)
_SPEAKS_OF_PASSAGES = re.compile(
    r"\bpassages? (?:no\.? ?)?\d|\b(?:the|these|this|given|provided) (?:above |given |provided )?"
    r"passages? (?:above|below|given|provided)\b|\bprovided passages?\b|"
    r"(?:段落|片段|选段)\s?[\d一二三四五六]|(?:上述|所给|给定)的?(?:段落|片段|选段)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Case:
    """A reply with what it answers. ``shown`` is the material as the model saw it."""

    reply: Reply
    composed: Composed
    language: str
    shown: str

    @property
    def text(self) -> str:
        """Question and answer."""
        return f"{self.reply.question}\n{self.reply.answer}"


def failed_check(case: Case) -> tuple[str, str] | None:
    """Return the reason and a detail of the first check that a reply fails, None if it holds."""
    for reason, check in CHECKS.items():
        detail = check(case)
        if detail:
            return reason, detail
    return None


def _leaks_fence(case: Case) -> str:
    fence = case.composed.fence
    everything = "\n".join((case.text, *case.reply.quotes))
    return fence if fence in everything or fence.removeprefix("material-") in everything else ""


def _leaks_prompt(case: Case) -> str:
    """Our own words in a row. What the document itself says is no leak."""
    size = _LEAK_WORDS.get(case.language, 12)
    ours = _runs(case.composed.system + "\n" + case.composed.ask, size)
    shared = ours & _runs(case.text, size)
    leaked = shared - _runs(case.shown, size) if shared else shared
    return " ".join(min(leaked)) if leaked else ""


def _runs(text: str, size: int) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}


def _refuses(case: Case) -> str:
    for text in (case.reply.answer, case.reply.question):
        if _REFUSAL.search(text):
            return text[:80]
    return ""


def _wrong_language(case: Case) -> str:
    """A Chinese row is mostly Han; an English one hardly has any, and detects as English.

    In Chinese a foreign name or command counts as one word, however many letters it has: a manual
    of servers is full of them.
    """
    for name, text in (("question", case.reply.question), ("answer", case.reply.answer)):
        han = len(HAN.findall(text))
        letters = len(re.findall(r"[^\W\d_]", text))
        if letters < 12:
            continue  # a name, a number: no language to speak of
        words = len(_WORD.findall(HAN.sub(" ", text)))
        if case.language == "zh" and han < 0.5 * (han + words):
            return f"{name}: {han} Han, {words} words"
        if case.language != "zh" and han > 0.3 * letters:
            return f"{name}: {han} Han of {letters} letters"
        if case.language != "zh" and len(text) > 60:
            detected = language.detect(text, sure=_SURE)
            if detected not in (case.language, language.UNKNOWN):
                return f"{name} is {detected}"
    return ""


def _speaks_of_passages(case: Case) -> str:
    """Whoever reads the row has the document, not the passages that the model was shown."""
    found = _SPEAKS_OF_PASSAGES.search(case.text)
    if found is None or found.group().casefold() in case.shown.casefold():
        return ""
    return found.group()


CHECKS: dict[str, Callable[[Case], str]] = {
    "leaked fence": _leaks_fence,
    "leaked prompt": _leaks_prompt,
    "refusal": _refuses,
    "wrong language": _wrong_language,
    "speaks of passages": _speaks_of_passages,
}
