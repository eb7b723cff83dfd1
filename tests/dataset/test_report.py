"""The report, opened in a real browser: what it shows, and that nothing in it runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from longalpaca_data.build import Options, build
from longalpaca_data.core.errors import DatasetError
from longalpaca_data.core.recipe import Recipe
from longalpaca_data.dataset.manifest import LackingCell
from longalpaca_data.dataset.pictures import LABELS
from longalpaca_data.dataset.report import summary_lines, write_report
from longalpaca_data.dataset.write import MANIFEST, files_hold, read_manifest, refresh_report
from tests.browser import Witness
from tests.built import document, long_row, manifest_values, short_row, stage, write_set
from tests.conftest import ROOT, Run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SCRIPT = "<script>window.ran = 1; alert(1)</script>"
STYLE = "</style></svg></title><script>window.ran = 2; alert(2)</script>"
IMAGE = "<img src='http://example.com/x.png' onerror='window.ran = 3; alert(3)'>"
LINK = '<a href="javascript:alert(4)" onclick=alert(5)>x</a>'
QUOTE = '" onmouseover="alert(6)" style="background:url(http://example.com/y)'
TEMPLATE = "{{ 7 * 7 }}{% raw %} &lt;b&gt;"
ATTACKS = (SCRIPT, STYLE, IMAGE, LINK, QUOTE, TEMPLATE)
CHINESE = "却说美猴王荣归故里，自剿了混世魔王，夺了一口大刀，逐日操演武艺，教小猴砍竹为标。"
LONG_WORD = "Donaudampfschiff" * 400
FILLER = "Nothing of note happened on that day, nor on the next. " * 60


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set that carries every attack in every place that a document or a model can fill."""
    all_of_them = " ".join(ATTACKS)
    text = FILLER + all_of_them + FILLER
    row = long_row(
        text, *ATTACKS, question=all_of_them, output=all_of_them, file=all_of_them, task=STYLE,
        family=IMAGE, language=QUOTE, titles=[all_of_them], licences=[SCRIPT], id=LINK,
    )  # fmt: skip
    row["instruction"] = all_of_them + "\n" + row["instruction"][len(all_of_them) + 1 :]
    short = short_row(input=all_of_them, output=all_of_them, question=all_of_them)
    folder = tmp_path_factory.mktemp("attacked")
    recipe = manifest_values()["recipe"] | {"description": all_of_them, "licence": LINK}
    stages = [{**stage("collect", 3, 1), "dropped": {STYLE: 1, IMAGE: 1}, "counts": {SCRIPT: 1}}]
    shares = {part: {SCRIPT: {"target": 0.5, "realised": 1.0}} for part in ("task", "language")}
    mix = {
        "target": {"long": 1, "short": 1},
        "realised": {"long": 1, "short": 1, "validation": 0},
        "note": all_of_them,
        "shares": {**shares, "length": {STYLE: {"target": 0.5, "realised": 1.0}}},
        "lacking": [{"task": SCRIPT, "length": IMAGE, "language": LINK, "rows": 3}],
    }
    about = document(title=all_of_them, path=STYLE, licence=IMAGE, language=QUOTE, kind=LINK)
    write_set(folder, [row, short], recipe=recipe, stages=stages, mix=mix, documents=[about],
              name=STYLE)  # fmt: skip
    write_report(folder, read_manifest(folder))
    return folder


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a set with two languages, a series of evidence and words of any length."""
    english = FILLER + "The key is under the mat. " + FILLER + "It was never found again."
    chinese = CHINESE * 30 + "悟空回身道：“还不够。”" + CHINESE * 30
    rows = [
        long_row(english, "The key is under the mat.", "It was never found again."),
        *[long_row(f"{n} {english}", "The key is under the mat.") for n in range(11)],
        long_row(chinese, "悟空回身道：“还不够。”", language="zh", task="document_analysis",
                 question="悟空说了什么？", output="“还不够。”"),
        long_row(LONG_WORD, "schiffDonau", question=LONG_WORD, task="comparison"),
        short_row(),
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("shown")
    documents = [document(title="西遊記", language="zh"), document(title=LONG_WORD, rows=0)]
    write_set(folder, rows, documents=documents)
    return write_report(folder, read_manifest(folder))


@pytest.fixture(scope="module")
def still(browser: Browser, shown: Path) -> Iterator[Page]:
    """The report, opened once for the tests that only look at it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en")
    page = context.new_page()
    page.goto(shown.as_uri())
    yield page
    context.close()


def assert_nothing_ran(page: Page, witness: Witness, file: Path) -> None:
    assert page.evaluate("window.ran") is None
    assert (witness.dialogs, witness.errors, witness.refused) == ([], [], [])
    assert witness.requests == [file.as_uri()]
    active = "script, img, iframe, object, embed, form, link, base, a:not([href^='#'])"
    assert page.locator(active).count() == 0
    names = page.evaluate(
        "[...new Set([...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()))]"
    )
    assert not [name for name in names if name.startswith("on")]


@pytest.mark.parametrize("policy", ["with its policy", "without it"])
def test_no_word_of_a_document_runs(
    attacked: Path, tmp_path: Path, page: Page, witness: Witness, policy: str
) -> None:
    """The page forbids scripts; its words must be harmless where that isn't obeyed, too."""
    file = attacked / "report.html"
    if policy == "without it":
        text = file.read_text(encoding="utf-8")
        file = tmp_path / "bare.html"
        file.write_text(text.replace("Content-Security-Policy", "X-Nothing"), encoding="utf-8")
    page.goto(file.as_uri())
    for summary in page.locator("summary").all():
        summary.click()
        summary.hover()
    assert_nothing_ran(page, witness, file)


def test_every_attack_is_shown_as_it_stands(attacked: Path, page: Page) -> None:
    page.goto((attacked / "report.html").as_uri())
    assert page.title() == f"{STYLE} · report"
    everywhere = page.evaluate("document.body.textContent")
    marked = page.locator("mark").all_text_contents()
    for attack in ATTACKS:
        assert everywhere.count(attack) >= 5
        assert any(attack in piece for piece in marked)


@pytest.mark.slow
def test_a_built_set_of_hostile_documents_runs_nothing(
    tmp_path: Path, page: Page, witness: Witness
) -> None:
    chapters = sorted((ROOT / "data/sample/source/novella").glob("*.md"))[:2]
    text = "\n\n".join(chapter.read_text(encoding="utf-8") for chapter in chapters)
    lines = "\n\n".join(f"`{attack}` said the man at the gate." for attack in ATTACKS)
    (tmp_path / "book.md").write_text(f"{text}\n\n## `{SCRIPT}`\n\n{lines}\n", encoding="utf-8")
    recipe = Recipe.model_validate(
        {
            "name": "hostile",
            "description": SCRIPT,
            "documents": [{"path": str(tmp_path / "book.md"), "title": IMAGE, "licence": STYLE}],
            "windows": {"lengths": [1000, 4000], "min_tokens": 300},
            "short": ["sample:"],
            "mix": {"long": 20, "short": 6, "max_document_share": 1.0},
        }
    )
    build(recipe, Options(tmp_path / "out", workers=1, quiet=True))
    file = tmp_path / "out" / "report.html"
    page.goto(file.as_uri())
    assert_nothing_ran(page, witness, file)
    assert IMAGE in page.locator("#documents + div tbody tr").first.inner_text()


def test_evidence_is_marked_in_its_place(still: Page) -> None:
    row = still.locator("details:has(mark)").filter(has_text="It was never found again.").first
    quotes = ["The key is under the mat.", "It was never found again."]
    assert row.locator("mark").all_text_contents() == quotes
    before = row.locator(".excerpt").first.text_content() or ""
    assert before.index("nor on the next.") < before.index(quotes[0])
    ticks = row.locator(".track i")
    places = [box["x"] for tick in ticks.all() if (box := tick.bounding_box())]
    track = row.locator(".track").bounding_box()
    assert track
    assert [round((x - track["x"]) / track["width"], 1) for x in places] == [0.5, 1.0]


def test_ten_rows_of_each_task_are_shown(still: Page) -> None:
    headings = still.locator("#rows ~ h3").all_inner_texts()
    assert [heading.split()[0] for heading in headings] == [
        "book_qa", "comparison", "document_analysis", "short",
    ]  # fmt: skip
    assert still.locator("#rows ~ details").count() == 10 + 1 + 1 + 1


def test_chinese_says_that_it_is_chinese(still: Page) -> None:
    assert still.locator("mark", has_text="还不够").is_visible()
    assert still.locator("[lang=zh]", has_text="悟空说了什么？").count() >= 2
    assert "西遊記" in still.locator("#documents + div").inner_text()


@pytest.mark.parametrize("width", [1280, 360])
def test_no_word_is_too_long_for_the_page(shown: Path, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(shown.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_keyboard_reaches_and_opens_rows(shown: Path, page: Page) -> None:
    page.goto(shown.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the funnel"
    closed = page.locator("#rows ~ details:not([open])").first
    row = page.locator("details", has=closed.locator("summary")).first
    summary = closed.locator("summary").element_handle()
    assert summary
    reached = 0
    while not page.evaluate("e => e === document.activeElement", summary):
        page.keyboard.press("Tab")
        reached += 1
        assert reached < 60
    page.keyboard.press("Enter")
    assert page.evaluate("e => e.parentElement.open", summary)
    assert row


def test_print_opens_every_row(shown: Path, page: Page) -> None:
    page.goto(shown.as_uri())
    closed = page.locator("#rows ~ details:not([open]) > div").first
    assert not closed.is_visible()
    page.emulate_media(media="print")
    assert (closed.bounding_box() or {"height": 0})["height"] > 50
    assert not page.locator("nav").is_visible()


@pytest.mark.slow
def test_the_page_stays_small_whatever_the_rows_are(tmp_path: Path) -> None:
    """More of everything than a page shows, longer, and in letters of three bytes."""
    endless = CHINESE * 100
    evidence = [
        {"quote": "", "start": n * 200, "end": n * 200 + 3000, "depth": 0.5} for n in range(20)
    ]
    rows = [
        long_row(f"{n} {endless}", task=f"task {n % 20}", family=f"{n} {endless}", language="zh",
                 question=endless, output=endless, evidence=evidence, licences=[f"{n} {endless}"])
        for n in range(200)
    ]  # fmt: skip
    documents = [document(id=str(n), title=endless, path=f"{n}.txt") for n in range(3000)]
    folder = write_set(tmp_path, rows, row_group=10, documents=documents)
    manifest = read_manifest(folder)
    lacking = tuple(LackingCell(task=f"task {n}", rows=5) for n in range(900))
    mix = msgspec.structs.replace(manifest.mix, lacking=lacking)
    manifest = msgspec.structs.replace(manifest, mix=mix)
    page = write_report(folder, manifest).read_text(encoding="utf-8")
    assert len(page.encode()) < 10_000_000
    assert "2,500 more with fewer rows" in page
    assert "840 more cells" in page
    assert "and 8 more pieces of evidence" in page


@pytest.mark.slow
def test_twelve_thousand_rows_open_within_two_seconds(
    tmp_path: Path, page: Page, witness: Witness
) -> None:
    text = FILLER * 20
    long_rows = (
        long_row(text, id=f"l{n}", n_tokens=2000 + 3 * n, family=f"family {n % 17}",
                 evidence=[{"quote": text[at : at + 40], "start": at, "end": at + 40,
                            "depth": at / len(text)} for at in (n % 900, n % 1000 + 100)])
        for n in range(9000)
    )  # fmt: skip
    short_rows = (short_row(id=f"s{n}") for n in range(3000))
    folder = write_set(tmp_path, [*long_rows, *short_rows])
    file = write_report(folder, read_manifest(folder))
    assert file.stat().st_size < 10_000_000
    page.goto(file.as_uri())
    (timing,) = page.evaluate("performance.getEntriesByType('navigation').map(e => e.loadEventEnd)")
    assert 0 < timing < 2000
    assert page.locator("#rows ~ h3").count() == 2
    assert witness.requests == [file.as_uri()]


@pytest.mark.usefixtures("blank_pictures")
def test_targets_and_lacking_cells_stand_beside_what_was_made(tmp_path: Path) -> None:
    part = {"long": 1, "short": 1}
    mix = {
        "target": part,
        "realised": part,
        "shares": {
            "task": {"book_qa": {"target": 0.25, "realised": 1.0},
                     "paper_review": {"target": 0.75, "realised": 0.0}},
            "length": {"4000": {"target": 0.5, "realised": 1.0},
                       "over 32000": {"target": 0.5, "realised": 0.0}},
        },
        "lacking": [{"task": "paper_review", "rows": 7}, {"length": "4000", "rows": 2}],
    }  # fmt: skip
    folder = write_set(tmp_path, [long_row(FILLER, "nor on"), short_row()], mix=mix)
    page = write_report(folder, read_manifest(folder)).read_text(encoding="utf-8")
    assert '<th scope="row">paper_review</th><td class="n">75.0 %</td><td class="n">0.0 %' in page
    assert '<th scope="row">paper_review</th><td>any</td><td>any</td><td class="n">7<' in page
    assert '<th scope="row">any</th><td>up to 4,000</td>' in page
    assert "over 32,000" in page


COSTS = {"calls": 12, "prompt_tokens": 34567, "completion_tokens": 890, "cached_tokens": 123}


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ({**COSTS, "money": 0.25}, ["34,567", "123", "890", ">0.25<"]),
        ({**COSTS, "money": None}, ["34,567", ">unknown<"]),
    ],
)
@pytest.mark.usefixtures("blank_pictures")
def test_costs_are_shown(tmp_path: Path, costs: dict[str, Any], expected: list[str]) -> None:
    folder = write_set(tmp_path, [short_row()], costs=costs)
    page = write_report(folder, read_manifest(folder)).read_text(encoding="utf-8")
    assert [text for text in expected if text not in page] == []


def test_duplicates_and_licences_are_counted(tmp_path: Path) -> None:
    stages = [
        stage("dedup", 9, 6, duplicate_document=3),
        stage("repeats", 20, 13, repeated_fact=4, near_duplicate_rows=3),
        stage("rules", 13, 11, too_long=2),
    ]
    rows = [long_row(FILLER, "nor on", licences=[""]), short_row(licences=["MIT"])]
    documents = [document(licence=""), document(licence="", rows=0), document(licence="MIT")]
    folder = write_set(tmp_path, rows, stages=stages, documents=documents)
    found = summary_lines(folder, read_manifest(folder))
    counts = {(entry["what"], entry["stage"]): entry["count"] for entry in found["duplicates"]}
    assert counts["documents with the text of another", "dedup"] == 3
    assert counts["rows about a fact asked before", "repeats"] == 4
    assert counts["near duplicate rows", "repeats"] == 3
    assert counts["questions asked before", ""] == 0
    assert not any("too long" in what for what, _ in counts)
    unknown, mit = found["licences"]
    assert (unknown["licence"], unknown["documents"], unknown["long"]) == ("", 2, 1)
    assert (mit["licence"], mit["documents"], mit["short"]) == ("MIT", 1, 1)


def test_a_set_without_long_rows_has_a_report(tmp_path: Path) -> None:
    folder = write_set(tmp_path, [short_row()])
    refresh_report(folder)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "the set has no long rows" in page
    assert "No model was asked" in page
    names = {file.stem for file in (folder / "pictures").iterdir()}
    assert names == {"funnel", "tasks", "languages"}


@pytest.mark.slow
def test_report_writes_pictures_and_keeps_the_checksums_true(tmp_path: Path, here: Run) -> None:
    folder = write_set(tmp_path, [long_row(FILLER, "nor on"), short_row()])
    found = here("report", folder)
    assert found.returncode == 0, found.stderr
    assert {file.stem for file in (folder / "pictures").iterdir()} == set(LABELS)
    assert not list(files_hold(folder))
    manifest = (folder / "manifest.json").read_bytes()
    (folder / "report.html").write_text("spoilt")
    assert list(files_hold(folder)) == ["report.html was changed since it was built"]
    refresh_report(folder)
    assert not list(files_hold(folder))
    assert (folder / "manifest.json").read_bytes() == manifest


@pytest.mark.slow
def test_the_figures_are_one_json_object(tmp_path: Path, here: Run) -> None:
    folder = write_set(tmp_path, [long_row(FILLER, "nor on"), short_row()])
    found = here("report", folder, "--json")
    (line,) = found.stdout.splitlines()
    figures = json.loads(line)
    assert (figures["rows"], figures["long"], figures["short"]) == (2, 1, 1)
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize(("text", "lacks"), [("{}", "costs"), ("[]", "costs"), ("3", "costs")])
def test_a_manifest_of_something_else_is_one_line(tmp_path: Path, text: str, lacks: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(DatasetError, match=f"not a data set's manifest: it has no `{lacks}`"):
        read_manifest(tmp_path)
