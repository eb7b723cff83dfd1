"""The mix over many candidates: time, memory, and how near it comes to what was asked.

    python bench/mix.py                        # 200,000 candidates → 9,000 long + 3,000 short
    python bench/mix.py --documents 4000 --document-share 0.0005

Candidates are made up, lopsided as real ones are: a few documents and families give most rows,
long windows more than short ones, one to five pieces of evidence, and depth leans to the front.
"""

from __future__ import annotations

import argparse
import itertools
import random
import resource
import time
from collections import Counter

from longalpaca_data.core.recipe import MixSpec
from longalpaca_data.core.records import Evidence, Example, Part, Sample, ShortPair, Window
from longalpaca_data.mix import mix
from longalpaca_data.pipeline.stage import Context

LENGTHS = (4000, 8000, 16000, 32000)
SIZE = 100_000  # characters of material
# task → families and how many candidates of the task there are
TASKS = {
    "paper_review": (("strengths", "weaknesses", "method_review"), 0.04),
    "document_analysis": (("multi_hop", "stated_figure", "locate", "opening", "sequence"), 0.50),
    "comparison": (("which_of_two", "series_statement", "style"), 0.04),
    "book_qa": (("multi_hop", "speaker", "order", "first_mention", "adjacent"), 0.38),
    "summarization": (("sections", "whole"), 0.04),
}


def candidates(count: int, n_documents: int, seed: int) -> list[Sample]:
    """Return made-up samples."""
    rng = random.Random(seed)
    weights = list(itertools.accumulate(1 / (rank + 5) for rank in range(n_documents)))
    documents = [f"document {number:05d}" for number in range(n_documents)]
    languages = {d: "zh" if rng.random() < 0.2 else "en" for d in documents}
    windows: dict[tuple[str, int, int], Window] = {}
    names, shares = list(TASKS), [share for _, share in TASKS.values()]
    made = []
    for number in range(count):
        document = rng.choices(documents, cum_weights=weights)[0]
        length = rng.choices(LENGTHS, (1, 2, 4, 8))[0]
        key = (document, length, rng.randrange(4))
        if key not in windows:
            part = Part(document, f"{document}.txt", document, "book", "CC0-1.0", 0, SIZE, False)
            name = "-".join(map(str, key))
            windows[key] = Window(name, "single", languages[document], (part,), length - 100)
        window = windows[key]
        task = rng.choices(names, shares)[0]
        family = rng.choice(TASKS[task][0])
        places = [int(SIZE * rng.random() ** 1.5) for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5)))]
        evidence = tuple(Evidence("quote", 0, place, place) for place in places)
        example = Example(
            f"{number:06d}", window, family, task, window.language, "q", "a", evidence, "bench"
        )
        spread = round(rng.random(), 4)
        depths = tuple(place / SIZE for place in places)
        made.append(Sample(example, depths, {"grounding": 1.0, "spread": spread}))
    return made


def main() -> None:
    """Run one mix and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, default=200_000)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--document-share", type=float, default=0.02)
    parser.add_argument("--chinese", type=float, default=0.3, help="share of the long rows")
    arguments = parser.parse_args()
    pool = candidates(arguments.candidates, arguments.documents, seed=1)
    pairs = [ShortPair(f"s{n}", "i", "", "o", "en", "", "x") for n in range(4000)]
    spec = MixSpec(
        lengths=dict.fromkeys(LENGTHS, 0.25),
        languages={"en": 1 - arguments.chinese, "zh": arguments.chinese},
        max_document_share=arguments.document_share,
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, cpu = time.perf_counter(), time.process_time()
    made = mix(pool, pairs, spec, 42, Context("mix", 42))
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    long_rows = [row for row in made.train if isinstance(row, Sample)]
    pieces = [piece for row in long_rows for piece in row.example.evidence]
    deciles = Counter(10 * piece.start // SIZE for piece in pieces)
    given = Counter(row.example.window.parts[0].document_id for row in long_rows)
    took = f"{seconds:.1f} s ({cpu:.1f} CPU s), {(peak - before) >> 10} MB"
    print(f"{len(pool)} candidates → {made.realised} in {took}")
    for dimension, values in made.shares.items():
        for value, share in values.items():
            print(f"  {dimension:>9} {value:<18} {share['target']:.4f} → {share['realised']:.4f}")
    print(f"  pieces of evidence per depth decile: {[deciles[decile] for decile in range(10)]}")
    print(f"  most rows of one document: {max(given.values())} of {len(given)} documents")
    print(f"  lacking: {list(made.lacking)}\n  note: {made.note or '-'}")


if __name__ == "__main__":
    main()
