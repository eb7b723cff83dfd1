"""The report's list of documents that look misread."""

from __future__ import annotations

from pathlib import Path

import pytest

from longalpaca_data.dataset.manifest import read_manifest
from longalpaca_data.dataset.report import REPORT, summary_lines, write_report
from longalpaca_data.dataset.suspicions import suspects
from tests.built import document, long_row, manifest, write_set


def account(kept: int, *suspicions: str) -> dict[str, object]:
    return {"seen": 100, "kept": kept, "lost": {}, "unaccounted": 0, "suspicions": [*suspicions]}


DOCUMENTS = [
    document(id="d1", path="sane.txt", account=account(99)),
    document(id="d2", path="b.txt", account=account(80, "title: none was found")),
    document(id="d3", path="a.txt", title="", account=account(40, "text: <i>lost</i>", "page: 3")),
    document(id="d4", path="old.txt"),
]


def test_those_with_the_most_reasons_come_first() -> None:
    found = suspects(manifest(documents=DOCUMENTS))
    assert [(suspect.path, suspect.kept) for suspect in found] == [("a.txt", 0.4), ("b.txt", 0.8)]
    assert found[0].reasons == ("text: <i>lost</i>", "page: 3")


@pytest.mark.usefixtures("blank_pictures")
def test_the_report_names_them_first(tmp_path: Path) -> None:
    built = read_manifest(write_set(tmp_path, [long_row("A text.")], documents=DOCUMENTS))
    write_report(tmp_path, built)
    page = (tmp_path / REPORT).read_text(encoding="utf-8")
    assert page.index("Documents to look at") < page.index("All documents")
    assert "text: &lt;i&gt;lost&lt;/i&gt;<br>page: 3" in page
    assert "<i>lost" not in page
    listed = summary_lines(tmp_path, built)["suspects"]
    assert [suspect["path"] for suspect in listed] == ["a.txt", "b.txt"]


@pytest.mark.usefixtures("blank_pictures")
def test_sane_documents_need_no_list(tmp_path: Path) -> None:
    built = read_manifest(write_set(tmp_path, [long_row("A text.")], documents=DOCUMENTS[:1]))
    write_report(tmp_path, built)
    assert "Documents to look at" not in (tmp_path / REPORT).read_text(encoding="utf-8")
