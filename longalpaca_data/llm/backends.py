"""Who can answer. A table: generator's name → how its model is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from longalpaca_data.core.errors import RecipeError
from longalpaca_data.core.recipe import ModelSpec
from longalpaca_data.llm.protocol import Model

OPENAI_URL = "https://api.openai.com/v1"

BATCH = 2_000
"""Prompts in one batch of the Batch API, and so calls in flight: it takes 50,000 in one file, but
all of them are held in memory.
"""

Open = Callable[[ModelSpec, Path], Model]
"""Opens a model by its spec; the path is the ledger's, for backends that keep state between runs.
Heavy packages are imported inside.
"""


def model_name(generator: str, spec: ModelSpec) -> str:
    """Return the name that calls are recorded under. RecipeError where none is given."""
    if not spec.name:
        raise RecipeError(
            f"the generator {generator} needs a model",
            do="name it by --model, or as generate.model.name in the recipe",
        )
    # A file's name without its folder: the same model has the same calls wherever it lies.
    return Path(spec.name).name if generator == "llamacpp" else spec.name


def base_url(spec: ModelSpec) -> str:
    """Return the endpoint, OpenAI's own where none is given. RecipeError for what is no URL, or
    has a user's name in it: the recipe is published with the data set.
    """
    url = spec.base_url or OPENAI_URL
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise RecipeError(
            f"the endpoint {url!r} is not an http(s) address",
            do="give --base-url like http://127.0.0.1:8000/v1",
        )
    if parts.username or parts.password:
        raise RecipeError(
            f"the endpoint at {parts.hostname} has a user name or password in its address",
            do=f"put the key into the environment variable {spec.key_variable} instead",
        )
    return url.rstrip("/")


def _openai(spec: ModelSpec, _: Path) -> Model:
    from longalpaca_data.llm.openai import OpenAIModel  # noqa: PLC0415 — imports aiohttp

    return OpenAIModel(
        model_name("openai", spec),
        base_url(spec),
        key_variable=spec.key_variable,
        timeout=spec.timeout,
    )


def _openai_batch(spec: ModelSpec, ledger: Path) -> Model:
    from longalpaca_data.llm.batches import BatchModel  # noqa: PLC0415 — imports aiohttp
    from longalpaca_data.llm.http import Endpoint  # noqa: PLC0415 — imports aiohttp

    endpoint = Endpoint(base_url(spec), spec.key_variable, spec.timeout)
    return BatchModel(model_name("openai-batch", spec), endpoint, ledger, batch=BATCH)


def _transformers(spec: ModelSpec, _: Path) -> Model:
    from longalpaca_data.llm.hugging_face import TransformersModel  # noqa: PLC0415 — torch

    return TransformersModel(spec.name, batch=spec.concurrency, context=spec.context)


def _vllm(spec: ModelSpec, _: Path) -> Model:
    from longalpaca_data.llm.vllm import VllmModel  # noqa: PLC0415 — vllm

    return VllmModel(spec.name, context=spec.context)


def _llamacpp(spec: ModelSpec, _: Path) -> Model:
    from longalpaca_data.llm.llamacpp import LlamaCppModel  # noqa: PLC0415 — xllamacpp

    return LlamaCppModel(Path(spec.name), name=Path(spec.name).name, context=spec.context)


@dataclass(frozen=True, slots=True)
class Backend:
    """How a model is opened, and how many calls it wants in flight at least."""

    open: Open
    at_once: int = 1


BACKENDS: dict[str, Backend] = {
    "openai": Backend(_openai),
    "openai-batch": Backend(_openai_batch, BATCH),
    "transformers": Backend(_transformers),
    "vllm": Backend(_vllm, 256),
    "llamacpp": Backend(_llamacpp),
}
