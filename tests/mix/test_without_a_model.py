"""``mix`` reads what is stored: it works, and honours reviews, when the model is gone."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from longalpaca_data.mix.reviews import append_review
from tests.conftest import Run
from tests.generate.prompted.good_model import reply
from tests.llm.server import Asked, ModelServer, Reply

KEY = {"LONGALPACA_TEST_KEY": "sk-test-0123456789abcdefghijklmnop"}


def mixed(out: Path) -> list[str]:
    lines = (out / "work" / "mix.jsonl").read_text().splitlines()
    return [row["id"] for row in map(json.loads, lines) if row["part"] == "long"]


@pytest.mark.slow
@pytest.mark.usefixtures("blank_pictures")
def test_mixing_anew_needs_no_model_and_no_key(
    here: Run, small_recipe: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    model = "model: {key_variable: LONGALPACA_TEST_KEY, name: good}"
    text = small_recipe.read_text().replace(
        "rows_per_1k_tokens: 2", f"rows_per_1k_tokens: 1, {model}"
    )
    small_recipe.write_text(text.replace("long: 60, short: 20", "long: 12, short: 4"))
    asked: Counter[str] = Counter()

    def answer(question: Asked) -> Reply:
        asked["calls"] += 1
        if asked["calls"] % 6 == 0:  # a call that fails is asked again by every build
            return Reply(status=400)
        return Reply(reply(question.body["messages"]))

    with ModelServer(answer) as server:
        words = ("--base-url", server.base_url, "--out", out, "--workers", 1)
        done = here("build", small_recipe, *words, **KEY)
        assert done.returncode == 0, done.stderr
    before = mixed(out)
    assert asked["calls"] > 12
    for said in (here("mix", small_recipe, *words), here("mix", small_recipe, *words, **KEY)):
        assert said.returncode == 0, said.stderr
        assert "questions were not asked" in said.stderr
        assert mixed(out) == before
    append_review(out, {"id": before[0], "decision": "reject"})
    said = here("mix", small_recipe, *words)
    assert said.returncode == 0, said.stderr
    after = mixed(out)
    assert before[0] not in after
    assert [row for row in after if row in before] == before[1:]
    resized = small_recipe.read_text()
    for long, enough in ((6, 6), (50, len(before) - 1)):
        small_recipe.write_text(resized.replace("long: 12, short: 4", f"long: {long}, short: 0"))
        said = here("mix", small_recipe, *words)
        assert said.returncode == 0, said.stderr
        assert len(mixed(out)) >= enough
