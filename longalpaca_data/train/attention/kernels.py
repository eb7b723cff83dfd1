"""Attention within groups: scaled dot product anywhere, variable-length kernels on CUDA.

Neither builds a mask, pads, or repeats key-value heads. Shapes: queries (batch, heads, tokens, dim)
as transformers passes them; keys and values the same with the key-value heads; outputs (batch,
tokens, heads, dim).
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import torch
from torch.nn.functional import scaled_dot_product_attention

from longalpaca_data.train.attention.groups import RowGroups, Run, Sizes, runs
from longalpaca_data.train.attention.heads import HeadHalf, head_halves

MAX_HEAD_DIM = 256
"""The widest head of the FlashAttention-2 kernels."""

VarlenKernel = Callable[
    [torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, int, float], torch.Tensor
]
"""(q, k, v, group boundaries int32, longest group, scale) → out, all (tokens, heads, dim)."""


def grouped_sdpa(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    sizes: Sizes,
    *,
    scale: float,
    dropout: float = 0.0,
) -> torch.Tensor:
    """Attend causally within consecutive groups of ``sizes`` tokens, one call per run of equals."""
    if key.shape[1] != query.shape[1] and not _shares_keys(query):
        key, value = (x.repeat_interleave(query.shape[1] // x.shape[1], 1) for x in (key, value))
    cut = runs(sizes)
    # split, not slices: a slice's gradient is a full-size tensor of zeros.
    lengths = [run.count * run.size for run in cut]
    parts = [torch.split(x, lengths, dim=2) for x in (query, key, value)]
    pieces = []
    for run, q, k, v in zip(cut, *parts, strict=True):
        out = scaled_dot_product_attention(
            _fold(q, run),
            _fold(k, run),
            _fold(v, run),
            dropout_p=dropout,
            is_causal=run.size > 1,
            scale=scale,
            enable_gqa=key.shape[1] != query.shape[1],
        )
        pieces.append(out.transpose(1, 2).reshape(query.shape[0], -1, *out.shape[1::2]))
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=1)


def _shares_keys(query: torch.Tensor) -> bool:
    """Tell whether torch's fused attention takes fewer key-value than query heads here.

    On CUDA only FlashAttention does. In float32, and before Ampere, what remains is the kernel that
    builds every score: 28 heads of 32,768 tokens take 120 GB.
    """
    return query.device.type != "cuda" or has_flash(query.device, query.dtype, query.shape[-1])


def _fold(x: torch.Tensor, run: Run) -> torch.Tensor:
    """(batch, heads, count·size, dim) → (batch·count, heads, size, dim), a view for one row."""
    part = x.transpose(1, 2)
    return part.reshape(-1, run.size, *part.shape[2:]).transpose(1, 2)


def attend_sdpa(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    groups: Sequence[RowGroups],
    *,
    scale: float,
    dropout: float = 0.0,
) -> torch.Tensor:
    """Attend within groups for a whole batch; rows that are cut alike share their calls."""
    rows_of: dict[RowGroups, list[int]] = {}
    for row, cut in enumerate(groups):
        rows_of.setdefault(cut, []).append(row)
    if len(rows_of) == 1:
        return _attend_alike(query, key, value, groups[0], scale=scale, dropout=dropout)
    order: list[int] = []
    parts = []
    for cut, rows in rows_of.items():
        q, k, v = query[rows], key[rows], value[rows]
        parts.append(_attend_alike(q, k, v, cut, scale=scale, dropout=dropout))
        order += rows
    back = torch.tensor(order, device=query.device).argsort()
    return torch.cat(parts)[back]


def _attend_alike(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    cut: RowGroups,
    *,
    scale: float,
    dropout: float,
) -> torch.Tensor:
    if cut.plain == cut.shifted:
        return grouped_sdpa(query, key, value, cut.plain, scale=scale, dropout=dropout)
    outs = []
    for half, q, k, v in _halves(query, key, value):
        sizes = cut.shifted if half.shifted else cut.plain
        outs.append(grouped_sdpa(q, k, v, sizes, scale=scale, dropout=dropout))
    return torch.cat(outs, dim=2)


def _halves(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor
) -> Iterator[tuple[HeadHalf, torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Split tensors with their heads in dimension 1 by head half."""
    halves = head_halves(query.shape[1], key.shape[1])
    sizes = [half.query.stop - half.query.start for half in halves]
    queries = torch.split(query, sizes, dim=1)
    for half, q in zip(halves, queries, strict=True):
        yield half, q, key[:, half.key], value[:, half.key]


def attend_varlen(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    groups: Sequence[RowGroups],
    *,
    scale: float,
    kernel: VarlenKernel,
) -> torch.Tensor:
    """Attend in two kernel calls, one per head half, whatever the number of groups.

    In one where both halves have the same: full attention, groups without a shift, short documents.
    """
    batch, _, tokens, _ = query.shape
    q, k, v = (x.transpose(1, 2).flatten(0, 1) for x in (query, key, value))

    def attend(sizes: Sizes, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        return kernel(q, k, v, _boundaries(sizes, query.device), max(sizes), scale)

    plain = tuple(size for row in groups for size in row.plain)
    shifted = tuple(size for row in groups for size in row.shifted)
    if plain == shifted:
        out = attend(plain, q, k, v)
    else:
        halves = _halves(q, k, v)
        parts = [attend(shifted if half.shifted else plain, *part) for half, *part in halves]
        out = torch.cat(parts, dim=1)
    return out.reshape(batch, tokens, *q.shape[1:])


@lru_cache(maxsize=8)
def _boundaries(sizes: Sizes, device: torch.device) -> torch.Tensor:
    """Where groups begin, int32 (groups + 1,); kept for the layers that ask for the same."""
    return torch.tensor([0, *sizes]).cumsum(0).to(device=device, dtype=torch.int32)


def has_flash(device: torch.device, dtype: torch.dtype, head_dim: int) -> bool:
    """Tell whether FlashAttention-2 runs: on CUDA, in half precision, from Ampere on."""
    return (
        device.type == "cuda"
        and dtype in (torch.float16, torch.bfloat16)
        and head_dim <= MAX_HEAD_DIM
        and torch.cuda.get_device_capability(device) >= (8, 0)
    )


@lru_cache(maxsize=16)
def varlen_kernel(device: torch.device, dtype: torch.dtype, head_dim: int) -> VarlenKernel | None:
    """Return the variable-length kernel that this device can run with these numbers, if any.

    Unlike torch's other attention it wants heads of a multiple of 8. flash-attn is used where it is
    installed and torch has none.
    """
    if not has_flash(device, dtype, head_dim) or head_dim % 8:
        return None
    if importlib.util.find_spec("torch.nn.attention.varlen") is not None:
        return _torch_varlen
    if importlib.util.find_spec("flash_attn") is not None:
        return _flash_attn
    return None


def _torch_varlen(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    cuts: torch.Tensor,
    longest: int,
    scale: float,
) -> torch.Tensor:
    from torch.nn.attention.varlen import varlen_attn  # noqa: PLC0415 - CUDA builds only

    gqa = q.shape[1] != k.shape[1]
    out = varlen_attn(
        q, k, v, cuts, cuts, longest, longest, scale=scale, window_size=(-1, 0), enable_gqa=gqa
    )
    assert isinstance(out, torch.Tensor)
    return out


def _flash_attn(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    cuts: torch.Tensor,
    longest: int,
    scale: float,
) -> torch.Tensor:
    flash_attn_varlen_func = importlib.import_module("flash_attn").flash_attn_varlen_func

    out: torch.Tensor = flash_attn_varlen_func(
        q, k, v, cuts, cuts, longest, longest, softmax_scale=scale, causal=True
    )
    return out
