"""Word files: what stands in no run of the body, and what isn't the document's text."""

from __future__ import annotations

import io
import time
import zipfile

import pytest

from longalpaca_data.collect import read
from longalpaca_data.collect.docx_numbering import numeral
from longalpaca_data.collect.extract import Extract

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"


def word(body: str, *, main: str = "word/document.xml", space: str = W, **parts: str) -> bytes:
    """A DOCX by hand; ``parts`` are the contents of styles, numbering, footnotes, ..."""
    names = f'xmlns:w="{space}" xmlns:m="{OFFICE}/math" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types><Override PartName="/{main}" ContentType="application/vnd.openxmlformats-'
            'officedocument.wordprocessingml.document.main+xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{RELATIONS}"><Relationship Id="r1" '
            f'Type="{OFFICE}/relationships/officeDocument" Target="{main}"/></Relationships>',
        )
        archive.writestr(main, f"<w:document {names}><w:body>{body}</w:body></w:document>")
        folder, _, base = main.rpartition("/")
        related = "".join(
            f'<Relationship Id="{kind}" Type="{OFFICE}/relationships/{kind}" Target="{kind}.xml"/>'
            for kind in parts
        )
        archive.writestr(
            f"{folder}/_rels/{base}.rels",
            f'<Relationships xmlns="{RELATIONS}">{related}</Relationships>',
        )
        for kind, content in parts.items():
            archive.writestr(f"{folder}/{kind}.xml", f"<w:{kind} {names}>{content}</w:{kind}>")
    return out.getvalue()


def run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t xml:space='preserve'>{text}</w:t></w:r>"


def paragraph(*runs: str, properties: str = "") -> str:
    inner = "".join(part if part.startswith("<") else run(part) for part in runs)
    return f"<w:p><w:pPr>{properties}</w:pPr>{inner}</w:p>"


def blocks(data: bytes) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in extract(data).blocks]


def extract(data: bytes) -> Extract:
    return read(data, "a.docx")[1]


@pytest.mark.parametrize("options", [{"main": "word/document2.xml"}, {"space": STRICT}])
def test_any_main_part_and_strict_files_are_read(options: dict[str, str]) -> None:
    assert blocks(word(paragraph("Read."), **options)) == [("paragraph", "Read.")]


def test_formulas_are_latex() -> None:
    def part(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    def inline(formula: str) -> str:
        return f"<m:oMath>{formula}</m:oMath>"

    fraction = f"<m:f><m:num>{part('α')}</m:num><m:den>{part('b')}</m:den></m:f>"
    total = (
        '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>'
        f"<m:sub>{part('i=1')}</m:sub><m:sup>{part('n')}</m:sup><m:e>{part('x')}</m:e></m:nary>"
    )
    assert blocks(
        word(
            paragraph("Equals ", inline(part("3q+17")), " cubits, ", inline(fraction), ".")
            + paragraph(f"<m:oMathPara>{inline(total)}</m:oMathPara>")
        )
    ) == [
        ("paragraph", r"Equals 3q+17 cubits, $\frac{\alpha}{b}$."),
        ("formula", r"$$\sum_{i=1}^n x$$"),
    ]  # fmt: skip


def test_notes_stand_behind_their_paragraph() -> None:
    mark = '<w:r><w:footnoteReference w:id="2"/></w:r>'
    note = f'<w:footnote w:id="0" w:type="separator">{paragraph("---")}</w:footnote>'
    note += f'<w:footnote w:id="2">{paragraph("The deed.")}</w:footnote>'
    assert blocks(word(paragraph("Sold", mark, " dear.") + paragraph("Next."), footnotes=note)) == [
        ("paragraph", "Sold dear."),
        ("footnote", "The deed."),
        ("paragraph", "Next."),
    ]


def test_text_boxes_stand_once_behind_their_paragraph() -> None:
    box = f"<w:txbxContent>{paragraph('Boxed.')}</w:txbxContent>"
    both = f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
    drawing = f"<w:r><mc:AlternateContent>{both}</mc:AlternateContent></w:r>"
    assert blocks(word(paragraph("A wheel ", drawing, "turns."))) == [
        ("paragraph", "A wheel turns."),
        ("paragraph", "Boxed."),
    ]


def test_deleted_hidden_and_guiding_text_is_counted() -> None:
    deleted = "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
    ruby = f"<w:rt>{run('cang')}</w:rt><w:rubyBase>{run('仓库')}</w:rubyBase>"
    unseen = run("secret ", "<w:vanish/>") + run("unseen ", '<w:rStyle w:val="H"/>')
    data = word(
        paragraph("Nine ", deleted, unseen, f"<w:r><w:ruby>{ruby}</w:ruby></w:r>", " wheels"),
        styles='<w:style w:styleId="H"><w:name w:val="H"/><w:rPr><w:vanish/></w:rPr></w:style>',
        comments=paragraph("Really?"),
    )  # fmt: skip
    assert blocks(data) == [("paragraph", "Nine 仓库 wheels")]
    assert extract(data).lost == {"deleted": 4, "hidden": 12, "ruby": 4, "comment": 7}


def test_automatic_numbers_of_headings_and_lists() -> None:
    level = (
        '<w:lvl w:ilvl="{}"><w:start w:val="1"/><w:numFmt w:val="{}"/>{}'
        '<w:lvlText w:val="{}"/></w:lvl>'
    )
    numbering = (
        '<w:abstractNum w:abstractNumId="7">'
        + level.format(0, "decimal", '<w:pStyle w:val="A"/>', "%1.")
        + level.format(1, "decimal", '<w:pStyle w:val="B"/>', "%1.%2")
        + '</w:abstractNum><w:abstractNum w:abstractNumId="8">'
        + level.format(0, "lowerLetter", "", "%1)")
        + '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
        '<w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num>'
    )
    style = (
        '<w:style w:styleId="{0}"><w:name w:val="heading {1}"/>'
        '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    )
    item = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="2"/></w:numPr>'
    body = "".join(
        paragraph(text, properties=f'<w:pStyle w:val="{name}"/>')
        for text, name in (
            ("Duties", "A"),
            ("Watch", "B"),
            ("Lamps", "B"),
            ("Tolls", "A"),
            ("Boats", "B"),
        )
    ) + "".join(paragraph(text, properties=item) for text in ("Unlock.", "Count."))
    data = word(body, numbering=numbering, styles=style.format("A", 1) + style.format("B", 2))
    assert [text for _, text in blocks(data)] == [
        "1. Duties",
        "1.1 Watch",
        "1.2 Lamps",
        "2. Tolls",
        "2.1 Boats",
        "a) Unlock.",
        "b) Count.",
    ]


@pytest.mark.parametrize(
    ("count", "form", "written"),
    [
        (4, "upperRoman", "IV"),
        (28, "lowerLetter", "bb"),
        (23, "chineseCounting", "二十三"),
        (5, "decimalZero", "05"),
    ],
)
def test_numerals(count: int, form: str, written: str) -> None:
    assert numeral(count, form) == written


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text) if text else '<w:p/>'}</w:tc>"


def test_spans_merges_and_free_columns() -> None:
    rows = [
        cell("Depot", '<w:vMerge w:val="restart"/>')
        + cell("Count", '<w:gridSpan w:val="2"/>')
        + cell("Price"),
        cell("", "<w:vMerge/>") + cell("2020") + cell("2021") + cell("marks"),
        '<w:trPr><w:gridBefore w:val="1"/></w:trPr>' + cell("31") + cell("32") + cell("33"),
    ]
    table = "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>"
    block = extract(word(table)).blocks[0]
    assert block.text.replace(" --- |", "") == (
        "| Depot | Count | – | Price |\n|\n| – | 2020 | 2021 | marks |\n| – | 31 | 32 | 33 |"
    )
    assert block.grid is not None
    assert (block.grid.cells[0].rowspan, block.grid.cells[1].colspan) == (2, 2)


def test_nested_tables_stand_once_and_in_bounded_time() -> None:
    nested = paragraph("x")
    for _ in range(40):
        nested = f"<w:tbl><w:tr>{cell('a')}<w:tc>{nested}<w:p/></w:tc></w:tr></w:tbl>"
    start = time.process_time()
    found = blocks(word(nested))
    assert time.process_time() - start < 2
    assert len(found) == 40
    assert found[-1][1].splitlines()[0] == "| a | x |"


def test_content_controls_are_read_and_their_prompts_are_not() -> None:
    control = f"<w:sdt><w:sdtContent>{paragraph('Filled in.')}</w:sdtContent></w:sdt>"
    prompt = (
        "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>"
        + run("Click here")
        + "</w:sdtContent></w:sdt>"
    )
    data = word(control + paragraph("Name: ", prompt))
    assert blocks(data) == [("paragraph", "Filled in."), ("paragraph", "Name:")]
    assert extract(data).lost == {"form control": 9}
