"""Instructions: material in the middle, offsets exact, question last."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from longalpaca_data.core.records import Evidence, Example, Window
from longalpaca_data.windows.instruction import assemble, unnamed, word_frame
from tests.conftest import make_document, make_window

FIRST = make_document("The first text {with braces}.\n\nIts end.", title="One")
SECOND = make_document("Das zweite. Ein Satz.", title="*Two*", kind="paper")
CHINESE = make_document("第一句。第二句。", title="《书》", language="zh")


def example(window: Window, question: str = "Which {slot}?") -> Example:
    evidence = (Evidence("x", 0, 0, 1),)
    return Example("id", window, "f", "t", window.language, question, "An answer.", evidence, "g")


@pytest.mark.parametrize(
    ("documents", "kind"),
    [
        ((FIRST,), "single"),
        ((SECOND,), "single"),
        ((CHINESE,), "single"),
        ((FIRST, SECOND), "papers"),
        ((FIRST, SECOND), "series"),
    ],
)
def test_parts_stand_at_their_offsets(documents: tuple, kind: str) -> None:  # type: ignore[type-arg]
    window = make_window(*documents, kind=kind)
    for seed in range(6):
        made = assemble(example(window), [d.text for d in documents], seed)
        for document, offset in zip(documents, made.offsets, strict=True):
            assert made.text[offset : offset + len(document.text)] == document.text
        assert made.text.endswith("\nWhich {slot}?")
        assert made.start == made.offsets[0]
        assert made.text[made.start : made.end].endswith(documents[-1].text)
        assert made.depth(made.start, made.start) == 0
        assert made.depth(made.end, made.end) == 1
        assert documents[0].title.strip("*《》") in made.text


def test_wording_varies_with_the_row_and_not_with_the_run() -> None:
    window = make_window(FIRST)
    texts = {assemble(example(window), [FIRST.text], seed).text for seed in range(12)}
    assert len(texts) > 2
    assert assemble(example(window), [FIRST.text], 1) == assemble(example(window), [FIRST.text], 1)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "kind", ["book", "excerpt", "paper", "report", "document", "papers", "series"]
)
@pytest.mark.parametrize("number", [0, 1])
def test_wording_without_a_title_reads_on(language: str, kind: str, number: int) -> None:
    count = 2 if kind in ("papers", "series") else 1

    def choose(wordings: Sequence[str]) -> str:
        return wordings[number % len(wordings)]

    frame = word_frame(kind, language, [""] * count, choose)
    for text in (frame.opening, *frame.parts, frame.closing):
        assert not re.search(r"“”|《》|\{| [.,;]|，，| {2}|\b(?:of|from)[.,;]", text)
    named = word_frame(kind, language, ["Wells"] * count, choose)
    assert ("Wells" in named.opening) == (count == 1)


def test_a_document_without_a_title_has_a_name_in_questions() -> None:
    assert unnamed("", "book", "en") == "this book"
    assert unnamed("Wells", "book", "en") == ""
    assert unnamed("Lun Yu", "book", "zh") == "这本书"
    assert unnamed("論語", "book", "zh") == ""
