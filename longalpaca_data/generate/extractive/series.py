"""A series of yearly reports: the year of each, and the figures that recur in them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from longalpaca_data.core.years import document_year
from longalpaca_data.generate.extractive.family import Material
from longalpaca_data.generate.extractive.figures import (
    NUMBER,
    as_decimal,
    masked,
    stated_figures,
)
from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Span
from longalpaca_data.generate.extractive.sentence_quality import clean, quotable, stands_alone
from longalpaca_data.generate.extractive.tables import Table, tables

YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_YEAR_CELL = re.compile(
    r"^(?P<measure>[^\d]*?)\s?(?:FY ?)?(?P<year>(?:19|20)\d\d)(?: ?年度?)?(?P<unit>[ (（][^\d]*)?$"
)
_VALUE_CELL = re.compile(
    rf"^(?P<before>[^\d()−–-]{{0,6}}?)\s?(?P<number>[−–-]?(?:{NUMBER})|\((?:{NUMBER})\))"
    r"\s?(?P<after>[^\d]{0,20})$"
)
_NO_LABEL = re.compile(
    r"^(?:of (?:which|whom) .*|thereof .*|totals?|others?|not allocated|sum|balance|"
    r"subtotal|year|date|月份|年份|合计|合計|总计|總計|其他|小计|小計|\d.*)$|^.{0,3}$",
    re.IGNORECASE,
)
_MONTH = re.compile(
    r"^(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r"|^\d{1,2}月"
)


@dataclass(frozen=True, slots=True)
class Value:
    """A figure of one year: its number, how it is written, what stands around it, its place."""

    number: Decimal
    written: str
    unit: str
    span: Span


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """What a figure is called: a table row's label, with the column's heading where that names
    more than the year; or a sentence with ____ for the figure.
    """

    label: str
    measure: str = ""
    sentence: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """A figure over the years: those of the reports, and earlier ones that they look back to."""

    name: Name
    values: tuple[tuple[int, Value], ...]


def years_of(material: Material) -> tuple[int, ...] | None:
    """Return each report's year; None unless every one has one and all differ."""
    years = [year_of(reading) for reading in material]
    known = [year for year in years if year is not None]
    return tuple(known) if len(set(known)) == len(years) > 1 else None


def year_of(reading: ParsedPart) -> int | None:
    """Return the year that a report is about."""
    headings = (section.title for section in reading.sections)
    return document_year(reading.title, reading.path, headings)


def figures_over_years(material: Material) -> Iterator[Series]:
    """Yield the figures that two or more reports state for their own years.

    Where a year's figure is given with two values (restated, or two rows of one name), or where
    the unit changes, there is no sure answer and nothing is yielded.
    """
    years = years_of(material)
    if years is None:
        return
    found: dict[Name, dict[int, Value]] = defaultdict(dict)
    spoilt: set[Name] = set()
    for reading, own in sorted(zip(material, years, strict=True), key=lambda pair: pair[1]):
        for name, year, value in (*_table_values(reading), *_sentence_values(reading, own)):
            known = found[name].get(year)
            if known and (known.number, known.unit) != (value.number, value.unit):
                spoilt.add(name)
            if known is None or (year == own and known.span.part != reading.index):
                found[name][year] = value
    part_of = {year: reading.index for reading, year in zip(material, years, strict=True)}
    for name, values in found.items():
        own_years = [year for year, value in values.items() if part_of.get(year) == value.span.part]
        units = {value.unit for value in values.values()}
        if name not in spoilt and len(own_years) > 1 and len(units) == 1:
            gap_free = not set(part_of) - set(values)
            if gap_free and all(value.number >= 0 for value in values.values()):
                yield Series(name, tuple(sorted(values.items())))


def _table_values(reading: ParsedPart) -> Iterator[tuple[Name, int, Value]]:
    """Yield (name, year, value) of the tables whose headers name the years."""
    for table in tables(reading):
        years = _years(table)
        for row in table.rows if years else ():
            label = row.cells[0]
            if _NO_LABEL.match(label) or _MONTH.match(label) or "“" in label:
                continue
            for column, (year, measure, unit) in years.items():
                match = _VALUE_CELL.match(row.cells[column]) if column < len(row.cells) else None
                number = as_decimal(match["number"]) if match else None
                if match and number is not None:
                    around = (match["before"] + "#" + match["after"] + unit).strip()
                    span = reading.span(row.start, row.end)
                    yield Name(label, measure), year, Value(number, row.cells[column], around, span)


def _years(table: Table) -> dict[int, tuple[int, str, str]]:
    """Return a column's year, the rest of its heading, and its unit.

    Where several columns are of one year, what stands above them tells them apart, or else nothing
    is sure.
    """
    innermost = [header[-1] if header else "" for header in table.headers]
    for headings in (innermost, [" ".join(header) for header in table.headers]):
        years = {}
        for column, heading in enumerate(headings):
            if column and (match := _YEAR_CELL.match(heading)):
                unit = (match["unit"] or "").strip(" ()（）")
                years[column] = (int(match["year"]), match["measure"].strip(" ,，:"), unit)
        if len({(year, measure) for year, measure, _ in years.values()}) == len(years):
            return years
    return {}


def _sentence_values(reading: ParsedPart, own: int) -> Iterator[tuple[Name, int, Value]]:
    """Yield the figures of sentences that come back every year with another number."""
    language = reading.language
    numeric = [s for s in reading.sentences if any(map(str.isdigit, s.text))]
    shapes = Counter(masked(sentence.text) for sentence in numeric)
    for sentence in numeric:
        text = sentence.text
        figures = list(stated_figures(text, language))
        if len(figures) != 1 or shapes[masked(text)] > 1 or not (clean(text, language)):
            continue
        if not (stands_alone(text, language) and quotable(text)):
            continue
        match = figures[0]
        rest = text[: match.start()] + "____" + text[match.end() :]
        number = as_decimal(match["number"])
        if number is not None and set(re.findall(NUMBER, rest)) <= {str(own)}:
            name = Name(rest.replace(str(own), "____"), sentence=True)
            span = reading.span(sentence.start, sentence.end)
            yield name, own, Value(number, match["number"], "#" + text[match.end() :][:2], span)
