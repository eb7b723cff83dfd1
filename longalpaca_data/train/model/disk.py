"""A disk that takes no more, as the three libraries that write to it say it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from longalpaca_data.core.storage import output_errors

TORCH_SAVE = ("inline_container", "PytorchStreamWriter")
"""What the RuntimeErrors speak of that torch.save raises for a disk that is full."""

RESUME = "make room, then run again with --resume"
"""What to do where a run's folder takes no more."""


@contextmanager
def disk_errors(folder: str | Path, *, do: str = RESUME) -> Iterator[None]:
    """Do as :func:`output_errors` does for what safetensors and torch raise, too, where nothing
    can be written.
    """
    with output_errors(folder, do=do):
        try:
            yield
        except (SafetensorError, RuntimeError) as error:
            full = isinstance(error, SafetensorError) or any(w in str(error) for w in TORCH_SAVE)
            if not full:
                raise
            raise OSError(" ".join(str(error).split())[:200]) from error
