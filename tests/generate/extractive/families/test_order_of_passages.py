from __future__ import annotations

from longalpaca_data.generate.extractive.families.order_of_passages import find

THINGS = ("bridge", "ferry", "mill", "tavern", "chapel", "orchard", "quarry", "smithy", "tower")
SENTENCES = [
    f"Old people in the valley number {name} still speak of the {thing} with great affection."
    for name in ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    for thing in THINGS
]
TEXT = "\n\n".join(SENTENCES)


def test_answers_follow_the_text(read) -> None:
    reading = read(TEXT)
    findings = list(find((reading,)))
    assert {f.wording for f in findings} == {"order", "first", "last"}
    for finding in findings:
        starts = [span.start for span in finding.evidence]
        if finding.wording == "order":
            assert starts == sorted(starts)
            lines = [line[3:].strip("“”") for line in finding.slots["list"].split("\n")]
            assert [reading.text.index(line) for line in lines] == starts
        else:
            pick = min if finding.wording == "first" else max
            assert starts[0] == pick(starts)
            line = f"({finding.slots['letter']}) {finding.slots['answer']}"
            assert line in finding.slots["passages"].split("\n")


def test_the_same_on_every_run_and_never_already_in_order(read) -> None:
    first, second = (list(find((read(TEXT),))) for _ in range(2))
    assert first == second
    for finding in first:
        shown = [line[4:].strip("“”") for line in finding.slots["passages"].split("\n")]
        assert shown != sorted(shown, key=TEXT.index)


def test_a_short_window_has_nothing_far_apart(read) -> None:
    assert list(find((read("\n\n".join(SENTENCES[:20])),))) == []


def test_sentences_that_stand_twice_are_not_used(read) -> None:
    assert list(find((read(TEXT + "\n\n" + TEXT),))) == []


def test_titles_in_a_list_of_works_cited_are_no_sentences(read) -> None:
    cited = "\n\n".join(
        f"Hale, J. ({1900 + n}). {sentence} Journal of Mills, 3(2), 1-9."
        for n, sentence in enumerate(SENTENCES)
    )
    assert list(find((read(cited),))) == []
