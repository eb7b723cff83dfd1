"""vLLM's offline engine in this process: all prompts that wait, at once, with prefix caching."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from longalpaca_data.core.errors import CallFailedError, LongalpacaError, ModelUnavailableError
from longalpaca_data.llm.batching import Answer, MicroBatcher
from longalpaca_data.llm.prompt import Completion, Prompt

_BATCH = 256
_MAX_WAIT = 0.5  # seconds: the engine schedules better the more prompts it sees together


class VllmModel:
    """``name`` is a folder or a name on the Hub. ``context`` is the most tokens of prompt and
    reply, 0: the model's own. Written against vLLM 0.12 and later (``structured_outputs``).
    """

    def __init__(self, name: str, *, context: int = 0, batch: int = _BATCH) -> None:
        self.name = name
        self._vllm = _package()
        options: dict[str, Any] = {"enable_prefix_caching": True}
        if context:
            options["max_model_len"] = context
        try:
            self._engine = self._vllm.LLM(model=name, **options)
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise ModelUnavailableError(
                f"vLLM can't load {name}: {reason}", do="see vLLM's own messages above"
            ) from error
        self._batcher = MicroBatcher(self._run, batch, _MAX_WAIT)

    async def complete(self, prompt: Prompt) -> Completion:
        """Answer one prompt, together with all others that wait."""
        return await self._batcher.complete(prompt)

    async def aclose(self) -> None:
        """Give the memory back."""
        await self._batcher.aclose()
        del self._engine

    async def _run(self, prompts: Sequence[Prompt]) -> Sequence[Answer]:
        return await asyncio.to_thread(self._generate, prompts)

    def _generate(self, prompts: Sequence[Prompt]) -> list[Answer]:
        conversations = [
            [{"role": m.role, "content": m.content} for m in prompt.messages] for prompt in prompts
        ]
        parameters = [self._parameters(prompt) for prompt in prompts]
        try:
            outputs = self._engine.chat(conversations, parameters, use_tqdm=False)
        except ValueError as error:  # one prompt too long fails them all: find out which
            if len(prompts) == 1:
                return [CallFailedError("refused", str(error)[:300])]
            return [answer for prompt in prompts for answer in self._generate([prompt])]
        return [self._completion(output) for output in outputs]

    def _parameters(self, prompt: Prompt) -> Any:
        options: dict[str, Any] = {"max_tokens": prompt.max_tokens}
        for name in ("temperature", "top_p", "seed"):
            value = getattr(prompt, name)
            if value is not None:
                options[name] = value
        if prompt.schema:
            options["structured_outputs"] = self._vllm.sampling_params.StructuredOutputsParams(
                json=json.loads(prompt.schema)
            )
        return self._vllm.SamplingParams(**options)

    def _completion(self, output: Any) -> Completion:
        best = output.outputs[0]
        return Completion(
            best.text,
            best.finish_reason or "stop",
            len(output.prompt_token_ids or ()),
            len(best.token_ids),
            output.num_cached_tokens or 0,
            self.name,
        )


def _package() -> Any:
    try:
        import vllm  # noqa: PLC0415 — installed by whoever has the GPUs for it
        import vllm.sampling_params  # noqa: PLC0415 — with it
    except ImportError:
        raise LongalpacaError(
            "the generator vllm needs the package vllm, which is not installed",
            do="install it as its documentation says for your GPU, or serve the model and use "
            "--generator openai --base-url",
        ) from None
    return vllm
