from __future__ import annotations

from longalpaca_data.generate.extractive.families.series_statement import find


def report(read, year: int, index: int, text: str):
    reading = read(f"# Staff\n\n{text}", kind="report", title=f"Annual Report {year}")
    reading.index = index
    return reading


def test_asks_for_the_year_of_a_statement_that_one_report_alone_makes(read) -> None:
    first = (
        "Gudrun Falke, who had adjusted balances by hand all her life, retired in the autumn.\n\n"
        "The works moved all of its lathes to the new hall beside the river in 2021.\n\n"
        "The dividend is proposed by the board and approved by the general meeting in June."
    )
    second = "The dividend is proposed by the board and approved by the general meeting in May."
    found = list(find((report(read, 2021, 0, first), report(read, 2022, 1, second))))
    assert [(f.slots["statement"][:12], f.slots["year"]) for f in found] == [
        ("Gudrun Falke", "2021")
    ]
    assert [span.part for span in found[0].evidence] == [0, 0]
