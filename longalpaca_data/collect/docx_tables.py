"""Tables of a DOCX as rows of cells: spans and merges expanded by the one table routine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from longalpaca_data.collect.docx_package import W
from longalpaca_data.collect.table_layout import cell_text, is_frame, items
from longalpaca_data.collect.tables import SourceCell, table_block
from longalpaca_data.core.records import Block

MAX_SPAN = 1_000
WRAPPERS = frozenset({f"{W}sdt", f"{W}sdtContent", f"{W}ins", f"{W}customXml", f"{W}smartTag"})
ReadCell = Callable[[Any], list[Block]]


def read_table(table: Any, read_cell: ReadCell) -> Iterator[Block]:
    """Yield a table's blocks; each cell is read once, whatever becomes of it."""
    blocks: list[list[list[Block]]] = []
    grid: list[list[SourceCell]] = []
    above: dict[int, tuple[int, int]] = {}  # column → the cell that a merge would lengthen
    headers = 0
    for row in _own(table, f"{W}tr"):
        if row.find(f"{W}trPr/{W}del") is not None:
            continue
        cells, read, column = _before(row)
        for node in _own(row, f"{W}tc"):
            span = _span(node.find(f"{W}tcPr/{W}gridSpan"))
            merge = node.find(f"{W}tcPr/{W}vMerge")
            continues = merge is not None and merge.get(f"{W}val") != "restart"
            content = read_cell(node)
            if continues and column in above and not content:
                at, index = above[column]
                grid[at][index] = _longer(grid[at][index])
            else:
                above.pop(column, None)
                if merge is not None:
                    above[column] = (len(grid), len(cells))
                cells.append(SourceCell(cell_text(content), colspan=span))
                read.append(content)
            column += span
        headers += _is_header(row) and headers == len(grid)
        grid.append(cells)
        blocks.append(read)
    yield from _written(blocks, grid, headers)


def _written(
    blocks: list[list[list[Block]]], grid: list[list[SourceCell]], headers: int
) -> Iterator[Block]:
    if is_frame(blocks, grid):
        for row in blocks:
            for cell in row:
                yield from cell
        return
    if listed := items(grid):
        yield from listed
        return
    if (block := table_block(grid, headers)) is not None:
        yield block
    for row in blocks:  # tables within cells stand behind the table, once
        for cell in row:
            yield from (part for part in cell if part.kind == "table")


def _own(parent: Any, tag: str) -> Iterator[Any]:
    """A table's rows, or a row's cells, also those within content controls."""
    stack = list(reversed(parent))
    while stack:
        node = stack.pop()
        if node.tag == tag:
            yield node
        elif node.tag in WRAPPERS:
            stack.extend(reversed(node))


def _before(row: Any) -> tuple[list[SourceCell], list[list[Block]], int]:
    """Columns that a row leaves free at its beginning (``gridBefore``)."""
    node = row.find(f"{W}trPr/{W}gridBefore")
    free = _span(node) if node is not None else 0
    return ([SourceCell("", colspan=free)], [[]], free) if free else ([], [], 0)


def _is_header(row: Any) -> bool:
    node = row.find(f"{W}trPr/{W}tblHeader")
    return node is not None and node.get(f"{W}val") not in ("0", "false", "off")


def _span(node: Any) -> int:
    value = (node.get(f"{W}val") or "") if node is not None else ""
    number = int(value) if value.isdecimal() and len(value) < 6 else 1
    return number if 1 <= number <= MAX_SPAN else 1


def _longer(cell: SourceCell) -> SourceCell:
    return SourceCell(cell.text, cell.rowspan + 1, cell.colspan, cell.header)
