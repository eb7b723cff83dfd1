from __future__ import annotations

import pytest

from longalpaca_data.generate.extractive.families.acronym_expansion import (
    find,
    initials,
    spelt_out,
)


def found(reading) -> dict[str, str]:
    return {f.slots["short"]: f.slots["full"] for f in find((reading,))}


@pytest.mark.parametrize(
    ("short", "words", "full"),
    [
        ("ACLs", "rules are kept in access control lists", "access control lists"),
        ("OMB", "the Office of Management and Budget", "Office of Management and Budget"),
        ("SaaS", "cloud services and software as a service", "software as a service"),
        ("HPC", "sessions on high-performance computing", "high-performance computing"),
        ("NVT", "in the canonical", ""),
        ("XML", "the extensible markup language", ""),
    ],
)
def test_believes_what_the_letters_confirm(short: str, words: str, full: str) -> None:
    assert spelt_out(short, words) == full


def test_finds_both_orders_and_shows_the_evidence(read) -> None:
    reading = read(
        "They use a zero trust architecture (ZTA). The PDP (policy decision point) rules."
    )
    assert found(reading) == {"ZTA": "zero trust architecture", "PDP": "policy decision point"}
    quotes = [reading.text[s.start : s.end] for f in find((reading,)) for s in f.evidence]
    assert quotes == ["zero trust architecture (ZTA)", "PDP (policy decision point)"]


def test_what_the_initials_give_away_is_asked_the_other_way(read) -> None:
    text = "They use a zero trust architecture (ZTA) and a remote desktop (RDT) for the mill."
    assert [f.wording for f in find((read(text),)) if f.slots["short"] == "ZTA"] == ["expand"]
    assert initials("Office of Management and Budget") == "omb"
    assert initials("artificial neural networks") == "ann"


def test_two_meanings_or_two_short_forms_are_ambiguous(read) -> None:
    two = "A policy administrator (PA) rules. A power amplifier (PA) hums."
    assert not found(read(two))
    forms = "The access list (AL) is long, and the same access list (A-L) is short."
    assert not found(read(forms))
    assert not found(read("The public address (PA) and the private address (PA) differ."))


def test_chinese(read) -> None:
    text = (
        "管理员可使用发件人策略框架（Sender Policy Framework，即SPF）。"
        "零信任架构（ZTA）是一种思路。"
    )
    assert found(read(text, "zh")) == {"SPF": "Sender Policy Framework", "ZTA": "零信任架构"}
    assert not found(read("我们把它用在了很好的架构（ZTA）里。", "zh"))
