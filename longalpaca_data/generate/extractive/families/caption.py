"""Questions for what a figure or table shows, or for the figure that shows a thing."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator

from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.parsed_part import Paragraph, ParsedPart
from longalpaca_data.generate.extractive.sentence_quality import balanced, quotable

_EN = re.compile(
    r"^(?P<kind>Figure|Fig\.|Table) (?P<number>[A-Z]?\.?\d{1,3}(?:[.-]\d{1,2})?|[IVX]{1,5})"
    r"(?:[:.]|\s[–—-])\s+"
    r"(?P<caption>[A-Z0-9“‘(].+)$"
)
_ZH = re.compile(
    r"^(?P<kind>图|圖|表)\s?(?P<number>\d{1,3}(?:[.-]\d{1,2})?)[:：.、\s]\s*(?P<caption>[^\s].+)$"
)
_DEBRIS = re.compile(
    r"\. ?\. ?\.|\n|[{}<>\\=^~_�\x02]| \| |https?:|  |\s\d{1,3}$|\d \d+(?:\.\d+)? \d"
    r"|:$|[a-z)] (?:In|The|This|These|We|It|As|For|See|A|An) [a-z]"
)
"""Dot leaders, code, table cells, or the running text that follows a caption without full stop."""
_LENGTH = {"en": (20, 320), "zh": (6, 120)}
_SENTENCE_END = re.compile(r"(?<=[a-z)”’][.])\s+(?=[A-Z])")
_WITHOUT_STOP = 160  # a caption without a full stop may have run into the text below it


def find(material: Material) -> Iterator[Finding]:
    """Yield the captions of figures and tables that have one caption only."""
    reading = material[0]
    pattern = _ZH if reading.language == "zh" else _EN
    found = [
        (paragraph, match)
        for paragraph in reading.paragraphs
        if (match := pattern.match(paragraph.text))
    ]
    labels = Counter((m["kind"][0], m["number"]) for _, m in found)
    captions = Counter(m["caption"] for _, m in found)
    # Where captions are sentences, one without a full stop has lost its end (a page or column
    # break); where they are titles, none has one.
    stops = 3 * sum(m["caption"][-1] in ".。" for _, m in found) > len(found)
    for paragraph, match in found:
        if stops and match["caption"][-1] not in ".。":
            continue
        if labels[match["kind"][0], match["number"]] == 1 == captions[match["caption"]]:
            yield from _caption(reading, paragraph, match)


def _caption(reading: ParsedPart, paragraph: Paragraph, match: re.Match[str]) -> Iterator[Finding]:
    text = match["caption"].strip()
    shortest, longest = _LENGTH[reading.language]
    if _DEBRIS.search(text) or not (balanced(text) and quotable(text)):
        return
    if not shortest <= len(text) <= longest or (
        text[-1] not in ".。" and len(text) > _WITHOUT_STOP
    ):
        return
    kind = {"Fig.": "Figure"}.get(match["kind"], match["kind"])
    label = f"{kind}{'' if reading.language == 'zh' else ' '}{match['number']}"
    main = text if reading.language == "zh" else _SENTENCE_END.split(text)[0]
    slots = {
        "label": label,
        "kind": kind.lower(),
        "caption": text,
        "main": main.rstrip(".。"),
    }
    wording = "which" if main == text else "which_begins"
    if zlib.crc32(text.encode()) % 2 or len(main) < shortest:
        wording = "shows"
    start = paragraph.start + match.start()
    yield Finding(slots, (reading.span(start, start + match.end("caption")),), wording)


FAMILY = Family("caption", "document_analysis", frozenset({"en", "zh"}), find, atomic=True)
