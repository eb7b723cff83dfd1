"""Documents for a question: what collect reads is read, what can't be read is one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from longalpaca_data.core.errors import SourceError
from longalpaca_data.core.resources import sample_folder
from longalpaca_data.evaluate.materials import read_materials, read_texts


def test_what_build_reads_is_read(tmp_path: Path) -> None:
    from docx import Document

    document = Document()
    document.add_heading("On Keys", 0)
    document.add_paragraph("Ada keeps the key under the third stone of the path.")
    document.save(str(tmp_path / "a.docx"))
    (tmp_path / "b.html").write_text("<title>Locks</title><h1>Locks</h1><p>The lock is new.</p>")
    (tmp_path / "c.md").write_text("# Doors\n\nThe door is green.\n")
    (tmp_path / "d.txt").write_text("第一章\n\n门是绿色的。钥匙在石头下面。\n", encoding="gb18030")
    readings = read_materials([str(tmp_path / name) for name in ("a.docx", "b.html", "c.md")])
    assert [reading.title for reading in readings] == ["On Keys", "Locks", "Doors"]
    for reading, words in zip(
        readings, ("third stone", "lock is new", "door is green"), strict=True
    ):
        assert words in reading.text
    assert "石头下面" in read_materials([str(tmp_path / "d.txt")])[0].text
    assert len(read_materials([str(tmp_path)])) == 4


def test_a_language_that_builds_leave_out_is_read(tmp_path: Path) -> None:
    text = "Le musée a rouvert ses portes après deux années de travaux. " * 5
    (tmp_path / "f.txt").write_text(text)
    assert "deux années" in read_materials([str(tmp_path / "f.txt")])[0].text


def test_texts_are_taken_as_they_are_and_documents_read(tmp_path: Path) -> None:
    text = "  Line one,\r\nbroken   \nhere.\n\n\n\nEnd"
    (tmp_path / "a.txt").write_bytes(text.encode())
    (tmp_path / "b.html").write_text("<p>Some   text.</p>")
    (tmp_path / "c.txt").write_bytes("门是绿色的。".encode("gb18030") * 20)
    exact, page, other = read_texts([str(tmp_path / name) for name in ("a.txt", "b.html", "c.txt")])
    assert exact == text
    assert page == "Some text."
    assert other.startswith("门是绿色的。")


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("none.txt", None, "no such source: .*none.txt"),
        ("empty.txt", b" \n", r"can't read empty.txt: empty"),
        ("bytes.bin", bytes(range(256)) * 4, r"can't read bytes.bin: "),
        ("broken.pdf", b"%PDF-1.7\n" + bytes(100), r"can't read broken.pdf: "),
        ("blank.html", b"<p> </p>", r"can't read blank.html: "),
    ],
)
def test_what_can_not_be_read_is_one_line(
    name: str, content: bytes | None, match: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    for read in (read_materials, read_texts):
        with pytest.raises(SourceError, match=match) as caught:
            read([str(tmp_path / name)])
        assert "\n" not in str(caught.value)


def test_a_folder_gives_its_documents_in_order(tmp_path: Path) -> None:
    for file in sorted((sample_folder() / "documents" / "reports").glob("*.html"))[:2]:
        shutil.copy(file, tmp_path / file.name)
    one, two = read_materials([str(tmp_path)])
    assert one.title != two.title
