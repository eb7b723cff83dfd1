"""Fixtures that many tests share: real documents, small ones, and the command line as a process."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from longalpaca_data.cli import main
from longalpaca_data.core.records import Document, Part, Section, Window, content_id
from longalpaca_data.core.resources import sample_folder
from tests.browser import browser, page, witness  # noqa: F401 — fixtures

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real documents, or a skip that says how to get it."""
    folder = os.environ.get("LONGALPACA_CORPUS")
    if not folder or not Path(folder).is_dir():
        pytest.skip("LONGALPACA_CORPUS names no folder of real documents")
    return Path(folder)


def pytest_configure() -> None:
    """Let processes that tests start hear Ctrl-C: shells make what is in the background deaf."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Spare the collector the hundreds of thousands of objects that imports make and none ends."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A folder with three of the sample's documents: a Chinese story and two reports."""
    return copy_few(tmp_path / "few")


def copy_few(folder: Path) -> Path:
    (folder / "reports").mkdir(parents=True)
    documents = sample_folder() / "documents"
    for file in [*documents.glob("*.txt"), *sorted((documents / "reports").glob("*.html"))[:2]]:
        target = folder / file.relative_to(documents)
        shutil.copy(file, target)
    return folder


@pytest.fixture
def blank_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build in this process plans its pictures and leaves them blank: drawing takes three
    quarters of a small build's time.
    """
    monkeypatch.setattr("longalpaca_data.dataset.charts.svg", lambda figure, label: "<svg></svg>")
    monkeypatch.setattr("longalpaca_data.dataset.charts.png", lambda figure: b"\x89PNG\r\n\x1a\n")


@pytest.fixture
def small_recipe(tmp_path: Path, few: Path) -> Path:
    """A recipe that builds in two seconds."""
    return write_small_recipe(tmp_path / "small.yaml", few)


def write_small_recipe(file: Path, few: Path) -> Path:
    file.write_text(
        f"""name: small
licence: CC0-1.0
documents: [{few}]
groups: [{{kind: series, documents: ["reports/*"]}}]
windows: {{lengths: [1500, 6000], coverage: 1, min_tokens: 800}}
generate: {{rows_per_1k_tokens: 2}}
short: ["sample:"]
mix: {{long: 60, short: 20}}
""",
        encoding="utf-8",
    )
    return file


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def cli() -> Run:
    """Run the command line as a user does, in a process of its own."""

    def run(
        *words: object, cwd: Path = ROOT, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "cli.py"), *map(str, words)],
            cwd=cwd,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )

    return run


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the command line in this process, where starting one is not the point."""

    def run(
        *words: object, cwd: Path = ROOT, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        handlers = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
        command = ["cli.py", *map(str, words)]
        capsys.readouterr()
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sys, "argv", command)
                patch.chdir(cwd)
                for name, value in environment.items():
                    patch.setenv(name, value)
                with pytest.raises(SystemExit) as end:
                    main()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        said = capsys.readouterr()
        code = end.value.code
        return subprocess.CompletedProcess(
            command, code if isinstance(code, int) else int(code is not None), said.out, said.err
        )

    return run


def make_document(
    text: str,
    *,
    headings: tuple[str, ...] = (),
    title: str = "A Test",
    language: str = "en",
    path: str = "test.txt",
    kind: str = "book",
) -> Document:
    """Build a document from text; each heading must stand once, on a line of its own."""
    starts = [text.index(heading) for heading in headings]
    ends = [*starts[1:], len(text)] if starts else []
    sections = tuple(
        Section(heading, 1, start, start + len(heading), end)
        for heading, start, end in zip(headings, starts, ends, strict=True)
    )
    return Document(
        content_id(title, text),
        path,
        title,
        kind,  # type: ignore[arg-type]  # one of DocumentKind, as text for short tests
        language,
        "CC0-1.0",
        "",
        "",
        sections,
        text,
        len(text) // 4,
    )


def make_window(*documents: Document, kind: str = "single") -> Window:
    """Build a window over whole documents."""
    parts = tuple(
        Part(d.id, d.path, d.title, d.kind, d.licence, 0, len(d.text), True) for d in documents
    )
    tokens = sum(d.n_tokens for d in documents)
    window_id = content_id(kind, [part.document_id for part in parts])
    return Window(window_id, kind, documents[0].language, parts, tokens)  # type: ignore[arg-type]
