"""A disk that takes no more, as the three libraries that write to it say it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from longalpaca_data.core.errors import OutputError

TORCH_SAVE = ("inline_container", "PytorchStreamWriter")
"""What the RuntimeErrors speak of that torch.save raises for a disk that is full."""


@contextmanager
def disk_errors(folder: str | Path) -> Iterator[None]:
    """Turn into one line what Python, safetensors and torch raise where nothing can be written."""
    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not any(word in str(error) for word in TORCH_SAVE):
            raise
        raise OutputError(
            f"can't write to {folder}: {' '.join(str(error).split())[:200]}",
            do="make room, then run again with --resume",
        ) from error
