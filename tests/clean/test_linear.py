"""No rule takes time quadratic in its text: each on its own worst input at 25, 100 and 400 KB."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from longalpaca_data.clean import embedded, gutenberg, naming
from longalpaca_data.clean.chapters import split_chapters
from longalpaca_data.clean.chunks import Piece, chunk
from longalpaca_data.clean.contents import drop_leaders, take_contents
from longalpaca_data.clean.counting import Numbered, counting_up
from longalpaca_data.clean.headings import mark_headings
from longalpaca_data.clean.joining import joiner
from longalpaca_data.clean.openings import in_small_letters
from longalpaca_data.clean.unicode import characters, clean_text, without_runs
from longalpaca_data.collect.encoding import decode
from longalpaca_data.core.records import Block

SIZES = (25_000, 100_000, 400_000)  # characters
GENEROUS = 3  # times the growth of the input: a busy machine measures badly
FLOOR = 0.02  # CPU-seconds: below this, times say nothing


def lines(*texts: str) -> Callable[[int], list[Block]]:
    """Return what makes n characters of these lines in turn."""
    size = sum(map(len, texts)) + len(texts)
    return lambda n: [Block("line", text) for _ in range(n // size) for text in texts]


def paragraph(text: str, around: str = "") -> Callable[[int], list[Block]]:
    return lambda n: [Block("paragraph", around + text * (n // len(text)) + around)]


def chunked(rule: Callable[[list[Piece]], object]) -> Callable[[list[Block]], object]:
    return lambda blocks: rule(chunk(blocks))


def numbered(form: str) -> Callable[[int], list[Block]]:
    return lambda n: [
        Block("line", text) for i in range(n // 10) for text in (form.format(i % 500), "")
    ]


RULES: dict[str, tuple[Callable[[list[Block]], object], Callable[[int], list[Block]]]] = {
    "leaders": (drop_leaders, paragraph(". ", "so")),
    "leaders with numbers": (drop_leaders, paragraph("1, ", "so")),
    "contents": (chunked(take_contents), lines("Contents", "", "a", "", "b", "")),
    "words without blanks": (chunked(joiner), paragraph("井台边老人", "")),
    "broken words": (chunked(joiner), lines("a-")),
    "long words": (chunked(joiner), paragraph("a", "")),
    "chinese labels": (chunked(split_chapters), numbered("第{}章")),
    "chinese labels in a line": (chunked(split_chapters), paragraph("。第三章 水")),
    "short lines": (chunked(lambda pieces: mark_headings(pieces, [])), lines("a")),
    "numbers alone": (chunked(lambda pieces: mark_headings(pieces, [])), numbered("{}")),
    "english labels": (chunked(lambda pieces: mark_headings(pieces, [])), numbered("CHAPTER {}")),
    "capitals": (chunked(lambda pieces: mark_headings(pieces, [])), lines("", "", "TITLE", "")),
    "copies": (embedded.without_second_copies, lines("word")),
    "copies in turn": (embedded.without_second_copies, lines("a", "b", "a", "c")),
    "indexes": (embedded.without_index, lambda n: [Block("heading", "Index", 1)] * (n // 6)),
    "embedded titles": (embedded.split_embedded, paragraph("。第三回 ")),
    "gutenberg": (gutenberg.strip, lines("*** START OF THE PROJECT GUTENBERG EBOOK")),
    "mentions": (naming.of_mentions, paragraph("《井台》")),
    "filings": (naming.of_filing, paragraph("exact name of ")),
    "openings": (
        in_small_letters,
        lambda n: 4 * [Block("heading", "X", 1), *paragraph("A ")(n // 4)],
    ),
    "blanks": (lambda blocks: [without_runs(b.text) for b in blocks], paragraph(" ", "a")),
    "white space": (lambda blocks: [clean_text(b.text) for b in blocks], paragraph(" \u3000", "a")),
    "soft hyphens": (lambda blocks: [characters(b.text) for b in blocks], paragraph("a\u00ad ")),
    "joiners": (lambda blocks: [characters(b.text) for b in blocks], paragraph("\u200d")),
    "mojibake": (lambda blocks: [characters(b.text) for b in blocks], paragraph("Ã©")),
    "bytes": (lambda blocks: decode(blocks[0].text.encode("gbk")), paragraph("井台边老人")),
    "one bad byte": (
        lambda blocks: decode(b"\xff" + blocks[0].text.encode("gbk")),
        paragraph("井台边老人"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_a_rule_takes_time_in_proportion_to_its_text(name: str) -> None:
    rule, make = RULES[name]
    rule(make(1000))  # tables that are made once
    times = []
    for size in SIZES:
        blocks = make(size)
        start = time.process_time()
        rule(blocks)
        times.append(max(FLOOR, time.process_time() - start))
        assert times[-1] < 10, times
    for (small, large), (before, after) in zip(pairwise(SIZES), pairwise(times), strict=True):
        assert after <= GENEROUS * large / small * before, times


def test_counting_takes_time_in_proportion_to_its_lines() -> None:
    times = []
    for size in (10_000, 40_000, 160_000):
        numbers = [Numbered((i * i) % 4000, 1.0 + i % 3) for i in range(size)]
        start = time.process_time()
        counting_up(numbers)
        times.append(max(FLOOR, time.process_time() - start))
    assert times[1] <= GENEROUS * 4 * times[0]
    assert times[2] <= GENEROUS * 4 * times[1]
