"""Documents → windows: the material of the long rows.

A document that fits is a window whole; a long one is also cut into windows of the recipe's
lengths, ``coverage`` times over, with other lengths each time. Cuts fall on headings where one is
near, else between blocks: only a table or code that is longer than the longest window is cut, at a
line's end. Documents that belong together share a window.
"""

from __future__ import annotations

import fnmatch
import itertools
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from longalpaca_data.core.blocks import blocks_of
from longalpaca_data.core.recipe import GroupSpec, WindowSpec
from longalpaca_data.core.records import Document, Part, Window, WindowKind, content_id
from longalpaca_data.core.years import document_year
from longalpaca_data.pipeline.stage import Context, Stage
from longalpaca_data.windows.documents import Documents

_VERSION = 2
_OF_LINES = frozenset({"table", "code"})
_LINE = re.compile(r"[^\n]*(?:\n|\Z)")
_HEADING_FROM = 0.75  # a cut may come this much earlier than the target to fall on a heading


def segment_stage(
    spec: WindowSpec, groups: Sequence[GroupSpec], count_tokens: Callable[[str], int]
) -> Stage[Document, Window]:
    """Return the stage ``segment``: Document → Window, one document a unit."""
    run = partial(_segment, spec=spec, groups=tuple(groups), count_tokens=count_tokens)
    return Stage("segment", run, Window, (_VERSION, spec.model_dump(), *_plain(groups)))


def group_stage(spec: WindowSpec, groups: Sequence[GroupSpec]) -> Stage[Document, Window]:
    """Return the stage ``group``: all documents → the windows of those that belong together."""
    run = partial(_group, spec=spec, groups=tuple(groups))
    depends = (_VERSION, spec.model_dump(), *_plain(groups))
    return Stage("group", run, Window, depends, shard=None)


def _plain(groups: Sequence[GroupSpec]) -> list[dict[str, object]]:
    return [group.model_dump(mode="json") for group in groups]


def _segment(
    documents: Iterable[Document],
    context: Context,
    spec: WindowSpec,
    groups: tuple[GroupSpec, ...],
    count_tokens: Callable[[str], int],
) -> Iterator[Window]:
    for document in documents:
        if document.n_tokens >= spec.min_tokens:
            yield from _windows(document, spec, count_tokens, context.rng(document.id))
        elif not _belongs(document, groups):  # a short report still counts within its series
            context.drop(document, "too short", f"{document.n_tokens} tokens")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A block, or a line of a long one: its start, its tokens, whether a section starts with it."""

    start: int
    tokens: int
    heading: bool


def _windows(
    document: Document, spec: WindowSpec, count_tokens: Callable[[str], int], rng: random.Random
) -> Iterator[Window]:
    longest = max(spec.lengths)
    if document.n_tokens <= longest:
        yield _single(document, 0, len(document.text), document.n_tokens)
    targets = [length for length in spec.lengths if length < 0.8 * document.n_tokens]
    if not targets:
        return
    pieces = list(_pieces(document, longest, count_tokens))
    seen = set()
    for _ in range(spec.coverage):
        for first, last in _cuts(pieces, targets, spec.min_tokens, rng):
            if (first, last) in seen:
                continue
            seen.add((first, last))
            end = pieces[last].start if last < len(pieces) else len(document.text)
            tokens = sum(piece.tokens for piece in pieces[first:last])
            if spec.min_tokens <= tokens <= longest:
                yield _single(document, pieces[first].start, end, tokens)


def _pieces(
    document: Document, longest: int, count_tokens: Callable[[str], int]
) -> Iterator[_Piece]:
    text, blocks = document.text, blocks_of(document)
    headings = {section.start for section in document.sections}
    following = [*(block.start for block in blocks[1:]), len(text)]
    for block, end in zip(blocks, following, strict=True):
        piece = _Piece(block.start, count_tokens(text[block.start : end]), block.start in headings)
        if piece.tokens <= longest or block.kind not in _OF_LINES:
            yield piece
            continue
        for line in _LINE.finditer(text, block.start, end):
            if line.group():
                yield _Piece(line.start(), count_tokens(line.group()), heading=False)


def _cuts(
    pieces: list[_Piece], targets: list[int], min_tokens: int, rng: random.Random
) -> Iterator[tuple[int, int]]:
    """Cut once through a document: yield (first piece, one past the last) of each window.

    Lengths come in shuffled rounds, so that every length gets its share of windows. A tail that
    would be too short takes in what comes before it; the two windows then overlap.
    """
    first = 0
    lengths = iter(_rounds(targets, rng))
    while first < len(pieces):
        target = next(lengths)
        last, tokens, on_heading = first, 0, None
        while last < len(pieces) and (last == first or tokens + pieces[last].tokens <= target):
            if pieces[last].heading and tokens >= _HEADING_FROM * target:
                on_heading = last
            tokens += pieces[last].tokens
            last += 1
        if last == len(pieces):
            while first > 0 and tokens < max(min_tokens, target // 2):
                first -= 1
                tokens += pieces[first].tokens
            yield first, last
            return
        last = on_heading or last
        while last - 1 > first and pieces[last - 1].heading:
            last -= 1  # a heading belongs to what it heads
        yield first, last
        first = last


def _rounds(targets: list[int], rng: random.Random) -> Iterator[int]:
    while True:
        order = list(targets)
        rng.shuffle(order)
        yield from order


def _single(document: Document, start: int, end: int, tokens: int) -> Window:
    text = document.text
    end = start + len(text[start:end].rstrip())
    part = _part(document, start, end)
    return _window("single", (part,), document.language, tokens)


def _part(document: Document, start: int, end: int) -> Part:
    whole = start == 0 and end == len(document.text.rstrip())
    return Part(
        document.id,
        document.path,
        document.title,
        document.kind,
        document.licence,
        start,
        end,
        whole,
    )


def _window(kind: WindowKind, parts: tuple[Part, ...], language: str, tokens: int) -> Window:
    spans = [(part.document_id, part.title, part.start, part.end) for part in parts]
    return Window(content_id(kind, spans), kind, language, parts, tokens)


def _group(
    documents: Iterable[Document],
    context: Context,
    spec: WindowSpec,
    groups: tuple[GroupSpec, ...],
) -> Iterator[Window]:
    members: dict[tuple[str, str, str], list[Document]] = defaultdict(list)
    for document in documents:
        for kind, name in _memberships(document, groups):
            members[kind, name, document.language].append(document)
    for (kind, name, _), together in sorted(members.items()):
        if len(together) < 2:
            context.count(f"{kind} group {name!r} has one document")
        elif kind == "papers":
            yield from _papers(together, spec, context)
        else:
            yield from _series(together, spec, context)


def _memberships(document: Document, groups: tuple[GroupSpec, ...]) -> Iterator[tuple[str, str]]:
    for group in groups:
        if any(_matches(document.path, pattern) for pattern in group.documents):
            yield group.kind, " ".join(group.documents)
    if document.group:
        # A folder named as a group: yearly reports if every name has a year, else papers.
        yield ("series" if _year(document) else "papers"), document.group


def _belongs(document: Document, groups: tuple[GroupSpec, ...]) -> bool:
    return any(True for _ in _memberships(document, groups))


def _matches(path: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path, f"*/{pattern}")


def _year(document: Document) -> int:
    """Return the year that a report is about, 0 where nothing tells it."""
    headings = (section.title for section in document.sections)
    return document_year(document.title, document.path, headings) or 0


def _papers(papers: list[Document], spec: WindowSpec, context: Context) -> Iterator[Window]:
    """Pair each paper with the next one: n papers make n pairs, two make one."""
    pairs = list(itertools.pairwise(papers))
    if len(papers) > 2:
        pairs.append((papers[-1], papers[0]))
    for pair in pairs:
        yield from _together("papers", pair, spec, context)


def _series(reports: list[Document], spec: WindowSpec, context: Context) -> Iterator[Window]:
    """All years in one window where they fit, and every two consecutive years."""
    dated = sorted(
        (report for report in reports if _year(report)), key=lambda r: (_year(r), r.path)
    )
    years = [_year(report) for report in dated]
    if len(set(years)) != len(years):
        context.count("series with two documents for one year")
        return
    if len(dated) > 2:
        yield from _together("series", dated, spec, context)
    for pair in itertools.pairwise(dated):
        yield from _together("series", pair, spec, context)


def _together(
    kind: WindowKind, documents: Sequence[Document], spec: WindowSpec, context: Context
) -> Iterator[Window]:
    tokens = sum(document.n_tokens for document in documents)
    if spec.min_tokens <= tokens <= max(spec.lengths):
        parts = tuple(_part(d, 0, len(d.text.rstrip())) for d in documents)
        yield _window(kind, parts, documents[0].language, tokens)
    else:
        context.count(f"{kind} too long or too short together")


def enough_windows(windows: Iterable[Window], tokens: float, seed: int) -> list[Window]:
    """Return windows, drawn at random, until they hold so many tokens together."""
    kept, held = [], 0
    for window in sorted(windows, key=lambda window: content_id(seed, window.id)):
        if held >= tokens:
            break
        kept.append(window)
        held += window.n_tokens
    return kept


def all_windows_in_order(store: Documents, windows: Iterable[Window]) -> list[Window]:
    """Return windows so that those of one document run next to each other (texts stay cached)."""
    position = {document_id: index for index, document_id in enumerate(store.ids())}
    return sorted(windows, key=lambda w: (position[w.parts[0].document_id], len(w.parts), w.source))
