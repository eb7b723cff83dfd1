"""Articles out of web pages: this package beside trafilatura and resiliparse, in one run.

    python bench/reading/web_pages.py FOLDER

FOLDER is a checkout of the public article-extraction-benchmark: ``ground-truth.json`` (page id →
``articleBody``) and ``html/<id>.html.gz``. The metric is that benchmark's own: shingles of four
words, precision and recall averaged over pages, F1 of the two averages. A paragraph of ten words
or more counts as lost where under half of its shingles are in the output.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import mean

import trafilatura
from resiliparse.extract.html2text import extract_plain_text

from longalpaca_data.collect import html
from longalpaca_data.core.errors import UnreadableError

WORD = re.compile(r"\w+")
SHINGLE = 4
MIN_WORDS = 10
Extractor = Callable[[bytes], str]
Row = dict[str, float | int | str]


def ours(page: bytes) -> str:
    """Read a page as the collect stage does."""
    try:
        return "\n\n".join(block.text for block in html.read(page, "page.html").blocks)
    except UnreadableError:
        return ""


def with_trafilatura(page: bytes) -> str:
    """Read a page as trafilatura's authors do for this benchmark."""
    return trafilatura.extract(html.decode_markup(page), include_comments=False) or ""


def with_resiliparse(page: bytes) -> str:
    """Read a page by resiliparse's main content."""
    text = html.decode_markup(page)
    return str(extract_plain_text(text, main_content=True, alt_texts=False, comments=False))


EXTRACTORS: dict[str, Extractor] = {
    "longalpaca-data": ours,
    "trafilatura": with_trafilatura,
    "resiliparse": with_resiliparse,
}


def run(folder: Path) -> list[Row]:
    """Return a row per extractor: f1, precision, recall, pages per CPU-second, whole articles."""
    truth = json.loads((folder / "ground-truth.json").read_text("utf-8"))
    pages = {key: gzip.decompress((folder / f"html/{key}.html.gz").read_bytes()) for key in truth}
    bodies = {key: str(truth[key].get("articleBody", "")) for key in truth}
    return [_row(name, extract, pages, bodies) for name, extract in EXTRACTORS.items()]


def _row(
    name: str, extract: Extractor, pages: Mapping[str, bytes], bodies: Mapping[str, str]
) -> Row:
    start = time.process_time()
    texts = {key: extract(page) for key, page in pages.items()}
    seconds = time.process_time() - start
    scores = [_precision_recall(bodies[key], texts[key]) for key in pages]
    precision = mean(p for p, _ in scores if p is not None)
    recall = mean(r for _, r in scores if r is not None)
    return {
        "extractor": name,
        "f1": round(2 * precision * recall / (precision + recall), 3),
        "precision": round(precision, 3),
        "recall": round(recall, 3),
        "pages per CPU-second": round(len(pages) / seconds, 1),
        "articles": len(pages),
        "whole": sum(not _lost(bodies[key], texts[key]) for key in pages),
    }


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = WORD.findall(text)
    ends = range(max(1, len(words) - SHINGLE + 1))
    return Counter(shingle for at in ends if (shingle := tuple(words[at : at + SHINGLE])))


def _precision_recall(true: str, read: str) -> tuple[float | None, float | None]:
    expected, got = _shingles(true), _shingles(read)
    both = (expected & got).total()
    if not expected and not got:
        return None, None
    precision = both / got.total() if got else (0.0 if expected else None)
    return precision, both / expected.total() if expected else None


def _lost(true: str, read: str) -> int:
    got = _shingles(read)
    lost = 0
    for paragraph in true.split("\n"):
        expected = _shingles(paragraph)
        if len(WORD.findall(paragraph)) >= MIN_WORDS:
            lost += sum(shingle in got for shingle in expected) * 2 < len(expected)
    return lost


def main() -> None:
    """Print the table."""
    rows = run(Path(sys.argv[1]))
    print("| " + " | ".join(rows[0]) + " |")
    print("|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(map(str, row.values())) + " |")


if __name__ == "__main__":
    main()
