"""``ask``: one answer from a model about documents, worded as the training rows are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import torch
import yaml
from transformers import StoppingCriteriaList, TextIteratorStreamer

from longalpaca_data.errors import LongalpacaError
from longalpaca_data.train.load import default_device, load_finished
from longalpaca_data.train.rope import usable_length
from longalpaca_data.train.templates import Encoder, Template, default_template
from longalpaca_data.train.truncate import shorten

SMALLEST_MATERIAL = 64
"""Tokens. With less room than this for the material there is no point in asking."""


TITLE_MARKS = '《》“”"*'
"""Stripped from titles, as in the training rows: the wording has marks of its own."""


@dataclass(frozen=True, slots=True)
class Material:
    """One document: how it is called, and its text."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is given. ``left_out`` is the share of the material that was cut, 0-1."""

    tokens: list[int]
    left_out: float


@dataclass(slots=True)
class Asker:
    """A loaded model that answers questions about documents."""

    model: Any
    tokenizer: Any
    encoder: Encoder
    context: int

    @classmethod
    def load(
        cls, model: str, *, template: Template | None = None, base: str | None = None
    ) -> Asker:
        """Load a model or an adapter; on a GPU in bfloat16, on the CPU in float32."""
        device = default_device()
        dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
        loaded, tokenizer = load_finished(model, base=base, dtype=dtype)
        placed: Any = loaded
        placed.to(device)
        encoder = Encoder(tokenizer, template or default_template(tokenizer))
        return cls(loaded, tokenizer, encoder, usable_length(loaded.config))

    def prompt(self, materials: Sequence[Material], question: str, *, answer: int) -> Prompt:
        """Build the prompt, cutting material where it and ``answer`` tokens don't fit."""
        return build_prompt(
            self.encoder, materials, question, room=self.context - answer, context=self.context
        )

    def stream(self, tokens: list[int], *, answer: int) -> Iterator[str]:
        """Yield the answer's text piece by piece; greedy, so that it is the same every time."""
        streamer = TextIteratorStreamer(self.tokenizer, skip_prompt=True, skip_special_tokens=True)
        problems: list[BaseException] = []
        enough = threading.Event()

        def stop(ids: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
            return torch.full((len(ids),), enough.is_set(), device=ids.device)

        ends = StoppingCriteriaList([stop])

        def run() -> None:
            try:
                self._generate(tokens, answer, streamer=streamer, stopping_criteria=ends)
            except BaseException as error:  # noqa: BLE001 - raised again below, in the caller's thread
                problems.append(error)
                streamer.end()  # type: ignore[no-untyped-call]

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield from (piece for piece in streamer if piece)
        finally:  # also where the reader has had enough, or pressed Ctrl-C
            enough.set()
            thread.join()
        if problems:
            raise problems[0]

    def complete(self, tokens: list[int], *, answer: int) -> str:
        """Return the whole answer."""
        out = self._generate(tokens, answer)
        text: str = self.tokenizer.decode(out[0, len(tokens) :], skip_special_tokens=True)
        return text.strip()

    def _generate(self, tokens: list[int], answer: int, **more: Any) -> torch.Tensor:
        ids = torch.tensor([tokens], device=self.model.device)
        with torch.inference_mode():
            out: torch.Tensor = self.model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=answer,
                do_sample=False,
                temperature=None,
                top_p=None,
                top_k=None,
                pad_token_id=self.tokenizer.pad_token_id,
                eos_token_id=self._ends(),
                **more,
            )
        return out

    def _ends(self) -> list[int]:
        """Return every token that ends an answer: the template's, the tokenizer's, the model's."""
        own = getattr(self.model.generation_config, "eos_token_id", None)
        own = own if isinstance(own, list) else [own]
        ends = {self.encoder.end, self.tokenizer.eos_token_id, *own} - {None}
        return sorted(int(token) for token in ends)


def build_prompt(
    encoder: Encoder,
    materials: Sequence[Material],
    question: str,
    *,
    room: int,
    context: int,
) -> Prompt:
    """Wrap materials and question as training rows are, in at most ``room`` tokens."""
    opening, body, closing = _wrap(materials)
    text = f"{opening}\n\n{body}\n\n{closing}\n{question.strip()}" if materials else question
    start = len(opening) + 2 if materials else 0
    end = start + len(body) if materials else 0
    limit = room - len(encoder.prompt(""))
    rest = len(encoder.content(text[:start] + text[end:]))
    if limit - rest < (SMALLEST_MATERIAL if materials else 0):
        raise LongalpacaError(
            f"the model reads {context} tokens, too few for the question ({rest} tokens)",
            do="ask a shorter question, or use a model with a longer context",
        )
    fitted = shorten(text, span=(start, end), evidence=(), limit=limit, tokenize=encoder.content)
    if fitted is None:
        raise LongalpacaError(
            f"the question does not fit in the model's {context} tokens", do="ask a shorter one"
        )
    cut = max(0, len(text) - len(fitted.text)) / max(len(body), 1)
    return Prompt(encoder.around(fitted.tokens), cut)


def _wrap(materials: Sequence[Material]) -> tuple[str, str, str]:
    """Return opening line, the documents (numbered where there are several), closing line.

    The wording is that of the training rows (prompts/wrappers.yaml): a model answers best where a
    prompt looks like those it was trained on.
    """
    if not materials:
        return "", "", ""
    file = resources.files("longalpaca_data") / "prompts" / "wrappers.yaml"
    wordings = yaml.safe_load(file.read_text(encoding="utf-8"))
    kind = "document" if len(materials) == 1 else "papers"
    words = wordings["zh" if _is_chinese(materials[0].text) else "en"][kind]
    titles = [material.title.strip(TITLE_MARKS) for material in materials]
    slots = {"title": titles[0], "count": len(materials)}
    opening = words["openings"][0].format(**slots)
    closing = words["closings"][0].format(**slots)
    texts = [material.text.strip() for material in materials]
    if len(materials) > 1:
        texts = [
            words["parts"][0].format(n=number, title=title) + "\n\n" + text
            for number, (title, text) in enumerate(zip(titles, texts, strict=True), start=1)
        ]
    return opening, "\n\n".join(texts), closing


def _is_chinese(text: str) -> bool:
    """Tell whether most letters of the first thousand characters are Chinese."""
    letters = [character for character in text[:1000] if character.isalpha()]
    return 2 * sum("\u4e00" <= c <= "\u9fff" for c in letters) > len(letters)


def ask(
    model: str,
    materials: Sequence[Material],
    question: str,
    *,
    answer_tokens: int = 512,
    template: Template | None = None,
    base: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[str]:
    """Yield the answer to ``question`` about ``materials``.

    ``say`` is told where material had to be cut. Errors come before the first piece.
    """
    if not question.strip():
        raise LongalpacaError("the question is empty", do="ask something")
    asker = Asker.load(model, template=template, base=base)
    answer = min(answer_tokens, max(asker.context // 2, 1))
    prompt = asker.prompt(materials, question, answer=answer)
    if prompt.left_out:
        share = f"{100 * prompt.left_out:.0f} %"
        say(f"the material is too long for {asker.context} tokens: {share} of it was left out")
    return asker.stream(prompt.tokens, answer=answer)
