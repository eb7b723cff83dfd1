"""A scripted model that does its work well: questions, answers and true quotes from the material.

``reply`` answers the messages of one call. ``spoil`` makes a good reply bad in one of the ways in
which real models are; the tests plant them and expect each to drop for its own reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

_PASSAGE = re.compile(r"<(material-[0-9a-f]+) (\d+) (.*?)>\n(.*?)\n</\1>", re.DOTALL)
_KEY = re.compile(r'^"(\w+)"[:：]\s*(a list of strings|字符串列表)?', re.MULTILINE)
_SENTENCE = re.compile(r"[^.!?。！？\n]{20,220}[.!?。！？]")


def reply(messages: Sequence[dict[str, str]]) -> str:
    """Return what a good model says to a prompt of ours: one JSON object."""
    user = next(m["content"] for m in messages if m["role"] == "user")
    passages = _PASSAGE.findall(user)
    asked = user.rsplit(f"</{passages[-1][0]}>", 1)[1]
    chinese = "\n任务\n" in asked
    quotes = [quote for *_, text in passages if (quote := _quote(text, user))]
    title = passages[0][2]
    words = " ".join(quotes[0].split()[:5]) if not chinese else quotes[0][:8]
    if chinese:
        question = f"《{title}》里，从“{words}”说起的那个地方，作者究竟告诉了读者什么内容？"
        answer = "作者告诉读者：" + "；".join(q.strip("。！？") for q in quotes) + "。"
    else:
        question = f"In {title}, what exactly does the reader learn where it says “{words}”?"
        answer = "The reader learns this: " + " Then also: ".join(quotes)
    fields: dict[str, object] = {"question": question, "answer": answer, "evidence": quotes}
    wanted = {key: bool(is_list) for key, is_list in _KEY.findall(asked)}
    for key, is_list in wanted.items():
        fields.setdefault(key, list(quotes) if is_list else answer)
    return json.dumps({key: fields[key] for key in wanted}, ensure_ascii=False)


def _quote(text: str, user: str) -> str:
    """Return a sentence from the middle of a passage, another for another prompt."""
    sentences = [s.strip() for s in _SENTENCE.findall(text)]
    sentences = [s for s in sentences if len(s) >= 20 and "“" not in s and '"' not in s]
    if not sentences:
        return max(text.split("\n"), key=len).strip()[:80]
    return sentences[(len(sentences) // 2 + len(user)) % len(sentences)]


def _edit(**changes: object) -> Callable[[str], str]:
    return lambda good: json.dumps({**json.loads(good), **changes}, ensure_ascii=False)


SPOIL: dict[str, Callable[[str], str]] = {
    # the reason that the build gives → what the model did
    "evidence not in the material": _edit(
        evidence=["a sentence that no document of this test has ever held, not even nearly"]
    ),
    "wrong language": _edit(
        question="Que dit le texte à propos de cet endroit précis, selon le lecteur attentif ?",
        answer="Le texte dit que la lampe fut allumée très tard dans la nuit par le gardien.",
    ),
    "refusal": _edit(answer="I'm sorry, but I can't help with that request."),
    "broken reply": lambda good: good[: len(good) // 2],
    "leaked fence": lambda good: good,  # the caller adds the fence: it is another for each window
}


def fence_of(messages: Sequence[dict[str, str]]) -> str:
    """Return the fence word of a prompt."""
    user = next(m["content"] for m in messages if m["role"] == "user")
    found = _PASSAGE.search(user)
    assert found, "the material is fenced"
    return found.group(1)


def spoil(good: str, reason: str, messages: Sequence[dict[str, str]]) -> str:
    """Return a reply that must drop for ``reason``."""
    if reason == "leaked fence":
        return _edit(answer=f"It stands in {fence_of(messages)}, between the lines.")(good)
    return SPOIL[reason](good)
