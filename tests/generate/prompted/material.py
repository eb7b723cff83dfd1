"""Windows and documents that the tests of the prompted generator share."""

from __future__ import annotations

from pathlib import Path

from longalpaca_data.core.records import Document, Window
from longalpaca_data.windows.documents import Documents, write_documents
from tests.conftest import make_document, make_window

EN = "The {n}th lamp was lit by warden {n} at the {n}th bell, and nobody asked why it smoked."
ZH = "第{n}盏灯由第{n}号守灯人在第{n}声钟响时点亮，没有人问它为什么冒烟。"


def document(
    number: int, *, paragraphs: int = 200, language: str = "en", kind: str = "book"
) -> Document:
    line = ZH if language == "zh" else EN
    text = "\n\n".join(
        " ".join(line.format(n=number * 10_000 + at * 3 + i) for i in range(3))
        for at in range(paragraphs)
    )
    title = f"灯 {number}" if language == "zh" else f"Lamps {number}"
    return make_document(
        text, title=title, language=language, path=f"{kind}{number}.txt", kind=kind
    )


def store(folder: Path, documents: list[Document]) -> Documents:
    write_documents(folder / "documents", iter(documents))
    return Documents(folder / "documents")


def windows_of(documents: list[Document]) -> list[Window]:
    return [make_window(d) for d in documents]
