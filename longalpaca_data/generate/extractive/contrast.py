"""Sentences that only one of several documents can have said."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from longalpaca_data.generate.extractive.clauses import main_clause, pointer, uncut
from longalpaca_data.generate.extractive.parsed_part import ParsedPart, Sentence
from longalpaca_data.generate.extractive.sentence_quality import (
    clean,
    content_words,
    in_references,
    quotable,
    stands_alone,
)

_LENGTH = {"en": (60, 300), "zh": (18, 120)}
_FEWEST_WORDS = {"en": 6, "zh": 8}
_OWN_WORDS = 2  # content words of the sentence that no other document uses at all
_SHARED = 0.5  # more shared content words than this and another sentence may say the same


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The content words of a document: which sentences use each of them."""

    sentences: dict[str, tuple[int, ...]]

    @classmethod
    def of(cls, reading: ParsedPart) -> Vocabulary:
        """Read a part's words, headings and tables included."""
        places: dict[str, list[int]] = defaultdict(list)
        texts = [sentence.text for sentence in reading.sentences]
        texts += [paragraph.text for paragraph in reading.paragraphs if not paragraph.prose]
        for number, text in enumerate(texts):
            for word in content_words(text, reading.language):
                places[word].append(number)
        return cls({word: tuple(numbers) for word, numbers in places.items()})

    def most_shared(self, words: Iterable[str]) -> int:
        """Return how many of these words the sentence that has most of them has."""
        counts = Counter(n for word in words for n in self.sentences.get(word, ()))
        return max(counts.values(), default=0)


def telling_sentences(
    reading: ParsedPart, others: Sequence[Vocabulary], *, own_words: int = _OWN_WORDS
) -> Iterator[Sentence]:
    """Yield clean, self-contained sentences of a document that none of the others says too."""
    shortest, longest = _LENGTH[reading.language]
    for sentence in reading.sentences:
        text = sentence.text
        if not (shortest <= len(text) <= longest and text[-1] in ".。" and quotable(text)):
            continue
        if not (
            clean(text, reading.language) and stands_alone(text, reading.language, strict=True)
        ):
            continue
        if in_references(reading, sentence) or not uncut(reading, sentence):
            continue
        if reading.language == "en" and (pointer(text) or not main_clause(text)):
            continue
        words = content_words(text, reading.language)
        if len(words) < _FEWEST_WORDS[reading.language] or not reading.unique(text):
            continue
        own = sum(all(word not in other.sentences for other in others) for word in words)
        alike = max((other.most_shared(words) for other in others), default=0)
        if own >= own_words and alike <= _SHARED * len(words):
            yield sentence
