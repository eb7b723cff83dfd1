"""EPUBs as publishers and converters really write them."""

from __future__ import annotations

import io
import zipfile

import pytest

from longalpaca_data.collect import read
from longalpaca_data.collect.extract import Extract
from longalpaca_data.core.errors import UnreadableError
from tests.collect import files

PACKAGE = (
    "<package{ns}><metadata><title>Odd Book</title></metadata><manifest>{items}</manifest>"
    "<spine>{spine}</spine></package>"
)


def book(members: dict[str, str], items: str, spine: str, ns: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", files.CONTAINER)
        archive.writestr("b/book.opf", PACKAGE.format(ns=ns, items=items, spine=spine))
        for name, text in members.items():
            archive.writestr(name, text)
    return out.getvalue()


def chapter(text: str, heading: str = "") -> str:
    return f"<html><body>{heading}<p>{text}</p></body></html>"


def texts(extract: Extract, kind: str = "paragraph") -> list[str]:
    return [block.text for block in extract.blocks if block.kind == kind]


def test_hrefs_and_types_are_forgiven_and_missing_items_are_named() -> None:
    data = book(
        {
            "b/one.xhtml": chapter("One."),
            "b/Two.XHTML": chapter("Two."),
            "b/drei mal.html": chapter("Three."),
            "b/four.html": chapter("Four."),
        },
        '<item id="a" href="one.xhtml#start" media-type="application/xhtml+xml"/>'
        '<item id="b" href="two.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="c" href="drei%20mal.html" media-type="text/x-unknown"/>'
        '<item id="d" href="four.html"/><item id="e" href="gone.xhtml" media-type="text/html"/>',
        "".join(f'<itemref idref="{name}"/>' for name in "abcdef"),
    )
    extract = read(data, "a.epub")[1]
    assert extract.title == "Odd Book"
    assert texts(extract) == ["One.", "Two.", "Three.", "Four."]
    assert extract.lost == {"missing item gone.xhtml": 10, "missing item f": 1}


def test_titles_come_from_the_navigation_where_chapters_have_none() -> None:
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>'
        "<navPoint><navLabel><text>The Gate</text></navLabel><content src='one.html#x'/></navPoint>"
        "<navPoint><navLabel><text>The Road</text></navLabel><content src='two.html'/></navPoint>"
        "</navMap></ncx>"
    )
    data = book(
        {
            "b/one.html": "<html><body><p>The Gate</p><p>One.</p></body></html>",
            "b/two.html": chapter("Two."),
            "b/toc.ncx": ncx,
        },
        '<item id="a" href="one.html" media-type="text/html"/>'
        '<item id="b" href="two.html" media-type="text/html"/>'
        '<item id="n" href="toc.ncx" media-type="application/x-dtbncx+xml"/>',
        '<itemref idref="a"/><itemref idref="b"/>',
        ns=' xmlns="http://www.idpf.org/2007/opf"',
    )
    extract = read(data, "a.epub")[1]
    assert texts(extract, "heading") == ["The Gate", "The Road"]
    assert texts(extract) == ["One.", "Two."]


def test_a_chapter_that_goes_on_in_the_next_file_has_one_heading() -> None:
    nav = "<html><body><nav><a href='one.html'>I</a><a href='two.html#x'>II</a></nav></body></html>"
    data = book(
        {
            "b/one.html": chapter("One.", "<h2>I</h2>"),
            "b/two.html": chapter("goes on.") + chapter("Two.", "<h2 id='x'>II</h2>"),
            "b/nav.html": nav,
        },
        '<item id="a" href="one.html" media-type="text/html"/>'
        '<item id="b" href="two.html" media-type="text/html"/>'
        '<item id="n" href="nav.html" media-type="text/html" properties="nav"/>',
        '<itemref idref="n"/><itemref idref="a"/><itemref idref="b"/>',
    )
    assert texts(read(data, "a.epub")[1], "heading") == ["I", "II"]


def test_a_chapter_named_forty_times_is_read_once() -> None:
    data = book(
        {"b/one.html": chapter("One.")},
        '<item id="a" href="one.html" media-type="text/html"/>',
        '<itemref idref="a"/>' * 40,
    )
    extract = read(data, "a.epub")[1]
    assert texts(extract) == ["One."]
    assert extract.lost["repeated item"] == 39 * len("one.html")


def encryption(algorithm: str, member: str) -> bytes:
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        'xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
        f'<e:EncryptionMethod Algorithm="{algorithm}"/><e:CipherData>'
        f'<e:CipherReference URI="{member}"/></e:CipherData></e:EncryptedData></encryption>'
    ).encode()


def test_obfuscated_fonts_lock_nothing_but_locked_chapters_do() -> None:
    fonts = encryption("http://www.idpf.org/2008/embedding", "b/font.otf")
    data = files.epub(["<p>Free.</p>"], extra={"META-INF/encryption.xml": fonts})
    assert texts(read(data, "a.epub")[1]) == ["Free."]
    locked = encryption("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "b/c0.xhtml")
    data = files.epub(["<p>Locked.</p>"], extra={"META-INF/encryption.xml": locked})
    with pytest.raises(UnreadableError, match=r"encrypted: the book is locked \(DRM\)"):
        read(data, "a.epub")
