from __future__ import annotations

from longalpaca_data.generate.extractive.families.listed_items import find

LIST = "- Mend the pump.\n\n- Count the sacks.\n\n- Lock the mill."
LEAD = "Before he leaves in the evening the miller has three things to do:"
AFTER = "Then he may go home."


def found(reading):
    return list(find((reading,)))


def test_a_whole_list_after_a_sentence(read) -> None:
    (finding,) = found(read(f"{LEAD}\n\n{LIST}\n\n{AFTER}"))
    assert finding.wording == "after"
    assert finding.slots["items"] == "1. Mend the pump.\n2. Count the sacks.\n3. Lock the mill."
    assert finding.slots["count"] == "three"
    assert len(finding.evidence) == 4


def test_a_list_under_a_heading(read) -> None:
    (finding,) = found(read(f"# Duties\n\n{LIST}\n\n# Rights\n\n{AFTER}"))
    assert (finding.wording, finding.slots["section"]) == ("under", "Duties")


def test_long_items_are_asked_for_by_their_first_sentences(read) -> None:
    more = " He must do it with great care and never in a hurry." * 8
    long = "\n\n".join(item + more for item in LIST.split("\n\n"))
    (finding,) = found(read(f"{LEAD}\n\n{long}\n\n{AFTER}"))
    assert finding.wording == "after_openings"
    assert finding.slots["items"].splitlines()[0] == "1. Mend the pump."


def test_lists_that_may_be_incomplete_are_left_out(read) -> None:
    assert not found(read(f"{LEAD}\n\n{LIST}"))  # does it go on after the window?
    assert not found(read(f"{LEAD}\n\n- One sack.\n\n- Two sacks.\n\n{AFTER}"))  # too short
    gap = "1. Mend the pump.\n\n2. Count the sacks.\n\n4. Lock the mill."
    assert not found(read(f"{LEAD}\n\n{gap}\n\n{AFTER}"))
    assert not found(read(f"{LEAD}\n\n{LIST}\n\nand keep the key."))
    assert not found(read(f"{LEAD}\n\n{LIST}\n\n{AFTER}\n\n{LEAD}\n\n{AFTER}"))  # lead twice


def test_chinese(read) -> None:
    items = "- 检查水泵。\n\n- 清点麻袋。\n\n- 锁好磨坊。"
    text = f"管理员每天晚上离开之前要做三件事：\n\n{items}\n\n然后才能回家。"
    (finding,) = found(read(text, "zh"))
    assert finding.slots["count"] == "三"


def test_full_stops_stand_after_all_items_or_after_none(read) -> None:
    items = "- mend the pump;\n\n- count the sacks; and\n\n- lock the mill."
    (finding,) = found(read(f"{LEAD}\n\n{items}\n\n{AFTER}"))
    assert finding.slots["items"] == "1. mend the pump\n2. count the sacks\n3. lock the mill"


def test_broken_paths_and_leads_are_left_out(read) -> None:
    path = "The copyright must be copied into /usr/share/doc/PACKAGE/ copyright when all hold:"
    assert not found(read(f"{path}\n\n{LIST}\n\n{AFTER}"))
    slash = LIST.replace("Lock the mill.", "Lock the mill./")
    assert not found(read(f"{LEAD}\n\n{slash}\n\n{AFTER}"))
    assert found(read(f"It is late.\n\n{LEAD}\n\n{LIST}\n\n{AFTER}"))
    assert not found(read(f"When it is late,\n\n{LEAD}\n\n{LIST}\n\n{AFTER}"))
