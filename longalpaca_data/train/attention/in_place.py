"""Grouped attention on the CPU in no more memory than full attention takes.

Under plain autograd every piece (one head half, one run of groups) has an output and gradients of
its own, which are then copied into the whole ones: twice the memory. Here a single autograd
function writes the pieces where they belong, keeps only queries, keys, values, outputs and the
logarithms of the softmax's sums, and goes backward in tiles of :data:`TILE` tokens. What it needs
besides inputs, outputs and gradients does not grow with the row.

A tile is exact: given the output and the sum of a whole softmax row, the gradients of any block of
its scores can be computed alone and added up (FlashAttention-2, arXiv 2307.08691, section 2.3).

The fused CPU operators have no public name; :func:`fused` returns None where they are missing or
take other arguments than known, and :mod:`kernels` falls back on plain autograd.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

import torch
from torch.autograd.function import once_differentiable

from longalpaca_data.train.attention.groups import RowGroups, Run, runs
from longalpaca_data.train.attention.heads import head_halves

TILE = 256
"""Tokens of one backward call. Measured at 4,096 tokens, 9/3 heads × 64, one thread, CPU-seconds:
whole 2.16; tiles of 1,024 2.16, 512 2.03, 256 1.99, 128 2.20."""

FORWARD_ARGUMENTS = ("query", "key", "value", "dropout_p", "is_causal", "attn_mask", "scale")
BACKWARD_ARGUMENTS = (
    "grad_out", "query", "key", "value", "out", "logsumexp", "dropout_p", "is_causal", "attn_mask",
    "scale",
)  # fmt: skip

VECTORS = 4
"""Dimensions of (…, heads, tokens, dim); the sums have one less."""

DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)


@dataclass(frozen=True, slots=True)
class FusedOperators:
    """torch's fused CPU attention: forward → (out, logsumexp), backward → gradients of q, k, v."""

    forward: Callable[..., tuple[torch.Tensor, torch.Tensor]]
    backward: Callable[..., tuple[torch.Tensor, torch.Tensor, torch.Tensor]]


@dataclass(frozen=True, slots=True)
class Piece:
    """One forward call: some rows of the batch, some heads, one run of groups."""

    rows: slice
    query_heads: slice
    key_heads: slice
    run: Run


@dataclass(frozen=True, slots=True)
class Tile:
    """One backward call: the queries of one run over the keys of another (or of the same)."""

    queries: Run
    keys: Run

    @property
    def is_causal(self) -> bool:
        """Whether queries and keys are the same tokens; else the keys all come before."""
        return self.queries == self.keys


@lru_cache(maxsize=1)
def fused() -> FusedOperators | None:
    """Return the fused operators if this torch has them with the arguments used here."""
    name = "_scaled_dot_product_flash_attention_for_cpu"
    forward = getattr(torch.ops.aten, name, None)
    backward = getattr(torch.ops.aten, f"{name}_backward", None)
    expected = ((forward, FORWARD_ARGUMENTS), (backward, BACKWARD_ARGUMENTS))
    for operator, arguments in expected:
        overload = getattr(operator, "default", None)
        schema = getattr(overload, "_schema", None)
        if schema is None or tuple(a.name for a in schema.arguments) != arguments:
            return None
    assert forward is not None
    assert backward is not None
    return FusedOperators(forward.default, backward.default)


def can_attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> bool:
    """Whether these tensors can be given to :func:`attend_in_place`."""
    alike = query.dtype == key.dtype == value.dtype and query.shape[-1] == value.shape[-1]
    # Autocast converts what scaled_dot_product_attention is given; it doesn't know this function.
    converted = torch.is_autocast_enabled("cpu") and query.dtype != torch.get_autocast_dtype("cpu")
    return (
        query.device.type == "cpu"
        and query.dtype in DTYPES
        and alike
        and not converted
        and fused() is not None
    )


def attend_in_place(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    groups: Sequence[RowGroups],
    *,
    scale: float,
) -> torch.Tensor:
    """Attend within groups: (batch, heads, tokens, dim) → (batch, tokens, heads, dim)."""
    plan = tuple(pieces(query.shape[1], key.shape[1], groups))
    out: torch.Tensor = _InPlace.apply(query, key, value, plan, scale)  # type: ignore[no-untyped-call]
    return out


def pieces(n_query: int, n_key: int, groups: Sequence[RowGroups]) -> Iterator[Piece]:
    """The forward calls of a batch; neighbouring rows that are cut alike share theirs."""
    first = 0
    for cut, alike in groupby(groups):
        rows = slice(first, first + len(list(alike)))
        first = rows.stop
        if cut.plain == cut.shifted:
            parts = [(slice(0, n_query), slice(0, n_key), cut.plain)]
        else:
            parts = [
                (half.query, half.key, cut.shifted if half.shifted else cut.plain)
                for half in head_halves(n_query, n_key)
            ]
        for query_heads, key_heads, sizes in parts:
            for run in runs(sizes):
                yield Piece(rows, query_heads, key_heads, run)


def tiles(run: Run, tile: int = TILE) -> Iterator[Tile]:
    """The backward calls of a run: of about ``tile`` tokens each, whatever the size of a group.

    Several small groups share a call. A large group is cut into tiles: every tile of queries meets
    itself and, without a mask, every tile before it.
    """
    if run.size <= tile:
        together = tile // run.size
        for first in range(0, run.count, together):
            count = min(together, run.count - first)
            same = Run(run.start + first * run.size, count, run.size)
            yield Tile(same, same)
        return
    for start in range(run.start, run.stop, run.size):
        stop = start + run.size
        cuts = [Run(at, 1, min(tile, stop - at)) for at in range(start, stop, tile)]
        for number, queries in enumerate(cuts):
            for keys in cuts[: number + 1]:
                yield Tile(queries, keys)


class _InPlace(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        plan: tuple[Piece, ...],
        scale: float,
    ) -> torch.Tensor:
        operators = fused()
        assert operators is not None
        q, k, v = (x.transpose(1, 2) for x in (query, key, value))
        out = q.new_empty(*q.shape[:3], v.shape[3])
        precision = torch.float64 if q.dtype == torch.float64 else torch.float32
        sums = q.new_empty(q.shape[:3], dtype=precision)
        for piece in plan:
            rows, run = piece.rows, piece.run
            part, part_sums = operators.forward(
                _fold(q, rows, piece.query_heads, run),
                _fold(k, rows, piece.key_heads, run),
                _fold(v, rows, piece.key_heads, run),
                0.0,
                is_causal=True,
                scale=scale,
            )
            _place(out, rows, piece.query_heads, run).copy_(_unfold(part, rows))
            _place(sums, rows, piece.query_heads, run).copy_(_unfold(part_sums, rows))
        ctx.save_for_backward(query, key, value, out, sums)
        ctx.plan, ctx.scale = plan, scale
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_out: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        operators = fused()
        assert operators is not None
        query, key, value, out, sums = ctx.saved_tensors
        inputs = [x.transpose(1, 2) for x in (query, key, value)]
        grads = [x.new_zeros(x.shape) for x in inputs]
        for piece in ctx.plan:
            for tile in tiles(piece.run):
                queries = (piece.rows, piece.query_heads, tile.queries)
                keys = (piece.rows, piece.key_heads, tile.keys)
                places = (queries, keys, keys)
                parts = operators.backward(
                    _fold(grad_out, *queries),
                    *(_fold(x, *place) for x, place in zip(inputs, places, strict=True)),
                    _fold(out, *queries),
                    _fold(sums, *queries),
                    0.0,
                    tile.is_causal,
                    scale=ctx.scale,
                )
                for grad, place, part in zip(grads, places, parts, strict=True):
                    _place(grad, *place).add_(_unfold(part, piece.rows))
        return *(grad.transpose(1, 2) for grad in grads), None, None


def _place(x: torch.Tensor, rows: slice, heads: slice, run: Run) -> torch.Tensor:
    """View what a run covers of (batch, tokens, heads, …)."""
    return x[rows, run.start : run.stop, heads]


def _fold(x: torch.Tensor, rows: slice, heads: slice, run: Run) -> torch.Tensor:
    """(batch, tokens, heads, …) → (rows·groups, heads, group, …), a view wherever one can be."""
    part = _place(x, rows, heads, run)
    folded = part.reshape(-1, run.size, *part.shape[2:]).transpose(1, 2)
    if folded.ndim < VECTORS or (folded.stride(3) == 1 and folded.stride(2) >= folded.shape[3]):
        return folded
    # The operators take whatever strides but assume that a token's numbers lie side by side, which
    # an expanded gradient's do not. Not contiguous(): it leaves the strides of single tokens alone.
    return folded.clone(memory_format=torch.contiguous_format)


def _unfold(x: torch.Tensor, rows: slice) -> torch.Tensor:
    """(rows·groups, heads, group, …) → (rows, tokens, heads, …)."""
    part = x.transpose(1, 2)
    return part.reshape(rows.stop - rows.start, -1, *part.shape[2:])
