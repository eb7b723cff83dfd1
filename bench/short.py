"""Short pairs from many candidates: time, memory, and how different the chosen ones are.

    python bench/short.py                      # 52,000 candidates → 3,000, as from Alpaca

The candidates are made of the bundled pairs: their instructions with words and numbers exchanged,
their inputs cut and joined anew, so that a few patterns make most of them, as in Alpaca. One in
fifty is faulty: a repeat, a near-repeat, a refusal, an empty or made-up answer.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import tempfile
import time
from pathlib import Path

from longalpaca_data.core.recipe import MixSpec, ShortSpec
from longalpaca_data.core.records import ShortPair
from longalpaca_data.core.resources import sample_folder
from longalpaca_data.mix.diversity import in_order_of_choice, without_near_duplicates
from longalpaca_data.mix.short import distinct_pairs, read_pairs
from longalpaca_data.pipeline.stage import Context

_WORD = re.compile(r"[A-Za-z]{5,}")


def candidates(count: int, seed: int) -> list[dict[str, str]]:
    """Return made-up rows in Alpaca form."""
    rng = random.Random(seed)
    lines = (sample_folder() / "short.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    words = sorted({w for row in rows for w in _WORD.findall(row["instruction"] + row["output"])})
    sentences = [
        s for row in rows for s in re.split(r"(?<=[.。])\s*", row["output"]) if len(s) > 20
    ]
    weights = [1 / (rank + 3) for rank in range(len(rows))]
    made: list[dict[str, str]] = []
    for pattern in rng.choices(rows, weights, k=count):
        instruction = _WORD.sub(
            lambda found: rng.choice(words) if rng.random() < 0.5 else found.group(),
            pattern["instruction"],
        )
        given = " ".join(rng.sample(sentences, rng.randint(1, 3))) if pattern["input"] else ""
        made.append({"instruction": instruction, "input": given, "output": pattern["output"]})
    faults = ("", "nan", "I'm sorry, but I can't help with that.", "As an AI language model, I")
    for index in range(0, count, 100):
        made[index]["output"] = rng.choice(faults)
        made[index + 50]["instruction"] = made[index + 49]["instruction"] + "!"
        made[index + 50]["input"] = made[index + 49]["input"]
    return made


def nearest(pairs: list[ShortPair]) -> float:
    """Return the mean similarity of a pair's words to the most similar other pair's (Jaccard)."""
    sets = [set(re.findall(r"\w+", f"{p.instruction} {p.input}".lower())) for p in pairs]
    best = (max(len(one & two) / len(one | two) for two in sets if two is not one) for one in sets)
    return sum(best) / len(sets)


def main() -> None:
    """Read, clean and order the candidates, and compare the first ones with random ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, default=52_000)
    parser.add_argument("--wanted", type=int, default=3000)
    parser.add_argument("--select", choices=("diverse", "embedding"), default="diverse")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pairs.json"
        rows = candidates(arguments.candidates, seed=1)
        file.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        del rows
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        context, laps = Context("short", 42), [time.process_time()]
        started = time.perf_counter()
        pairs = list(distinct_pairs(read_pairs([ShortSpec(path=str(file))]), context))
        laps.append(time.process_time())
        kept = list(without_near_duplicates(pairs, 42, context))
        laps.append(time.process_time())
        spec = MixSpec(short=arguments.wanted, short_select=arguments.select)
        ordered = in_order_of_choice(kept, spec, 42)
        laps.append(time.process_time())
        seconds = time.perf_counter() - started
    names = ("read and cleaned", "near-duplicates", "ordered")
    for name, start, end in zip(names, laps, laps[1:], strict=False):
        print(f"{name:>18}: {end - start:5.1f} CPU s")
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
    print(f"{'together':>18}: {laps[-1] - laps[0]:5.1f} CPU s, {seconds:.1f} s, {memory} MB")
    reasons = sorted({drop.reason for drop in context.drops})
    print({reason: sum(d.reason == reason for d in context.drops) for reason in reasons})
    chosen = ordered[: arguments.wanted]
    some = random.Random(0).sample(kept, min(600, len(kept)))
    print(
        f"similarity to the nearest of 600: {nearest(chosen[:600]):.3f}, random {nearest(some):.3f}"
    )
    print(f"languages: { {p: sum(c.language == p for c in chosen) for p in ('en', 'zh')} }")


if __name__ == "__main__":
    main()
