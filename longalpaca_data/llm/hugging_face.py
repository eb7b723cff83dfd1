"""A model of the Hugging Face Hub in this process, by transformers, a batch at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from longalpaca_data.core.errors import CallFailedError, MissingPackageError, ModelUnavailableError
from longalpaca_data.llm.batching import Answer, MicroBatcher
from longalpaca_data.llm.prompt import Completion, Prompt


class TransformersModel:
    """``name`` is a folder or a name on the Hub. Prompts of a batch are padded on the left; a
    schema is not enforced while decoding, the reply's reader checks it. ``context`` is the most
    tokens of prompt and reply, 0: what the model's configuration says.
    """

    def __init__(self, name: str, *, batch: int = 4, context: int = 0) -> None:
        self.name = name
        self._model, self._tokenizer = _load(name)
        positions = getattr(self._model.config, "max_position_embeddings", 0) or 1 << 30
        self._context = min(context or positions, positions)
        self._batcher = MicroBatcher(self._run, batch)

    async def complete(self, prompt: Prompt) -> Completion:
        """Answer one prompt, together with others that wait."""
        return await self._batcher.complete(prompt)

    async def aclose(self) -> None:
        """Give the memory back."""
        await self._batcher.aclose()
        del self._model

    async def _run(self, prompts: Sequence[Prompt]) -> Sequence[Answer]:
        return await asyncio.to_thread(self._generate, prompts)

    def _generate(self, prompts: Sequence[Prompt]) -> list[Answer]:
        tokens = [self._tokens(prompt) for prompt in prompts]
        answers: list[Answer | None] = [None] * len(prompts)
        fitting = []
        for index, (prompt, ids) in enumerate(zip(prompts, tokens, strict=True)):
            if len(ids) + prompt.max_tokens > self._context:
                needed = f"{len(ids)} + {prompt.max_tokens} of {self._context} tokens"
                answers[index] = CallFailedError("too long", needed)
            else:
                fitting.append(index)
        # What is sampled together must be sampled alike.
        alike: dict[tuple[Any, ...], list[int]] = {}
        for index in fitting:
            p = prompts[index]
            alike.setdefault((p.temperature, p.top_p, p.extra), []).append(index)
        for group in alike.values():
            made = self._sample([prompts[i] for i in group], [tokens[i] for i in group])
            for index, completion in zip(group, made, strict=True):
                answers[index] = completion
        return [answer for answer in answers if answer is not None]

    def _tokens(self, prompt: Prompt) -> list[int]:
        messages = [{"role": m.role, "content": m.content} for m in prompt.messages]
        more = json.loads(prompt.extra).get("chat_template_kwargs", {}) if prompt.extra else {}
        ids: list[int] = self._tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, tokenize=True, return_dict=False, **more
        )
        return ids

    def _sample(self, prompts: Sequence[Prompt], tokens: Sequence[list[int]]) -> list[Completion]:
        import torch  # noqa: PLC0415 — an extra

        padded = self._tokenizer.pad({"input_ids": list(tokens)}, return_tensors="pt")
        padded = padded.to(self._model.device)
        first = prompts[0]
        torch.manual_seed(first.seed or 0)
        options: dict[str, Any] = {"max_new_tokens": max(p.max_tokens for p in prompts)}
        if first.temperature:
            options |= {"do_sample": True, "temperature": first.temperature}
            options |= {"top_p": first.top_p} if first.top_p is not None else {}
        else:
            options |= {"do_sample": False}
        with torch.inference_mode():
            out = self._model.generate(
                **padded, pad_token_id=self._tokenizer.pad_token_id, **options
            )
        width = padded["input_ids"].shape[1]
        return [
            self._completion(row[width:].tolist(), prompt, len(ids))
            for row, prompt, ids in zip(out, prompts, tokens, strict=True)
        ]

    def _completion(self, new: list[int], prompt: Prompt, prompt_tokens: int) -> Completion:
        ends = self._model.generation_config.eos_token_id
        stops = set(ends) if isinstance(ends, list) else {ends}
        length = next((n for n, token in enumerate(new) if token in stops), None)
        kept = new[: prompt.max_tokens] if length is None else new[: min(length, prompt.max_tokens)]
        stopped = length is not None and length <= prompt.max_tokens
        text = self._tokenizer.decode(kept, skip_special_tokens=True)
        reason = "stop" if stopped else "length"
        return Completion(text, reason, prompt_tokens, len(kept), 0, self.name)


def _load(name: str) -> tuple[Any, Any]:
    try:
        import torch  # noqa: PLC0415 — an extra
        from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415 — an extra
    except ImportError:
        raise MissingPackageError(
            "transformers", extra="train", purpose="the generator transformers"
        ) from None
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, padding_side="left")
        model = AutoModelForCausalLM.from_pretrained(name, dtype="auto")
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise ModelUnavailableError(
            f"can't load the model {name}: {reason}", do="name a folder, or a model on the Hub"
        ) from error
    if not tokenizer.chat_template:
        raise ModelUnavailableError(
            f"the model {name} has no chat template", do="choose an instruction-tuned model"
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    device = "cuda" if torch.cuda.is_available() else "cpu"
    loaded: Any = model  # to() is typed as a class's own in transformers 5
    return loaded.to(device).eval(), tokenizer
