"""Shifted sparse attention against a dense mask per head, over several hundred shapes."""

from __future__ import annotations

import random

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.train.attention import function, kernels
from longalpaca_data.train.attention.function import attention_name, grouped_attention
from longalpaca_data.train.attention.groups import RowGroups, cut, documents_of, row_groups, runs
from longalpaca_data.train.attention.heads import head_halves
from longalpaca_data.train.attention.kernels import attend_varlen
from longalpaca_data.train.attention.layout import real_tokens
from tests.train.attention.dense_reference import dense_attention, dense_mask


def test_groups_begin_where_the_paper_says():
    assert cut(10, 4, shifted=False) == [4, 4, 2]
    assert cut(10, 4, shifted=True) == [2, 4, 4]
    assert cut(5, 4, shifted=True) == [2, 3]
    assert row_groups((10, 3, 4, 6), 23, 4) == RowGroups(
        plain=(4, 4, 2, 3, 4, 4, 2), shifted=(2, 4, 4, 3, 4, 2, 4)
    )


def test_a_document_no_longer_than_a_group_has_full_attention():
    assert row_groups((4, 3), 7, 4) == RowGroups((4, 3), (4, 3))
    assert row_groups((9,), 9, None) == RowGroups((9,), (9,))


def test_one_document_takes_at_most_three_calls_per_half():
    for length in range(1, 200):
        for group in range(2, 40):
            groups = row_groups((length,), length, group)
            assert len(runs(groups.plain)) <= 2
            assert len(runs(groups.shifted)) <= 3
            assert sum(groups.plain) == sum(groups.shifted) == length


def test_documents_are_read_from_position_ids():
    assert documents_of([0, 1, 2, 0, 1, 0, 0], 7) == (3, 2, 1, 1)
    assert documents_of([0, 1, 2, 0, 0], 3) == (3,)
    assert documents_of([5, 6, 7], 3) == (3,)
    assert documents_of([], 0) == ()


@pytest.mark.parametrize(
    ("heads", "expected"),
    [((8, 8), (4, 8)), ((9, 3), (3, 9)), ((8, 1), (4, 8)), ((5, 5), (2, 5)), ((6, 2), (3, 6))],
)
def test_heads_are_split_without_repeating_keys(heads, expected):
    plain, shifted = head_halves(*heads)
    assert (plain.query.stop, shifted.query.stop) == expected
    if heads[1] > 1:
        assert plain.key.stop == shifted.key.start


def test_a_single_head_is_shifted():
    (only,) = head_halves(1, 1)
    assert only.shifted
    assert only.query == slice(0, 1)


def random_case(seed):
    """One shape: heads, group, documents per row, padding."""
    rng = random.Random(seed)
    heads, kv = rng.choice([(4, 4), (9, 3), (8, 2), (6, 1), (5, 5), (1, 1), (3, 1), (7, 7)])
    group = rng.choice([2, 3, 4, 5, 7, 8, 16])
    rows = [
        [rng.randint(1, 4 * group + 1) for _ in range(rng.choice([1, 1, 2, 4]))]
        for _ in range(rng.choice([1, 1, 2, 3]))
    ]
    width = max(map(sum, rows)) + rng.choice([0, 0, 1, 9])
    return heads, kv, group, rows, width


def tensors(heads, kv, batch, width, dim=8, seed=0):
    torch.manual_seed(seed)
    shape = [(batch, width, n, dim) for n in (heads, kv, kv)]
    return [torch.randn(s, dtype=torch.float64).transpose(1, 2).requires_grad_() for s in shape]


def real_positions(rows, width):
    return torch.tensor([[i < sum(row) for i in range(width)] for row in rows])


class Layer(torch.nn.Module):
    is_causal = True


@pytest.mark.parametrize(
    "block", [0, 1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 10))]
)
def test_outputs_and_gradients_equal_the_dense_reference(block):
    for seed in range(block * 50, block * 50 + 50):
        heads, kv, group, rows, width = random_case(seed)
        q, k, v = tensors(heads, kv, len(rows), width, seed=seed)
        n_plain = sum(h.query.stop - h.query.start for h in head_halves(heads, kv) if not h.shifted)
        out, _ = grouped_attention(
            Layer(), q, k, v, None, group_size=group, scaling=0.3, document_lengths=rows
        )
        reference = dense_attention(q, k, v, rows, group, n_plain, 0.3)
        real = real_positions(rows, width)
        assert out.shape == (len(rows), width, heads, 8)
        torch.testing.assert_close(out[real], reference[real], atol=1e-5, rtol=0)
        probe = torch.randn_like(out) * real[:, :, None, None]
        ours = torch.autograd.grad((out * probe).sum(), (q, k, v))
        theirs = torch.autograd.grad((reference * probe).sum(), (q, k, v))
        for mine, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(mine, other, atol=1e-4, rtol=0)


def test_local_attention_has_the_groups_and_no_shift():
    """The same groups for every head, and in one call on equal groups."""
    for seed in range(20):
        heads, kv, group, rows, width = random_case(seed)
        q, k, v = tensors(heads, kv, len(rows), width, seed=seed)
        name = attention_name("local", group)
        attend = AttentionInterface()[name]
        out, _ = attend(Layer(), q, k, v, None, scaling=0.3, document_lengths=rows)
        reference = dense_attention(q, k, v, rows, group, heads, 0.3)
        real = real_positions(rows, width)
        torch.testing.assert_close(out[real], reference[real], atol=1e-5, rtol=0)


def fake_varlen(q, k, v, cuts, longest, scale):
    """What a variable-length kernel computes, in plain torch."""
    shared = q.shape[1] // k.shape[1]
    outs = []
    for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        assert b - a <= longest
        parts = (x[a:b].transpose(0, 1) for x in (q, k, v))
        qq, kk, vv = parts
        out = torch.nn.functional.scaled_dot_product_attention(
            qq,
            kk.repeat_interleave(shared, 0),
            vv.repeat_interleave(shared, 0),
            is_causal=True,
            scale=scale,
        )
        outs.append(out.transpose(0, 1))
    return torch.cat(outs)


def test_variable_length_path_makes_two_calls_at_most_and_equals_sdpa():
    calls, counts = [], set()

    def kernel(*args):
        calls.append(args)
        return fake_varlen(*args)

    for seed in range(40):
        heads, kv, group, rows, width = random_case(seed)
        q, k, v = tensors(heads, kv, len(rows), width, seed=seed)
        groups = [row_groups(tuple(row), width, group) for row in rows]
        calls.clear()
        out = attend_varlen(q, k, v, groups, scale=0.3, kernel=kernel)
        alike = all(row.plain == row.shifted for row in groups)
        assert len(calls) == (1 if alike else len(head_halves(heads, kv)))
        counts.add(len(calls))
        same = kernels.attend_sdpa(q, k, v, groups, scale=0.3)
        torch.testing.assert_close(out, same, atol=1e-10, rtol=0)
    assert counts == {1, 2}


def test_autocast_finds_the_kernel_for_queries_that_are_still_float32(monkeypatch):
    """Trained embeddings are float32, and so are queries and keys that positions were put into."""
    asked = []

    def find(device, dtype, head_dim):
        asked.append(dtype)
        return fake_varlen

    monkeypatch.setattr("longalpaca_data.train.attention.function.varlen_kernel", find)
    q, k, v = (x.detach().float() for x in tensors(9, 3, 1, 24))
    inputs = [x.requires_grad_() for x in (q, k, v.bfloat16())]
    with torch.autocast("cpu", torch.bfloat16):
        out, _ = grouped_attention(Layer(), *inputs, None, group_size=8)
    assert asked == [torch.bfloat16]
    assert out.dtype == torch.bfloat16
    gradients = torch.autograd.grad(out.sum(), inputs)
    assert [x.dtype for x in gradients] == [torch.float32, torch.float32, torch.bfloat16]
    grouped_attention(Layer(), *(x.double() for x in inputs), None, group_size=8)
    assert asked[1:] == [torch.float64]


def test_no_variable_length_kernel_on_the_cpu():
    assert kernels.varlen_kernel(torch.device("cpu"), torch.bfloat16, 64) is None


@pytest.mark.parametrize(
    ("dtype", "capability", "dim", "flash"),
    [
        (torch.bfloat16, (8, 0), 128, True),
        (torch.float16, (9, 0), 256, True),
        (torch.float32, (9, 0), 128, False),
        (torch.bfloat16, (7, 0), 128, False),
        (torch.bfloat16, (9, 0), 512, False),
    ],
)
def test_which_gpus_have_fused_attention_that_shares_keys(
    monkeypatch, dtype, capability, dim, flash
):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert kernels.has_flash(torch.device("cuda"), dtype, dim) is flash
    assert not kernels.has_flash(torch.device("cpu"), dtype, dim)


def test_keys_are_repeated_where_fused_attention_does_not_share_them(monkeypatch):
    """On a GPU without FlashAttention shared keys would take a kernel that builds every score."""
    asked = []

    def attend(*args, **kwargs):
        asked.append((args[0].shape[1] == args[1].shape[1], kwargs["enable_gqa"]))
        return scaled_dot_product_attention(*args, **kwargs)

    monkeypatch.setattr(kernels, "scaled_dot_product_attention", attend)
    for seed in range(20):
        heads, kv, group, rows, width = random_case(seed)
        inputs = tensors(heads, kv, len(rows), width, seed=seed)
        groups = [row_groups(tuple(row), width, group) for row in rows]
        found = []
        for shares in (True, False):
            monkeypatch.setattr(kernels, "_shares_keys", lambda _, shares=shares: shares)
            asked.clear()
            out = kernels.attend_sdpa(*inputs, groups, scale=0.3)
            found.append([out, *torch.autograd.grad(out.square().sum(), inputs)])
        assert set(asked) == {(True, False)}
        for one, other in zip(*found, strict=True):
            torch.testing.assert_close(one, other, atol=1e-10, rtol=0)


def test_values_of_another_width_than_keys_take_no_variable_length_kernel(monkeypatch):
    monkeypatch.setattr(function, "varlen_kernel", lambda *_: fake_varlen)
    q, k, v = (x.detach() for x in tensors(4, 4, 1, 24, dim=8))
    out, _ = grouped_attention(Layer(), q, k, v[..., :4], None, group_size=8)
    whole, _ = grouped_attention(Layer(), q, k, v, None, group_size=8)
    torch.testing.assert_close(out, whole[..., :4], atol=1e-10, rtol=0)


@pytest.mark.parametrize("heads", [(4, 4), (9, 3), (6, 1)])
def test_nothing_leaks_from_the_future_or_from_another_document(heads):
    rows, group = [[11, 3, 7]], 4
    width = sum(rows[0])
    q, k, v = tensors(*heads, 1, width, dim=4)
    out, _ = grouped_attention(Layer(), q, k, v, None, group_size=group, document_lengths=rows)
    allowed = dense_mask(rows[0], width, None, shifted=False)
    reached = torch.zeros(width, width, dtype=torch.bool)
    for i in range(width):
        grads = torch.autograd.grad(out[0, i].sum(), (q, k, v), retain_graph=True)
        seen = sum(g.abs().sum((0, 1, 3)) for g in grads)
        reached[i] = seen != 0
        assert not (reached[i] & ~allowed[i]).any(), i
    union = dense_mask(rows[0], width, group, shifted=False)
    union |= dense_mask(rows[0], width, group, shifted=True)
    assert torch.equal(reached, union)


def test_attention_is_called_at_most_three_times_per_half_and_never_with_a_mask(monkeypatch):
    calls = []

    def counted(*args, **kwargs):
        assert kwargs.get("attn_mask") is None
        calls.append(tuple(args[0].shape))
        return scaled_dot_product_attention(*args, **kwargs)

    monkeypatch.setattr(kernels, "scaled_dot_product_attention", counted)
    for width in (63, 64, 65, 100, 1000):
        q, k, v = tensors(9, 3, 1, width)
        calls.clear()
        grouped_attention(Layer(), q, k, v, None, group_size=16)
        assert len(calls) <= 5  # 2 plain, 3 shifted
    calls.clear()
    q, k, v = tensors(4, 4, 3, 100)
    grouped_attention(Layer(), q, k, v, torch.tensor([100, 70, 33]), group_size=16)
    assert len(calls) <= 5  # rows longer than a group share their calls, padded or not
    calls.clear()
    grouped_attention(Layer(), q, k, v, None, group_size=None)
    assert len(calls) == 1


def test_memory_stays_far_below_a_dense_mask():
    tokens, heads, dim = 8192, 2, 8
    q, k, v = (torch.randn(1, heads, tokens, dim) for _ in range(3))
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as profile:
        grouped_attention(Layer(), q, k, v, None, group_size=1024)
    allocated = sum(max(0, e.self_cpu_memory_usage) for e in profile.events())
    assert allocated < 12 * q.nbytes, allocated
    assert allocated < tokens * tokens / 10  # a bool mask alone takes a byte per pair


def test_fallback_reads_documents_from_position_ids_and_padding_from_the_mask():
    q, k, v = tensors(4, 2, 1, 12)
    positions = torch.tensor([[0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 0, 0]])
    by_position, _ = grouped_attention(
        Layer(), q, k, v, torch.tensor([10]), group_size=3, position_ids=positions
    )
    by_length, _ = grouped_attention(
        Layer(), q, k, v, None, group_size=3, document_lengths=[[6, 4]]
    )
    torch.testing.assert_close(by_position[:, :10], by_length[:, :10])


def mask_arguments(mask, **more):
    width = mask.shape[1]
    base = {"batch_size": mask.shape[0], "q_length": width, "kv_length": width}
    return {**base, "attention_mask": mask, **more}


def test_mask_function_returns_lengths_and_refuses_what_it_cannot_do():
    full = torch.ones(2, 5)
    assert real_tokens(**mask_arguments(full)) is None
    right = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    assert real_tokens(**mask_arguments(right)).tolist() == [3, 5]
    with pytest.raises(LongalpacaError, match="padding_side to right"):
        real_tokens(**mask_arguments(right.flip(1)))
    with pytest.raises(LongalpacaError, match="sliding window of 4"):
        real_tokens(**mask_arguments(full, local_size=4))
    with pytest.raises(LongalpacaError, match="key-value cache"):
        real_tokens(**mask_arguments(full, q_length=1))
    with pytest.raises(LongalpacaError, match="own pattern"):
        real_tokens(**mask_arguments(full, use_vmap=True))
    assert real_tokens(**mask_arguments(full, local_size=5)) is None


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"softcap": 30.0}, "soft-capping"),
        ({"s_aux": torch.zeros(4)}, "attention sinks"),
        ({"position_bias": torch.zeros(1)}, "position biases"),
        ({"is_causal": False}, "bidirectional"),
        ({"output_attentions": True}, "attention weights"),
    ],
)
def test_what_attention_cannot_do_is_an_error(asked, named):
    q, k, v = tensors(4, 4, 1, 8)
    with pytest.raises(LongalpacaError, match=named):
        grouped_attention(Layer(), q, k, v, None, group_size=4, **asked)


def test_a_group_of_one_token_is_refused():
    with pytest.raises(LongalpacaError, match="at least 2"):
        attention_name("s2", 1)
