"""sft, merge, ask and eval as a user calls them: one line for every mistake, and nothing left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

torch = pytest.importorskip(
    "torch", reason="the trainer needs torch: pip install 'longalpaca-data[train]'"
)
pytest.importorskip("trl", reason="the trainer needs trl: pip install 'longalpaca-data[train]'")
torch.set_num_threads(1)  # tiny models: threads only wait for one another

from longalpaca_data.cli import main
from tests.conftest import ROOT, Run
from tests.train.runs import make_settings, row, write_dataset
from tests.train.tiny import byte_tokenizer, save_tiny

pytestmark = [
    # peft 0.21 asks transformers for a name that transformers 5.23 renames.
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Say:
    """Call the command line in this process: exit code, stdout, stderr."""

    def call(*words: object) -> tuple[int, str, str]:
        before = signal.getsignal(signal.SIGTERM)
        monkeypatch.setattr(sys, "argv", ["cli.py", *map(str, words)])
        capsys.readouterr()
        try:
            with pytest.raises(SystemExit) as end:
                main()
        finally:
            signal.signal(signal.SIGTERM, before)
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return call


@pytest.fixture
def refused(say: Say) -> Callable[..., None]:
    """Check that a call ends with code 1 and one line that says ``match``."""

    def check(match: str, *words: object) -> None:
        code, out, error = say(*words)
        lines = [line for line in error.splitlines() if line.startswith("error:")]
        assert code == 1, error
        assert len(lines) == 1, error
        assert error.splitlines()[-1] == lines[0]
        assert match in lines[0]
        assert "Traceback" not in error
        assert out == ""

    return check


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model, a data set and a recipe."""
    folder = tmp_path_factory.mktemp("place")
    save_tiny(folder / "model")
    write_dataset(folder / "data")
    settings = make_settings(folder, max_steps=1, accumulation=1).recipe
    (folder / "recipe.yaml").write_text(json.dumps(settings))  # JSON is YAML
    return folder


@pytest.fixture
def sft(place: Path, tmp_path: Path) -> list[object]:
    """The words of a run that works."""
    recipe = ["--recipe", place / "recipe.yaml", "--gpus", "0", "--quiet"]
    return ["sft", place / "data", *recipe, "--out", tmp_path / "out"]


@pytest.fixture(scope="module")
def adapter(place: Path) -> Path:
    """What a run of one step wrote."""
    from longalpaca_data.train.run.worker import train

    train(make_settings(place, "adapter", max_steps=1, accumulation=1))
    return place / "adapter"


def copy_without(folder: Path, target: Path, *names: str) -> Path:
    return Path(shutil.copytree(folder, target, ignore=shutil.ignore_patterns(*names)))


# ------------------------------------------------------------------------------------------- works


@pytest.mark.slow
def test_train_merge_ask_and_evaluate(say: Say, sft: list[object], tmp_path: Path) -> None:
    code, out, error = say(*sft)
    assert code == 0, error
    assert out.startswith(f"{tmp_path / 'out'}: 1 step, training loss ")
    assert "held-out loss" in out
    assert "(3 rows)" in out
    code, out, error = say("merge", tmp_path / "out", "--out", tmp_path / "merged")
    assert (code, "context 512" in out) == (0, True)
    (tmp_path / "page.html").write_text("<html><body><h1>Keys</h1><p>Ada keeps it.</p></body>")
    (tmp_path / "notes.txt").write_text("Nobody else has a key, whatever they say.")
    materials = ["--material", tmp_path / "page.html", "--material", tmp_path / "notes.txt"]
    for model in ("out", "merged"):
        code, _, error = say("ask", tmp_path / model, "Who?", *materials, "--answer-tokens", 4)
        assert code == 0, error
    code, out, error = say(
        "eval", tmp_path / "out", tmp_path / "merged", "--suite", "perplexity",
        "--text", tmp_path / "page.html", "--context", 64, "--json", "--out", tmp_path / "e",
    )  # fmt: skip
    assert code == 0, error
    one, two = json.loads(out)["models"].values()
    assert one["perplexity"][0]["tokens"] == two["perplexity"][0]["tokens"]
    _, out, _ = say(
        "eval", tmp_path / "out", "--suite", "perplexity", "--text", tmp_path / "page.html",
        "--context", 16, "--stride", 4, "--json",
    )  # fmt: skip
    (slid,) = json.loads(out)["models"].values()
    assert slid["perplexity"][0]["mode"] == "sliding"
    assert slid["perplexity"][0]["tokens"] == one["perplexity"][0]["tokens"]
    assert json.loads((tmp_path / "e" / "eval.json").read_text())["models"]


def test_a_dry_run_passes_on_what_torchrun_and_deepspeed_need(
    say: Say, place: Path, tmp_path: Path
) -> None:
    recipe = json.loads((place / "recipe.yaml").read_text())
    (tmp_path / "z.yaml").write_text(json.dumps(recipe | {"parallel": "zero3"}))
    nodes = ["--nnodes=2", "--node_rank=1", "--rdzv_endpoint=host:29500", "--rdzv_backend=c10d"]
    code, out, error = say(
        "sft", place / "data", "--recipe", tmp_path / "z.yaml", "--gpus", 8, "--dry-run",
        *(f"--torchrun={word}" for word in nodes),
    )  # fmt: skip
    assert code == 0, error
    lines = dict(line.split(maxsplit=1) for line in out.splitlines() if line[0] != " ")
    assert f"torch.distributed.run {' '.join(nodes)} --nproc_per_node 8" in lines["command"]
    assert "--standalone" not in lines["command"]
    assert lines["weights"].startswith("zero3")
    assert "estimated" in lines["memory"]
    assert "not measured" in out
    assert lines["gpus"] == "16 (2 nodes of 8)"
    _, out, _ = say(
        "sft", place / "data", "--recipe", tmp_path / "z.yaml", "--gpus", 8, "--dry-run", "--json"
    )
    assert json.loads(out)["parallel"] == "zero3"


def test_the_numbers_of_a_recipe_are_not_those_of_another_model(say: Say, place: Path) -> None:
    words = ["--recipe", "sft-tiny", "--model", place / "model", "--gpus", 0, "--dry-run"]
    _, out, error = say("sft", place / "data", *words)
    assert "frozen" in out, error
    frozen = int(out.split(" frozen")[0].split()[-1].replace(",", ""))
    assert frozen < 100_000


# ----------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["--model", "/no/such/model"], "no model at /no/such/model"),
        (["--model", "here.gguf"], "no model at here.gguf"),
        (["--gpus", "2"], "--gpus 2: 0 GPUs found; use --gpus 0 for the CPU"),
        (["--quantize", "4bit"], "--quantize 4bit needs an NVIDIA GPU"),
        (["--template", "chat"], "has no chat template"),
        (["--context", "40"], "no row fits in a context of 40 tokens"),
        (
            ["--context", "0"],
            "the command line: `context`: Input should be greater than or equal to 1",
        ),
        (["--attention", "flash"], "`attention`: Input should be 's2', 'local' or 'full'"),
        (["--held-out", "0.9"], "`held_out`: Input should be less than or equal to 0.5"),
        (["--recipe", "no-such-recipe"], "no recipe 'no-such-recipe'"),
        (["--resume"], "there is no checkpoint in"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_sft_refuses(
    words: list[str],
    match: str,
    sft: list[object],
    tmp_path: Path,
    refused: Callable[..., None],
) -> None:
    refused(match, *sft, *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        ("empty.json", "[]", "has no train rows"),
        ("answer.json", json.dumps([{**row(1), "output": " "}]), "row 1: output is empty"),
        ("question.jsonl", json.dumps({**row(1), "instruction": ""}), "instruction is empty"),
        ("list.json", "[1]", "row 1"),
        ("half.json", '[{"instruction": "a"', "can't read"),
        ("rows.csv", "a,b", "csv"),
        ("one.json", json.dumps([row(1)] * 3), "all 3 come from one document"),
    ],
)
def test_data_sets_that_sft_refuses(
    name: str, text: str, match: str, sft: list[object], tmp_path: Path,
    refused: Callable[..., None],
) -> None:  # fmt: skip
    (tmp_path / name).write_text(text)
    refused(match, "sft", tmp_path / name, *sft[2:], "--held-out", "0.2")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_data_set_that_is_not_there(sft: list[object], refused: Callable[..., None]) -> None:
    refused("no data set at /no/such/data", "sft", "/no/such/data", *sft[2:])


def test_a_misspelt_recipe_key(place: Path, tmp_path: Path, refused: Callable[..., None]) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text("name: r\nmodel: m\ncontext: 512\nepoch: 3\n")
    refused(
        f"{recipe}, line 4: unknown key `epoch`; did you mean `epochs`?",
        *("sft", place / "data", "--recipe", recipe, "--gpus", 0),
    )


def broken_models(place: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield what must be said, and a model folder of which that is true."""
    model = copy_without(place / "model", folder / "config", "config.json")
    (model / "config.json").write_text("{")
    yield "can't read the configuration", model
    model = copy_without(place / "model", folder / "type")
    (model / "config.json").write_text('{"model_type": "no-such-type"}')
    yield "can't read the configuration", model
    yield "can't read the weights", copy_without(place / "model", folder / "none", "*.safetensors")
    model = copy_without(place / "model", folder / "garbage")
    (model / "model.safetensors").write_bytes(b"\xff" * 100)
    yield "can't read the weights", model
    model = copy_without(place / "model", folder / "layers")
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    yield "lacks 9 of the model's weights", model
    model = copy_without(place / "model", folder / "shape")
    (model / "config.json").write_text(json.dumps(config | {"intermediate_size": 50}))
    yield "can't read the weights", model
    yield "can't read the tokenizer", copy_without(place / "model", folder / "words", "tokenizer*")
    (folder / "x.gguf").write_bytes(b"GGUF" + b"\xff" * 60)
    yield "can't read the configuration", folder / "x.gguf"
    (folder / "x.bin").write_bytes(b"")
    yield "is a file; give a folder", folder / "x.bin"


def test_models_that_are_broken(
    place: Path, sft: list[object], tmp_path: Path, refused: Callable[..., None]
) -> None:
    for match, model in broken_models(place, tmp_path):
        refused(match, *sft, "--model", model)
        assert not (tmp_path / "out").exists(), match


def test_a_model_with_learned_positions_can_not_be_extended(
    place: Path, sft: list[object], tmp_path: Path, refused: Callable[..., None]
) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(vocab_size=260, n_embd=8, n_layer=1, n_head=2, n_positions=64)
    GPT2LMHeadModel(config).save_pretrained(tmp_path / "gpt2")
    byte_tokenizer().save_pretrained(tmp_path / "gpt2")
    refused("gpt2 has no rotary position embeddings", *sft, "--model", tmp_path / "gpt2")
    assert not (tmp_path / "out").exists()


def test_an_output_folder_in_use(
    sft: list[object], adapter: Path, tmp_path: Path, refused: Callable[..., None]
) -> None:
    refused("holds a finished model; choose another --out", *sft, "--out", adapter)
    (tmp_path / "file").write_text("mine")
    refused("is a file; choose another --out", *sft, "--out", tmp_path / "file")
    (tmp_path / "begun" / "checkpoint-1").mkdir(parents=True)
    refused("add --resume, or choose another --out", *sft, "--out", tmp_path / "begun")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    refused("no chat template", *sft, "--out", tmp_path / "mine", "--template", "chat")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


REFUSALS: dict[str, tuple[int, dict[str, str]]] = {
    "gated": (403, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"}),
    "gone": (404, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}),
    "private": (401, {}),
    "forbidden": (403, {}),
}


class Refusing(BaseHTTPRequestHandler):
    """The Hub's answers for models that one can't have, by the name's first part."""

    def do_GET(self) -> None:
        owner = next((part for part in self.path.split("/") if part in REFUSALS), "gone")
        code, headers = REFUSALS[owner]
        self.send_response(code)
        for key, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(key, value)
        self.end_headers()

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Hub that refuses everything, on loopback."""
    from huggingface_hub import constants

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "ENDPOINT", address)
    yield address
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("gated/model", "gated/model is gated on the Hugging Face Hub; accept its licence at"),
        ("gone/model", "there is no model gone/model on the Hugging Face Hub, or it is private"),
        ("private/model", "the Hugging Face Hub refuses private/model"),
        ("forbidden/model", "the Hugging Face Hub refuses forbidden/model"),
    ],
)
def test_models_that_the_hub_refuses(
    name: str, match: str, hub: str, sft: list[object], tmp_path: Path,
    refused: Callable[..., None],
) -> None:  # fmt: skip
    refused(match, *sft, "--model", name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_libraries_say_nothing(adapter: Path, tmp_path: Path) -> None:
    """In a process of its own, where they have not been imported yet."""
    words = ["cli.py", "merge", str(adapter), "--out", str(tmp_path / "merged")]
    said = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stderr == ""
    assert said.stdout.count("\n") == 1


def test_a_hub_that_is_not_there_is_asked_once(
    sft: list[object], monkeypatch: pytest.MonkeyPatch, refused: Callable[..., None]
) -> None:
    from huggingface_hub import constants

    with socket.socket() as taken:  # bound, and never listening
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setattr(constants, "ENDPOINT", address)
        began = time.monotonic()
        match = "away/model is no folder, and the Hugging Face Hub can't be reached"
        refused(match, *sft, "--model", "away/model")
        assert time.monotonic() - began < 15  # its library alone waits 23 seconds for each file


def test_what_merge_refuses(
    adapter: Path, place: Path, tmp_path: Path, refused: Callable[..., None]
) -> None:
    out = tmp_path / "merged"

    def changed(name: str, file: str, content: bytes) -> Path:
        folder = copy_without(adapter, tmp_path / name, "checkpoint-*", "tokenized")
        (folder / file).write_bytes(content)
        return folder

    settings = json.loads((adapter / "adapter_config.json").read_text())
    gone = json.dumps(settings | {"base_model_name_or_path": str(tmp_path / "gone")}).encode()
    refused("is not an adapter: it has no adapter_config.json", "merge", tmp_path, "--out", out)
    refused("is not an adapter", "merge", place / "model", "--out", out)
    refused("is not an adapter", "merge", tmp_path / "gone", "--out", out)
    for name, file, content, match in (
        ("a", "adapter_config.json", b"{", "not an adapter: no readable adapter_config.json"),
        ("b", "adapter_config.json", b"[]", "not an adapter: no readable adapter_config.json"),
        ("c", "adapter_config.json", gone, "no model at"),
        ("d", "adapter_model.safetensors", b"\xff" * 99, "can't read the adapter"),
    ):
        refused(match, "merge", changed(name, file, content), "--out", out)
    save_tiny(tmp_path / "other", "qwen3")
    refused("can't read", "merge", adapter, "--base", tmp_path / "other", "--out", out)
    refused("no such dtype", "merge", adapter, "--dtype", "int3", "--out", out)
    refused("exists already", "merge", adapter, "--out", place / "model")
    assert not any(path.name.startswith((".merged", "merged")) for path in tmp_path.iterdir())


def test_what_ask_refuses(
    adapter: Path, place: Path, tmp_path: Path, refused: Callable[..., None]
) -> None:
    text, empty, binary = tmp_path / "a.txt", tmp_path / "empty.txt", tmp_path / "b.pdf"
    text.write_text("Ada keeps the key under the third stone of the path.")
    empty.write_text(" \n")
    binary.write_bytes(b"%PDF-1.7\n" + bytes(200))
    model = place / "model"
    for match, words in (
        ("no such source: gone.txt", (model, "Who?", "--material", "gone.txt")),
        ("can't read empty.txt: empty", (model, "Who?", "--material", empty)),
        ("can't read b.pdf", (model, "Who?", "--material", binary)),
        ("the question is empty", (model, " ", "--material", text)),
        ("no model at", (tmp_path / "gone", "Who?", "--material", text)),
        ("no chat template", (model, "Who?", "--material", text, "--template", "chat")),
        ("the model reads 128 tokens, too few", (model, "Who? " * 50, "--material", text)),
        ("too few for the question", (model, "Who?", "--material", text, "--answer-tokens", 900)),
    ):
        refused(match, "ask", *words)


def test_what_eval_refuses(place: Path, tmp_path: Path, refused: Callable[..., None]) -> None:
    model = place / "model"
    for match, words in (
        ("no such suite: chess; use passkey, perplexity, longqa", ("--suite", "chess")),
        ("no such suite: chess; use passkey", ("--suite", "perplexity,chess,longqa")),
        ("perplexity needs texts; name", ("--suite", "perplexity")),
        ("no such source: gone.txt", ("--suite", "perplexity", "--text", "gone.txt")),
        ("longqa needs a data set", ("--suite", "longqa")),
        ("no data set at /gone", ("--suite", "longqa", "--dataset", "/gone")),
        ("no validation rows with questions", ("--suite", "longqa", "--dataset", place / "data")),
        ("a context has at least one token", ("--context", "0")),
        ("is a file; give a folder", ("--out", place / "recipe.yaml")),
    ):
        refused(match, "eval", model, *words)
    refused("no model at", "eval", tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []


def test_numbers_that_mean_nothing(say: Say, sft: list[object], place: Path) -> None:
    for words in ([*sft[:4], "--gpus", "-1"], ["eval", place / "model", "--limit", "0"]):
        code, out, error = say(*words)
        assert (code, out) == (2, "")
        assert f"Invalid value for '{words[-2]}'" in error


def test_an_interrupted_evaluation_keeps_what_it_measured(
    say: Say, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from longalpaca_data.evaluate import suite

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(suite, "perplexity", stop)
    (tmp_path / "a.txt").write_text("Some words. " * 20)
    words = ["eval", place / "model", "--suite", "passkey,perplexity", "--context", 600,
             "--trials", 1, "--text", tmp_path / "a.txt"]  # fmt: skip
    code, out, error = say(*words, "--out", tmp_path / "out")
    assert (code, out) == (130, "")
    assert error.splitlines()[-1] == f"interrupted; what was measured is in {tmp_path / 'out'}"
    (measured,) = json.loads((tmp_path / "out" / "eval.json").read_text())["models"].values()
    assert list(measured) == ["passkey"]


def test_an_adapter_whose_base_lies_elsewhere_is_evaluated(
    say: Say, adapter: Path, place: Path, tmp_path: Path, refused: Callable[..., None]
) -> None:
    moved = Path(shutil.copytree(adapter, tmp_path / "adapter"))
    settings = json.loads((moved / "adapter_config.json").read_text())
    settings["base_model_name_or_path"] = "/gone/model"
    (moved / "adapter_config.json").write_text(json.dumps(settings))
    words = ["eval", moved, "--context", 600, "--trials", 1]
    refused("no model at /gone/model", *words)
    refused("no model at /also/gone", *words, "--base", "/also/gone")
    code, out, _ = say(*words, "--base", place / "model")
    assert code == 0
    assert "passkey 600" in out


# -------------------------------------------------------------------------------- real processes


@pytest.mark.slow
def test_an_error_of_a_real_process(cli: Run, place: Path, tmp_path: Path) -> None:
    done = cli(
        "sft", place / "data", "--recipe", place / "recipe.yaml", "--gpus", 0,
        "--model", tmp_path / "gone", "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith(f"error: no model at {tmp_path / 'gone'}")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--torchrun=--max_restarts=0",)], ids=["here", "torchrun"])
def test_only_json_goes_to_stdout(
    cli: Run, place: Path, tmp_path: Path, more: tuple[str, ...]
) -> None:
    """In this process and in others, whatever DeepSpeed has to say where it is installed."""
    done = cli(
        "sft", place / "data", "--recipe", place / "recipe.yaml", "--gpus", 0, "--json",
        "--out", tmp_path / "out", *more,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["steps"] == json.loads((place / "recipe.yaml").read_text())["max_steps"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_how_to_resume(
    number: signal.Signals, place: Path, tmp_path: Path, cli: Run
) -> None:
    words = [
        "sft", place / "data", "--recipe", place / "recipe.yaml", "--gpus", 0, "--max-steps", 2000,
        "--out", tmp_path / "out",
    ]  # fmt: skip
    with (tmp_path / "stderr").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "cli.py"), *map(str, words)],
            cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, stderr=log,
        )  # fmt: skip
        while "step 2/" not in (tmp_path / "stderr").read_text():
            assert process.poll() is None, (tmp_path / "stderr").read_text()
            time.sleep(0.1)
        process.send_signal(number)
        assert process.wait(timeout=120) == 130
    said = (tmp_path / "stderr").read_text().splitlines()
    assert said[-1].startswith("stopped and saved at step ")
    assert said[-1].endswith("run the same command with --resume")
    step = int(said[-1].split("step ")[1].split(";")[0])
    again = cli(*words[:-4], "--max-steps", step + 1, *words[-2:], "--resume", "--quiet")
    assert again.returncode == 0, again.stderr
    assert f"{step + 1} steps" in again.stdout
