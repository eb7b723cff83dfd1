"""A synthetic data set in every format: speed and peak memory of writing and of reading back.

    python bench/export.py               # 1 GB
    python bench/export.py --mb 200

Each figure is from a process of its own; MB are of the text in the rows (UTF-8). A row is a long
one, some 430 KB of English-like words with Chinese ones among them. Needs Linux (/proc), and twice
the size on disk under --folder.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from longalpaca_data.export import FORMATS, export, write_split
from longalpaca_data.rowfiles.validate import validate

ROW_BYTES = 430_000
BASE = "(one row)"


def material(seed: int) -> str:
    """Return two rows' worth of text that does not compress away."""
    rng = random.Random(seed)
    words = ["".join(rng.choices("etaoinshrdlucmfwyp", k=rng.randint(2, 10))) for _ in range(8000)]
    words += ["“", "”\n\n", "naïve", "长文", "数据", '"']
    return " ".join(rng.choices(words, k=2 * ROW_BYTES // 6))


def rows(count: int) -> Iterator[dict[str, Any]]:
    """Yield ``count`` long rows, each another window of a text that changes now and then."""
    text = ""
    for number in range(count):
        if number % 20 == 0:
            text = material(number)
        at = number % 20 * 15_000
        window = text[at : at + ROW_BYTES]
        yield {
            "id": str(number),
            "instruction": f"Read this.\n\n{window}\n\nIt ends here.\nWhat is said?",
            "input": "",
            "output": "An answer.",
            "file": "book.txt",
            "task": "short_qa",
            "family": "bench",
            "language": "en",
            "document_ids": ["d"],
            "titles": ["A book"],
            "licences": ["CC0-1.0"],
            "n_tokens": 100_000,
            "question": "What is said?",
            "evidence": [],
            "generator": "bench",
            "scores": [],
        }


def peak_mb() -> float:
    """Return this process's peak resident memory."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure(step: str, name: str, source: Path, target: Path) -> dict[str, float]:
    """Write a format, or read it back with all of validation's checks."""
    started = time.perf_counter()
    if step == "write":
        export(source, name, target)
    else:
        assert not validate(target).problems
    return {"seconds": time.perf_counter() - started, "peak": peak_mb()}


def child(step: str, name: str, source: Path, target: Path) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, "--one", step, name, str(source), str(target)]
    out = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(out.stdout)
    return found


def main() -> None:
    """Make the data set, then write and read every format, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mb", type=int, default=1000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        step, name, source, target = arguments.one
        print(json.dumps(measure(step, name, Path(source), Path(target))))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as scratch:
        for label, count in ((BASE, 1), ("", arguments.mb * 1_000_000 // ROW_BYTES)):
            source = Path(scratch) / f"set{count}"
            started = time.perf_counter()
            (*_,) = write_split(source, "train", rows(count), count)
            seconds = time.perf_counter() - started
            if not label:
                print(f"{count} rows made and written as Parquet in {seconds:.0f} s", flush=True)
            for form in FORMATS.values() if not label else [FORMATS["alpaca"]]:
                target = Path(scratch) / (form.name + next(iter(form.suffixes), ""))
                wrote, read = (child(s, form.name, source, target) for s in ("write", "read"))
                if label:
                    print(f"{label}: write {wrote['peak']:.0f} MB, read {read['peak']:.0f} MB")
                    continue
                mb = count * ROW_BYTES / 1e6
                print(
                    f"{form.name:18} write {mb / wrote['seconds']:4.0f} MB/s, "
                    f"peak {wrote['peak']:4.0f} MB   read and check "
                    f"{mb / read['seconds']:4.0f} MB/s, peak {read['peak']:4.0f} MB",
                    flush=True,
                )
                shutil.rmtree(target) if target.is_dir() else target.unlink()


if __name__ == "__main__":
    main()
