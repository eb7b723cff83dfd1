"""Full attention against shifted sparse attention: time and memory, forward and backward.

    python bench/attention.py                          # 2k to 32k tokens
    python bench/attention.py --lengths 4096 65536     # as long as you like

One layer of SmolLM2-135M's shape (9 query heads, 3 key-value heads, 64 wide), float32 on the CPU
or, where there is one, bfloat16 on the GPU. `full` is torch's scaled_dot_product_attention, the
others are ours with groups of a quarter of the length and of 2,048 tokens; `of full` divides by the
full attention of the same run. CPU-seconds count this process only, so other work on the machine
disturbs them less than it does the seconds on the clock.

Memory is what forward and backward add, at the peak, to the inputs: the output, the gradient that
goes into backward (`ones_like`, which is in every row alike), the gradients of queries, keys and
values, what is kept for backward, and whatever the kernels borrow. On the CPU that is the growth of
the process's resident memory (the kernel's VmHWM, so Linux only), after a run over a few tokens has
loaded the libraries; on the GPU it is torch's own count. Each row is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import torch
from torch.nn.functional import scaled_dot_product_attention

from longalpaca_data.train.attention import grouped_attention

HEADS, KEY_VALUE_HEADS, WIDTH = 9, 3, 64
KINDS = ("full", "quarter", "2048")
LENGTHS = (2048, 4096, 8192, 16384, 32768)
WARM_UP = 512
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


def forward_and_backward(kind: str, tokens: int, device: str) -> dict[str, float]:
    """Return seconds on the clock, CPU-seconds and peak memory in MB of one pass."""
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    q, k, v = (
        torch.randn(1, tokens, n, WIDTH, device=device, dtype=dtype)
        .transpose(1, 2)
        .requires_grad_()
        for n in (HEADS, KEY_VALUE_HEADS, KEY_VALUE_HEADS)
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


def measure(kind: str, tokens: int, threads: int) -> dict[str, float]:
    """Measure one row of the table, after a short run that loads what a first call loads."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    # On the GPU, kernels are compiled and chosen by size.
    forward_and_backward(kind, tokens if device == "cuda" else WARM_UP, device)
    return forward_and_backward(kind, tokens, device)


def main() -> None:
    """Measure in child processes and print a table of ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--one", nargs=2, metavar=("KIND", "TOKENS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        kind, tokens = arguments.one
        print(json.dumps(measure(kind, int(tokens), arguments.threads)))
        return
    print(" ".join(f"{name:>8}" for name in COLUMNS))
    for tokens in arguments.lengths:
        full: dict[str, float] = {}
        for kind in KINDS:
            command = [sys.executable, __file__, "--threads", str(arguments.threads)]
            out = subprocess.run(
                [*command, "--one", kind, str(tokens)], check=True, capture_output=True, text=True
            )
            found = json.loads(out.stdout)
            full = full or found
            figures = [
                figure
                for name, digits in (("seconds", 2), ("CPU-s", 2), ("MB", 1))
                for figure in (f"{found[name]:.{digits}f}", f"{found[name] / full[name]:.3f}")
            ]
            print(" ".join(f"{x:>8}" for x in (tokens, kind, *figures)), flush=True)


if __name__ == "__main__":
    main()
