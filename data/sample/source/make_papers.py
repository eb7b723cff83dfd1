"""Build the two sample research papers (PDF, two columns) from Markdown.

Needs ``reportlab`` and ``pyphen`` (hyphens at line ends); takes no arguments. Each ``papers/*.md``
beside this file becomes ``../documents/papers/*.pdf``, the same bytes each time. A source has a
header, then headings, paragraphs, tables (caption, ``| cell |`` rows) and ``figure`` blocks.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape

import pyphen
from reportlab import platypus as rl
from reportlab.graphics.shapes import Drawing, Line, PolyLine, Rect, String
from reportlab.lib.colors import black, grey
from reportlab.lib.pagesizes import A4, letter
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

HERE = Path(__file__).resolve().parent
MARGIN, GUTTER, TOP, BOTTOM = 18 * mm, 7 * mm, 21 * mm, 19 * mm
WORDS = pyphen.Pyphen(lang="en_GB", left=2, right=3)
Pairs = list[tuple[str, str]]
label = partial(String, fontName="Times-Roman", fontSize=7.8)


def halves(word: str) -> Pairs:
    """List the places to divide a word: none in one that has a hyphen of its own."""
    return [] if "-" in word else list(WORDS.iterate(word))


# fmt: off
MID = {"alignment": 1}
JUST = {"alignment": 4, "allowWidows": 0, "allowOrphans": 0, "hyphenationLang": halves,
        "hyphenationMinWordLength": 6, "embeddedHyphenation": 1}
STYLES = {name: ParagraphStyle(name, fontName=f"Times-{face}", fontSize=size, leading=lead, **more)
          for name, face, size, lead, more in (
    ("title", "Bold", 17, 20.5, {"spaceAfter": 7, **MID}),
    ("authors", "Roman", 11, 14, MID),
    ("affiliation", "Italic", 9.5, 12, {"spaceAfter": 3, **MID}),
    ("licence", "Roman", 7.4, 9, {"spaceAfter": 8, **MID}),
    ("label", "Bold", 9.5, 12, {"spaceAfter": 2, **MID}),
    ("abstract", "Roman", 9.2, 11.2, {"leftIndent": 14 * mm, "rightIndent": 14 * mm, **JUST}),
    ("h2", "Bold", 11, 13.5, {"spaceBefore": 9, "spaceAfter": 4}),
    ("h3", "BoldItalic", 10, 12, {"spaceBefore": 6, "spaceAfter": 3}),
    ("first", "Roman", 10, 12.4, JUST),
    ("body", "Roman", 10, 12.4, {"firstLineIndent": 10, **JUST}),
    ("caption", "Roman", 8.5, 10.2, JUST),
    ("ref", "Roman", 8.5, 10.4, {"leftIndent": 14, "firstLineIndent": -14, **JUST}),
)}
RULES = [
    ("FONT", (0, 0), (-1, -1), "Times-Roman", 8.6, 10), ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
    ("FONT", (0, 0), (-1, 0), "Times-Bold", 8.6), ("LEFTPADDING", (0, 0), (0, -1), 1),
    *[(f"{side}PADDING", (0, 0), (-1, -1), 2) for side in ("RIGHT", "TOP", "BOTTOM")],
    *[("LINEABOVE", (0, row), (-1, row), 0.7, black) for row in (0, 1)],
    ("LINEBELOW", (0, -1), (-1, -1), 0.7, black),
]
# fmt: on


def para(text: str, name: str) -> rl.Paragraph:
    """Make a paragraph of a named style: ``*x*`` italic, the label of a caption bold."""
    text = re.sub(r"\*([^*]+)\*", r"<i>\1</i>", escape(text))
    text = re.sub(r"^((Table|Figure) \d+:)", r"<b>\1</b>", text)
    return rl.Paragraph(text, STYLES[name])


def spaced(upper: rl.Flowable, lower: rl.Flowable) -> rl.KeepTogether:
    """Put two things one above the other, with space around them, never apart."""
    return rl.KeepTogether([rl.Spacer(1, 6), upper, rl.Spacer(1, 3), lower, rl.Spacer(1, 9)])


def table(lines: list[str], width: float) -> rl.KeepTogether:
    """Set a caption and a ruled table: first column left, the others right."""
    rows = [[c.strip() for c in line.strip().strip("|").split("|")] for line in lines[1:]]
    others = [max(len(row[i]) for row in rows) * 4.1 + 9 for i in range(1, len(rows[0]))]
    grid = rl.Table(rows, colWidths=[width - sum(others), *others], style=RULES)
    return spaced(para(lines[0], "caption"), grid)


def bars(data: Pairs, width: float, title: str) -> Drawing:
    """Draw horizontal bars, one for each pair of name and value between 0 and 1."""
    left, base = 92.0, 16.0
    art = Drawing(width, 15.0 * len(data) + base)
    for i, (name, text) in enumerate(data):
        y, end = base + 15.0 * (len(data) - 1 - i), left + (width - left - 30) * float(text)
        art.add(label(left - 5, y + 2.5, name, textAnchor="end"))
        art.add(Rect(left, y, end - left, 9.5, fillColor=grey, strokeColor=None))
        art.add(label(end + 3, y + 2.5, text))
    art.add(Line(left, base - 3, left, art.height, strokeWidth=0.6))
    art.add(label((left + width - 30) / 2, 3, title, textAnchor="middle"))
    return art


def curves(data: Pairs, width: float, title: str, steps: bool) -> Drawing:
    """Draw two step curves, or two lines up to 0.5; a value is a list of ``month share`` pairs."""
    series = [(n, [tuple(map(float, p.split())) for p in v.split(",")]) for n, v in data]
    last, high = series[0][1][-1][0], 1.0 if steps else 0.5
    left, low, wide, tall = 30.0, 26.0, width - 40, 112.0
    art = Drawing(width, low + tall + 6)
    for k in range(6):
        art.add(label(26, low + tall * k / 5 - 2.5, f"{high * k / 5:.1f}", textAnchor="end"))
    for tick in range(0, int(last) + 1, 6):
        art.add(label(left + wide * tick / last, low - 10, str(tick), textAnchor="middle"))
    art.add(PolyLine([left, low + tall, left, low, left + wide, low], strokeWidth=0.6))
    art.add(label(left + wide / 2, 3, title, textAnchor="middle"))
    for i, (name, points) in enumerate(series):
        path: list[float] = []
        for month, share in points:
            x, y = left + wide * month / last, low + tall * share / high
            path += [x, path[-1], x, y] if path and steps else [x, y]
        art.add(PolyLine(path, strokeWidth=1.1, strokeDashArray=[3, 2] if i else None))
        shift = ((15, -12) if steps else (5, -20))[i]
        art.add(label(left + wide, path[-1] + shift, name, textAnchor="end"))
    return art


def figure(lines: list[str], width: float) -> rl.KeepTogether:
    """Set a drawing and its caption from a ``figure`` block (caption, kind and axis, data)."""
    (kind, title), *data = [(a, b) for a, b in (line.rsplit(": ", 1) for line in lines[1:])]
    draw = bars if kind == "bar" else partial(curves, steps=kind == "step")
    return spaced(draw(data, width, title), para(lines[0], "caption"))


class Paper(rl.BaseDocTemplate):
    """A two-column paper: full-width title block, running header, page number in the footer."""

    def __init__(self, path: Path, meta: dict[str, str]) -> None:
        self.meta, self.marks = meta, 0
        size = letter if meta["page"] == "letter" else A4
        super().__init__(str(path), pagesize=size, lang="en-GB", invariant=1)
        self.title, self.author, self.subject = meta["title"], meta["authors"], meta["series"]
        self.full = size[0] - 2 * MARGIN
        self.column = (self.full - GUTTER) / 2

    def columns(self, top: float, bottom: float) -> list[rl.Frame]:
        """Make the two columns between ``bottom`` and ``top``."""
        xs = (MARGIN, MARGIN + self.column + GUTTER)
        return [rl.Frame(x, bottom, self.column, top - bottom, 0, 0, 0, 0) for x in xs]

    def header(self, canvas: Canvas, _doc: rl.BaseDocTemplate) -> None:
        """Draw the running header before the text of the page."""
        right, top = MARGIN + self.full, self.pagesize[1] - 14 * mm
        canvas.setFont("Times-Italic", 8.5)
        canvas.drawString(MARGIN, top, self.meta["short"])
        canvas.drawRightString(right, top, self.meta["series"])
        canvas.line(MARGIN, top - 4, right, top - 4)

    def footer(self, canvas: Canvas, _doc: rl.BaseDocTemplate) -> None:
        """Draw the page number after the text of the page."""
        canvas.setFont("Times-Roman", 9)
        canvas.drawCentredString(self.pagesize[0] / 2, 11 * mm, str(canvas.getPageNumber()))

    def afterFlowable(self, flowable: rl.Flowable) -> None:  # noqa: N802 (reportlab's name)
        """Add an outline entry for each heading where the paper asks for one."""
        level = {"h2": 0, "h3": 1}.get(getattr(getattr(flowable, "style", None), "name", ""))
        if self.meta["outline"] == "yes" and level is not None:
            self.marks += 1
            self.canv.bookmarkPage(f"s{self.marks}")
            self.canv.addOutlineEntry(flowable.getPlainText(), f"s{self.marks}", level)


def build(source: Path, target: Path) -> None:
    """Typeset one Markdown source as a PDF."""
    _, head, body = source.read_text(encoding="utf-8").split("---\n", 2)
    doc = Paper(target, meta := dict(line.split(": ", 1) for line in head.splitlines()))
    blocks = [b.strip().splitlines() for b in re.split(r"\n\s*\n", body.strip())]
    top = [para(meta[k], k) for k in ("title", "authors", "affiliation", "licence")]
    top += [para("Abstract", "label"), para(" ".join(blocks[1]), "abstract")]
    height = sum(p.wrap(doc.full, 999)[1] + p.getSpaceAfter() for p in top) + 12
    story: list[rl.Flowable] = [*top, rl.NextPageTemplate("later"), rl.FrameBreak()]
    kind = "first"
    for block in blocks[2:]:
        if block[0].startswith("#"):
            level = "h2" if block[0].startswith("## ") else "h3"
            story += [rl.CondPageBreak(66), para(block[0].lstrip("# "), level)]
            kind = "ref" if block[0] == "## References" else "first"
        elif block[0] == "```figure":
            story.append(figure(block[1:-1], doc.column))
        elif block[-1].startswith("|"):
            story.append(table(block, doc.column))
        else:
            story.append(para(" ".join(block), kind))
            kind = "ref" if kind == "ref" else "body"
    high = doc.pagesize[1] - TOP
    first = [rl.Frame(MARGIN, high - height, doc.full, height, 0, 0, 0, 0)]
    first += doc.columns(high - height, BOTTOM)
    for name, frames in ("first", first), ("later", doc.columns(high, BOTTOM)):
        doc.addPageTemplates(rl.PageTemplate(name, frames, doc.header, doc.footer))
    doc.build(story)


if __name__ == "__main__":
    for markdown in sorted((HERE / "papers").glob("*.md")):
        build(markdown, HERE.parent / "documents" / "papers" / f"{markdown.stem}.pdf")
