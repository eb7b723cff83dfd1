"""The reference for shifted sparse attention: a dense mask per head, from the definition."""

from __future__ import annotations

import torch


def group_of(position, length, group, *, shifted):
    """The number of the group that each ``position`` (within its document) belongs to."""
    if group is None or length <= group:
        return torch.zeros_like(position)
    if not shifted:
        return position // group
    # Before g/2: group 0. From g/2 on: groups of g.
    return (position - group // 2).div(group, rounding_mode="floor") + 1


def dense_mask(documents, width, group, *, shifted):
    """(width, width) bool: row i may see column j. Padding sees nothing."""
    mask = torch.zeros(width, width, dtype=torch.bool)
    at = 0
    for length in documents:
        number = group_of(torch.arange(length), length, group, shifted=shifted)
        same = number[:, None] == number[None]
        mask[at : at + length, at : at + length] = same.tril()
        at += length
    return mask


def dense_attention(query, key, value, documents, group, n_plain, scale):
    """Softmax attention with a mask per head; rows of ``documents`` per batch row."""
    _, heads, width, _ = query.shape
    shared = heads // key.shape[1]
    keys, values = key.repeat_interleave(shared, 1), value.repeat_interleave(shared, 1)
    scores = query @ keys.transpose(-1, -2) * scale
    halves = [
        torch.stack([dense_mask(row, width, group, shifted=shifted) for row in documents])
        for shifted in (False, True)
    ]
    masks = torch.stack([halves[head >= n_plain] for head in range(heads)], dim=1)
    # A padding position sees nothing in the mask: give it itself, its output is not looked at.
    masks = masks | torch.eye(width, dtype=torch.bool)
    weights = scores.masked_fill(~masks, float("-inf")).softmax(-1)
    return (weights @ values).transpose(1, 2)
