"""Full attention against shifted sparse attention: time and memory, forward and backward.

    python bench/attention.py                    # 2k to 16k tokens
    python bench/attention.py --lengths 32768    # as long as you like

One layer of SmolLM2-135M's shape (9 query heads, 3 key-value heads, 64 wide), on the CPU or, where
there is one, the GPU. Each figure is from a process of its own, so that peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import torch
from torch.nn.functional import scaled_dot_product_attention

from longalpaca_data.train.attention import grouped_attention

HEADS, KEY_VALUE_HEADS, WIDTH = 9, 3, 64
KINDS = ("full", "quarter", "2048")


class Layer(torch.nn.Module):
    """What the attention function asks of a layer."""

    is_causal = True


def measure(kind: str, tokens: int, threads: int) -> dict[str, float]:
    """Return CPU seconds (GPU: wall seconds) and peak memory in MB of one forward and backward."""
    torch.set_num_threads(threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    torch.manual_seed(0)
    make = {"device": device, "dtype": dtype}
    q, k, v = (
        torch.randn(1, tokens, n, WIDTH, **make).transpose(1, 2).requires_grad_()
        for n in (HEADS, KEY_VALUE_HEADS, KEY_VALUE_HEADS)
    )
    group = {"quarter": tokens // 4, "2048": 2048}.get(kind)

    def run() -> None:
        if kind == "full":
            out = scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        else:
            out, _ = grouped_attention(Layer(), q, k, v, None, group_size=group)
        out.backward(torch.ones_like(out))

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if device == "cuda":
        run()
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated() >> 10
    start = time.process_time() if device == "cpu" else time.perf_counter()
    run()
    if device == "cuda":
        torch.cuda.synchronize()
        peak = torch.cuda.max_memory_allocated() >> 10
        return {"seconds": time.perf_counter() - start, "mb": (peak - before) / 1024}
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "mb": (peak - before) / 1024}


def main() -> None:
    """Measure in child processes and print a table of ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", type=int, nargs="+", default=[2048, 4096, 8192, 16384])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--one", nargs=2, metavar=("KIND", "TOKENS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        kind, tokens = arguments.one
        print(json.dumps(measure(kind, int(tokens), arguments.threads)))
        return
    print(f"{'tokens':>7} {'kind':>8} {'seconds':>8} {'× faster':>9} {'MB':>7} {'of full':>8}")
    for tokens in arguments.lengths:
        full: dict[str, float] = {}
        for kind in KINDS:
            command = [sys.executable, __file__, "--threads", str(arguments.threads)]
            out = subprocess.run(
                [*command, "--one", kind, str(tokens)], check=True, capture_output=True, text=True
            )
            found = json.loads(out.stdout)
            full = full or found
            faster, share = full["seconds"] / found["seconds"], found["mb"] / full["mb"]
            print(
                f"{tokens:>7} {kind:>8} {found['seconds']:>8.2f} {faster:>9.2f} "
                f"{found['mb']:>7.0f} {share:>8.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
