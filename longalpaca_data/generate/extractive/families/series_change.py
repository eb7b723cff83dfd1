"""Questions for how a figure changed over yearly reports, and when it was highest or lowest.

All numbers are compared and subtracted as decimals; what the answer states is exact, and a
percentage is said to be rounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal

from longalpaca_data.generate.extractive.family import Family, Finding, Material
from longalpaca_data.generate.extractive.parsed_part import Span
from longalpaca_data.generate.extractive.series import Name, Series, Value, figures_over_years

_FIGURE = {
    "en": {
        "row": "the figure for “{0.label}”",
        "cell": "the figure for “{0.label}” under “{0.measure}”",
        "sentence": "the figure in the sentence “{0.label}”",
    },
    "zh": {
        "row": "“{0.label}”这一数字",
        "cell": "“{0.label}”的“{0.measure}”",
        "sentence": "“{0.label}”这句话中的数字",
    },
}


def find(material: Material) -> Iterator[Finding]:
    """Yield, for every figure that is stated over the years, one question of each sure kind."""
    language = material[0].language
    for series in figures_over_years(material):
        yield _change(series, language)
        if len(series.values) > 2:
            yield from _extreme(series, language)


def _change(series: Series, language: str) -> Finding:
    (first_year, first), *_, (last_year, last) = series.values
    rise = last.number - first.number
    wording = "rise" if rise > 0 else "fall" if rise < 0 else "same"
    slots = {
        **_slots(series, language),
        "first_year": str(first_year),
        "last_year": str(last_year),
        "first": first.written,
        "last": last.written,
        "difference": _difference(series.name, first, last, language),
    }
    return Finding(slots, _evidence(series), wording)


def _extreme(series: Series, language: str) -> Iterator[Finding]:
    for name, pick in (("highest", max), ("lowest", min)):
        number = pick(value.number for _, value in series.values)
        years = [(year, value) for year, value in series.values if value.number == number]
        if len(years) == 1:
            year, value = years[0]
            slots = {**_slots(series, language), "year": str(year), "value": value.written}
            yield Finding(slots, _evidence(series), name)


def _slots(series: Series, language: str) -> dict[str, str]:
    name = series.name
    form = "sentence" if name.sentence else "cell" if name.measure else "row"
    figure = _FIGURE[language][form].format(name)
    return {
        "figure": figure,
        "Figure": figure[0].upper() + figure[1:],
        "values": _values(series.values, language),
    }


def _evidence(series: Series) -> tuple[Span, ...]:
    return tuple(value.span for _, value in series.values)


def _values(values: Sequence[tuple[int, Value]], language: str) -> str:
    """Join years and values: "41 in 2019, 47 in 2020 and 52 in 2021"."""
    if language == "zh":
        return "，".join(f"{year}年为{value.written}" for year, value in values)
    parts = [f"{value.written} in {year}" for year, value in values]
    return ", ".join(parts[:-1]) + " and " + parts[-1]


def _difference(name: Name, first: Value, last: Value, language: str) -> str:
    """The absolute change and, where it makes sense, the change in per cent."""
    size = abs(last.number - first.number)
    shown = f"{size:,}"
    if "%" in first.unit + name.label or "％" in first.unit + name.label:
        return f"{shown}个百分点" if language == "zh" else f"{shown} percentage points"
    before, _, after = first.unit.partition("#")
    shown = f"{before}{shown}{after}" if not name.sentence else shown
    if first.number <= 0 or last.number < 0:
        return shown
    percent = (size / first.number * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{shown}（约{percent}%）" if language == "zh" else f"{shown} (about {percent}%)"


# Off by default: 28 of 30 rows on series that nobody had seen, where 19 of 20 are asked for (a year
# that only a later report looks back to was called a report of its own; units are not repeated).
FAMILY = Family(
    "series_change",
    "comparison",
    frozenset({"en", "zh"}),
    find,
    windows=frozenset({"series"}),
    default=False,
)
