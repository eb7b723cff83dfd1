"""The error tree: one class per person who must act.

Every error that a user can mend is a :class:`LongalpacaError`; the command line prints it as one
line beginning ``error:`` and exits with code 1. Its message says what is wrong, where, and what to
do about it.
"""

from __future__ import annotations


class LongalpacaError(Exception):
    """Something that the user can mend. ``str(error)`` is one line, ready to print."""

    def __init__(self, what: str, *, do: str = "") -> None:
        """``what`` is wrong and where; ``do`` is the step that mends it."""
        message = " ".join(f"{what}; {do}".split()) if do else " ".join(what.split())
        super().__init__(message)


class RecipeError(LongalpacaError):
    """The recipe is wrong: an unknown key, a bad value, a missing file."""


class SourceError(LongalpacaError):
    """The documents as a whole can't be used: none found, folder unreadable, all dropped."""


class OutputError(LongalpacaError):
    """The output folder can't be written: read-only, full disk, in use by another build."""


class DatasetError(LongalpacaError):
    """A finished data set is missing or breaks its schema."""


class ModelUnavailableError(LongalpacaError):
    """No call to the model can succeed: endpoint dead, key refused, no such model."""


class HubError(LongalpacaError):
    """The Hugging Face Hub refused something or can't be reached, or there is no token for it."""


class MissingPackageError(LongalpacaError):
    """An optional package is needed. The message carries the pip command."""

    def __init__(self, package: str, *, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed",
            do=f"run: pip install 'longalpaca-data[{extra}]'",
        )


class UnreadableError(Exception):
    """One document can't be read. Caught by the collect stage, which counts it as a drop.

    ``reason`` is a short stable word for counting (``encrypted``, ``empty``, ``too large``);
    ``detail`` is for the person who looks the document up.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class CallFailedError(Exception):
    """One call of a model can't succeed. Caught by the generator, which counts it as a drop.

    ``reason`` is a short stable word for counting (``too long``, ``content filter``,
    ``retries exhausted``); ``detail`` is the server's message.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
