"""Where documents lie in a batch, and the mask function that finds it out once per forward.

transformers asks a mask function for "the mask" once per forward pass and hands whatever it returns
to every layer. Ours returns no mask but the number of real tokens per row, on the CPU, so that no
layer has to wait for the GPU. Packed rows tell their documents in one of two ways: the collator
passes ``document_lengths`` (nested tuples of ints; free), or the documents are read from
``position_ids`` (one wait per forward, remembered for the other layers).
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import torch

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.train.attention.groups import RowGroups, documents_of, row_groups

Lengths = Sequence[Sequence[int]]
"""For each row of the batch, the lengths of its documents in order."""


def real_tokens(
    *,
    batch_size: int,
    q_length: int,
    kv_length: int,
    attention_mask: torch.Tensor | None = None,
    local_size: int | None = None,
    use_vmap: bool = False,
    **_: Any,
) -> torch.Tensor | None:
    """Mask function for AttentionMaskInterface: real tokens per row, int64 (batch,) on the CPU.

    None where no row is padded. Raises :class:`LongalpacaError` for left padding, a sliding window
    shorter than the row, caches that already hold tokens, and overlays on the causal mask.
    """
    _refuse_shape(q_length, kv_length, local_size, overlay=use_vmap)
    if attention_mask is None:
        return None
    mask = attention_mask[:, -kv_length:].bool()
    lengths = mask.sum(-1)
    expected = torch.arange(kv_length, device=mask.device) < lengths[:, None]
    intact, lengths = bool((mask == expected).all()), lengths.cpu()
    if not intact:
        raise LongalpacaError(
            "shifted sparse attention needs padding on the right, this batch has it on the left or "
            "in the middle",
            do="set the tokenizer's padding_side to right",
        )
    return None if bool((lengths == kv_length).all()) else lengths.expand(batch_size)


def _refuse_shape(q_length: int, kv_length: int, local_size: int | None, *, overlay: bool) -> None:
    """Raise for what the mask function is told and grouped attention can't do."""
    if q_length != kv_length:
        raise LongalpacaError(
            "shifted sparse attention is for training, it can't continue from a key-value cache",
            do="reload the saved model (it has full attention) to generate text",
        )
    if local_size is not None and local_size < kv_length:
        raise LongalpacaError(
            f"the sliding window of {local_size} tokens is shorter than the row of {kv_length}",
            do="use a model without a sliding window, or a context no longer than the window",
        )
    if overlay:
        raise LongalpacaError(
            "this model adds its own pattern to the causal mask, which shifted sparse attention "
            "does not know",
            do="use --attention full with another attention implementation",
        )


class _LastLookup:
    """The last batch's documents, recognised by the identity of its position ids."""

    def __init__(self) -> None:
        self._key: tuple[weakref.ref[torch.Tensor], int] | None = None
        self._value: list[list[int]] = []

    def positions(self, position_ids: torch.Tensor) -> list[list[int]]:
        """``position_ids.tolist()``, asked of the device once per tensor."""
        version = getattr(position_ids, "_version", 0)
        if self._key is None or self._key[0]() is not position_ids or self._key[1] != version:
            self._value = position_ids.tolist()
            self._key = (weakref.ref(position_ids), version)
        return self._value


_last = _LastLookup()


def batch_groups(
    *,
    batch_size: int,
    width: int,
    group_size: int | None,
    shift: bool = True,
    real: torch.Tensor | None,
    position_ids: torch.Tensor | None,
    document_lengths: Lengths | None,
) -> list[RowGroups]:
    """Cut each row into groups; ``real`` is what :func:`real_tokens` returned."""
    lengths = [width] * batch_size if real is None else [int(n) for n in real.tolist()]
    if document_lengths is not None:
        if len(document_lengths) != batch_size:
            found = len(document_lengths)
            raise ValueError(f"{found} rows of documents for {batch_size} rows of tokens")
        documents = [tuple(int(n) for n in row) for row in document_lengths]
    elif position_ids is not None:
        rows = _last.positions(position_ids)
        rows = rows * batch_size if len(rows) == 1 else rows
        documents = [documents_of(row, n) for row, n in zip(rows, lengths, strict=True)]
    else:
        documents = [(n,) if n else () for n in lengths]
    return [row_groups(row, width, group_size, shift=shift) for row in documents]
