from __future__ import annotations

from longalpaca_data.generate.extractive.families.caption import find

TEXT = """
Figure 1: Share of households that had bought a new kettle, by month.

As Figure 1 shows, most of them had.

Table II: Results of the eight classifiers. The tree was pruned.

Figure 2: The mill before the fire.

Figure 2: The mill after the fire.

Table 3: Numbers of visitors . . . . . . . . . . . 14

Figure 4: The harbour at low tide, with the rest
"""


def test_finds_captions_and_leaves_doubtful_ones(read) -> None:
    found = {f.slots["label"]: f.slots for f in find((read(TEXT, kind="paper"),))}
    assert set(found) == {"Figure 1", "Table II"}  # 2 twice, 3 is a list of tables, 4 is cut off
    assert found["Table II"]["main"] == "Results of the eight classifiers"


def test_chinese_captions(read) -> None:
    found = [f.slots for f in find((read("图 11.1 发送邮件时各服务器的角色", "zh"),))]
    assert [(s["label"], s["caption"]) for s in found] == [("图11.1", "发送邮件时各服务器的角色")]


def test_a_caption_of_several_sentences_is_asked_for_by_its_beginning(read) -> None:
    texts = [
        f"Figure {n}: Appliances that were presented in year {n} at the hall. Two are left out."
        for n in range(1, 9)
    ]
    wordings = {f.wording for f in find((read("\n\n".join(texts)),))}
    assert wordings == {"shows", "which_begins"}
