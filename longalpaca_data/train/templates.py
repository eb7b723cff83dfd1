"""Chat templates: how a prompt and an answer become tokens, in training and in asking alike.

A document may contain ``</s>`` or ``<|im_end|>``; it must stay text. So the template's own parts
and the content are tokenized apart: special tokens are read in the former only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from transformers import PreTrainedTokenizerBase

from longalpaca_data.errors import LongalpacaError

Template = Literal["alpaca", "llama2", "chat"]

ALPACA = (
    (
        "Below is an instruction that describes a task. "
        "Write a response that appropriately completes the request.\n\n### Instruction:\n"
    ),
    "\n\n### Response:\n",
)
"""Stanford Alpaca's wrapper: a format to be compatible with."""

LLAMA2 = ("[INST] ", " [/INST]")
"""Llama-2-chat's wrapper without a system prompt."""

CONTENT, ANSWER = "\u2063content\u2063", "\u2063answer\u2063"
"""Stand-ins that find the places of content and answer in a rendered chat template."""


@dataclass(frozen=True, slots=True)
class Wrapper:
    """What stands before the content, between content and answer, and after the answer."""

    before: str
    between: str
    after: str


def default_template(tokenizer: PreTrainedTokenizerBase) -> Template:
    """Return the tokenizer's own chat template where it has one, else Alpaca's."""
    return "chat" if tokenizer.chat_template else "alpaca"


def wrapper(template: Template, tokenizer: PreTrainedTokenizerBase) -> Wrapper:
    """Return the texts around content and answer.

    Raises :class:`LongalpacaError` for ``chat`` with a tokenizer that has no chat template.
    """
    end = str(tokenizer.eos_token)
    if template == "alpaca":
        return Wrapper(*ALPACA, end)
    if template == "llama2":
        return Wrapper(*LLAMA2, f" {end}")
    if not tokenizer.chat_template:
        raise LongalpacaError(
            f"the tokenizer of {tokenizer.name_or_path} has no chat template",
            do="use --template alpaca or --template llama2",
        )
    user = {"role": "user", "content": CONTENT}
    prompt = _render(tokenizer, [user], add_generation_prompt=True)
    before, found, between = prompt.partition(CONTENT)
    if not found:
        raise LongalpacaError(
            f"the chat template of {tokenizer.name_or_path} drops the user's text",
            do="use --template alpaca or --template llama2",
        )
    whole = _render(tokenizer, [user, {"role": "assistant", "content": ANSWER}])
    # A template that renders a finished answer differently (hidden reasoning) ends with its end
    # token all the same.
    after = whole.partition(ANSWER)[2].rstrip() or end
    return Wrapper(before, between, after)


def as_chat_template(template: Template, tokenizer: PreTrainedTokenizerBase) -> str:
    """Return a Jinja chat template that gives the same tokens as ``template``.

    It is saved with the trained model, so that whatever reads its folder (`ask`, servers) words
    prompts as in training. Raises what :func:`wrapper` raises.
    """
    around = wrapper(template, tokenizer)
    if template == "chat":
        return str(tokenizer.chat_template)
    before, between, after = map(json.dumps, (around.before, around.between, around.after))
    begin = json.dumps(str(tokenizer.bos_token) if _begins_by_itself(tokenizer) else "")
    return (
        f"{{{{ {begin} }}}}{{% for message in messages %}}"
        f"{{% if message['role'] == 'assistant' %}}{{{{ message['content'] + {after} }}}}"
        f"{{% else %}}{{{{ {before} + message['content'] + {between} }}}}{{% endif %}}"
        "{% endfor %}"
    )


def _render(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]], **how: Any) -> str:
    return str(tokenizer.apply_chat_template(messages, tokenize=False, **how))


def content(template: Template, instruction: str, more: str) -> str:
    """Join an instruction with its ``input``, where it has one."""
    if not more:
        return instruction
    if template == "alpaca":
        return f"{instruction}\n\n### Input:\n{more}"
    return f"{instruction}\n\n{more}"


class Encoder:
    """Tokenizes prompts and answers in one template."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, template: Template) -> None:
        self.tokenizer = tokenizer
        self.template = template
        around = wrapper(template, tokenizer)
        self._before = self._tokens(around.before)
        if template != "chat" and _begins_by_itself(tokenizer):
            self._before = [int(tokenizer.bos_token_id), *self._before]
        self._between = self._tokens(around.between)
        self._after = self._tokens(around.after)

    def _tokens(self, text: str, *, plain: bool = False) -> list[int]:
        if not text:
            return []
        out = self.tokenizer(
            text, add_special_tokens=False, split_special_tokens=plain, verbose=False
        )
        return [int(token) for token in out["input_ids"]]

    def text(self, text: str) -> list[int]:
        """Tokenize ``text`` as text, whatever it contains."""
        return self._tokens(text, plain=True)

    def prompt(self, text: str) -> list[int]:
        """Return the tokens of a whole prompt, up to where the answer begins."""
        return self.around(self.text(text))

    def around(self, tokens: list[int]) -> list[int]:
        """Wrap tokens of content."""
        return [*self._before, *tokens, *self._between]

    def answer(self, text: str) -> list[int]:
        """Return the tokens of an answer with its end."""
        return [*self.text(text), *self._after]

    @property
    def overhead(self) -> int:
        """Tokens that the template adds to content and answer."""
        return len(self._before) + len(self._between) + len(self._after)


def _begins_by_itself(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Tell whether this tokenizer puts its begin token before a text."""
    if tokenizer.bos_token_id is None:
        return False
    ids = tokenizer("a")["input_ids"]
    return bool(ids and ids[0] == tokenizer.bos_token_id)
