"""The bytes say what a file is."""

from __future__ import annotations

import pytest

from longalpaca_data.collect.sniff import sniff
from longalpaca_data.core.errors import UnreadableError
from tests.collect import files


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (b"Once upon a time", "a.txt", "text"),
        (b"Once upon a time", "README", "text"),
        (b"# Title\n\ntext", "a.md", "markdown"),
        (b"<!DOCTYPE html><p>x", "a.txt", "html"),
        (b"\xef\xbb\xbf<html><body>x", "page", "html"),
        (b"<p>fragment", "a.html", "html"),
        (b"we discuss <html> here", "a.txt", "text"),
        (b"\xff\xfeh\x00i\x00", "a.txt", "text"),
        (files.pdf([[(72, 700, 10, "x")]]), "wrong.txt", "pdf"),
        (files.epub(["<p>x</p>"]), "wrong.pdf", "epub"),
        (files.word([("Normal", "x")]), "wrong", "docx"),
    ],
)
def test_the_bytes_decide(data: bytes, name: str, expected: str) -> None:
    assert sniff(data, name) == expected


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.txt", "empty"),
        (b" \n\t ", "a.txt", "empty"),
        (b"\x7fELF\x00\x00", "a.txt", "binary"),
        (b"a,b\n1,2", "a.csv", "unknown format"),
        (b"PK\x03\x04 nonsense", "a.epub", "corrupt"),
        (b"just words", "a.pdf", "corrupt"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "a.docx",
            "encrypted",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "a.doc", "unknown format"),
    ],
)
def test_what_is_no_document_says_why(data: bytes, name: str, reason: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        sniff(data, name)
    assert caught.value.reason == reason


def test_a_url_needs_no_suffix() -> None:
    assert sniff(b"plain words", "2309.12307", lenient=True) == "text"
