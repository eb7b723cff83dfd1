"""The page in a real browser, worked by keyboard as a person would."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from longalpaca_data.mix.reviews import REVIEWS, append_review, read_reviews
from tests.browser import Witness
from tests.built import long_row, short_row, write_set
from tests.review.served import HILLS, KEY, LAMP, SWORD, Served, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

ATTACK = (
    "<script>window.ran = 1; alert(1)</script></textarea></title>"
    "<img src=x onerror='window.ran = 2; alert(2)'><a href='javascript:alert(3)'>x</a>"
    "<svg onload=alert(4)></svg>{{ 7 * 7 }}\u202e\u2066 &lt;b&gt;"
)


@pytest.fixture
def opened(page: Page, served: Served) -> Page:
    """The page, with its first row open."""
    return visit(page, served)


def visit(page: Page, served: Served) -> Page:
    page.set_default_timeout(15_000)
    page.goto(served.url)
    page.wait_for_selector("#sheet .card")
    return page


def shows(page: Page, selector: str, *texts: str) -> None:
    """Wait until an element shows texts."""
    for text in texts:
        page.locator(selector).filter(has_text=text).first.wait_for()


def in_sight(page: Page, text: str) -> bool:
    """Whether the marked evidence is the text, and inside the document's window."""
    mark, pane = page.locator("mark.now").first, page.locator("#material")
    assert mark.text_content() == text
    box, frame = mark.bounding_box(), pane.bounding_box()
    assert box
    assert frame
    return frame["y"] <= box["y"] and box["y"] + box["height"] <= frame["y"] + frame["height"]


def test_the_document_is_scrolled_to_its_evidence(opened: Page, witness: Witness) -> None:
    shows(opened, "#editor", "Where is the key?", "Under the third stone.")
    shows(opened, "#piece", "evidence 1 of 2")
    opened.wait_for_function("document.querySelector('#material').scrollTop > 1000")
    assert in_sight(opened, KEY)
    opened.keyboard.press("]")
    shows(opened, "#piece", "evidence 2 of 2")
    opened.wait_for_timeout(100)
    assert in_sight(opened, LAMP)
    opened.keyboard.press("]")
    shows(opened, "#piece", "evidence 1 of 2")
    opened.keyboard.press("[")
    shows(opened, "#piece", "evidence 2 of 2")
    assert opened.locator("#map b").count() == 2
    text = opened.locator("#material").text_content() or ""
    assert text.count(HILLS) == 3
    opened.keyboard.press("j")
    opened.keyboard.press("j")
    shows(opened, "#editor", "大刀藏在哪里？")
    shows(opened, "#piece", "evidence 1 of 1")
    assert in_sight(opened, SWORD)
    assert opened.locator("#material").get_attribute("lang") == "zh"
    assert (witness.errors, witness.refused, witness.dialogs) == ([], [], [])


def test_filter_edit_and_reject_by_keyboard_alone(opened: Page, served: Served) -> None:
    press, write = opened.keyboard.press, opened.keyboard.type
    press("/")
    write("the key")
    press("Enter")
    shows(opened, "#found", "2 rows")
    press("j")
    shows(opened, "#editor .head", "figure")
    press("e")
    opened.wait_for_selector("form.edit")
    press("Tab")
    press("ControlOrMeta+A")
    write("It burned until four — 直到四点。")
    press("Control+Enter")
    shows(opened, "#said", "saved in review.jsonl")
    shows(opened, ".badge", "edited")
    shows(opened, ".card[data-text=output]", "直到四点", "as the key shows")
    press("n")
    write("too easy")
    press("Control+Enter")
    shows(opened, ".card[data-text=note]", "too easy")
    press("x")
    shows(opened, ".badge", "rejected")
    shows(opened, "#counts", "1 of 5 decided")
    review = read_reviews(served.folder)["lamp"]
    assert (review.decision, review.note) == ("reject", "too easy")
    assert (review.question, review.output) == (None, "It burned until four — 直到四点。")
    opened.reload()
    shows(opened, ".badge", "rejected")
    shows(opened, "#found", "2 rows")
    shows(opened, ".card[data-text=output] ins", "直到四点")
    shows(opened, ".card[data-text=output] del", "as the key shows")
    shows(opened, "#list [aria-selected=true]", "How long did the lamp burn?")


@pytest.mark.slow
def test_decide_go_on_and_undo(opened: Page, served: Served) -> None:
    press = opened.keyboard.press
    press("a")
    shows(opened, "#editor", "How long did the lamp burn?")
    press("x")
    shows(opened, "#editor", "大刀藏在哪里？")
    shows(opened, "#counts", "2 of 5 decided")
    press("u")
    shows(opened, "#editor", "How long did the lamp burn?")
    shows(opened, ".badge", "undecided")
    press("u")
    shows(opened, "#editor", "Where is the key?")
    shows(opened, "#counts", "0 of 5 decided")
    press("u")
    shows(opened, "#said", "nothing to undo")
    press("a")
    shows(opened, "#editor", "How long did the lamp burn?")
    press("k")
    shows(opened, ".badge", "accepted")
    press("c")
    shows(opened, ".badge", "undecided")
    assert [r.decision for r in read_reviews(served.folder).values()] == ["", ""]


@pytest.mark.slow
def test_keys_faster_than_the_rows_hit_the_row_that_was_meant(opened: Page, served: Served) -> None:
    opened.route("**/api/row?*", lambda route: (time.sleep(0.2), route.continue_()))
    for key in "jxxkkka":  # rejects the second and the third row, accepts the first
        opened.keyboard.press(key)
    shows(opened, "#counts", "3 of 5 decided")
    decided = {i: r.decision for i, r in read_reviews(served.folder).items()}
    assert decided == {"lamp": "reject", "sword": "reject", "key": "accept"}


@pytest.mark.slow
def test_filters_by_menu_and_range(opened: Page) -> None:
    opened.select_option("[name=language]", "zh")
    shows(opened, "#found", "1 row")
    shows(opened, "#editor", "大刀藏在哪里？")
    opened.click("#clear")
    shows(opened, "#found", "5 rows")
    opened.click("#filters summary")
    opened.fill("[name=score_max]", "0.5")
    shows(opened, "#found", "1 row")
    shows(opened, "#editor", "How long did the lamp burn?")
    opened.reload()
    shows(opened, "#found", "1 row")
    opened.fill("[name=score_max]", "")
    opened.fill("[name=tokens_max]", "100")
    shows(opened, "#found", "2 rows")
    opened.fill("[name=words]", "nothing like this")
    shows(opened, "#sheet", "No row is like that")
    opened.fill("[name=words]", "")
    opened.select_option("[name=state]", "undecided")
    shows(opened, "#found", "2 rows")
    shows(opened, "#sheet", "Say yes.")
    assert "selected" not in (opened.locator("#banner").text_content() or "")
    assert opened.locator("#banner").is_hidden()


@pytest.mark.slow
def test_another_order_begins_with_its_first_row(opened: Page) -> None:
    opened.keyboard.press("j")
    shows(opened, "#editor", "How long did the lamp burn?")
    opened.click("#filters summary")
    opened.select_option("[name=order]", "shortest")
    shows(opened, "#editor", "Say yes.")
    opened.keyboard.press("r")
    opened.locator("#list").focus()
    for _ in range(2):
        opened.keyboard.press("j")
    shows(opened, "#editor", "大刀藏在哪里？")
    opened.reload()  # the row that was open stays open
    shows(opened, "#editor", "大刀藏在哪里？")
    opened.select_option("[name=order]", "longest")
    shows(opened, "#editor", "How long did the lamp burn?")


@pytest.mark.slow
def test_what_was_typed_is_not_lost_on_the_way(opened: Page, served: Served) -> None:
    press = opened.keyboard.press
    press("e")
    opened.wait_for_selector("form.edit")
    opened.keyboard.type("Really: ")
    press("Escape")
    shows(opened, ".draft", "An unsaved edit")
    for key in "jke":
        press(key)
    opened.wait_for_selector("form.edit")
    assert "Really: " in opened.input_value("[name=question]")
    opened.get_by_text("Put the original back").click()
    press("Control+Enter")
    shows(opened, "#said", "saved")
    assert not read_reviews(served.folder)["key"].edited


@pytest.mark.slow
def test_a_full_disk_is_shown_and_nothing_as_saved(opened: Page, served: Served) -> None:
    (served.folder / REVIEWS).symlink_to("/dev/full")
    opened.keyboard.press("x")
    shows(opened, "#banner", "Not saved: can't write", "No space left on device")
    shows(opened, "#counts", "0 of 5 decided")
    shows(opened, ".badge", "undecided")
    shows(opened, "#editor", "Where is the key?")
    opened.keyboard.press("e")
    opened.wait_for_selector("form.edit")
    opened.keyboard.type("typed ")
    opened.keyboard.press("Control+Enter")
    shows(opened, "#banner", "Not saved")
    assert "typed" in opened.input_value("[name=question]")
    (served.folder / REVIEWS).unlink()
    opened.keyboard.press("Control+Enter")
    shows(opened, "#said", "saved in review.jsonl")
    assert opened.locator("#banner").is_hidden()


@pytest.mark.slow
def test_a_server_that_is_gone_is_said_to_be(page: Page, tmp_path: Path) -> None:
    folder = write_set(tmp_path, [short_row(id="one")])
    with serving(folder) as served:
        visit(page, served)
    page.keyboard.press("a")
    shows(page, "#banner", "Not saved: the server doesn't answer: start `review` again")
    shows(page, ".badge", "undecided")


def test_a_wrong_token_is_told(page: Page, served: Served) -> None:
    page.goto(served.url[:-4])
    shows(page, "#banner", "open the address that `review` printed last")


@pytest.mark.slow
def test_the_last_of_two_tabs_stands_and_both_see_it(page: Page, served: Served) -> None:
    other = visit(page.context.new_page(), served)
    visit(page, served)
    page.keyboard.press("a")
    shows(page, "#counts", "1 of 5")
    other.keyboard.press("x")
    shows(other, "#counts", "1 of 5")
    append_review(served.folder, {"id": "lamp", "decision": "accept"})  # and another program
    for tab in (page, other):
        tab.reload()
        shows(tab, "#counts", "2 of 5")
        shows(tab, "#list .line.rejected", "Where is the key?")


def test_script_in_any_text_is_shown_and_never_runs(
    page: Page, witness: Witness, tmp_path: Path
) -> None:
    text = HILLS + ATTACK + HILLS
    row = long_row(
        text, ATTACK, id=ATTACK, titles=[ATTACK], file=ATTACK, task=ATTACK, family=ATTACK,
        language=ATTACK, licences=[ATTACK], generator=ATTACK, output=ATTACK,
        scores=[{"name": ATTACK, "value": 0.5}],
    )  # fmt: skip
    row |= {"question": ATTACK, "instruction": row["instruction"] + ATTACK}
    write_set(tmp_path, [row, short_row(id="s", input=ATTACK)], name=ATTACK)
    append_review(tmp_path, {"id": ATTACK, "note": ATTACK, "output": f"{ATTACK} again"})
    with serving(tmp_path) as served:
        visit(page, served)
        assert page.locator("mark.now").text_content() == ATTACK
        shows(page, "#name", ATTACK[:40])
        page.keyboard.press("e")
        page.wait_for_selector("form.edit")
        assert page.input_value("[name=output]") == f"{ATTACK} again"
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        shows(page, ".card", "Input")
        page.select_option("[name=task]", index=1)
        shows(page, "#found", "1 row")
        assert page.evaluate("window.ran") is None
        elements = page.evaluate(
            "[...document.querySelectorAll('script, img, a, svg, title')].map(e => e.tagName)"
        )
        assert elements == ["TITLE", "SCRIPT"]
        with pytest.raises(Exception, match=r"TrustedHTML|Trusted Type"):
            page.evaluate("document.body.innerHTML = '<b>x</b>'")
    assert (witness.dialogs, witness.errors, witness.refused) == ([], [], [])


def test_another_site_can_neither_read_nor_write(
    page: Page, served: Served, witness: Witness, tmp_path: Path
) -> None:
    """A page of another origin that even knows the token gets nothing, and changes nothing."""
    write_set(tmp_path / "other", [short_row()])
    with serving(tmp_path / "other") as other:  # another port of this machine: another origin
        visit(page, other)
        for options in (
            {},
            {"method": "POST", "mode": "no-cors", "body": '{"id": "key", "decision": "reject"}'},
            {"method": "POST", "headers": {"X-Review-Token": served.token,
                                           "Content-Type": "application/json"},
             "body": '{"id": "key", "decision": "reject"}'},
        ):  # fmt: skip
            said = page.evaluate(
                "([url, options]) => fetch(url, options).then(r => r.text(), e => 'refused')",
                [f"{served.base}/api/decide", options],
            )
            assert said in {"refused", ""}
    page.goto("about:blank")
    page.set_content(
        f"<form method=post enctype=text/plain action='{served.base}/api/decide'>"
        """<input name='{"id": "key", "decision": "reject", "note": "' value='"}'></form>"""
    )
    page.evaluate("document.forms[0].submit()")
    page.wait_for_load_state()
    assert not (served.folder / REVIEWS).exists()


@pytest.mark.slow
def test_every_key_is_told_and_does_something(opened: Page) -> None:
    opened.keyboard.press("?")
    told = opened.locator("#keys dt kbd").all_text_contents()
    assert {"a", "x", "e", "n", "u", "c", "j", "k", "]", "[", "/", "?", "Space"} <= set(told)
    opened.keyboard.press("Escape")
    assert opened.locator("#keys").is_hidden()
    opened.click("#apply")
    shows(opened, "#command", "python cli.py build RECIPE --out")


@pytest.mark.slow
def test_keys_on_a_keyboard_of_another_script(opened: Page) -> None:
    opened.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'ф', code: 'KeyA', bubbles: true}))"
    )
    shows(opened, "#counts", "1 of 5")


@pytest.mark.slow
def test_thousands_of_rows_stand_in_the_list_by_those_in_sight(page: Page, tmp_path: Path) -> None:
    rows = [short_row(id=f"{n}", question=f"Question {n}", n_tokens=n) for n in range(12_000)]
    write_set(tmp_path, rows)
    with serving(tmp_path) as served:
        visit(page, served)
        page.evaluate("document.querySelector('#list').scrollTop = 1e9")
        shows(page, "#list", "Question 11999")
        assert page.locator("#list .line").count() < 60
        page.keyboard.press("j")
        shows(page, "#sheet", "Question 1")
        assert re.search(r"row=1\b", page.url)


@pytest.mark.slow
def test_a_narrow_window_keeps_everything_in_reach(opened: Page) -> None:
    opened.set_viewport_size({"width": 400, "height": 800})
    opened.click("#drawer")
    opened.locator("#list .line").nth(2).click()
    shows(opened, "#editor", "大刀藏在哪里？")
    boxes: list[Any] = [
        opened.locator(f"#editor [data-does={key}]").bounding_box() for key in ("accept", "undo")
    ]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 400 for box in boxes)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 400
    opened.locator("[data-does=accept]").click()
    shows(opened, "#counts", "1 of 5")
