"""The year that a report is about, by what it is called.

One rule for all who ask: the windows that put a series together, and the questions about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

_YEAR = r"(?:19|20)\d\d"
_ALONE = re.compile(rf"(?<!\d)({_YEAR})(?!\d)")
# 2020/21 and 2020-2021 end in the year that a report is named after.
_SPAN = re.compile(rf"(?<!\d)({_YEAR})\s?[-–—/]\s?({_YEAR}|\d\d)(?![\d-])")
# "Annual Report 2021 (published in March 2022)": the words beside a year tell which one is meant.
_NAMED = re.compile(
    rf"(?:\bFY ?|\b(?:fiscal|financial) year(?: end(?:ed|ing))?\D{{0,20}}|\breports?\D{{0,12}})"
    rf"(?P<after>{_YEAR})(?!\d)"
    rf"|(?<!\d)(?P<before>{_YEAR})(?:\s?(?:财|財)?年(?:度|报|報)| (?:annual|yearly) report)",
    re.IGNORECASE,
)
_DATE = re.compile(rf"(?<!\d)({_YEAR})(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)")  # 20241231


def report_year(*names: str) -> int | None:
    """Return the year that the first of the names tells, None where none tells one.

    ``names`` stand in the order in which they are trusted: title, file name, first heading. Of
    several years in one name the one that the words name counts ("FY 2021", "2021 年度"), of a
    span its end (2020/21), else the last.
    """
    for name in names:
        year = _year_in(name)
        if year is not None:
            return year
    return None


def document_year(title: str, path: str, headings: Iterable[str]) -> int | None:
    """Return the year that a document is about: by its title, file name or first heading."""
    return report_year(title, path.rsplit("/", 1)[-1], *islice(headings, 1))


def _year_in(name: str) -> int | None:
    text = _SPAN.sub(lambda span: span[1][: 4 - len(span[2])] + span[2], name)
    if named := _NAMED.search(text):
        return int(named["after"] or named["before"])
    found = _ALONE.findall(text) or _DATE.findall(text)
    return int(found[-1]) if found else None
