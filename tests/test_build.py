"""The build, run as a user runs it: files, bytes, resume, bad input."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from longalpaca_data.build import Options, build
from longalpaca_data.core.recipe import load_recipe
from longalpaca_data.core.storage import file_sha256
from longalpaca_data.core.tokens import Tokenizer
from longalpaca_data.export import ALPACA_KEYS
from longalpaca_data.rowfiles.validate import validate
from tests.conftest import ROOT, Run, copy_few, write_small_recipe


def made(recipe: Path, out: Path, until: str = "export", **options: Any) -> Path:
    """Build in this process, where starting one is not the point."""
    build(load_recipe(recipe), Options(out, **{"workers": 1, "quiet": True, **options}), until)
    return out


def outputs(folder: Path) -> dict[str, str]:
    """Return name → hash of everything but the working folder."""
    return {
        file.relative_to(folder).as_posix(): file_sha256(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and "work" not in file.relative_to(folder).parts
    }


def rows(folder: Path, split: str = "train") -> list[dict[str, Any]]:
    return [
        row
        for file in sorted((folder / "data").glob(f"{split}-*.parquet"))
        for row in pq.read_table(file).to_pylist()
    ]


def manifest(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return loaded


@dataclass(frozen=True)
class Whole:
    """A finished build that tests read and compare with, and leave as it is."""

    recipe: Path
    folder: Path
    said: str


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, cli: Run) -> Whole:
    """The small recipe's build, made as a user makes it."""
    root = tmp_path_factory.mktemp("whole")
    recipe, out = write_small_recipe(root / "small.yaml", copy_few(root / "few")), root / "out"
    done = cli("build", recipe, "--out", out, "--workers", 1, "--json")
    assert done.returncode == 0, done.stderr
    return Whole(recipe, out, done.stdout)


def test_a_build_makes_every_file_of_the_contract(whole: Whole) -> None:
    out, said = whole.folder, json.loads(whole.said)
    assert said["long rows"] == 3 * said["short rows"] > 0
    made_rows = rows(out)
    assert len(made_rows) == said["long rows"] + said["short rows"]
    for name in ("README.md", "report.html", "manifest.json", "small.json"):
        assert (out / name).stat().st_size > 0
    listed = json.loads((out / "small.json").read_text(encoding="utf-8"))
    assert [tuple(row) for row in listed] == [ALPACA_KEYS] * len(made_rows)
    assert [row["output"] for row in listed] == [row["output"] for row in made_rows]
    for row in made_rows:
        for evidence in row["evidence"]:
            assert row["instruction"][evidence["start"] : evidence["end"]] == evidence["quote"]
            assert 0 <= evidence["depth"] <= 1
        assert row["instruction"].endswith(row["question"])
    about = manifest(out)
    assert {n: f["sha256"] for n, f in about["files"].items()} == {
        n: h for n, h in outputs(out).items() if n != "manifest.json"
    }
    for stage in about["stages"]:
        if stage["stage"] not in ("segment", "group", "generate"):  # one item may give many
            assert stage["in"] == stage["out"] + sum(stage["dropped"].values()), stage
    for before, after in (("ground", "rules"), ("rules", "repeats")):
        counts = {stage["stage"]: stage for stage in about["stages"]}
        assert counts[before]["out"] == counts[after]["in"]
    for path in (out, out / "small.json"):
        found = validate(path)
        assert (found.rows, found.problems) == (len(made_rows), [])


@pytest.mark.slow
def test_token_counts_are_those_of_the_whole_row(whole: Whole) -> None:
    count = Tokenizer("cl100k_base", exact=True)
    for row in rows(whole.folder)[:20]:
        together = count(row["instruction"]) + count(row["input"]) + count(row["output"])
        assert abs(row["n_tokens"] - together) <= 2


@pytest.mark.slow
def test_the_same_bytes_whatever_the_workers_and_the_place(
    whole: Whole, tmp_path: Path, cli: Run
) -> None:
    one = outputs(whole.folder)
    done = cli("build", whole.recipe, "--out", tmp_path / "two", "--workers", 2)
    assert done.returncode == 0, done.stderr
    assert outputs(tmp_path / "two") == one
    assert outputs(made(whole.recipe, tmp_path / "three", workers=3)) == one
    assert outputs(made(whole.recipe, tmp_path / "three", fresh=True)) == one
    done = cli("build", whole.recipe, "--out", tmp_path / "four", "--seed", 43, "--workers", 1)
    assert done.returncode == 0
    assert outputs(tmp_path / "four") != one


@pytest.mark.slow
def test_stages_one_at_a_time_come_to_the_same(whole: Whole, tmp_path: Path, cli: Run) -> None:
    steps = tmp_path / "steps"
    seen = {
        "collect": "collected.jsonl",
        "clean": "documents/documents-00000.parquet",
        "generate": "examples.jsonl",
        "filter": "samples.jsonl",
        "mix": "mix.jsonl",
    }
    for stage, file in seen.items():
        assert not (steps / "work" / file).exists()
        made(whole.recipe, steps, until=stage)
        assert (steps / "work" / file).stat().st_size > 0
        assert not (steps / "manifest.json").exists()
    done = cli("filter", whole.recipe, "--out", steps, "--workers", 1, "--json")
    assert [stage["stage"] for stage in json.loads(done.stdout)["stages"]][-1] == "repeats"
    assert outputs(made(whole.recipe, steps)) == outputs(whole.folder)


def units(folder: Path) -> dict[str, float]:
    with contextlib.closing(sqlite3.connect(folder / "work" / "ledger.sqlite")) as ledger:
        return dict(ledger.execute("SELECT key, finished FROM units"))


def finished(folder: Path) -> int:
    """Count the units that a build has finished, also while it runs or before it began."""
    file = folder / "work" / "ledger.sqlite"
    if not file.exists():
        return 0
    with contextlib.closing(sqlite3.connect(file, timeout=30)) as ledger:
        try:
            return int(ledger.execute("SELECT count(*) FROM units").fetchone()[0])
        except sqlite3.OperationalError:  # the table isn't there yet
            return 0


@pytest.mark.slow
@pytest.mark.usefixtures("blank_pictures")
def test_a_changed_recipe_redoes_only_what_depends_on_it(
    small_recipe: Path, tmp_path: Path
) -> None:
    out = made(small_recipe, tmp_path / "out")
    first = units(out)
    made(small_recipe, out)
    assert units(out) == first, "nothing changed, nothing was done"
    text = small_recipe.read_text().replace("rows_per_1k_tokens: 2", "rows_per_1k_tokens: 3")
    small_recipe.write_text(text)
    made(small_recipe, out)
    with contextlib.closing(sqlite3.connect(out / "work" / "ledger.sqlite")) as ledger:
        stages = {stage for key, stage in ledger.execute("SELECT key, stage FROM units")
                  if key not in first}  # fmt: skip
    assert stages == {"generate", "ground", "rules", "repeats"}


@pytest.fixture(scope="module")
def tiny_recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One story, cut into small windows: many units and commits, little work."""
    root = tmp_path_factory.mktemp("tiny")
    file, few = root / "tiny.yaml", copy_few(root / "few")
    (story,) = few.glob("*.txt")
    file.write_text(
        f"""name: tiny
documents: [{story}]
windows: {{lengths: [700, 1500], coverage: 1, min_tokens: 500}}
short: ["sample:"]
mix: {{long: 60, short: 20}}
""",
        encoding="utf-8",
    )
    return file


@pytest.fixture(scope="module")
def uninterrupted(tiny_recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny recipe's build that nothing disturbed."""
    out = tmp_path_factory.mktemp("uninterrupted") / "out"
    assert start(tiny_recipe, out).wait(timeout=300) == 0
    return out


def start(recipe: Path, out: Path) -> subprocess.Popen[bytes]:
    words = [sys.executable, ROOT / "cli.py", "build", recipe, "--out", out, "--workers", "2"]
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(words, stdout=nowhere, stderr=nowhere, start_new_session=True)


@pytest.mark.slow
def test_killed_at_random_moments_it_resumes_to_the_same_bytes(
    tiny_recipe: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    """Twenty ``kill -9``: the bytes are an uninterrupted run's, no finished unit is done twice.

    Four kills hit one folder, one after the other, each on top of what the last one left; then
    the build is finished and compared.
    """
    expected = outputs(uninterrupted)
    whole = len(units(uninterrupted))
    moments = random.Random(20)
    cut = 0
    for folder in range(5):
        out = tmp_path / f"out{folder}"
        for _ in range(4):
            # Moments are counted in finished units: seconds mean another place in every run.
            done = finished(out)
            wanted = done + int(moments.uniform(0, 0.8) * (whole - done))
            process = start(tiny_recipe, out)
            while process.poll() is None and finished(out) < wanted:
                time.sleep(0.01)
            time.sleep(moments.uniform(0, 0.1))
            os.kill(process.pid, signal.SIGKILL)
            cut += process.wait() == -signal.SIGKILL
        before = units(out) if finished(out) else {}
        made(tiny_recipe, out)
        after = units(out)
        assert {key: after[key] for key in before} == before, "a finished unit was done again"
        assert outputs(out) == expected
    assert cut >= 12, "too few of the kills came before the build had ended"


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["rename", "fsync", "commit"])
def test_killed_in_the_middle_of_writes_and_commits(
    moment: str, tiny_recipe: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    """The process kills itself at the N-th rename, sync or commit: wherever, it resumes."""
    expected = outputs(uninterrupted)
    for count in (1, 3, 8, 13):
        out = tmp_path / f"{moment}-{count}"
        killed = subprocess.run(
            [sys.executable, "-c", KILLER, moment, str(count), str(tiny_recipe), str(out)],
            cwd=ROOT,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert killed.returncode in (-signal.SIGKILL, 0), killed.stderr
        if count == 1:
            assert killed.returncode == -signal.SIGKILL
        assert outputs(made(tiny_recipe, out)) == expected


KILLER = """
import os, pathlib, signal, sys
moment, count, recipe, out = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]

def armed(function, before):
    def call(*words, **named):
        global count
        count -= 1
        if count == 0 and before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*words, **named)
        if count == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call

if moment == "rename":
    pathlib.Path.replace = armed(pathlib.Path.replace, False)
elif moment == "fsync":
    os.fsync = armed(os.fsync, True)
else:
    from longalpaca_data.pipeline.ledger import Ledger
    Ledger.finish = armed(Ledger.finish, False)
sys.argv = ["cli.py", "build", recipe, "--out", out, "--workers", "1"]
from longalpaca_data.cli import main
main()
"""


@pytest.mark.slow
def test_ctrl_c_says_how_to_resume(small_recipe: Path, tmp_path: Path, cli: Run) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, ROOT / "cli.py", "build", small_recipe, "--out", out],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    while not (out / "work" / "ledger.sqlite").exists():
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "run the same command again to resume" in said
    assert "Traceback" not in said
    assert cli("build", small_recipe, "--out", out).returncode == 0


def fails(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line of an error that the user can mend."""
    assert done.returncode == 1, (done.returncode, done.stderr)
    lines = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def test_no_documents_at_all(tmp_path: Path, here: Run) -> None:
    (tmp_path / "empty").mkdir()
    done = here("build", "--source", tmp_path / "empty", "--out", tmp_path / "out")
    assert "no document" in fails(done)
    assert "no such source" in fails(
        here("build", "--source", tmp_path / "missing", "--out", tmp_path / "o")
    )


def test_only_bad_documents(tmp_path: Path, here: Run) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(b"%PDF-1.4 broken")
    (folder / "b.txt").write_bytes(b"")
    words = ("--source", folder, "--out", tmp_path / "out", "--workers", 1)
    line = fails(here("build", *words))
    assert "none of the documents can be used" in line
    assert "dropped.jsonl" in line
    dropped = (tmp_path / "out" / "work" / "dropped.jsonl").read_text().splitlines()
    assert {json.loads(d)["source"] for d in dropped} == {"a.pdf", "b.txt"}


def test_nothing_long_enough(tmp_path: Path, here: Run) -> None:
    folder = tmp_path / "short"
    folder.mkdir()
    (folder / "a.txt").write_text("This is a perfectly readable but much too short text. " * 10)
    words = ("--source", folder, "--out", tmp_path / "out", "--workers", 1)
    line = fails(here("build", *words))
    assert "no document is long enough: none has 2000 tokens" in line


@pytest.mark.usefixtures("blank_pictures")
def test_one_bad_document_is_a_counted_drop(few: Path, small_recipe: Path, tmp_path: Path) -> None:
    (few / "broken.pdf").write_bytes(b"%PDF-1.7\n" + b"\x00garbage" * 50)
    (few / "tiny.txt").write_text("A line of text that says almost nothing at all.\n" * 3)
    out = made(small_recipe, tmp_path / "out")
    lines = (out / "work" / "dropped.jsonl").read_text().splitlines()
    dropped = [json.loads(line) for line in lines]
    assert {d["source"] for d in dropped if d["stage"] in ("collect", "clean", "segment")} == {
        "broken.pdf",
        "tiny.txt",
    }


def test_unreadable_folder(tmp_path: Path, here: Run) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0)
    if os.access(folder, os.R_OK):
        pytest.skip("this user may read everything")
    line = fails(here("build", "--source", folder, "--out", tmp_path / "out"))
    assert "can't read" in line


def test_unknown_recipe_key_and_generator(small_recipe: Path, tmp_path: Path, here: Run) -> None:
    assert "unknown generator 'nobody'; known are extractive" in fails(
        here("build", small_recipe, "--generator", "nobody", "--out", tmp_path / "out")
    )
    small_recipe.write_text(small_recipe.read_text() + "mixx: {}\n")
    line = fails(here("build", small_recipe, "--out", tmp_path / "out"))
    assert "unknown key `mixx`; did you mean `mix`?" in line


def mount(kind: str, target: Path, *options: str) -> None:
    target.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", kind, *options, kind, target], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"can't mount {kind} here: needs root and its privileges")


@pytest.mark.slow
def test_a_full_disk_keeps_what_was_finished(small_recipe: Path, tmp_path: Path, cli: Run) -> None:
    small = tmp_path / "disk"
    mount("tmpfs", small, "-o", "size=900k")
    try:
        line = fails(cli("build", small_recipe, "--out", small / "out"))
        assert "can't write" in line
        assert "free space" in line
        kept = units(small / "out") if (small / "out/work/ledger.sqlite").exists() else {}
        subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
        assert cli("build", small_recipe, "--out", small / "out").returncode == 0
        assert kept.keys() <= units(small / "out").keys()
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_read_only_folder(small_recipe: Path, tmp_path: Path, here: Run) -> None:
    folder = tmp_path / "readonly"
    mount("tmpfs", folder, "-o", "ro,size=1m")
    try:
        line = fails(here("build", small_recipe, "--out", folder / "out"))
        assert "can't write" in line
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
def test_two_builds_on_one_folder(small_recipe: Path, tmp_path: Path, cli: Run) -> None:
    out = tmp_path / "out"
    first = subprocess.Popen(
        [sys.executable, ROOT / "cli.py", "build", small_recipe, "--out", out],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not (out / "work" / "ledger.sqlite").exists():
        assert first.poll() is None
        time.sleep(0.01)
    assert "another build is at work" in fails(cli("build", small_recipe, "--out", out))
    assert first.wait(timeout=120) == 0


@pytest.mark.usefixtures("blank_pictures")
def test_limit_counts_long_rows(small_recipe: Path, tmp_path: Path) -> None:
    realised = manifest(made(small_recipe, tmp_path / "out", limit=6))["mix"]["realised"]
    assert (realised["long"], realised["short"]) == (6, 2)


def test_dry_run_touches_nothing(small_recipe: Path, tmp_path: Path, here: Run) -> None:
    done = here("build", small_recipe, "--out", tmp_path / "out", "--dry-run", "--json")
    assert done.returncode == 0
    said = json.loads(done.stdout)
    assert said["documents"] == 3
    assert said["calls"] == 0
    assert 0 < said["windows"] <= said["long rows before the filters, at most"]
    assert said["tokens in the windows"] > 800
    assert (said["long rows wanted"], said["short rows at hand"]) == (60, 404)
    assert not (tmp_path / "out").exists()


def test_a_later_stage_goes_on_with_the_sources_of_an_earlier_one(
    few: Path, tmp_path: Path, here: Run
) -> None:
    out = tmp_path / "out"
    assert here("collect", "--source", few, "--out", out).returncode == 0
    done = here("clean", "--out", out, "--json")
    assert json.loads(done.stdout)["stages"][0]["in"] == 3
    assert f"going on with what {out} was begun with" in done.stderr
    other = here("clean", "--out", out, "--source", few / "reports", "--json")
    assert json.loads(other.stdout)["stages"][0]["in"] == 2
    assert f"not what {out} was begun with: documents (" in other.stderr


def test_a_misspelt_source_is_not_remembered(few: Path, tmp_path: Path, here: Run) -> None:
    out = tmp_path / "out"
    assert here("collect", "--source", few, "--out", out).returncode == 0
    assert here("collect", "--source", tmp_path / "fwe", "--out", out).returncode == 1
    assert json.loads(here("clean", "--out", out, "--json").stdout)["stages"][0]["in"] == 3


@pytest.mark.usefixtures("blank_pictures")
def test_licence_and_short_pairs_from_the_command_line(
    small_recipe: Path, tmp_path: Path, here: Run
) -> None:
    out, pairs = tmp_path / "out", tmp_path / "pairs.jsonl"
    lines = [{"instruction": f"Say {n}.", "input": "", "output": f"It is {n}."} for n in range(5)]
    pairs.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    done = here("build", small_recipe, "--out", out, "--licence", "cc-by-4.0", "--short", pairs)
    assert done.returncode == 0, done.stderr
    assert "\nlicense: cc-by-4.0\n" in (out / "README.md").read_text(encoding="utf-8")
    short = {row["output"] for row in rows(out) if row["task"] == "short"}
    assert short == {line["output"] for line in lines}
    assert done.stdout.count("short rows: 5") == 1
