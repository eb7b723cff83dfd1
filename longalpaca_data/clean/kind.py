"""How would a person call this document? ``document`` unless something says more."""

from __future__ import annotations

import re
from collections.abc import Sequence

from longalpaca_data.core.numerals import CHINESE_DIGITS, CHINESE_NUMBER, ENGLISH
from longalpaca_data.core.records import DocumentKind

FRONT = 6_000  # characters: title page, abstract, "this manual …"
MIN_CHAPTERS = 4
PAPER_LENGTH = 150_000  # characters; the corpus' longest paper has 80,000
CHAPTER = re.compile(
    r"^(?:chapter|book|part|canto|stave|act|letter|volume)\b\W*(?:[0-9]+|[ivxlcdm]+|one|two"
    r"|three|the first)\b"
    rf"|^第\s?{CHINESE_NUMBER}\s?[回章话話卷]|^[ivxlc]+\b|第[{CHINESE_DIGITS}]+$|^{ENGLISH}$",
    re.IGNORECASE,
)
MANUAL_TITLE = re.compile(
    r"\b(?:manual|handbook|guide|reference|documentation|tutorial|how-?to|internals|specification|policy|definition)\b"
    r"|手册|手冊|指南|教程|说明书|參考|参考|文档",
    re.IGNORECASE,
)
MANUAL_FRONT = re.compile(
    r"\bthis (?:manual|handbook|guide|reference) (?:is|was|for|describes|explains|covers"
    r"|provides|documents|contains|details)\b"
    r"|本手册|本指南|本教程",
    re.IGNORECASE,
)
REPORT_TITLE = re.compile(
    r"\b(?:report|review of|white ?paper|survey of|annual|quarterly|10-[kq]|statement"
    r"|assessment)\b|报告|報告|白皮书|年报",
    re.IGNORECASE,
)
REPORT_FRONT = re.compile(
    r"\bspecial publication\b|\btechnical report\b|\bannual report\b|\bform 10-[kq]\b"
    r"|\bexecutive summary\b"
    r"|\bthis report\b|\bthis publication\b|\bwhite paper\b|本报告|执行摘要",
    re.IGNORECASE,
)
ABSTRACT = re.compile(r"\babstract\b|^\W*summary\b|摘\s*要", re.IGNORECASE | re.MULTILINE)
REFERENCES = re.compile(
    r"^(?:[0-9a-z.]+\s+)?(?:references|bibliography|literature cited|参考文献|參考文獻)$",
    re.IGNORECASE,
)
BOOK_FORMATS = frozenset({"epub"})


def guess(
    title: str, headings: Sequence[str], text: str, file_format: str, gutenberg: bool
) -> DocumentKind:
    """Guess from the title, then from the first pages and the headings."""
    front = text[:FRONT]
    if MANUAL_TITLE.search(title) and not gutenberg:
        return "manual"
    if REPORT_TITLE.search(title) and not gutenberg:
        return "report"
    if gutenberg or file_format in BOOK_FORMATS:
        return "book"
    has_references = any(REFERENCES.match(heading.strip()) for heading in headings)
    if has_references and ABSTRACT.search(front) and len(text) < PAPER_LENGTH:
        return (
            "report"
            if re.search(r"special publication|technical report", front, re.IGNORECASE)
            else "paper"
        )
    if MANUAL_FRONT.search(front):
        return "manual"
    if REPORT_FRONT.search(front):
        return "report"
    if sum(bool(CHAPTER.search(heading)) for heading in headings) >= MIN_CHAPTERS:
        return "book"
    return "document"
