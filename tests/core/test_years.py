"""Which year a report is about."""

from __future__ import annotations

import pytest

from longalpaca_data.core.years import report_year


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("Annual Report 2021", 2021),
        ("Annual Report 2021 (published in March 2022)", 2021),
        ("2022: a look back at the annual report for 2021", 2021),
        ("FY2021 results, issued 2022", 2021),
        ("Report for the fiscal year ended June 30, 2021", 2021),
        ("Report 2020/21", 2021),
        ("Report 2020–2021", 2021),
        ("2019-2020 in figures", 2020),
        ("straith-2023.html", 2023),
        ("unp-20241231.htm", 2024),
        ("某公司2021年年度报告", 2021),
        ("2022年4月发布：2021年度报告", 2021),
        ("某公司二零二一年报", None),
        ("Serial 120215 of 1999", 1999),
        ("No year at all", None),
    ],
)
def test_the_year_of_a_name(name: str, year: int | None) -> None:
    assert report_year(name) == year


def test_the_first_name_that_tells_one_counts() -> None:
    assert report_year("A Report", "report-2020.html", "Report 2019") == 2020
