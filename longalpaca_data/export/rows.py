"""Chosen samples and pairs → rows of the data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from longalpaca_data.core.records import Sample, ShortPair
from longalpaca_data.export.schema import DatasetRow, EvidenceSpan
from longalpaca_data.windows.documents import Documents
from longalpaca_data.windows.instruction import Instruction, assemble


class RowWriter:
    """Turns chosen samples and pairs into rows; counts a window's tokens once for all its rows."""

    def __init__(self, documents: Documents, seed: int, count_tokens: Callable[[str], int]) -> None:
        self._documents = documents
        self._seed = seed
        self._count = count_tokens
        self._window_tokens: dict[str, int] = {}

    def row(self, chosen: Sample | ShortPair) -> DatasetRow:
        """Return one row, a sample's or a pair's."""
        return self._long(chosen) if isinstance(chosen, Sample) else self._short(chosen)

    def _long(self, sample: Sample) -> DatasetRow:
        example = sample.example
        parts = example.window.parts
        texts = self._documents.texts(example.window)
        instruction = assemble(example, texts, self._seed)
        return {
            "id": sample.id,
            "instruction": instruction.text,
            "input": "",
            "output": example.answer,
            "file": "; ".join(part.path for part in parts),
            "task": example.task,
            "family": example.family,
            "language": example.language,
            "document_ids": [part.document_id for part in parts],
            "titles": [part.title for part in parts],
            "licences": [part.licence for part in parts],
            "n_tokens": self._tokens(sample, instruction, texts),
            "question": example.question,
            "evidence": list(_evidence(sample, instruction)),
            "generator": example.generator,
            "scores": [{"name": k, "value": v} for k, v in sorted(sample.scores.items())],
        }

    def _tokens(self, sample: Sample, instruction: Instruction, texts: Sequence[str]) -> int:
        """Count instruction and output. Pieces are cut after line ends, where BPE vocabularies
        never merge across, so their counts add up to the count of the whole.
        """
        window = sample.example.window
        if window.id not in self._window_tokens:
            self._window_tokens[window.id] = sum(self._count(text + "\n\n") for text in texts)
        around, at = [], 0
        for offset, text in zip(instruction.offsets, texts, strict=True):
            around.append(instruction.text[at:offset])
            at = offset + len(text) + 2
        around.extend((instruction.text[at:], sample.example.answer))
        return self._window_tokens[window.id] + sum(self._count(piece) for piece in around)

    def _short(self, pair: ShortPair) -> DatasetRow:
        return {
            "id": pair.id,
            "instruction": pair.instruction,
            "input": pair.input,
            "output": pair.output,
            "file": "",
            "task": "short",
            "family": "short",
            "language": pair.language,
            "document_ids": [],
            "titles": [],
            "licences": [pair.licence],
            "n_tokens": sum(self._count(t) for t in (pair.instruction, pair.input, pair.output)),
            "question": pair.instruction,
            "evidence": [],
            "generator": "given",
            "scores": [],
        }


def _evidence(sample: Sample, instruction: Instruction) -> Iterator[EvidenceSpan]:
    spans, example = instruction.spans(sample.example), sample.example
    for piece, (start, end), depth in zip(example.evidence, spans, sample.depths, strict=True):
        yield {"quote": piece.quote, "start": start, "end": end, "depth": depth}
