"""A window's tables as the families read them: rows of cells, with what stands above each column.

A document knows the grids of its tables. Rows of ``a | b | c`` that it could not read as a grid are
read as they stand: their first line is the header.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longalpaca_data.core.grids import EMPTY_CELL, unescaped
from longalpaca_data.core.records import CellSpan
from longalpaca_data.generate.extractive.parsed_part import Paragraph, ParsedPart

_COLUMN = " | "
_HEAD_WITHIN = 3  # lines: a caption may stand above the header


@dataclass(frozen=True, slots=True)
class Row:
    """A row below the header: its cells by column ("" for an empty one), and its place."""

    cells: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table: for each column the header cells above it, outermost first, and its rows."""

    headers: tuple[tuple[str, ...], ...]
    rows: tuple[Row, ...]


def tables(reading: ParsedPart) -> Iterator[Table]:
    """Yield the tables that stand in a part."""
    for paragraph in reading.paragraphs:
        if paragraph.cells:
            yield _of_grid(reading, paragraph.cells, paragraph.header_rows)
        elif _COLUMN in paragraph.text and (table := _of_lines(paragraph)) is not None:
            yield table


def _of_grid(reading: ParsedPart, cells: Sequence[CellSpan], header_rows: int) -> Table:
    columns = max(cell.column + cell.colspan for cell in cells)
    headers: list[list[str]] = [[] for _ in range(columns)]
    rows: dict[int, list[str]] = {}
    places: dict[int, tuple[int, int]] = {}
    for cell in cells:
        text = unescaped(reading.text[cell.start : cell.end])
        if cell.row < header_rows:
            for column in range(cell.column, cell.column + cell.colspan):
                headers[column].append(text)
            continue
        # A label over several rows is each one's label; a figure stands for its first row only.
        for row in range(cell.row, cell.row + (cell.rowspan if cell.column == 0 else 1)):
            rows.setdefault(row, [""] * columns)[cell.column] = text
        start, _ = places.get(cell.row, (cell.start, cell.end))
        places[cell.row] = (start, cell.end)
    return Table(
        tuple(map(tuple, headers)),
        tuple(Row(tuple(rows[row]), *places[row]) for row in sorted(places)),
    )


def _of_lines(paragraph: Paragraph) -> Table | None:
    lines = paragraph.text.split("\n")
    head = next((n for n, line in enumerate(lines[:_HEAD_WITHIN]) if _COLUMN in line), None)
    if head is None:
        return None
    at = paragraph.start + sum(len(line) + 1 for line in lines[: head + 1])
    rows = []
    for line in lines[head + 1 :]:
        rows.append(Row(_split(line), at, at + len(line)))
        at += len(line) + 1
    return Table(tuple((cell,) for cell in _split(lines[head])), tuple(rows))


def _split(line: str) -> tuple[str, ...]:
    cells = (cell.strip() for cell in line.split(_COLUMN))
    return tuple("" if cell == EMPTY_CELL else cell for cell in cells)
