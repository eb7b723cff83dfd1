"""Every format: what is written reads back equal, templates lay rows out, nothing is half done."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from longalpaca_data.cli import app
from longalpaca_data.core.errors import DatasetError
from longalpaca_data.core.records import Evidence, Example
from longalpaca_data.core.storage import write_json
from longalpaca_data.export import (
    ALPACA_KEYS,
    FORMATS,
    SCHEMA,
    Options,
    Template,
    built_in,
    count_rows,
    export,
    parts_of,
    read_rows,
    write_split,
)
from longalpaca_data.export.layout import VARIABLES
from longalpaca_data.rowfiles import read_rows as read_back
from longalpaca_data.rowfiles.validate import validate
from longalpaca_data.windows.instruction import assemble
from tests.conftest import ROOT, Run, make_document, make_window

MATERIAL = "Ada found the key.\n\nIt was “cold”."
LONG: dict[str, Any] = {
    "id": "1",
    "instruction": f"Read this.\n\n{MATERIAL}\n\nIt ends here.\nWho found\nthe key?",
    "input": "",
    "output": "Ada.",
    "file": "a.txt",
    "task": "short_qa",
    "family": "f",
    "language": "en",
    "document_ids": ["d"],
    "titles": ["A"],
    "licences": ["CC0-1.0"],
    "n_tokens": 20,
    "question": "Who found\nthe key?",
    "evidence": [{"quote": "Ada found", "start": 12, "end": 21, "depth": 0.125}],
    "generator": "g",
    "scores": [{"name": "s", "value": 0.5}],
}
SHORT = LONG | {
    "id": "2",
    "instruction": "Translate.",
    "input": "猫 [INST]",
    "output": "cat",
    "question": "Translate.",
    "task": "short",
    "evidence": [],
}

# Line ends of other systems, NUL, lone quotes, white space at the edges, the second plane.
TEXT = st.text(max_size=40) | st.text(alphabet="\u2028\0\r\n \"'\\{}[]🦙日\ufeff\t", max_size=20)
NAMES = st.lists(TEXT, max_size=2)
EVIDENCE = st.fixed_dictionaries(
    {
        "quote": TEXT,
        "start": st.integers(0, 2**40),
        "end": st.integers(0, 2**40),
        "depth": st.floats(0, 1),
    }
)
SCORE = st.fixed_dictionaries({"name": TEXT, "value": st.floats(allow_nan=False)})
ROW = st.fixed_dictionaries(
    {
        **dict.fromkeys(SCHEMA.names, TEXT),
        **dict.fromkeys(("document_ids", "titles", "licences"), NAMES),
        "n_tokens": st.integers(0, 2**40),
        "evidence": st.lists(EVIDENCE, max_size=2),
        "scores": st.lists(SCORE, max_size=2),
    }
)


def make_set(folder: Path, train: list[dict[str, Any]], validation: Any = ()) -> Path:
    """Write a data set's Parquet."""
    write_split(folder, "train", train, len(train))
    if validation:
        write_split(folder, "validation", validation, len(validation))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_set(tmp_path / "tiny", [LONG, SHORT], [LONG | {"output": "She."}])


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("export")


def only(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


# --------------------------------------------------------------------------------- round trip


@settings(max_examples=15, deadline=None)
@given(rows=st.lists(ROW, max_size=4))
def test_every_format_reads_back_equal(scratch: Path, rows: list[dict[str, Any]]) -> None:
    source = make_set(scratch / "set", rows)
    for form in FORMATS.values():
        for suffix in form.suffixes or ("",):
            for provenance, names in ((False, ALPACA_KEYS), (True, SCHEMA.names)):
                target = scratch / f"out-{form.name}{suffix}"
                done = export(source, form.name, target, options=Options(provenance=provenance))
                assert done.rows == len(rows)
                read = [row for _, row in read_back(done.path)]
                assert read == [only(row, *names) for row in rows], (form.name, suffix)


@pytest.mark.parametrize("name", FORMATS)
def test_a_very_long_row_reads_back_equal(tmp_path: Path, name: str) -> None:
    row = SHORT | {"instruction": " " + "一二三🦙 \u2028“x” \\n\t" * 100_000}  # 2.9 MB
    done = export(make_set(tmp_path / "set", [row]), name, tmp_path / "new" / done_name(name))
    ((_, read),) = read_back(done.path)
    assert read == only(row, *ALPACA_KEYS)


def done_name(name: str) -> str:
    """Return a target that a format may have."""
    return name + next(iter(FORMATS[name].suffixes), "")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("provenance", [False, True])
def test_validate_knows_every_format(folder: Path, name: str, provenance: bool) -> None:
    done = export(folder, name, options=Options(provenance=provenance))
    found = validate(done.path)
    assert (found.format, found.problems, found.rows) == (name, [], done.rows)


def test_what_rows_look_like(folder: Path) -> None:
    shown = {}
    for name in ("sharegpt", "messages", "prompt-completion"):
        with export(folder, name).path.open(encoding="utf-8") as lines:
            shown[name] = [json.loads(line) for line in lines][1]
    said = "Translate.\n\n猫 [INST]"
    rest = {"input": "猫 [INST]", "file": "a.txt"}
    assert (
        shown["sharegpt"]
        == {"conversations": [{"from": "human", "value": said}, {"from": "gpt", "value": "cat"}]}
        | rest
    )
    assert (
        shown["messages"]
        == {
            "messages": [{"role": "user", "content": said}, {"role": "assistant", "content": "cat"}]
        }
        | rest
    )
    assert shown["prompt-completion"] == {"prompt": said, "completion": "cat"} | rest


@pytest.mark.parametrize("name", ["sharegpt", "messages", "prompt-completion", "alpaca-jsonl"])
def test_datasets_loads_every_format(folder: Path, tmp_path: Path, name: str) -> None:
    datasets = pytest.importorskip("datasets", reason="the hub extra is not installed")
    file = export(folder, name, options=Options(provenance=True)).path
    loaded = datasets.load_dataset(
        "json", data_files=str(file), split="train", cache_dir=str(tmp_path / "cache")
    )
    with file.open(encoding="utf-8") as lines:
        assert list(loaded) == [json.loads(line) for line in lines]


@pytest.mark.slow
def test_trl_takes_messages_and_pairs(folder: Path) -> None:
    data_utils = pytest.importorskip("trl.data_utils", reason="the train extra is not installed")
    for name, chat in (("messages", True), ("prompt-completion", False)):
        with export(folder, name).path.open(encoding="utf-8") as lines:
            assert data_utils.is_conversational(json.loads(next(lines))) is chat


def test_the_folder_of_parquet_loads_as_a_data_set(folder: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="the hub extra is not installed")
    done = export(folder, "parquet", tmp_path / "hub")
    loaded = datasets.load_dataset(str(done.path), cache_dir=str(tmp_path / "cache"))
    assert {split: rows.num_rows for split, rows in loaded.items()} == {"train": 2, "validation": 1}
    assert loaded["train"].column_names == list(ALPACA_KEYS)


# ------------------------------------------------------------------------------------ options


def test_splits(folder: Path) -> None:
    done = export(folder, "messages", split="validation")
    assert done.path.name == "tiny.validation.messages.jsonl"
    assert [row["output"] for _, row in read_back(done.path)] == ["She."]
    both = export(folder, "parquet").path
    assert both == folder / "tiny-parquet"
    assert [row["output"] for row in read_rows(both, "validation")] == ["She."]
    one = export(folder, "parquet", folder / "only", "validation").path
    assert [file.name for file in (one / "data").iterdir()] == ["validation-00000-of-00001.parquet"]


def test_a_system_prompt_stands_where_trainers_look(folder: Path) -> None:
    options = Options(system="Be brief.")
    turns = [json.loads(export(folder, n, options=options).path.read_text().splitlines()[0])
             for n in ("messages", "sharegpt")]  # fmt: skip
    assert turns[0]["messages"][0] == {"role": "system", "content": "Be brief."}
    assert turns[1]["conversations"][0] == {"from": "system", "value": "Be brief."}
    for name in ("alpaca", "messages", "sharegpt", "parquet"):
        rows = [row for _, row in read_back(export(folder, name, options=options).path)]
        assert [row["system"] for row in rows] == ["Be brief."] * 2
    with pytest.raises(DatasetError, match="no place for a system prompt"):
        export(folder, "prompt-completion", options=options)
    within = export(folder, "messages", options=Options(system="Be brief.", template="chatml")).path
    ((_, first), _) = read_back(within)
    assert first["instruction"].startswith("<|im_start|>system\nBe brief.<|im_end|>\n")
    assert "system" not in first


def test_llama_factory_finds_the_files(folder: Path, tmp_path: Path) -> None:
    write_json(tmp_path / "dataset_info.json", {"mine": {"file_name": "mine.json"}})
    for name in ("alpaca", "sharegpt", "messages"):
        options = Options(llama_factory=True, system="x" * (name == "alpaca"))
        export(folder, name, tmp_path / done_name(name), options=options)
    listed = json.loads((tmp_path / "dataset_info.json").read_text())
    assert set(listed) == {"mine", "alpaca", "sharegpt", "messages"}
    assert listed["alpaca"]["columns"]["system"] == "system"
    for name in ("alpaca", "sharegpt", "messages"):
        entry = listed[name]
        ((_, row), *_) = read_back(tmp_path / entry["file_name"])
        raw = (tmp_path / entry["file_name"]).read_text().lstrip("[\n ").splitlines()[0]
        written = json.loads(raw.rstrip(","))
        assert set(entry["columns"].values()) <= set(written)
        if entry["formatting"] == "sharegpt":
            tags = entry["tags"]
            turns = written[entry["columns"]["messages"]]
            assert [turn[tags["role_tag"]] for turn in turns] == [
                tags["user_tag"],
                tags["assistant_tag"],
            ]
            assert turns[0][tags["content_tag"]] == row["instruction"]


@pytest.mark.parametrize(
    ("name", "how", "says"),
    [
        ("x", {}, "unknown format 'x'; known are alpaca, alpaca-jsonl"),
        ("alpaca", {"split": "test"}, "unknown split 'test'; known are train, validation"),
        ("alpaca", {"target": "x.txt"}, "alpaca is not written as x.txt; let the file's name end"),
        ("sharegpt", {"target": "x"}, "end with .jsonl or .json"),
        ("parquet", {"target": "tiny/tiny.json"}, "tiny.json is a file"),
        ("parquet", {"target": "tiny"}, "belongs to the data set itself"),
        ("alpaca", {"target": "tiny/tiny.json"}, "belongs to the data set itself"),
        ("alpaca", {"options": Options("no-such")}, "built in are alpaca, chatml, llama2, plain"),
        ("parquet", {"options": Options(llama_factory=True)}, "can't say which split"),
    ],
)
def test_what_cannot_be_done_is_one_clear_error(
    folder: Path, tmp_path: Path, name: str, how: dict[str, Any], says: str
) -> None:
    (folder / "tiny.json").write_text("[]")
    write_json(folder / "manifest.json", {"files": {"tiny.json": {}}})
    before = sorted(tmp_path.rglob("*"))
    if "target" in how:
        how = how | {"target": tmp_path / how["target"]}
    with pytest.raises(DatasetError) as caught:
        export(folder, name, **how)
    assert says in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_missing_sets_and_splits_are_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no data set in"):
        export(tmp_path, "alpaca")
    make_set(tmp_path, [SHORT])
    with pytest.raises(DatasetError, match="no validation split in"):
        export(tmp_path, "alpaca", split="validation")
    (tmp_path / "data/train-00000-of-00001.parquet").write_text("broken")
    with pytest.raises(DatasetError, match=r"can't read .*build the data set anew"):
        export(tmp_path, "alpaca")
    assert not list(tmp_path.glob("*alpaca*"))


def test_a_failed_export_leaves_the_old_one(folder: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.j2"
    bad.write_text("{{ question if material else 1 / 0 }}")
    for name in ("alpaca", "parquet"):
        path = export(folder, name).path
        before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        with pytest.raises(DatasetError, match="ZeroDivisionError in train row 2"):
            export(folder, name, path, options=Options(str(bad)))
        assert {f: f.read_bytes() for f in folder.rglob("*") if f.is_file()} == before


def test_a_new_export_replaces_all_of_the_old_one(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "hub"
    stale = [target / "data/train-00000-of-00003.parquet", target / ".partial/data/train-x.parquet"]
    for file in stale:
        file.parent.mkdir(parents=True)
        file.write_text("old")
    (target / "README.md").write_text("mine")
    export(folder, "parquet", target)
    assert sorted(file.name for file in target.rglob("*") if file.is_file()) == [
        "README.md",
        "train-00000-of-00001.parquet",
        "validation-00000-of-00001.parquet",
    ]


def test_parquet_keeps_the_columns_types(folder: Path) -> None:
    plain = export(folder, "parquet").path
    whole = export(folder, "parquet", options=Options(provenance=True)).path
    assert plain == whole
    assert pq.read_schema(next((whole / "data").glob("train-*"))).equals(SCHEMA)
    assert count_rows(whole, "train") == 2


# ---------------------------------------------------------------------------------- templates


LINES = st.text(alphabet=st.characters(exclude_characters="\n\r", codec="utf-8"), max_size=20)


@given(opening=LINES, material=TEXT, closing=LINES, question=TEXT.filter(bool))
def test_parts_are_those_that_were_put_together(
    opening: str, material: str, closing: str, question: str
) -> None:
    text = f"{opening}\n\n{material}\n\n{closing}\n{question}"
    parts = parts_of(text, question)
    assert (parts.opening, parts.material, parts.closing) == (opening, material, closing)


@given(instruction=TEXT, question=TEXT)
def test_no_text_is_lost_in_parts(instruction: str, question: str) -> None:
    parts = parts_of(instruction, question)
    if not parts.material and not parts.opening:
        assert instruction in (parts.question, f"\n\n\n\n{parts.closing}\n{parts.question}")
    else:
        assert instruction == (
            f"{parts.opening}\n\n{parts.material}\n\n{parts.closing}\n{parts.question}"
        )


@pytest.mark.parametrize("kind", ["single", "papers"])
def test_parts_of_assembled_rows(kind: str) -> None:
    documents = [make_document(f"\nText {n}.\n\nMore.\n", title=f"T{n}") for n in range(2)]
    window = make_window(*documents[: 2 if kind == "papers" else 1], kind=kind)
    texts = [document.text for document in documents][: len(window.parts)]
    question = "First line?\nSecond line?"
    example = Example("e", window, "f", "t", "en", question, "a", (Evidence("q", 0, 0, 1),), "g")
    instruction = assemble(example, texts, seed=1)
    parts = parts_of(instruction.text, question)
    assert parts.question == question
    assert parts.material.endswith(texts[-1])
    assert instruction.text[instruction.start : instruction.end] in parts.material
    assert texts[0] in parts.material
    assert "\n" not in parts.opening + parts.closing


@pytest.mark.parametrize("name", built_in())
@pytest.mark.parametrize("row", [LONG, SHORT], ids=["long", "short"])
def test_built_in_templates_keep_every_text_and_the_evidence(name: str, row: Any) -> None:
    laid = Template(name).lay_out(row, "row 1")
    for text in (row["input"], row["question"], MATERIAL if row is LONG else ""):
        assert text in laid["instruction"]
    assert row["output"] not in laid["instruction"].replace(MATERIAL, "")
    assert laid["input"] == ""
    assert "\n\n\n" not in laid["instruction"]
    for piece in laid["evidence"]:
        assert laid["instruction"][piece["start"] : piece["end"]] == piece["quote"]


def test_what_built_in_templates_look_like() -> None:
    def laid(name: str, row: dict[str, Any], **more: str) -> str:
        return str(Template(name).lay_out(row | more, "row 1")["instruction"])

    assert laid("plain", LONG) == f"{MATERIAL}\n\nWho found\nthe key?"
    assert laid("plain", SHORT) == "Translate.\n\n猫 [INST]"
    assert laid("question-twice", LONG) == f"{LONG['question']}\n\n{LONG['instruction']}"
    assert laid("question-twice", SHORT) == "Translate.\n\n猫 [INST]"
    assert laid("alpaca", LONG).endswith("the key?\n\n### Response:\n")
    assert laid("alpaca", SHORT).endswith(
        "### Instruction:\nTranslate.\n\n### Input:\n猫 [INST]\n\n### Response:\n"
    )
    assert laid("llama2", SHORT) == "[INST] Translate.\n\n猫 [INST] [/INST]"
    assert laid("llama2", SHORT, system="Be brief.").startswith(
        "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nTranslate."
    )
    assert laid("chatml", SHORT) == (
        "<|im_start|>user\nTranslate.\n\n猫 [INST]<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_row_with_the_templates_marks_is_pointed_out(folder: Path) -> None:
    (note,) = export(folder, "prompt-completion", options=Options("llama2")).notes
    assert note.startswith("1 rows contain [INST], [/INST], <<SYS>> themselves")
    assert not export(folder, "prompt-completion", options=Options("chatml")).notes


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{{ material }}\n{% for x in %}", "line 2: Expected an expression"),
        ("a\n\n{{ questoin }}", "line 3: 'questoin' is undefined; it has prompt,"),
        ("{{ questoin }}", "(did you mean question?)"),
        ("a\n{{ output }}", "line 2: 'output' is undefined"),
        ("a\n{{ ''.__class__.__mro__ }}", "line 2: SecurityError in train row 1"),
        ("{{ titles.append('x') }}", "line 1: SecurityError"),
        ("{% include '/etc/passwd' %}", "line 1: can't include /etc/passwd"),
        ("{% import 'os' as os %}", "line 1: can't include os"),
        ("\n{% for i in range(10**9) %}{% endfor %}", "line 2: OverflowError"),
        ("{{ 1 / 0 }}", "line 1: ZeroDivisionError in train row 1"),
        ("{% if not material %}x{% endif %}", "gives no text for train row 1"),
        ("{{ question }}", "changes the material of train row 1, so its evidence has no place"),
        (b"\xff\xfe", "can't read the template"),
    ],
)
def test_a_bad_template_is_one_error_with_its_line(
    folder: Path, tmp_path: Path, source: str | bytes, says: str
) -> None:
    file = tmp_path / "t.j2"
    file.write_bytes(source if isinstance(source, bytes) else source.encode())
    with pytest.raises(DatasetError) as caught:
        export(folder, "alpaca", options=Options(str(file), provenance=True))
    assert says in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_template_without_the_material_is_fine_without_evidence(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "t.j2").write_text("{{ titles | join }}: {{ question }}{{ input }}")
    path = export(folder, "alpaca", options=Options(str(tmp_path / "t.j2"))).path
    assert next(row["instruction"] for _, row in read_back(path)) == "A: Who found\nthe key?"


def test_a_document_that_is_a_template_stays_text() -> None:
    row = SHORT | {"instruction": "{{ 7 * 7 }} {% raw %}", "question": "{{ 7 * 7 }} {% raw %}"}
    for name in built_in():
        assert "{{ 7 * 7 }} {% raw %}" in Template(name).lay_out(row, "row 1")["instruction"]


# --------------------------------------------------------------------------------- the command


def test_the_command_writes_what_it_says(folder: Path, here: Run) -> None:
    done = here(
        *("export", folder, "--format", "sharegpt", "--template", "plain", "--llama-factory"),
        *("--split", "validation", "--provenance", "--system", "Be brief."),
    )
    assert (done.returncode, done.stderr) == (0, "")
    file = folder / "tiny.validation.sharegpt.jsonl"
    assert done.stdout.splitlines() == [
        f"1 rows in {file}",
        f'LLaMA-Factory: dataset: "tiny.validation.sharegpt", dataset_dir: {folder}',
    ]
    ((_, row),) = read_back(file)
    assert row["system"] == "Be brief."
    assert row["titles"] == ["A"]
    assert validate(file).problems == []


def test_the_help_names_what_there_is() -> None:
    said = CliRunner().invoke(app, ["export", "--help"]).stdout
    words = set(re.findall(r"[\w-]+", said.replace("-\n", "-")))
    assert words >= {*FORMATS, *built_in(), *VARIABLES}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["alpaca", "messages", "parquet"])
def test_a_large_set_is_written_in_little_memory(tmp_path: Path, name: str) -> None:
    """Another 150 MB of rows take no more memory than the first 30."""
    text = "some words, again and again; " * 35_000

    def rows(count: int) -> Any:
        return (LONG | {"instruction": f"{n} {text}", "evidence": []} for n in range(count))

    peaks = []
    for count in (30, 180):
        folder = tmp_path / str(count)
        write_split(folder, "train", rows(count), count)
        probe = (
            "import sys\nfrom pathlib import Path\nfrom longalpaca_data.export import export\n"
            "from longalpaca_data.rowfiles.validate import validate\n"
            "done = export(Path(sys.argv[1]), sys.argv[2])\n"
            "assert not validate(done.path).problems\n"
            "status = Path('/proc/self/status').read_text()\n"
            "print(status.split('VmHWM:')[1].split()[0])\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", probe, folder, name],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        peaks.append(int(done.stdout) / 1024)
    assert peaks[1] - peaks[0] < 50, peaks
