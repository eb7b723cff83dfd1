"""Build the sample novella EPUB from its Markdown chapters, byte for byte the same each time.

Run ``python make_epub.py``: it reads ``novella/*.md`` and ``novella/metadata.yaml`` beside this
script and writes ``../documents/<slug>.epub``. Only the standard library is used. The Markdown
understood is what the chapters use: one ``#`` heading, paragraphs, ``>`` block quotes and
``*emphasis*``.
"""

import re
import uuid
import zipfile
from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "novella"
STAMP = (2026, 1, 1, 0, 0, 0)  # fixed, so that the archive never depends on the clock

CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
  <rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>
"""
ITEM = '    <item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>'
PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"
      lang="{lang}" xml:lang="{lang}">
<head><title>{title}</title></head>
<body>
{body}
</body>
</html>
"""
OPF = """<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
  <metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
    <dc:identifier id="id">urn:uuid:{uid}</dc:identifier>
    <dc:title>{title}</dc:title>
    <dc:creator>{author}</dc:creator>
    <dc:language>{lang}</dc:language>
    <dc:date>{year}</dc:date>
    <dc:rights>{rights}</dc:rights>
    <meta property="dcterms:modified">{year}-01-01T00:00:00Z</meta>
  </metadata>
  <manifest>
    <item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
{items}
  </manifest>
  <spine>
{refs}</spine>
</package>
"""


def read_metadata(path: Path) -> dict[str, str]:
    """Read the flat ``key: value`` lines of a YAML file; other lines are passed over."""
    pairs = re.findall(r"^(\w+): +([^>\n]+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {key: value.strip() for key, value in pairs}


def to_html(markdown: str) -> tuple[str, str]:
    """Turn one chapter into its title and the XHTML of its body."""

    def inline(text: str) -> str:
        return re.sub(r"\*(.+?)\*", r"<em>\1</em>", escape(" ".join(text.split()), quote=False))

    def quoted(block: str) -> str:
        text = re.sub(r"^> ?", "", block, flags=re.MULTILINE)
        parts = [map(inline, part.splitlines()) for part in re.split(r"\n{2,}", text)]
        inner = "\n".join(f"<p>{'<br/>'.join(lines)}</p>" for lines in parts)
        return f"<blockquote>\n{inner}\n</blockquote>"

    heading, *blocks = re.split(r"\n{2,}", markdown.strip())
    title = heading.removeprefix("# ")
    body = [f"<h1>{inline(title)}</h1>"]
    body.extend(quoted(b) if b.startswith(">") else f"<p>{inline(b)}</p>" for b in blocks)
    return title, "\n".join(body)


def build(source: Path, out_dir: Path) -> Path:
    """Write the EPUB into ``out_dir`` and return its path."""
    data = read_metadata(source / "metadata.yaml")
    meta = {key: escape(value, quote=False) for key, value in data.items()}
    lang = meta["language"]
    files: dict[str, str] = {"META-INF/container.xml": CONTAINER}
    items, refs, links = [], [], []
    for number, path in enumerate(sorted(source.glob("*.md")), 1):
        title, body = to_html(path.read_text(encoding="utf-8"))
        name, label = f"chapter-{number:02d}", escape(title, quote=False)
        files[f"EPUB/{name}.xhtml"] = PAGE.format(lang=lang, title=label, body=body)
        items.append(ITEM.format(name=name))
        refs.append(f'    <itemref idref="{name}"/>')
        links.append(f'<li><a href="{name}.xhtml">{label}</a></li>')
    nav = '<nav epub:type="toc">\n<h2>Contents</h2>\n<ol>\n{}\n</ol>\n</nav>'
    files["EPUB/nav.xhtml"] = PAGE.format(
        lang=lang, title=meta["title"], body=nav.format("\n".join(links))
    )
    files["EPUB/package.opf"] = OPF.format(
        uid=uuid.uuid5(uuid.NAMESPACE_URL, data["slug"]),
        rights=f"{meta['licence']} {meta['licence_url']}",
        items="\n".join(items),
        refs="\n".join(refs),
        lang=lang,
        **{key: meta[key] for key in ("title", "author", "year")},
    )
    target = out_dir / f"{data['slug']}.epub"
    with zipfile.ZipFile(target, "w") as book:
        entries = [("mimetype", "application/epub+zip"), *sorted(files.items())]
        for name, text in entries:
            info = zipfile.ZipInfo(name, STAMP)
            info.create_system, info.external_attr = 3, 0o644 << 16
            # Deflate output can differ between zlib builds, so every entry is stored as it is.
            book.writestr(info, text.encode("utf-8"), compress_type=zipfile.ZIP_STORED)
    return target


if __name__ == "__main__":
    print(build(SOURCE, HERE.parent / "documents"))
