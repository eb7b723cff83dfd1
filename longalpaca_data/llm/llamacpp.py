"""A GGUF file in this process, by llama.cpp (package ``xllamacpp``, which needs no compiler)."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from longalpaca_data.core.errors import CallFailedError, MissingPackageError, ModelUnavailableError
from longalpaca_data.llm.openai import parse_completion, request_fields
from longalpaca_data.llm.prompt import Completion, Prompt

_ONLY_ERRORS = 1  # llama.cpp's verbosity: at its default every prompt would be in the log


class LlamaCppModel:
    """llama.cpp's own server, called as a library. ``context`` tokens per slot, 0: the file's own;
    ``slots`` prompts are answered at a time.
    """

    def __init__(self, file: Path, *, name: str, context: int = 0, slots: int = 1) -> None:
        if not file.is_file():
            raise ModelUnavailableError(
                f"no GGUF file {file}", do="name one by --model, or as generate.model.name"
            )
        self.name = name
        self._server = _server(file, context, slots)
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix="llama.cpp")

    async def complete(self, prompt: Prompt) -> Completion:
        """Answer one prompt. Raises CallFailedError for one that is too long for the model."""
        request = {**request_fields(self.name, prompt), "cache_prompt": True}
        plain = msgspec.json.decode(msgspec.json.encode(request))
        loop = asyncio.get_running_loop()
        reply = await loop.run_in_executor(
            self._threads, self._server.handle_chat_completions, plain
        )
        return _completion(reply, prompt, self.name)

    async def aclose(self) -> None:
        """Give the memory back, when the call under way has ended."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        del self._server


def _server(file: Path, context: int, slots: int) -> Any:
    try:
        import xllamacpp  # noqa: PLC0415 — an extra
    except ImportError:
        raise MissingPackageError(
            "xllamacpp", extra="llamacpp", purpose="the generator llamacpp"
        ) from None
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(file)
    parameters.n_ctx = context * slots
    parameters.n_parallel = slots
    parameters.cpuparams.n_threads = os.cpu_count() or 1
    parameters.verbosity = _ONLY_ERRORS
    parameters.warmup = False
    try:
        return xllamacpp.Server(parameters)
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelUnavailableError(
            f"llama.cpp can't load {file}: {error}", do="check that it is a whole GGUF file"
        ) from error


def _completion(reply: dict[str, Any], prompt: Prompt, model: str) -> Completion:
    if "error" in reply:
        error = reply["error"]
        too_long = error.get("type") == "exceed_context_size_error"
        raise CallFailedError("too long" if too_long else "refused", str(error.get("message")))
    return parse_completion(msgspec.json.encode(reply), prompt, model)
