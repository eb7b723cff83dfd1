"""A scripted endpoint that asks about what it is shown: true questions, true quotes.

For a prompt with fenced passages it asks about the middle of each; for one that wants a list of
pairs it gives two, as many as synthetic-data-kit's prompt shows. Prints its base URL, serves until
stdin is closed.
"""

from __future__ import annotations

import json
import re
import sys

from tests.llm.server import Asked, ModelServer, Reply

_FENCED = re.compile(r"<(material-\w+) [^\n]*>\n(.*?)\n</\1>", re.DOTALL)
_PARAGRAPH = re.compile(r"On day \d+ [^\n]+")


def reply(asked: Asked) -> Reply:
    """Answer either kind of prompt; what is neither (a summary) gets a sentence."""
    said = "\n".join(message["content"] for message in asked.body["messages"])
    passages = [_PARAGRAPH.findall(text) for _, text in _FENCED.findall(said)]
    if passages:
        chosen = [found[len(found) // 2] for found in passages if found]
        days = ", and what on ".join(_day(paragraph) for paragraph in chosen)
        fields = {
            "question": f"What does the keeper note down {days}?",
            "answer": "This is what the keeper notes down: " + " ".join(chosen)[:900],
            "evidence": chosen,
        }
        return Reply(json.dumps(fields))
    shown = _PARAGRAPH.findall(said)
    chosen = [shown[len(shown) // 3], shown[2 * len(shown) // 3]] if len(shown) > 2 else []
    pairs = [{"question": f"What happens {_day(p)}?", "answer": p} for p in chosen]
    return Reply(json.dumps(pairs) if pairs else "A keeper's diary.")


def _day(paragraph: str) -> str:
    return " ".join(paragraph.split()[:3])


if __name__ == "__main__":
    with ModelServer(reply) as server:
        print(server.base_url, flush=True)
        sys.stdin.read()
