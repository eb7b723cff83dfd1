"""What a GPU can't do: hold what doesn't fit, compute bfloat16 before Ampere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from longalpaca_data.core.errors import LongalpacaError


@contextmanager
def oom_errors(do: str) -> Iterator[None]:
    """Turn a GPU whose memory is full into one line; ``do`` is what mends it.

    Also a decorator.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise LongalpacaError("the GPU's memory is full", do=do) from error


def has_bfloat16() -> bool:
    """Tell whether the GPU computes bfloat16 itself: emulated, no fused attention takes it."""
    return bool(torch.cuda.is_bf16_supported(including_emulation=False))
