"""Evidence in its place: whatever the spans, the shown words are the text's own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from longalpaca_data.dataset.excerpts import MOST, excerpts


def piece(start: int, end: int, depth: float = 0.5) -> dict[str, float]:
    return {"start": start, "end": end, "depth": depth}


def test_an_excerpt_shows_words_around_the_quote_and_cuts_none() -> None:
    text = "lorem ipsum " * 40 + "THE QUOTE" + " dolor sit" * 40
    start = text.index("THE")
    (found,) = excerpts(text, [piece(start, start + 9, 0.4)], around=50)
    assert found.depths == (0.4,)
    assert [words for words, marked in found.pieces if marked] == ["THE QUOTE"]
    shown = "".join(words for words, _ in found.pieces)
    assert set(shown.split()) == {"lorem", "ipsum", "THE", "QUOTE", "dolor", "sit"}
    assert 90 < len(shown) < 112
    assert (found.begins, found.ends) == (True, True)


def test_quotes_close_together_are_one_excerpt_and_others_are_not() -> None:
    text = "x" * 3000
    found = excerpts(text, [piece(2000, 2010), piece(100, 110), piece(300, 310)], around=100)
    assert [len(e.depths) for e in found] == [2, 1]
    assert [len(words) for words, marked in found[0].pieces if marked] == [10, 10]


def test_overlapping_quotes_are_marked_as_one() -> None:
    (found,) = excerpts("0123456789", [piece(2, 6), piece(4, 8), piece(5, 6)])
    assert found.pieces == (("01", False), ("234567", True), ("89", False))
    assert (found.begins, found.ends) == (False, False)


def test_the_middle_of_a_very_long_quote_is_left_out_and_said_to_be() -> None:
    (found,) = excerpts("a" * 5000, [piece(0, 5000)])
    marked = [words for words, evidence in found.pieces if evidence]
    assert [len(words) for words in marked] == [400, 400]
    assert "4,200 characters" in "".join(words for words, _ in found.pieces)


def test_of_very_many_pieces_the_first_are_shown() -> None:
    found = excerpts("x" * 90_000, [piece(start, start + 5) for start in range(0, 90_000, 900)])
    assert len(found) == MOST
    assert found[0].pieces[0] == ("xxxxx", True)


SPANS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 60)), min_size=1, max_size=8)


@given(st.text(max_size=400), SPANS, st.integers(0, 120))
def test_every_excerpt_is_a_stretch_of_the_text(
    text: str, spans: list[tuple[int, int]], around: int
) -> None:
    evidence = [piece(start, start + length) for start, length in spans]
    found = excerpts(text, evidence, around)
    assert sum(len(e.depths) for e in found) == len(spans)
    at = 0
    for excerpt in found:
        shown = "".join(words for words, _ in excerpt.pieces)
        at = text.find(shown, at)
        assert at >= 0
    marked = "".join(words for e in found for words, evidence in e.pieces if evidence)
    covered = {i for start, length in spans for i in range(start, min(start + length, len(text)))}
    assert marked == "".join(text[i] for i in sorted(covered))
