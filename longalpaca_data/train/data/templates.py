"""Chat templates: how a prompt and an answer become tokens, in training and in asking alike.

A document may contain ``</s>`` or ``<|im_end|>``; it must stay text. So the template's own parts
and the content are tokenized apart: special tokens are read in the former only. Some tokenizers
(Llama-2, Mistral) put a space before whatever they are given; the parts are joined such that the
tokens are nevertheless those of the text in one piece, as servers see it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from transformers import PreTrainedTokenizerBase

from longalpaca_data.core.errors import LongalpacaError

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
        before, between = around.before, around.between
        self._prepends = _prepends_a_space(tokenizer)
        self._own_space = self._prepends and before.endswith(" ")
        if self._own_space:  # the one that the tokenizer puts before the content
            before = before[:-1]
        self._before = self._tokens(before)
        if template != "chat" and _begins_by_itself(tokenizer):
            self._before = [int(tokenizer.bos_token_id), *self._before]
        self._between = self._following(between)
        self._after = self._following(around.after)

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

    def _following(self, text: str, *, plain: bool = False) -> list[int]:
        """Tokenize ``text`` as it is read behind other text: without a space of the tokenizer's."""
        if self._prepends:
            newline = self._tokens("\n")
            tokens = self._tokens(f"\n{text}", plain=plain)
            if tokens[: len(newline)] == newline:
                return tokens[len(newline) :]
        return self._tokens(text, plain=plain)

    def content(self, text: str) -> list[int]:
        """Tokenize ``text`` as text, as it is read inside the template."""
        if self._own_space or not self._before:
            return self._tokens(text, plain=True)
        return self._following(text, plain=True)

    def prompt(self, text: str) -> list[int]:
        """Return the tokens of a whole prompt, up to where the answer begins."""
        return self.around(self.content(text))

    def around(self, tokens: list[int]) -> list[int]:
        """Put the template's tokens around those that :meth:`content` returned."""
        return [*self._before, *tokens, *self._between]

    def answer(self, text: str) -> list[int]:
        """Return the tokens of an answer with its end."""
        return [*self.text(text), *self._after]

    @property
    def end(self) -> int:
        """The special token that ends an answer; it need not be the tokenizer's end of text."""
        special = set(self.tokenizer.all_special_ids) | set(self.tokenizer.added_tokens_decoder)
        found = [token for token in self._after if token in special]
        return found[0] if found else int(self.tokenizer.eos_token_id)

    @property
    def overhead(self) -> int:
        """Tokens that the template adds to content and answer."""
        return len(self._before) + len(self._between) + len(self._after)


def end_answers(model: Any, encoder: Encoder) -> None:
    """Tell ``model`` which token ends an answer, so that whatever loads it stops there.

    A base model's own end of text is not what its chat template ends with (Qwen2.5: <|im_end|>).
    Sampling numbers without sampling, which transformers refuses to save, are taken at their word.
    """
    settings = getattr(model, "generation_config", None)
    if settings is None:
        return
    own = settings.eos_token_id
    own = own if isinstance(own, list) else [own]
    ends = {encoder.end, encoder.tokenizer.eos_token_id, *own} - {None}
    settings.eos_token_id = sorted(int(end) for end in ends)
    try:
        settings.validate(strict=True)
    except ValueError:
        settings.do_sample = True


def _prepends_a_space(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Tell whether this tokenizer puts a space before a text, which stands for no character."""
    alone, behind = (tokenizer(x, add_special_tokens=False)["input_ids"] for x in ("a", "\na"))
    newline = tokenizer("\n", add_special_tokens=False)["input_ids"]
    return bool(behind[: len(newline)] == newline and behind[len(newline) :] != alone)


def _begins_by_itself(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Tell whether this tokenizer puts its begin token before a text."""
    if tokenizer.bos_token_id is None:
        return False
    ids = tokenizer("a")["input_ids"]
    return bool(ids and ids[0] == tokenizer.bos_token_id)
