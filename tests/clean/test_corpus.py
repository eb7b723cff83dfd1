"""Real documents: word F1 against ground truth, and the sections that people would name.

The floors are what was measured, less half a point; they never fall silently.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from longalpaca_data.clean import clean_document
from longalpaca_data.collect import discover, read_reference
from longalpaca_data.core.records import Document

pytestmark = [pytest.mark.corpus, pytest.mark.slow]

# File → (floor of word F1 in per cent, the ground truth leaves the references out).
FLOORS = {
    "acl_n18-3011_literature_graph": (94.6, True),
    "debian_policy": (97.7, False),
    "jose_00239": (91.9, False),
    "jose_00299": (95.9, True),
    "r_language_definition": (98.7, False),
}
MEAN_FLOOR = 96.0

# File → title, kind, language, sections, and some of the outermost ones.
FACTS = {
    "moby_dick.txt": (
        "Moby Dick",
        "book",
        "en",
        138,
        ("CHAPTER 32. Cetology.", "Epilogue"),
    ),
    "dorian_gray.txt": (
        "The Picture of Dorian Gray",
        "book",
        "en",
        21,
        ("THE PREFACE", "CHAPTER XX."),
    ),
    "jekyll_hyde.txt": (
        "The Strange Case of Dr. Jekyll and Mr. Hyde",
        "book",
        "en",
        10,
        ("THE LAST NIGHT",),
    ),
    "pride_and_prejudice.html": (
        "Pride and prejudice",
        "book",
        "en",
        63,
        ("PREFACE.", "CHAPTER LXI."),
    ),
    "wuthering_heights.epub": ("Wuthering Heights", "book", "en", 34, ("CHAPTER XXXIV",)),
    "time_machine.epub": ("The Time Machine", "book", "en", 14, ("XII", "Epilogue")),
    "xiyouji.txt": ("西遊記", "book", "zh", 100, ("第一回 靈根育孕源流出 心性修持大道生",)),
    "hongloumeng.txt": (
        "紅樓夢",
        "book",
        "zh",
        120,
        (
            "第五回 游幻境指迷十二釵 飲仙醪曲演紅樓夢",
            "第一二零回 甄士隱詳說太虛情 賈雨村歸結紅樓夢",
        ),
    ),
    "treasure_island.txt": (
        "Treasure Island",
        "book",
        "en",
        40,
        ("PART ONE--The Old Buccaneer", "PART SIX--Captain Silver"),
    ),
    "lunyu.txt": ("Lun Yu", "book", "zh", 20, ("學而第一", "堯曰第二十")),
    "nist_sp800-207_zero_trust.pdf": (
        "Zero Trust Architecture",
        "report",
        "en",
        70,
        ("2 Zero Trust Basics",),
    ),
    "trustee_handbook.docx": (
        "Handbook for Chapter 13 Standing Trustees",
        "manual",
        "en",
        177,
        ("CHAPTER 6 - BUDGETS",),
    ),
    "r_internals.html": ("R Internals", "manual", "en", 76, ("8 Tools",)),
}

# Titles of the others. Two of the corpus stay in pinyin: their texts name them nowhere.
TITLES = {
    "acl_n18-3011_literature_graph.pdf": (
        "Construction of the Literature Graph in Semantic Scholar"
    ),
    "debian_handbook_zh_network.html": "Debian 管理员手册",
    "debian_policy.pdf": "Debian Policy Manual",
    "debian_reference_zh.pdf": "Debian 参考手册",
    "emnlp2020_dpr.pdf": "Dense Passage Retrieval for Open-Domain Question Answering",
    "galaxy_gaming_10k_2021.html": "Galaxy Gaming, Inc. Form 10-K for 2021",
    "hasyv2_dataset.pdf": "The HASYv2 dataset",
    "jose_00239.pdf": "Practical machine learning with PyTorch",
    "r_language_definition.pdf": "R Language Definition",
    "rulinwaishi.txt": "Ru Lin Wai Shi",
    "wealth_of_nations.txt": "An Inquiry into the Nature and Causes of the Wealth of Nations",
    "wikipedia_duck.html": "Duck",
}


def read(corpus: Path, name: str) -> Document:
    (reference,) = discover([str(corpus / name)])
    return clean_document(read_reference(reference), len)


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


def f1(corpus: Path, name: str, without_references: bool) -> float:
    text = read(corpus, f"{name}.pdf").text
    if without_references:
        text = text.split("\nReferences\n")[0]
    truth = corpus.parent / "ground_truth" / f"{name}.gt.txt"
    ours, theirs = words(text), words(truth.read_text(encoding="utf-8"))
    return 200 * (ours & theirs).total() / (ours.total() + theirs.total())


def test_word_f1(corpus: Path) -> None:
    if not (corpus.parent / "ground_truth").is_dir():
        pytest.skip("no ground_truth folder beside the corpus")
    scores = {name: f1(corpus, name, cut) for name, (_, cut) in FLOORS.items()}
    assert {name: score for name, score in scores.items() if score < FLOORS[name][0]} == {}
    assert sum(scores.values()) / len(scores) >= MEAN_FLOOR


@pytest.mark.parametrize("name", FACTS)
def test_facts(corpus: Path, name: str) -> None:
    title, kind, language, count, some = FACTS[name]
    document = read(corpus, name)
    assert (document.title, document.kind, document.language) == (title, kind, language)
    assert len(document.sections) == count
    outermost = [section.title for section in document.sections if section.level == 1]
    assert set(some) <= set(outermost)
    assert "Gutenberg" not in document.text
    assert all(document.text[s.start : s.body] == s.title for s in document.sections)


@pytest.mark.parametrize("name", TITLES)
def test_titles(corpus: Path, name: str) -> None:
    assert read(corpus, name).title == TITLES[name]


def test_books_hold_chapters_that_hold_parts(corpus: Path) -> None:
    document = read(corpus, "wealth_of_nations.txt")
    assert [s.title[:7] for s in document.sections if s.level == 1] == [
        "INTRODU",
        "BOOK I.",
        "BOOK II",
        "BOOK II",
        "BOOK IV",
        "BOOK V.",
    ]
    walden = read(corpus, "walden.txt")
    assert [s.title for s in walden.sections if s.level == 1] == [
        "WALDEN",
        "ON THE DUTY OF CIVIL DISOBEDIENCE",
    ]
    assert len(walden.sections) == 20
