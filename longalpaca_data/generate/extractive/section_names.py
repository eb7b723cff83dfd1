"""How questions and answers show quotes and name sections: the marks, the unit, the excerpt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from longalpaca_data.core import numerals
from longalpaca_data.core.language import HAN
from longalpaca_data.core.records import Section
from longalpaca_data.generate.extractive import sentence_quality
from longalpaca_data.generate.extractive.parsed_part import ParsedPart
from longalpaca_data.generate.extractive.question_templates import in_script, refer

_ZH_NUMBER = f"[0-9０-９{numerals.CHINESE_DIGITS}]"
_LABEL = re.compile(
    r"(?P<label>(?:chapter|part|book|section|article|appendix|letter|canto|act|scene|stave)\s+"
    rf"(?:\d+(?:\.\d+)*|[ivxlc]+|[a-z]|{numerals.ENGLISH})(?=[\s.:,)—-]|$)"
    r"|(?:\d+(?:\.\d+)*|[A-Z](?:\.\d+)+|(?-i:[IVXLC]+)(?=\.|$)|(?-i:[A-Z])(?=\. ))(?=[.:]*(?:\s|$))"
    rf"|第\s*{_ZH_NUMBER}+\s*[章回节節卷部篇])[\s:：.,)—–-]*",
    re.IGNORECASE,
)
_ZH_UNIT = re.compile(rf"第\s*{_ZH_NUMBER}+\s*([章回节節卷部篇])")
_ITEM = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})\)|[a-z]\.\s")  # "4) Regression": a list's
_RUN_TOGETHER = re.compile(
    r"(?:CHAPTER|PART|BOOK|SECTION|Chapter|Part|Book|Section)(?:\d|[IVXLC]+\b)"
)
_CUT_OFF = re.compile(
    r"(?:[-–—,:;(&/]|\b(?:of|the|and|an?|or|with|to|by|from))$|\w- [a-z]", re.IGNORECASE
)
_APPARATUS = re.compile(
    r"\b(?:contents|references|bibliography|index|acknowledg\w*|footnotes?|endnotes?|glossary"
    r"|acronyms|list of|copyright|licen[cs]e|colophon|imprint|transcriber\w*|authors?)\b"
    r"|目录|目錄|参考文献|參考文獻|索引|致谢|致謝|版权|版權",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")
_LONGEST_TITLE = 120


def marked(text: str, language: str) -> str | None:
    """Put a text between quotation marks; None where its own marks would make that unreadable.

    A text that already is one quoted speech keeps its own marks.
    """
    if not any(mark in text for mark in '“”"'):
        return f"“{text}”"
    if language == "zh" and not any(mark in text for mark in '「」"'):
        return f"「{text}」"
    if text[0] == "“" and text[-1] == "”" and text.count("“") == 1:
        return text
    return None


def quoting(quotes: dict[str, str], language: str) -> tuple[dict[str, str], str]:
    """Return quotes as the templates show them and the wording that shows them.

    ``inline`` templates receive texts with marks; where one of them can't carry marks all go, as
    they are, into the ``block`` templates, which set a quote off on a line of its own.
    """
    inline = {name: marked(text, language) for name, text in quotes.items()}
    if None in inline.values():
        return dict(quotes), "block"
    return {name: text for name, text in inline.items() if text is not None}, "inline"


def listed(text: str, language: str) -> str:
    """Show a quote as a line of a list: in marks where it can carry them."""
    return marked(text, language) or text


def here(reading: ParsedPart) -> dict[str, str]:
    """Return the slots ``here`` and ``Here``: "in DOCUMENT", or "in this excerpt from DOCUMENT".

    For what is true of the window only (first, last, every): the reader sees no more than that.
    """
    document = refer(reading)
    if reading.language == "zh":
        if reading.whole:
            text = f"{document}中"
        elif "《" in document:
            text = in_script("这段{}节选中", reading).format(document)
        else:
            text = document + in_script("的这段节选中", reading)
        return {"here": text, "Here": text}
    text = f"in {document}" if reading.whole else f"in this excerpt from {document}"
    return {"here": text, "Here": text[0].upper() + text[1:]}


def title_of(section: Section) -> str:
    """Return a section's title on one line, without a closing full stop."""
    return re.sub(r"\s+", " ", section.title).strip().removesuffix(".")


def split_title(section: Section) -> tuple[str, str]:
    """Return a title's label ("Chapter 4", "2.1", "第三回"; may be empty) and its words (empty
    where only a stray letter or two follow the label).
    """
    title = title_of(section)
    match = _LABEL.match(title)
    label, words = (match["label"], title[match.end() :]) if match else ("", title)
    words = words.removeprefix(f"{label} ")  # outline and text both numbered it: "2 2 Objects"
    enough = 2 if HAN.search(words) else 4
    return label.rstrip(".:) "), words if len(_LETTER.findall(words)) >= enough else ""


def number_of(section: Section) -> int | None:
    """Return the number in a title's label (of 2.3 the 3); None where it has none that is read."""
    label = split_title(section)[0]
    spelled = numerals.english(label.partition(" ")[2])
    if spelled is not None:
        return spelled
    if re.fullmatch(r"[A-Z]|(?:appendix|section|part) [A-Z]", label, re.IGNORECASE) and (
        label[-1] not in "IVXivx"
    ):
        return ord(label[-1].upper()) - ord("A") + 1
    match = re.search(r"(\d+)$|\b([ivxlc]+)$|第\s*(.+?)\s*[章回节節卷部篇]$", label, re.IGNORECASE)
    return numerals.value(match[1] or match[2] or match[3]) if match else None


def words_of(section: Section) -> str:
    """Return what a title says besides its number; empty for "Chapter 4"."""
    return split_title(section)[1]


def unit_of(section: Section, reading: ParsedPart) -> str:
    """Say what a person calls this section: chapter, section, 回, 章, 节, 部分."""
    if reading.language == "zh":
        label = _ZH_UNIT.match(section.title)
        if label:
            return in_script(label[1].replace("節", "节"), reading)
        return "部分" if reading.kind == "book" else in_script("节", reading)
    if re.match(r"chapter\b", section.title, re.IGNORECASE):
        return "chapter"
    return "chapter" if reading.kind == "book" and section.level == 1 else "section"


def reference(section: Section, reading: ParsedPart) -> str:
    """Name a section within a sentence: Chapter 96, “The Try-Works”; the section “Scope”."""
    label, words = split_title(section)
    if words and label.isdigit() and section.level > reading.outermost:
        label = ""  # the third section of part B is not "Section 3" of the book
    if reading.language == "zh":
        return _zh_reference(section, reading, label, words)
    unit = unit_of(section, reading)
    if label and label[0].isdigit():
        label = f"{unit.capitalize()} {label}"
    elif label:
        kind, _, number = label.partition(" ")
        number = number if numerals.english(number) is None else number.capitalize()
        label = f"{kind.capitalize()} {number}" if number else f"{unit.capitalize()} {kind}"
    quoted = words if "“" in words else f"“{words}”"
    if not words:
        return label or f"the {unit} “{title_of(section)}”"
    return f"{label}, {quoted}" if label else f"the {unit} {quoted}"


def _zh_reference(section: Section, reading: ParsedPart, label: str, words: str) -> str:
    if not words:
        return title_of(section)
    unit = unit_of(section, reading)
    quoted = f"“{words}”" if "“" not in words else f"「{words}」"
    if not label:
        return quoted + in_script("这一", reading) + unit
    return (label if _ZH_UNIT.match(label) else f"第{label}{unit}") + quoted


def references(sections: Sequence[Section], reading: ParsedPart) -> str:
    """Name several sections within a sentence, two at least."""
    if reading.language == "zh":
        return "、".join(reference(section, reading) for section in sections)
    if any(split_title(section)[0] for section in sections):
        names = [reference(section, reading) for section in sections]
        comma = ";" if any("," in name for name in names) else ","
        last = f"{comma} and " if len(names) > 2 and comma == ";" else " and "
        return f"{comma} ".join(names[:-1]) + last + names[-1]
    names = [f"“{title_of(section)}”" for section in sections]
    return f"the {unit_of(sections[0], reading)}s {', '.join(names[:-1])} and {names[-1]}"


@lru_cache(maxsize=8)
def named_sections(reading: ParsedPart) -> tuple[Section, ...]:
    """Return the sections that a question may name: the title is more than a bare number, stands
    over one section only, and isn't apparatus (contents, references). None where the document's
    account doubts its sections: chapters that nobody found would be asked for by a wrong name.
    """
    if reading.sections_doubted:
        return ()
    titles = Counter(title_of(section).casefold() for section in reading.sections)
    return tuple(
        section
        for section in reading.sections
        if titles[title_of(section).casefold()] == 1 and _nameable(title_of(section), reading)
    )


def _nameable(title: str, reading: ParsedPart) -> bool:
    if len(title) > _LONGEST_TITLE or _APPARATUS.search(title) or re.search(r"[_*|{}<>\\]", title):
        return False
    if _ITEM.match(title) or _RUN_TOGETHER.match(title) or _CUT_OFF.search(title):
        return False
    if not sentence_quality.balanced(title):
        return False
    if reading.kind == "book" and re.fullmatch(r"[IVXLC]+|\d{1,3}", title):
        return reading.language == "en"  # "Chapter IV" where the heading is the bare number
    return len(_LETTER.findall(title)) > 1
