from __future__ import annotations

from longalpaca_data.generate.extractive.families.series_change import find


def report(read, year: int, index: int, rows: str, extra: str = ""):
    table = f"Item | {year} | {year - 1}\n{rows}"
    text = f"# Key figures\n\n{extra or 'Nothing else happened.'}\n\n{table}"
    reading = read(text, kind="report", title=f"Annual Report {year}")
    reading.index = index
    return reading


def series(read):
    return (
        report(
            read, 2020, 0, "Employees at year end | 41 | 40\nNet debt | 100 | 90\nTotal | 1 | 2"
        ),
        report(
            read, 2021, 1, "Employees at year end | 47 | 41\nNet debt | 80 | 101\nTotal | 3 | 1"
        ),
        report(read, 2022, 2, "Employees at year end | 52 | 47\nNet debt | 70 | 80\nTotal | 5 | 3"),
    )


def by_wording(material):
    return {f.wording: f for f in find(material)}


def test_follows_a_row_over_the_years(read) -> None:
    found = by_wording(series(read))
    rise = found["rise"].slots
    assert rise["figure"] == "the figure for “Employees at year end”"
    assert rise["values"] == "40 in 2019, 41 in 2020, 47 in 2021 and 52 in 2022"
    assert rise["difference"] == "12 (about 30.0%)"
    assert found["highest"].slots["year"] == "2022"
    assert found["lowest"].slots["year"] == "2019"
    assert [span.part for span in found["rise"].evidence] == [0, 0, 1, 2]


def test_restated_figures_and_totals_are_left_out(read) -> None:
    figures = {f.slots["figure"] for f in find(series(read))}
    assert figures == {"the figure for “Employees at year end”"}  # Net debt 2020: 100 or 101?


def test_two_highest_years_are_no_answer(read) -> None:
    first, _, last = series(read)
    same = report(read, 2021, 1, "Employees at year end | 52 | 41")
    last = report(read, 2022, 2, "Employees at year end | 52 | 52")
    assert "highest" not in by_wording((first, same, last))


def test_sentences_of_one_shape(read) -> None:
    texts = [
        f"The works employed {n} people at the end of {y}." for n, y in ((41, 2020), (52, 2021))
    ]
    parts = tuple(report(read, 2020 + i, i, "", text) for i, text in enumerate(texts))
    rise = by_wording(parts)["rise"].slots
    assert "The works employed ____ people at the end of ____." in rise["figure"]
    assert rise["difference"] == "11 (about 26.8%)"


def test_per_cents_change_in_points_and_a_column_may_name_a_measure(read) -> None:
    parts = []
    for index, (year, value) in enumerate(((2020, "51.6"), (2021, "53.0"))):
        text = f"Segment | Equity ratio {year} | Staff {year}\nScales (%) | {value} | 9"
        reading = read(text, kind="report", title=f"Report {year}")
        reading.index = index
        parts.append(reading)
    found = {f.slots["figure"]: f for f in find(tuple(parts))}
    rise = found["the figure for “Scales (%)” under “Equity ratio”"]
    assert rise.slots["difference"] == "1.4 percentage points"
    assert found["the figure for “Scales (%)” under “Staff”"].wording == "same"


def test_reports_without_a_year_of_their_own_are_no_series(read) -> None:
    first, second, _ = series(read)
    second.title = second.path = "Annual Report"
    assert not list(find((first, second)))
