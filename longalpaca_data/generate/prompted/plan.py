"""Which question is asked of which window, at which depth: settled before any call is made.

Peers ask per chunk, front to back, and stop when they have enough: all questions then come from
the first pages. Here each assignment goes to what has had least so far: the kind of question
furthest below its share, then the emptiest length bucket, then the emptiest document.

Where in a document the nth question of a kind is asked is the nth member of a sequence that fills
0-1 evenly however far it goes. It depends on the document, the kind and the length alone: another
document, or more rows, leave the questions that were asked, and paid for, as they are.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from longalpaca_data.core.language import worded
from longalpaca_data.core.records import Window, content_id
from longalpaca_data.generate.prompted.templates import Template

_STEPS = (0.8191725134, 0.6710436067, 0.5497004779)
"""Steps of the sequence per kind of question, length bucket and question. The fractional parts of
multiples of such irrational numbers fill 0-1 evenly (Kronecker; from the root of x⁴ = x + 1).
"""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place that a question should rest on: ``depth`` within part ``part`` of the window, 0-1."""

    part: int
    depth: float


@dataclass(frozen=True, slots=True)
class Assignment:
    """One question to be asked for. ``depth`` is the planned depth in the whole window, 0-1;
    ``rank`` its turn in the plan: the first so many are spread as evenly as all.
    """

    id: str
    window: Window
    template: Template
    anchors: tuple[Anchor, ...]
    depth: float
    style: str
    persona: str
    rank: int = 0

    @property
    def source(self) -> str:
        """The window's source."""
        return self.window.source


def plan(
    windows: Sequence[Window],
    templates: Iterable[Template],
    rows: int,
    *,
    seed: int,
    rows_per_1k_tokens: float,
    tasks: Mapping[str, float] = {},
) -> list[Assignment]:
    """Spread up to ``rows`` assignments over length × depth × kind × document.

    ``tasks`` gives shares of the data set's tasks; kinds of questions share their task's share by
    their weights. Fewer than ``rows`` come back when the windows' lengths allow no more. The order
    is that of the windows: calls about one document run next to each other, for prefix caches.
    """
    planner = _Planner(windows, tuple(templates), seed, rows_per_1k_tokens, tasks)
    made = [a for a in (planner.next() for _ in range(rows)) if a is not None]
    place = {window.id: index for index, window in enumerate(windows)}
    return sorted(made, key=lambda a: (place[a.window.id], a.template.name, a.id))


class _Planner:
    def __init__(
        self,
        windows: Sequence[Window],
        templates: tuple[Template, ...],
        seed: int,
        density: float,
        tasks: Mapping[str, float],
    ) -> None:
        self.seed = seed
        self.room = {w.id: max(1, round(density * w.n_tokens / 1000)) for w in windows}
        self.template = {(t.name, t.language): t for t in templates}
        # name → length bucket → document → windows
        self.candidates: dict[str, dict[int, dict[str, list[Window]]]] = {}
        weights: dict[str, float] = {}
        for template in templates:
            for window in windows:
                weight = _weight(template, window, tasks)
                if weight and template.suits(window):
                    document = window.parts[0].document_id
                    buckets = self.candidates.setdefault(template.name, {})
                    documents = buckets.setdefault(_bucket(window), defaultdict(list))
                    documents[document].append(window)
                    weights[template.name] = max(weights.get(template.name, 0.0), weight)
        self.weights = _scaled(weights, templates, tasks)
        self.rank = {name: rank for rank, name in enumerate(sorted({t.name for t in templates}))}
        self.extent: Counter[str] = Counter()  # where a document ends, as far as windows go
        for part in (part for window in windows for part in window.parts):
            self.extent[part.document_id] = max(self.extent[part.document_id], part.end)
        self.heaps = {
            (name, bucket): [(0, self._order(name, document), document) for document in documents]
            for name, buckets in self.candidates.items()
            for bucket, documents in buckets.items()
        }
        for heap in self.heaps.values():
            heapq.heapify(heap)
        self.names: Counter[str] = Counter()
        self.buckets: Counter[int] = Counter()
        self.documents: Counter[str] = Counter()
        self.windows: Counter[str] = Counter()
        self.pairs: Counter[tuple[str, str]] = Counter()
        self.asked: Counter[tuple[str, int, str]] = Counter()  # kind, bucket, document

    def next(self) -> Assignment | None:
        """Return the next assignment, None when no window has room."""
        while self.weights:
            name = min(self.weights, key=lambda n: ((self.names[n] + 0.5) / self.weights[n], n))
            for bucket in sorted(self.candidates[name], key=lambda b: (self.buckets[b], b)):
                window = self._window(name, bucket)
                if window is not None:
                    return self._assign(name, bucket, window)
            del self.weights[name]
        return None

    def _window(self, name: str, bucket: int) -> Window | None:
        """Return the least used window of the least used document that has room."""
        heap = self.heaps[name, bucket]
        while heap:
            given, order, document = heap[0]
            if given < self.documents[document]:
                heapq.heapreplace(heap, (self.documents[document], order, document))
                continue
            free = [
                w
                for w in self.candidates[name][bucket][document]
                if self.windows[w.id] < self.room[w.id] and self._may_again(name, w)
            ]
            if free:
                place = self._place(name, bucket, document)
                return min(free, key=lambda w: self._preference(name, w, place))
            heapq.heappop(heap)  # rooms only fill up: what is full stays full
        return None

    def _place(self, name: str, bucket: int, document: str) -> float:
        """Return where in a document the next question of a kind and a length rests, 0-1."""
        start = int(content_id(self.seed, "place", document)[:8], 16) / 2**32
        numbers = (self.rank[name], bucket, self.asked[name, bucket, document])
        steps = [step * number for step, number in zip(_STEPS, numbers, strict=True)]
        return (start + sum(steps)) % 1

    def _depth(self, window: Window, place: float) -> float:
        """Return how deep in a window a place of its (first) document is; beyond 0-1: outside."""
        part = window.parts[0]
        offset = place * self.extent[part.document_id]
        return (offset - part.start) / max(1, part.end - part.start)

    def _preference(self, name: str, window: Window, place: float) -> tuple[float, int, str]:
        """Return what makes a window the next one: it holds the place, and little was asked."""
        outside = max(0.0, abs(self._depth(window, place) - 0.5) - 0.5)
        return outside, self.pairs[name, window.id], self._order(name, window.id)

    def _may_again(self, name: str, window: Window) -> bool:
        most = self.template[name, worded(window.language)].per_window
        return not most or self.pairs[name, window.id] < most

    def _assign(self, name: str, bucket: int, window: Window) -> Assignment:
        template = self.template[name, worded(window.language)]
        serial = self.pairs[name, window.id]
        key = content_id(self.seed, name, window.id, serial)
        rng = random.Random(key)
        document = window.parts[0].document_id
        place = self._place(name, bucket, document)
        depth = self._depth(window, place)
        if not 0 <= depth < 1:  # the windows that hold the place are full
            depth = place
        anchors = tuple(_anchors(template, window, depth))
        for counter, counted in (
            (self.names, name),
            (self.buckets, bucket),
            (self.windows, window.id),
            (self.pairs, (name, window.id)),
            (self.asked, (name, bucket, document)),
        ):
            counter[counted] += 1  # type: ignore[index]  # each counter with its own key
        for part in window.parts:
            self.documents[part.document_id] += 1
        style, persona = rng.choice(template.styles), rng.choice(template.personas)
        rank = self.names.total() - 1
        return Assignment(key, window, template, anchors, depth, style, persona, rank)

    def _order(self, name: str, item: str) -> str:
        return content_id("plan", self.seed, name, item)


def _anchors(template: Template, window: Window, depth: float) -> Iterator[Anchor]:
    """Yield places as far apart as can be, the first at ``depth``; joint windows deal them out."""
    parts = len(window.parts)
    count = max(template.anchors, parts)
    if parts == 1:
        places = sorted((depth + step / count) % 1 for step in range(count))
        yield from (Anchor(0, place) for place in places)
        return
    for part in range(parts):
        own = count // parts + (part < count % parts)
        places = sorted((depth + (part + step * parts) / count) % 1 for step in range(own))
        yield from (Anchor(part, place) for place in places)


def _bucket(window: Window) -> int:
    """Return the window's length bucket: doublings of tokens."""
    return max(1, window.n_tokens).bit_length()


def _weight(template: Template, window: Window, tasks: Mapping[str, float]) -> float:
    if tasks and not tasks.get(template.task_of(window), 0.0):
        return 0.0
    return template.share


def _scaled(
    weights: Mapping[str, float], templates: Sequence[Template], tasks: Mapping[str, float]
) -> dict[str, float]:
    """Give each task its share, dealt out over its kinds of questions by their weights."""
    if not tasks:
        return dict(weights)
    task = {t.name: ("book_qa", "document_analysis") if t.task == "auto" else (t.task,)
            for t in templates}  # fmt: skip
    totals: Counter[str] = Counter()
    for name, weight in weights.items():
        for one in task[name]:
            totals[one] += weight  # type: ignore[assignment]  # a Counter of weights
    return {
        name: weight * sum(tasks.get(one, 0.0) / totals[one] for one in task[name])
        for name, weight in weights.items()
    }
