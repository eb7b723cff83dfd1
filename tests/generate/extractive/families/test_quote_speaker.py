from __future__ import annotations

from longalpaca_data.generate.extractive.families.quote_speaker import find

ENGLISH = """
“The tide will carry the raft beyond the breakwater,” said Captain Maren. The men looked at Maren.

“We should have tied it before supper, as I told you,” he said. Maren did not answer.

“Nobody tied the raft because nobody was asked to,” said the old man.

Tobias said, “I will row out and bring it back before dark.” Tobias went, and Tobias came back.

“It was not the raft,” said Tobias, “that I was afraid of losing in the dark.”

“Did you see the light on the point tonight?” Maren called the boy over.

“The light on the point has been out since Sunday,” said Tobias and Maren.

“Every lamp in the harbour is out tonight,” said Tobias. “Every lamp in the harbour is out tonight,”
said Captain Maren.

“Good evening.” Tobias sat down. “I have walked the whole way from the mill,” Tobias said.
"""

CHINESE = """
林晓道：“我昨天在码头等了你整整一个下午。”他又道：“你为什么连一句话都没有留给我呢？”

那老人道：“这条船已经有三十年没有出过海了。”众人道：“我们都记得它最后一次回港的样子。”

林晓笑道：“你们都记得，只有我那时候还没有出生。”聽說，道：“你那时候还在你母亲的怀里。”

“明天一早我们就把船推到水里去试一试。”林晓说。

对林晓道：“这件事情你最好不要告诉你的父亲。”
"""


def said(reading) -> dict[str, str]:
    return {f.slots["quote"].strip("“”「」"): f.slots["speaker"] for f in find((reading,))}


def test_names_the_speaker_beside_the_line(read) -> None:
    assert said(read(ENGLISH)) == {
        "The tide will carry the raft beyond the breakwater": "Captain Maren",
        "I will row out and bring it back before dark.": "Tobias",
        "I have walked the whole way from the mill": "Tobias",
    }


def test_evidence_covers_the_line_and_the_words_that_name_the_speaker(read) -> None:
    reading = read(ENGLISH)
    finding = next(iter(find((reading,))))
    quote, tag = (reading.text[s.start : s.end] for s in finding.evidence)
    assert quote == "The tide will carry the raft beyond the breakwater"
    assert tag == "said Captain Maren"


def test_a_line_that_stands_twice_is_not_asked_for(read) -> None:
    line = "“The tide will carry the raft beyond the breakwater,” said Captain Maren."
    text = f"{line}\n\nMaren went out. Maren came back.\n\n{line}"
    assert said(read(text)) == {}


def test_chinese_speakers_are_recurring_names_not_roles_pronouns_or_elided(read) -> None:
    assert said(read(CHINESE, "zh")) == {
        "我昨天在码头等了你整整一个下午。": "林晓",
        "你们都记得，只有我那时候还没有出生。": "林晓",
        "明天一早我们就把船推到水里去试一试。": "林晓",
    }


def test_a_manual_has_no_characters(read) -> None:
    assert said(read(ENGLISH, kind="manual")) == {}
