"""Small real files, written byte by byte: what the readers' tests read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import docx

Row = tuple[float, float, float, str]
"""x, y and font size in points, and the text. A page is 612 by 792."""

CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" '
    'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="b/book.opf" media-type="application/oebps-package+xml"/></rootfiles>'
    "</container>"
)


def pdf(
    pages: Sequence[Sequence[Row]], *, outline: Sequence[tuple[str, int]] = (), title: str = ""
) -> bytes:
    """Write a PDF in Helvetica; ``outline`` is (title, page from 0)."""
    bodies = [
        "",
        "",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    kids = []
    for rows in pages:
        painted = "\n".join(
            f"BT /F1 {size} Tf {x} {y} Td ({_escaped(text)}) Tj ET" for x, y, size, text in rows
        )
        bodies.append(
            f"<< /Length {len(painted.encode('cp1252'))} >>\nstream\n{painted}\nendstream"
        )
        kids.append(len(bodies) + 1)
        bodies.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(bodies)} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
    first = len(bodies) + 2
    bodies.append(
        f"<< /Type /Outlines /First {first} 0 R /Last {first + len(outline) - 1} 0 R >>"
        if outline
        else "null"
    )
    for index, (name, page) in enumerate(outline):
        following = f" /Next {first + index + 1} 0 R" if index + 1 < len(outline) else ""
        bodies.append(
            f"<< /Title ({_escaped(name)}) /Parent {first - 1} 0 R"
            f" /Dest [{kids[page]} 0 R /Fit]{following} >>"
        )
    bodies.append(f"<< /Title ({_escaped(title)}) >>")
    outlines = f" /Outlines {first - 1} 0 R" if outline else ""
    bodies[0] = f"<< /Type /Catalog /Pages 2 0 R{outlines} >>"
    bodies[1] = (
        f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>"
    )
    return _with_table(bodies)


def _with_table(bodies: Sequence[str]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    start = len(out)
    out += f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n".encode()
    out += "".join(f"{offset:010} 00000 n \n" for offset in offsets).encode()
    out += (
        f"trailer << /Size {len(bodies) + 1} /Root 1 0 R /Info {len(bodies)} 0 R >>\n"
        f"startxref\n{start}\n%%EOF\n"
    ).encode()
    return bytes(out)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def lines(
    texts: Sequence[str], *, x: float = 72, top: float = 700, size: float = 10, step: float = 12
) -> list[Row]:
    """Rows one below the other."""
    return [(x, top - step * index, size, text) for index, text in enumerate(texts)]


def epub(
    chapters: Sequence[str], *, title: str = "A Small Book", extra: dict[str, bytes] | None = None
) -> bytes:
    """Write an EPUB whose chapters are XHTML bodies."""
    manifest = "".join(
        f'<item id="c{i}" href="c{i}.xhtml" media-type="application/xhtml+xml"/>'
        for i in range(len(chapters))
    )
    # The spine's order is the book's: here the reverse of the manifest's.
    spine = "".join(f'<itemref idref="c{i}"/>' for i in reversed(range(len(chapters))))
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title>'
        "<dc:creator>Ada Writer</dc:creator><dc:language>en-GB</dc:language>"
        "<dc:rights>CC0-1.0</dc:rights></metadata>"
        f"<manifest>{manifest}</manifest><spine>{spine}</spine></package>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("b/book.opf", package)
        for i, body in enumerate(chapters):
            page = f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>{body}</body></html>'
            archive.writestr(f"b/c{i}.xhtml", page)
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return out.getvalue()


def word(
    paragraphs: Sequence[tuple[str, str]], *, title: str = "", rows: Sequence[Sequence[str]] = ()
) -> bytes:
    """Write a DOCX; a paragraph is (style, text), in bold type where the text begins with **."""
    document = docx.Document()
    document.core_properties.title = title
    for style, text in paragraphs:
        run = document.add_paragraph(style=style).add_run(text.removeprefix("**"))
        run.bold = text.startswith("**") or None
    if rows:
        table = document.add_table(len(rows), len(rows[0]))
        for cells, row in zip(table.rows, rows, strict=True):
            for cell, text in zip(cells.cells, row, strict=True):
                cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
