"""What a decision does to a row, to the file, and to a set that is built anew meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from longalpaca_data.mix.reviews import REVIEWS, Review, append_review, read_reviews
from longalpaca_data.review import ReviewSession
from longalpaca_data.review.query import Query
from longalpaca_data.review.session import Change, ChangeError, NotInSetError
from longalpaca_data.review.show import shown
from tests.built import long_row, write_set
from tests.review.served import KEY, LAMP, rows, small_set


@pytest.fixture
def session(tmp_path: Path) -> Iterator[ReviewSession]:
    found = ReviewSession(small_set(tmp_path / "set"))
    yield found
    found.close()


def test_evidence_is_placed_where_javascript_counts() -> None:
    row = long_row("🦙 and 🐉𝒳 before it. The quote, 𝒴, is here.", "The quote, 𝒴, is here.")
    about, material = shown(row, Review("x"))
    (piece,) = about["evidence"]
    units = material.encode("utf-16-le")
    assert units[2 * piece["from"] : 2 * piece["to"]].decode("utf-16-le") == piece["quote"]
    assert piece["exact"]
    assert material == row["instruction"].removesuffix(row["question"])


@pytest.mark.parametrize("change", [{"start": 7}, {"end": 10**9}, {"start": -5}, {"start": 10**9}])
def test_evidence_that_is_not_there_is_said_to_be_so(change: dict[str, int]) -> None:
    row = long_row("Some text. The quote is here. More text.", "The quote is here.")
    row["evidence"][0] |= change
    about, material = shown(row, Review("x"))
    (piece,) = about["evidence"]
    assert not piece["exact"]
    assert 0 <= piece["from"] <= piece["to"] <= len(material)


def test_a_decision_is_on_disk_when_it_is_answered(session: ReviewSession) -> None:
    said = session.decide(Change("key", decision="reject", note="wrong stone"))
    assert said["line"]["review"]["decision"] == "reject"
    assert said["progress"] == {
        "rows": 5, "undecided": 4, "accepted": 0, "rejected": 1, "edited": 0, "noted": 1,
        "elsewhere": 0,
    }  # fmt: skip
    assert read_reviews(session.folder)["key"].note == "wrong stone"
    assert session.select(Query(state="rejected"))["ids"] == ["key"]


def test_an_edit_keeps_the_original(session: ReviewSession) -> None:
    session.decide(Change("key", output="Under the fourth stone.\r\nSurely."))
    review = read_reviews(session.folder)["key"]
    assert (review.question, review.output) == (None, "Under the fourth stone.\nSurely.")
    about, _ = session.row("key")
    assert about["texts"]["output"]["original"] == "Under the third stone."
    assert about["texts"]["question"] == {"original": "Where is the key?", "edit": None}
    session.decide(Change("key", output="Under the third stone."))  # typed back: no edit any more
    assert not read_reviews(session.folder)["key"].edited


def test_the_original_outlives_the_edit_in_the_set(session: ReviewSession) -> None:
    """After a build has put the edit in, the row's own text is the edit."""
    session.decide(Change("key", question="Where, exactly, is the key?"))
    built = rows()
    built[0]["instruction"] = built[0]["instruction"].replace("Where is", "Where, exactly, is")
    built[0]["question"] = "Where, exactly, is the key?"
    write_set(session.folder, built)
    about, _ = session.row("key")
    assert session.about()["progress"]["edited"] == 1
    for edit in ("Where is that key?", "Where is it?"):
        session.decide(Change("key", question=edit))
        about, _ = session.row("key")
        assert about["texts"]["question"] == {"original": "Where is the key?", "edit": edit}
    session.decide(Change("key", question=about["texts"]["question"]["original"]))
    about, _ = session.row("key")
    assert about["texts"]["question"] == {"original": "Where is the key?", "edit": None}


@pytest.mark.parametrize(
    ("text", "why"),
    [("  \n", "the answer is empty"), ("a\x00b", "control"), ("half \ud83e", "half a character")],
)
def test_a_text_that_makes_no_row_is_refused(session: ReviewSession, text: str, why: str) -> None:
    with pytest.raises(ChangeError, match=why):
        session.decide(Change("key", output=text))
    assert not (session.folder / REVIEWS).exists()


def test_a_row_that_is_not_there(session: ReviewSession) -> None:
    for attempt in (lambda: session.row("../../etc/passwd"), lambda: session.decide(Change("no"))):
        with pytest.raises(NotInSetError):
            attempt()
    assert session.lines(["no", "key"])[0]["id"] == "key"


def test_what_somebody_else_decides_is_seen(session: ReviewSession) -> None:
    session.decide(Change("key", decision="accept"))
    append_review(session.folder, {"id": "lamp", "decision": "reject"})
    session.decide(Change("sword", decision="accept"))
    append_review(session.folder, {"id": "gone", "decision": "reject"})
    found = session.select(Query())["progress"]
    assert (found["accepted"], found["rejected"], found["elsewhere"]) == (2, 1, 1)
    (session.folder / REVIEWS).unlink()
    assert session.select(Query())["progress"]["undecided"] == 5


def test_a_set_built_anew_is_opened_anew(session: ReviewSession) -> None:
    text = "Other hills. " * 300 + KEY + LAMP
    (session.folder / "manifest.json").unlink()  # as in the middle of a build
    assert len(session.select(Query())["ids"]) == 5
    write_set(session.folder, [long_row(text, KEY, id="new")])
    assert session.select(Query())["ids"] == ["new"]
    assert session.row("new")[0]["evidence"][0]["exact"]


def test_the_command_names_recipe_and_options(session: ReviewSession, tmp_path: Path) -> None:
    assert session.command == f"python cli.py build RECIPE --out {session.folder}"
    from longalpaca_data.core.recipe import Overrides, load_recipe
    from longalpaca_data.core.resources import find_recipe

    recipe = load_recipe(find_recipe("longalpaca-12k"))
    built = recipe.with_overrides(Overrides(("my books", "b"), seed=7))
    manifest = json.loads((session.folder / "manifest.json").read_text())
    manifest |= {"name": recipe.name, "recipe": built.model_dump(mode="json")}
    manifest["mix"]["target"] = {"long": 600, "short": 200}
    (session.folder / "manifest.json").write_text(json.dumps(manifest))
    assert session.about()["command"] == (
        "python cli.py build longalpaca-12k --source 'my books' --source b --seed 7 --limit 600 "
        f"--out {session.folder}"
    )
