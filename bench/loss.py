"""The chunked loss against the naive one: peak memory, time, and that they are equal.

    python bench/loss.py                        # 16k tokens, 49k words
    python bench/loss.py --tokens 4096

Every token is a target (the worst case; in training only answers are). Width 576, SmolLM2-135M's.
Each figure is from a process of its own. The naive loss needs about 10 GB at 16k tokens.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import torch
from torch.nn.functional import cross_entropy

from longalpaca_data.train.model.loss import weighted_nll


def measure(kind: str, tokens: int, words: int, width: int) -> dict[str, float]:
    """Return the loss, a sum over its gradients, CPU seconds and peak memory in MB."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    hidden = (torch.randn(1, tokens + 1, width) * 0.5).requires_grad_()
    head = (torch.randn(words, width) * 0.05).requires_grad_()
    labels = torch.randint(0, words, (1, tokens + 1))
    weights = torch.full((1, tokens + 1), 1 / tokens, dtype=torch.float64)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    if kind == "naive":
        logits = hidden[0, :-1] @ head.T
        loss = cross_entropy(logits.float(), labels[0, 1:])
    else:
        loss = weighted_nll(hidden, head, None, labels, weights)
    loss.backward()
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert hidden.grad is not None
    assert head.grad is not None
    return {
        "loss": loss.item(),
        "gradients": float(hidden.grad.abs().sum() + head.grad.abs().sum()),
        "seconds": seconds,
        "mb": (peak - before) / 1024,
    }


def main() -> None:
    """Measure both in child processes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=16384)
    parser.add_argument("--words", type=int, default=49152)
    parser.add_argument("--width", type=int, default=576)
    parser.add_argument("--one", choices=("naive", "chunked"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sizes = (arguments.tokens, arguments.words, arguments.width)
    if arguments.one:
        print(json.dumps(measure(arguments.one, *sizes)))
        return
    found = {}
    for kind in ("naive", "chunked"):
        command = [sys.executable, __file__, "--one", kind]
        for name, size in zip(("tokens", "words", "width"), sizes, strict=True):
            command += [f"--{name}", str(size)]
        out = subprocess.run(command, check=True, capture_output=True, text=True)
        found[kind] = json.loads(out.stdout)
        print(kind, found[kind], flush=True)
    ratio = found["naive"]["mb"] / found["chunked"]["mb"]
    print(f"peak memory of the chunked loss: 1/{ratio:.1f} of the naive one's")


if __name__ == "__main__":
    main()
