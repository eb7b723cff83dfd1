"""Perplexity over given texts at several context lengths.

``non-overlapping``: texts are cut into windows of the context length, every token is predicted
within its window. ``sliding``: windows overlap (LongLoRA, section 4.1, uses a stride of 256), every
token is predicted once with as much context before it as the window allows. Either way each token
but a text's first (and, without overlap, each window's first) is counted exactly once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch.nn.functional import cross_entropy

from longalpaca_data.core.errors import LongalpacaError, SourceError
from longalpaca_data.train.ask import Asker

Mode = Literal["sliding", "non-overlapping"]

LOGITS_AT_ONCE = 1024
"""Positions projected to words at a time: bounds memory, changes nothing else."""

SHORTEST = 2
"""Tokens of context: one to predict, and one before it."""


@dataclass(frozen=True, slots=True)
class Perplexity:
    """Perplexity at one context length; ``tokens`` is how many were predicted."""

    context: int
    mode: Mode
    perplexity: float
    nll: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Window:
    """A window of a text: tokens ``start`` to ``stop``, of which those from ``first`` on count."""

    start: int
    stop: int
    first: int


def windows(length: int, context: int, stride: int) -> Iterator[Window]:
    """Yield windows that predict each token once; ``stride`` = ``context``: no overlap."""
    done = 1  # the first token has nothing before it
    start = 0
    while done < length:
        stop = min(start + context, length)
        first = max(done, start + 1)
        if first < stop:
            yield Window(start, stop, first)
        done = stop
        start += stride


def perplexity(
    asker: Asker,
    texts: Sequence[str],
    contexts: Sequence[int],
    *,
    mode: Mode = "non-overlapping",
    stride: int = 256,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Perplexity]:
    """Measure over all ``texts`` together, each from its own beginning."""
    encoded = [asker.encoder.text(text) for text in texts]
    if not any(len(tokens) > 1 for tokens in encoded):
        raise SourceError("there is no text to measure perplexity on", do="give texts")
    results = []
    for context in contexts:
        if context < SHORTEST:
            raise LongalpacaError("perplexity needs two tokens at least", do="raise --context")
        # Sliding windows overlap by one token at least, or their first ones would not be predicted.
        step = min(stride, context - 1) if mode == "sliding" else context
        total, count = 0.0, 0
        for tokens in encoded:
            for window in windows(len(tokens), context, step):
                total += _nll(asker.model, tokens, window)
                count += window.stop - window.first
        mean = total / max(count, 1)
        results.append(Perplexity(context, mode, math.exp(min(mean, 700.0)), mean, count))
        progress(f"perplexity at {context} tokens: {results[-1].perplexity:.3f}")
    return results


@torch.inference_mode()
def _nll(model: Any, tokens: Sequence[int], window: Window) -> float:
    """Return the summed negative log-likelihood of a window's counted tokens, in nats."""
    ids = torch.tensor([tokens[window.start : window.stop]], device=model.device)
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    hidden = inner.base_model(input_ids=ids, use_cache=False).last_hidden_state[0]
    head = inner.get_output_embeddings()
    total = 0.0
    first = window.first - window.start
    for at in range(first, ids.shape[1], LOGITS_AT_ONCE):
        end = min(at + LOGITS_AT_ONCE, ids.shape[1])
        logits = head(hidden[at - 1 : end - 1]).float()
        total += float(cross_entropy(logits, ids[0, at:end], reduction="sum"))
    return total
