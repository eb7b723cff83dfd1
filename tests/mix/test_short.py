"""Short pairs: files in Alpaca form, Hub sets, clear errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from longalpaca_data.core.errors import LongalpacaError, SourceError
from longalpaca_data.core.recipe import ShortSpec
from longalpaca_data.core.records import ShortPair
from longalpaca_data.mix.short import distinct_pairs, read_pairs
from longalpaca_data.pipeline.stage import Context

ROWS = [
    {"instruction": "Say hello.", "input": "", "output": "Hello."},
    {"instruction": "翻译", "input": "猫", "output": "cat"},
    {"instruction": "Say hello.", "output": "Hi.", "input": None},
    {"instruction": "Empty", "output": ""},
]


def read(path: Path, licence: str = "MIT") -> tuple[list[ShortPair], list[str]]:
    context = Context("short", 0)
    pairs = list(distinct_pairs(read_pairs([ShortSpec(path=str(path), licence=licence)]), context))
    return pairs, [drop.reason for drop in context.drops]


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_files_in_alpaca_form(tmp_path: Path, form: str) -> None:
    file = tmp_path / f"pairs.{form}"
    text = json.dumps(ROWS) if form == "json" else "\n".join(map(json.dumps, ROWS))
    file.write_text(text, encoding="utf-8")
    pairs, drops = read(file)
    assert [(p.instruction, p.input, p.output, p.language) for p in pairs] == [
        ("Say hello.", "", "Hello.", "en"),
        ("翻译", "猫", "cat", "zh"),
    ]
    assert {p.licence for p in pairs} == {"MIT"}
    assert drops == ["repeated pair", "empty"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("Say it.", "", "  "), "empty"),
        (("Say it.", "", "<nooutput>"), "placeholder answer"),
        (("Say it.", "", "NaN"), "placeholder answer"),
        (("Say it.", "", "N/A."), "placeholder answer"),
        (("Say it.", "", "I'm sorry, but I can't help with that."), "refusal"),
        (("Say it.", "", "As an AI language model, I have no opinion."), "refusal"),
        (("说一说。", "", "很抱歉，我无法回答这个问题。"), "refusal"),
        (("!!!! ???? !!!!", "", "Hello."), "not text"),
        (("1 2 3 4 5", "", "6"), "not text"),
        (("Say it.", "", "Caf\ufffd"), "not text"),
        (("Describe this image.", "", "A cat."), "asks for a picture"),
        (("Say it.", "x" * 9000, "Hello."), "too long"),
        (("Say sorry.", "", "I am sorry for the delay, and I will call at noon."), None),
        (("Name the gas.", "", "None"), None),
        (("2 + 2 = ? Answer.", "", "4"), None),
        (("What is an image?", "", "A picture."), None),
        (("翻译", "猫", "cat"), None),
    ],
)
def test_faulty_pairs_are_counted_drops(
    tmp_path: Path, row: tuple[str, str, str], reason: str | None
) -> None:
    (tmp_path / "x.json").write_text(
        json.dumps([dict(zip(("instruction", "input", "output"), row, strict=True))])
    )
    pairs, drops = read(tmp_path / "x.json")
    assert drops == ([reason] if reason else [])
    assert len(pairs) == (reason is None)


def test_pairs_are_tidied(tmp_path: Path) -> None:
    row = {
        "instruction": "\ufeffSay it. \r\n\r\n\r\n\r\nTwice.\u200b",
        "input": "<noinput>",
        "output": "  def f():\n      pass\n",
    }
    (tmp_path / "x.jsonl").write_text(json.dumps(row))
    ((pair,), _) = read(tmp_path / "x.jsonl")
    assert (pair.instruction, pair.input) == ("Say it.\n\nTwice.", "")
    assert pair.output == "def f():\n      pass"


def test_the_language_is_that_of_the_question(tmp_path: Path) -> None:
    texts = ["What does 你好 mean in English?", "用Python写一个排序函数。", "Bonjour"]
    rows = [{"instruction": text, "output": "x"} for text in texts]
    (tmp_path / "x.json").write_text(json.dumps(rows))
    pairs, _ = read(tmp_path / "x.json")
    assert [pair.language for pair in pairs] == ["en", "zh", "en"]


def test_files_of_conversations(tmp_path: Path) -> None:
    turns = [("system", "Be brief."), ("user", "Say hello."), ("assistant", "Hello.")]
    row = {"messages": [{"role": role, "content": text} for role, text in turns]}
    (tmp_path / "chat.jsonl").write_text(json.dumps(row))
    ((pair,), _) = read(tmp_path / "chat.jsonl")
    assert (pair.instruction, pair.input, pair.output) == ("Be brief.\n\nSay hello.", "", "Hello.")


@pytest.mark.parametrize(
    ("content", "says"),
    [("{", "not JSON"), ('[{"a": 1}]', "row 1: no `instruction`"), ("[1]", "row 1")],
)
def test_bad_files_are_one_clear_error(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(SourceError, match=says):
        read(tmp_path / "x.json")


def test_missing_files_say_what_to_name() -> None:
    with pytest.raises(SourceError, match="no short samples at"):
        read(Path("/no/such/file.json"))


def test_a_hub_set_out_of_reach_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets", reason="the hub extra is not installed")

    def refuse(name: str, split: str) -> object:
        raise ConnectionError("no network\nand a second line")

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(
        LongalpacaError, match="can't load tatsu-lab/alpaca from the Hub: no network"
    ):
        list(read_pairs([ShortSpec(path="tatsu-lab/alpaca")]))


def test_the_bundled_pairs_are_many_and_whole() -> None:
    context = Context("short", 0)
    pairs = list(distinct_pairs(read_pairs([ShortSpec(path="sample:")]), context))
    assert len(pairs) >= 300
    assert not context.drops
    assert {"en", "zh"} == {pair.language for pair in pairs}
