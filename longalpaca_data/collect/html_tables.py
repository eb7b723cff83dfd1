"""Tables of a page: real ones through the table routine, those for layout as what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from longalpaca_data.collect.table_layout import cell_text, is_frame, items
from longalpaca_data.collect.tables import SourceCell, table_block

if TYPE_CHECKING:
    from longalpaca_data.collect.html_walk import Walker

ROW_GROUPS = frozenset({"thead", "tbody", "tfoot"})
MAX_SPAN = 1_000  # HTML, 4.9.11
LAYOUT_ROLES = frozenset({"presentation", "none"})
MAX_INDEX_COLUMNS = 3  # filled ones of a row: name, title, page

Row = list[tuple[Any, "Walker"]]


def read(walker: Walker, table: Any, depth: int) -> None:
    """Add a table's blocks. Each cell is read once, whatever becomes of it."""
    start, links = len(walker.blocks), walker.links_seen
    rows: list[Row] = []
    headers = 0
    for group, row in _parts(walker, table):
        if group == "caption":
            walker.walk_as("caption", row, depth)
            continue
        cells: Row = []
        for cell in row.iter():
            if cell.tag in ("td", "th") and not walker.skips(cell):
                inner = walker.nested()
                inner.walk(cell, depth + 1)
                inner.flush()
                cells.append((cell, inner))
        if cells:
            headers += group == "thead" and headers == len(rows)
            rows.append(cells)
    walker.links_seen += sum(inner.links_seen for row in rows for _, inner in row)
    _add(walker, table, rows, headers)
    if not _is_data(rows):
        walker.drop_index(start, links)


def _parts(walker: Walker, table: Any) -> Iterator[tuple[str, Any]]:
    """A table's own rows and captions, those of tables within it left alone."""
    for child in table.iter():
        tag = child.tag
        if walker.skips(child):
            continue
        if tag == "caption":
            yield "caption", child
        elif tag == "tr":
            yield "tbody", child
        elif tag in ROW_GROUPS:
            for row in child.iter():
                if row.tag == "tr" and not walker.skips(row):
                    yield tag, row


def _add(walker: Walker, table: Any, rows: list[Row], headers: int) -> None:
    grid = [[_cell(cell, inner) for cell, inner in row] for row in rows]
    presented = (table.attributes.get("role") or "") in LAYOUT_ROLES
    if presented or is_frame([[inner.blocks for _, inner in row] for row in rows], grid):
        for row in rows:
            for _, inner in row:
                walker.take(inner)
        return
    if listed := items(grid):
        for item in listed:
            walker.add(item, walker.mark_of(len(item.text)))
        return
    inners = [inner for row in rows for _, inner in row]
    block = table_block(grid, headers)
    if block is not None:
        mark = walker.mark_of(0)
        for inner in inners:
            mark.chars += sum(m.chars for m in inner.marks)
            mark.linked += sum(m.linked for m in inner.marks)
        walker.add(block, mark)
    for inner in inners:  # tables within cells stand behind the table, once
        for part, mark in zip(inner.blocks, inner.marks, strict=True):
            if part.kind == "table":
                walker.add(part, mark)


def _cell(node: Any, inner: Walker) -> SourceCell:
    return SourceCell(
        cell_text(inner.blocks),
        rowspan=_span(node, "rowspan"),
        colspan=_span(node, "colspan"),
        header=node.tag == "th",
    )


def _span(node: Any, name: str) -> int:
    value = (node.attributes.get(name) or "").strip()
    number = int(value) if value.isdecimal() and len(value) < 6 else 1
    return number if 1 <= number <= MAX_SPAN else 1


def _is_data(rows: Sequence[Row]) -> bool:
    """Whether it is a table even where all of it is links: it has header cells, or many columns."""
    if not rows:
        return False
    headers = sum(cell.tag == "th" for cell, _ in rows[0])
    filled = [sum(bool(inner.blocks) for _, inner in row) for row in rows]
    return headers > 1 or sum(filled) > MAX_INDEX_COLUMNS * len(rows)
