"""Which short pairs are wanted first: those that look most different from one another.

Near-duplicates go first (MinHash, by rensa, over character n-grams). Then comes the order:
farthest-first traversal (greedy k-center) over hashed word n-grams (character n-grams for
Chinese): the next pair is always the one least like those already chosen, so that any prefix of
the order is as varied as a set of its size can nearly be. Plain farthest-first runs after
garbage, which is far from everything; a pair's distance therefore counts only as far as its words
occur in other pairs too. An embedding can stand in for the n-grams (``short_select: embedding``).

Similarities are sums of whole numbers below 2^24, which 32-bit floats hold exactly: the order is
the same on every machine, whatever its linear algebra adds up first.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from rensa import RMinHash

from longalpaca_data.core.language import HAN_CHARACTERS
from longalpaca_data.core.recipe import MixSpec
from longalpaca_data.core.records import ShortPair, content_id
from longalpaca_data.mix.embeddings import Embed, embedder
from longalpaca_data.pipeline.stage import Context

_WIDTH = 256
_LENGTH = 2048  # of a vector: the sums of a product stay below its square, 2^22
_MAX_CHARACTERS = 1500  # of a pair: what comes later hardly makes it another kind of task
_ENOUGH_WORDS = 4  # a pair of fewer is no more varied for that
_WORD = re.compile(r"[^\W\d_]+")
_HAN = re.compile(rf"[{HAN_CHARACTERS}]|[^\W\d_{HAN_CHARACTERS}]+")
_FRONT = 2048
_ROWS = 4096  # of the vectors that are worked on at a time

_GRAM, _ALIKE = 5, 0.8
_DOUBT = 0.18  # three standard deviations of a similarity estimated from 48 hashes
_HASHES, _BAND = 48, 4  # 12 bands: 99.8 % of the pairs at Jaccard 0.8 become candidates
_COMPARED = 20  # of a bucket's pairs: patterns with exchanged words fill some
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_MINHASH_SEED = 0

Floats = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]


def without_near_duplicates(
    pairs: Iterable[ShortPair], seed: int, context: Context
) -> Iterator[ShortPair]:
    """Let one of each group of near-equal questions pass; the others are counted drops.

    Near-equal: the Jaccard similarity of their character 5-grams is at least 0.8 (MinHash finds
    the candidates, each is then verified). The answers don't count: one question with two answers
    is one question. Which one stays is random but stable.
    """
    ordered = sorted(pairs, key=lambda pair: content_id("order", seed, pair.id))
    texts = [_plain(pair) for pair in ordered]
    prints = _fingerprints(texts)
    buckets: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for index, pair in enumerate(ordered):
        bands = list(enumerate(band.tobytes() for band in prints[index].reshape(-1, _BAND)))
        near = sorted({other for band in bands for other in buckets[band][-_COMPARED:]})
        agree = (prints[near] == prints[index]).mean(axis=1) if near else ()
        likely = (o for o, share in zip(near, agree, strict=True) if share >= _ALIKE - _DOUBT)
        twin = next((other for other in likely if _alike(texts[index], texts[other])), None)
        if twin is not None:
            context.drop(pair, "near-duplicate pair", f"like {ordered[twin].source}")
            continue
        for band in bands:
            buckets[band].append(index)
        yield pair


def _plain(pair: ShortPair) -> str:
    return " ".join(f"{pair.instruction} {pair.input}"[:_MAX_CHARACTERS].lower().split())


def _alike(one: str, two: str) -> bool:
    first, second = _grams(one), _grams(two)
    return len(first & second) >= _ALIKE * len(first | second)


def _grams(text: str) -> set[str]:
    return {text[at : at + _GRAM] for at in range(max(1, len(text) - _GRAM + 1))}


def _fingerprints(texts: Sequence[str]) -> npt.NDArray[np.uint32]:
    """Return the MinHash of each text's character 5-grams, n × 48."""
    prints = np.empty((len(texts), _HASHES), dtype=np.uint32)
    for at in range(0, len(texts), _ROWS):
        padded = [text.ljust(_GRAM) for text in texts[at : at + _ROWS]]
        codes = np.frombuffer("".join(padded).encode("utf-32-le"), dtype=np.uint32)
        hashes = np.zeros(len(codes), dtype=np.uint64)
        for step in range(_GRAM):
            hashes = hashes * _PRIME + np.roll(codes, -step)
        sizes = np.array([len(text) for text in padded])
        ends = np.repeat(np.add.accumulate(sizes), sizes)
        within = np.arange(len(codes)) <= ends - _GRAM  # no gram runs over its text's end
        starts = np.concatenate([[0], np.add.accumulate(sizes - _GRAM + 1)]).astype(np.uint64)
        digests = RMinHash.digest_matrix_from_flat_token_hashes(
            hashes[within], starts, num_perm=_HASHES, seed=_MINHASH_SEED
        )
        prints[at : at + _ROWS] = digests.to_rows()
    return prints


def in_order_of_choice(
    pairs: Iterable[ShortPair], spec: MixSpec, seed: int, reserve: int = 0
) -> list[ShortPair]:
    """Return the pairs in the order in which a mix should take them.

    ``spec.short`` of each language, and a ``reserve`` for those that a person rejects, are put in
    order; the rest follows at random. Languages alternate by the recipe's shares, or as they are.
    The order in which the pairs come makes no difference.
    """
    groups: dict[str, list[ShortPair]] = defaultdict(list)
    for pair in sorted(pairs, key=lambda pair: content_id("order", seed, pair.id)):
        groups[pair.language].append(pair)
    ordered = {language: groups[language] for language in sorted(groups)}
    if spec.short_select != "random":
        embed = embedder(spec.short_embedding) if spec.short_select == "embedding" else None
        for language, group in ordered.items():
            ordered[language] = _farthest_first(group, spec.short + reserve, language, embed)
    return list(_alternating(ordered, spec.languages))


def _alternating(
    groups: Mapping[str, Sequence[ShortPair]], shares: Mapping[str, float]
) -> Iterator[ShortPair]:
    """Yield from the groups so that every prefix has their shares, as long as they last."""
    weights = {language: shares.get(language, 0.0) for language in groups}
    if not any(weights.values()):
        weights = {language: float(len(group)) for language, group in groups.items()}
    given: Counter[str] = Counter()
    for _ in range(sum(map(len, groups.values()))):
        left = [language for language in groups if given[language] < len(groups[language])]
        language = min(left, key=lambda name: (given[name] + 1) / (weights[name] or 1e-9))
        yield groups[language][given[language]]
        given[language] += 1


def _farthest_first(
    pairs: Sequence[ShortPair], wanted: int, language: str, embed: Embed | None
) -> list[ShortPair]:
    """Put the first ``wanted`` pairs in the order of the traversal; the others stay behind."""
    vectors, familiar = _vectors([_words(pair, language) for pair in pairs])
    if embed is not None:
        vectors = _whole(embed([_asked(pair) for pair in pairs]))
    chosen = _traversal(vectors, familiar, min(wanted, len(pairs)))
    first = set(chosen)
    rest = (pair for index, pair in enumerate(pairs) if index not in first)
    return [*(pairs[index] for index in chosen), *rest]


def _words(pair: ShortPair, language: str) -> list[str]:
    pattern = _HAN if language == "zh" else _WORD
    return pattern.findall(_asked(pair).lower())


def _asked(pair: ShortPair) -> str:
    return f"{pair.instruction}\n{pair.input}"[:_MAX_CHARACTERS].rstrip()


def _terms(words: Sequence[str]) -> set[str]:
    """Return the words and the pairs of neighbouring words."""
    return {*words, *map(" ".join, pairwise(words))}


def _vectors(texts: Sequence[Sequence[str]]) -> tuple[Floats, Floats]:
    """Return a vector of whole numbers per text, n × 256, and its familiarity, n: how far its
    words are those of other texts, 0-1.
    """
    counts: Counter[str] = Counter()
    for words in texts:
        counts.update(_terms(words))
    # A term of one text makes no two alike. The others weigh by how rare they are, in whole bits.
    weights = {t: (len(texts) // count).bit_length() for t, count in counts.items() if count > 1}
    places = {term: zlib.crc32(term.encode()) for term in weights}
    vectors = np.zeros((len(texts), _WIDTH), dtype=np.float32)
    familiar = np.zeros(len(texts), dtype=np.float32)
    for row, words in enumerate(texts):
        known = sum(word in weights for word in words)
        familiar[row] = known / max(1, len(words)) * min(1.0, known / _ENOUGH_WORDS)
        terms = [term for term in _terms(words) if term in weights]
        hashes = np.array([places[term] for term in terms], dtype=np.int64)
        signed = np.array([weights[term] for term in terms]) * np.where(hashes >> 16 & 1, 1, -1)
        vectors[row] = np.bincount(hashes % _WIDTH, signed, _WIDTH)
    return _whole(vectors), familiar


def _whole(vectors: npt.NDArray[np.floating[Any]]) -> Floats:
    """Return vectors of equal length, in whole numbers; those of length 0 stay."""
    whole = np.zeros(vectors.shape, dtype=np.float32)
    for at in range(0, len(vectors), _ROWS):
        part = vectors[at : at + _ROWS].astype(np.float64)
        norms = np.sqrt((part**2).sum(axis=1))
        scale = np.divide(_LENGTH, norms, out=np.zeros_like(norms), where=norms > 0)
        whole[at : at + _ROWS] = np.rint(part * scale[:, None])
    return whole


def _traversal(vectors: Floats, familiar: Floats, wanted: int) -> list[int]:
    """Return the rows in the order of choice, the most typical one first.

    Only a front of the worthiest rows is brought up to date after each choice. Worth never grows,
    so the front's best is the best of all while it is worth more than any row behind the front
    was last time; then all rows are brought up to date together.
    """
    if not wanted:
        return []
    centre = vectors.sum(axis=0, dtype=np.float64)
    typical = (vectors * (centre / len(vectors))).sum(axis=1) * familiar
    chosen = [int(typical.argmax())]
    nearest = np.full(len(vectors), -float(_LENGTH**2), dtype=np.float32)
    fresh = chosen[:]
    while len(chosen) < wanted:
        _bring_up_to_date(nearest, vectors, fresh)
        worth = np.maximum(_LENGTH**2 - nearest, 0) * familiar  # rounding may pass the square
        worth[chosen] = -1
        fresh = [int(worth.argmax())]
        front = np.sort(np.argpartition(-worth, min(_FRONT, len(worth) - 1))[:_FRONT])
        behind = np.delete(worth, front).max(initial=-1)
        vectors_there, familiar_there = vectors[front], familiar[front]
        familiar_there[np.isin(front, [*chosen, *fresh])] = 0  # worth nothing any more
        near = nearest[front]
        while len(chosen) + len(fresh) < wanted:
            near = np.maximum(near, vectors_there @ vectors[fresh[-1]])
            worth = np.maximum(_LENGTH**2 - near, 0) * familiar_there
            here = int(worth.argmax())
            if worth[here] <= max(behind, 0):
                break
            familiar_there[here] = 0
            fresh.append(int(front[here]))
        chosen += fresh
    return chosen[:wanted]


def _bring_up_to_date(nearest: Floats, vectors: Floats, fresh: list[int]) -> None:
    for at in range(0, len(vectors), _ROWS):
        similar = (vectors[at : at + _ROWS] @ vectors[fresh].T).max(axis=1)
        np.maximum(nearest[at : at + _ROWS], similar, out=nearest[at : at + _ROWS])
