"""Full attention against shifted sparse attention: time and memory, forward and backward.

    python bench/attention.py                          # 2k to 32k tokens
    python bench/attention.py --lengths 4096 65536     # as long as you like
    python bench/attention.py --heads 28 4 128         # a layer of Qwen2.5-7B's shape

One layer, of SmolLM2-135M's shape by default (9 query heads, 3 key-value heads, 64 wide), float32
on the CPU or, where there is one, bfloat16 on the GPU. `full` is torch's
scaled_dot_product_attention, the others are ours with groups of a quarter of the length and of
2,048 tokens; `of full` divides by the full attention of the same run. CPU-seconds count this
process only, so other work on the machine disturbs them less than it does the seconds on the clock.

Memory is what forward and backward add, at the peak, to the inputs: the output, the gradient that
goes into backward (`ones_like`, which is in every row alike), the gradients of queries, keys and
values, what is kept for backward, and whatever the kernels borrow. On the CPU that is the growth of
the process's resident memory (the kernel's VmHWM, so Linux only), after a run over a few tokens has
loaded the libraries; there each row is a process of its own. On the GPU it is torch's own count,
and seconds are the mean of several passes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.nn.functional import scaled_dot_product_attention

from longalpaca_data.train.attention.function import grouped_attention

HEADS = (9, 3, 64)
"""Query heads, key-value heads, width of a head."""
KINDS = ("full", "quarter", "2048")
LENGTHS = (2048, 4096, 8192, 16384, 32768)
WARM_UP = 512
PASSES = 5
COLUMNS = ("tokens", "groups", "seconds", "of full", "CPU-s", "of full", "MB", "of full")


class Layer(torch.nn.Module):
    """What the attention function asks of a layer."""

    is_causal = True


class Memory:
    """Peak memory in MB since construction: of the process, or of torch on the GPU."""

    def __init__(self, device: str) -> None:
        self.device = device
        if device == "cuda":
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
            self.before = torch.cuda.memory_allocated() / 2**20
        else:
            Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
            self.before = _status("VmRSS")

    def peak(self) -> float:
        """Return what the peak lies above the start."""
        if self.device == "cuda":
            torch.cuda.synchronize()
            return torch.cuda.max_memory_allocated() / 2**20 - self.before
        return _status("VmHWM") - self.before


def _status(name: str) -> float:
    """Read one of the process's memory figures, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def forward_and_backward(
    kind: str, tokens: int, device: str, heads: Sequence[int]
) -> dict[str, float]:
    """Return seconds on the clock, CPU-seconds and peak memory in MB of one pass."""
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    q, k, v = (
        torch.randn(1, tokens, n, heads[2], device=device, dtype=dtype)
        .transpose(1, 2)
        .requires_grad_()
        for n in (heads[0], heads[1], heads[1])
    )
    group = {"quarter": tokens // 4, "2048": 2048}.get(kind)
    memory = Memory(device)
    clock, cpu = time.perf_counter(), time.process_time()
    if kind == "full":
        out = scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    else:
        out, _ = grouped_attention(Layer(), q, k, v, None, group_size=group)
    out.backward(torch.ones_like(out))
    peak = memory.peak()
    return {
        "seconds": time.perf_counter() - clock,
        "CPU-s": time.process_time() - cpu,
        "MB": peak,
    }


def measure(kind: str, tokens: int, threads: int, heads: Sequence[int]) -> dict[str, float]:
    """Measure one row of the table, after a short run that loads what a first call loads."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    if not torch.cuda.is_available():
        forward_and_backward(kind, WARM_UP, "cpu", heads)
        return forward_and_backward(kind, tokens, "cpu", heads)
    # On the GPU, kernels are compiled and chosen by size.
    forward_and_backward(kind, tokens, "cuda", heads)
    passes = [forward_and_backward(kind, tokens, "cuda", heads) for _ in range(PASSES)]
    return {name: sum(one[name] for one in passes) / PASSES for name in passes[0]}


def measure_apart(kind: str, tokens: int, threads: int, heads: Sequence[int]) -> dict[str, float]:
    """Measure in a process of its own, whose peak memory is this row's alone."""
    command = [sys.executable, __file__, "--threads", str(threads), "--heads", *map(str, heads)]
    out = subprocess.run(
        [*command, "--one", kind, str(tokens)], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(out.stdout)
    return found


def main() -> None:
    """Measure and print a table of ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--heads", type=int, nargs=3, default=HEADS, metavar=("Q", "KV", "WIDTH"))
    parser.add_argument("--one", nargs=2, metavar=("KIND", "TOKENS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        kind, tokens = arguments.one
        print(json.dumps(measure(kind, int(tokens), arguments.threads, arguments.heads)))
        return
    run = measure if torch.cuda.is_available() else measure_apart
    digits = 4 if torch.cuda.is_available() else 2
    print(" ".join(f"{name:>8}" for name in COLUMNS))
    for tokens in arguments.lengths:
        full: dict[str, float] = {}
        for kind in KINDS:
            found = run(kind, tokens, arguments.threads, arguments.heads)
            full = full or found
            figures = [
                figure
                for name, places in (("seconds", digits), ("CPU-s", digits), ("MB", 1))
                for figure in (f"{found[name]:.{places}f}", f"{found[name] / full[name]:.3f}")
            ]
            print(" ".join(f"{x:>8}" for x in (tokens, kind, *figures)), flush=True)


if __name__ == "__main__":
    main()
