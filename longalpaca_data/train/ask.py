"""``ask``: one answer from a model about documents, worded as the training rows are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import StoppingCriteriaList, TextIteratorStreamer

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.core.records import Material
from longalpaca_data.train.data.templates import Encoder, Template, default_template
from longalpaca_data.train.data.truncate import shorten
from longalpaca_data.train.model.gpu import oom_errors
from longalpaca_data.train.model.load import default_device, load_finished
from longalpaca_data.train.model.rope import usable_length
from longalpaca_data.windows.instruction import whole_kind, word_frame

SMALLEST_MATERIAL = 64
"""Tokens. With less room than this for the material there is no point in asking."""

GREEDY: dict[str, Any] = {
    "do_sample": False, "num_beams": 1, "temperature": None, "top_p": None, "top_k": None,
    "repetition_penalty": 1.0, "no_repeat_ngram_size": 0,
}  # fmt: skip
"""The likeliest token each time, whatever a model's generation_config.json asks for. A penalty on
repetition (Qwen2.5-Instruct: 1.05) counts the prompt, too: every word of a document, and a hidden
passkey, would be worth less than words that stand nowhere."""


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
        with oom_errors("use a smaller model, or hide the GPU: CUDA_VISIBLE_DEVICES=''"):
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
            with oom_errors("give less material, or use a smaller model"):
                raise problems[0]

    def complete(self, tokens: list[int], *, answer: int) -> str:
        """Return the whole answer at once, without white space around it."""
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
                pad_token_id=self.tokenizer.pad_token_id,
                eos_token_id=self._ends(),
                **GREEDY,
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

    The wording is that of the training rows (windows/wrappers.yaml): a model answers best where a
    prompt looks like those it was trained on.
    """
    if not materials:
        return "", "", ""
    titles = [material.title for material in materials]
    frame = word_frame(_kind(materials), materials[0].language, titles, lambda words: words[0])
    texts = [material.text.strip() for material in materials]
    pieces = [piece for pair in zip(frame.parts, texts, strict=True) for piece in pair if piece]
    return frame.opening, "\n\n".join(pieces), frame.closing


def _kind(materials: Sequence[Material]) -> str:
    """Return how the materials are announced: a book, a series of reports, two papers."""
    kinds = {material.kind for material in materials}
    if len(materials) == 1:
        return whole_kind(materials[0].kind)
    return "series" if kinds == {"report"} else "papers"


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
