"""Replies of every shape that models give: what can be read is read, what can't is named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longalpaca_data.generate.prompted.checks import Case, failed_check
from longalpaca_data.generate.prompted.compose import Composed
from longalpaca_data.generate.prompted.reply import BrokenReplyError, Reply, read_reply
from longalpaca_data.generate.prompted.templates import Templates

DETAIL = next(t for t in Templates().all if (t.name, t.language) == ("detail", "en"))
REVIEW = next(t for t in Templates().all if (t.name, t.language) == ("paper_review", "en"))
GOOD = {"question": "Who lit it?", "answer": "Warden {7} did.", "evidence": ["lit by warden 7 at"]}
TEXT = json.dumps(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"```json\n{TEXT}\n```",
        f"Here you are:\n{TEXT}\nI hope that helps {{smile}}!",
        f'<think>Maybe {{"question": "no"}} or so</think>\n{TEXT}',
        f'{{"thought": "first"}}\n{TEXT}',
        f"{TEXT}\n{json.dumps({**GOOD, 'question': 'Another?'})}",
        json.dumps({**GOOD, "evidence": GOOD["evidence"][0]}),
        json.dumps({**GOOD, "confidence": 0.9}),
        TEXT.replace("it?", "it?\\n").replace("\\n", "\n"),
        "{" * 50 + TEXT,
    ],
)
def test_wrapping_is_passed_over(text: str) -> None:
    reply = read_reply(text, DETAIL)
    assert reply == Reply("Who lit it?", "Warden {7} did.", ("lit by warden 7 at",))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no JSON object"),
        ("I would ask who lit it.", "no JSON object"),
        (TEXT[:-9], "no JSON object"),
        (f"<think>{TEXT}", "no JSON object"),
        (json.dumps({**GOOD, "answer": ""}), "`answer`"),
        (json.dumps({**GOOD, "answer": None}), "`answer`"),
        (json.dumps({**GOOD, "evidence": []}), "at least one quote"),
        (json.dumps({**GOOD, "evidence": [1]}), "`evidence`"),
        (json.dumps({"question": "Q?"}), "`answer`"),
        (f"[{json.dumps('x')}]", "no JSON object"),
    ],
)
def test_what_is_missing_is_named(text: str, says: str) -> None:
    with pytest.raises(BrokenReplyError, match=says):
        read_reply(text, DETAIL)


def test_quotes_are_cut_at_omission_marks() -> None:
    text = json.dumps({**GOOD, "evidence": ["the lamp was lit ... at the seventh bell", "  "]})
    assert read_reply(text, DETAIL).quotes == ("the lamp was lit", "at the seventh bell")


def test_an_answer_is_put_together_from_its_keys() -> None:
    fields = {
        "question": "Review it.",
        "summary": "It lights lamps.",
        "strengths": ["bright"],
        "weaknesses": ["smoke", "noise"],
        "changes": ["trim the wick"],
        "evidence": ["a quote here"],
    }
    answer = read_reply(json.dumps(fields), REVIEW).answer
    assert answer.startswith("It lights lamps.\n\nStrengths:\n1. bright\n")
    assert "Weaknesses:\n1. smoke\n2. noise\n" in answer
    assert "\n\n\n" not in answer


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_around_an_object_hides_it_or_crashes(before: str, after: str) -> None:
    try:
        reply = read_reply(before + TEXT + after, DETAIL)
    except BrokenReplyError:
        assert "{" in before or "<think" in before.lower() or '"' in before
    else:
        assert reply.quotes


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=8))
def test_any_value_of_any_key_is_read_or_refused(value: object) -> None:
    for key in GOOD:
        try:
            reply = read_reply(json.dumps({**GOOD, key: value}), DETAIL)
        except BrokenReplyError:
            continue
        (reply.question + reply.answer + "".join(reply.quotes)).encode()


MATERIAL = "The lamp was lit by warden 7, as an AI would say. Passage 3 of the law forbids it."
COMPOSED = Composed(
    "You write training questions for a language model that learns to read long documents, always.",
    MATERIAL,
    "TASK Write one question about a fact, an event or a statement of the material.",
    "material-0123456789abcdef",
    ((0, 0, 10),),
)


def case(question: str, answer: str, language: str = "en") -> Case:
    return Case(Reply(question, answer, ("lit by warden 7",)), COMPOSED, language, MATERIAL)


@pytest.mark.parametrize(
    ("question", "answer", "language", "reason"),
    [
        ("Who lit the lamp?", "Warden 7 lit it, the text says so plainly.", "en", None),
        ("Who?", "7", "en", None),
        ("第七盏灯是谁点亮的？", "是第七号守灯人点亮的。", "zh", None),
        ("Who lit it?", "Warden 7, by material-0123456789abcdef.", "en", "leaked fence"),
        ("Who lit it?", "It stands in 0123456789ABCDEF".lower(), "en", "leaked fence"),
        (
            "Who lit it?",
            "I write training questions for a language model that learns to read long documents.",
            "en",
            "leaked prompt",
        ),
        ("Who lit it?", "I'm sorry, but I can't help with that.", "en", "refusal"),
        ("谁点亮的？", "抱歉，我无法回答这个问题。", "zh", "refusal"),
        ("Who lit it?", "第七号守灯人在第七声钟响时点亮了它。", "en", "wrong language"),
        (
            "Who lit the lamp at the seventh bell?",
            "La lampe fut allumée par le septième gardien, et personne ne demanda pourquoi.",
            "en",
            "wrong language",
        ),
        (
            "谁点亮的？",
            "The warden of the seventh lamp lit it at the bell.",
            "zh",
            "wrong language",
        ),
        (
            "《管理员手册》里，smtpd_recipient_restrictions 为何写上 permit_mynetworks？",
            "因为本地网络（mynetworks）里的 SMTP 客户端不必经过 reject_unauth_destination 的检查。",
            "zh",
            None,
        ),
        (
            "《零点高程》 says what about the 水尺?",
            "According to 贺长庚 the gauge was set by two men in the spring of that year.",
            "zh",
            "wrong language",
        ),
        ("What does passage 2 say?", "It says who lit it.", "en", "speaks of passages"),
        ("What does passage 3 of the law do?", "It forbids it.", "en", None),
    ],
)
def test_checks(question: str, answer: str, language: str, reason: str | None) -> None:
    found = failed_check(case(question, answer, language))
    assert (found and found[0]) == reason
