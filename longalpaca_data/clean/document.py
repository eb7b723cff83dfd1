"""The stage ``clean``: RawDocument → Document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from longalpaca_data.clean import gutenberg, kind, licence, naming
from longalpaca_data.clean.account import Losses, of_the_text
from longalpaca_data.clean.chunks import Chunk, Piece, chunk
from longalpaca_data.clean.contents import drop_leaders, key, take_contents
from longalpaca_data.clean.embedded import split_embedded, without_index, without_second_copies
from longalpaca_data.clean.headings import mark_headings
from longalpaca_data.clean.labels import spaced
from longalpaca_data.clean.lines import paragraphs, without_emphasis
from longalpaca_data.clean.openings import in_small_letters
from longalpaca_data.clean.running_headers import remove_running_headers
from longalpaca_data.clean.spans import SEPARATOR, clean_table, spans_of, with_grid
from longalpaca_data.clean.suspicions import with_suspicions
from longalpaca_data.clean.unicode import (
    characters,
    clean_code,
    clean_text,
    line_characters,
    without_runs,
)
from longalpaca_data.core import language
from longalpaca_data.core.records import Account, Block, Document, RawDocument, Section, content_id
from longalpaca_data.pipeline.stage import Context, Stage

RULES = 4  # raised when the rules change: documents are then cleaned again
LANGUAGES = ("en", "zh")
STRAY_SLASH = re.compile(r"(?<=[.;!?])/$")
MIN_HEADINGS = 2  # with fewer, paragraphs may be headings that nobody marked as such


class Unusable(Exception):  # noqa: N818 — a verdict, not an error
    """The document is dropped; ``reason`` and ``detail`` as in the drop."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


def clean_stage(
    count_tokens: Callable[[str], int],
    *,
    languages: Sequence[str] = LANGUAGES,
    min_kept: float = 0.0,
) -> Stage[RawDocument, Document]:
    """Return the stage. ``count_tokens`` must be picklable; what it is belongs to its owner's
    ``depends``, so a caller that changes the tokenizer changes the recipe's fingerprint.
    """
    run = partial(clean, count_tokens=count_tokens, languages=tuple(languages), min_kept=min_kept)
    return Stage("clean", run, Document, (RULES, tuple(languages), min_kept))


def clean(
    documents: Iterable[RawDocument],
    ctx: Context,
    *,
    count_tokens: Callable[[str], int],
    languages: Sequence[str] = LANGUAGES,
    min_kept: float = 0.0,
) -> Iterator[Document]:
    """Clean documents; drops are 'empty after cleaning', 'unsupported language' and, where less
    than ``min_kept`` of a document's own text is left, 'mostly lost'.
    """
    for raw in documents:
        try:
            document = clean_document(raw, count_tokens, languages)
            _refuse_mostly_lost(document.account, min_kept)
        except Unusable as verdict:
            ctx.drop(raw, verdict.reason, verdict.detail)
        else:
            ctx.count(f"language {document.language}")
            ctx.count(f"kind {document.kind}")
            yield document


def _refuse_mostly_lost(account: Account, min_kept: float) -> None:
    lost, seen = of_the_text(account)
    if account.kept < min_kept * seen:
        most = max(sorted(lost), key=lost.__getitem__, default="without a reason")
        raise Unusable(
            "mostly lost",
            f"{account.kept} of {seen} characters are left, less than clean.min_kept; "
            f"most went as: {most}",
        )


def clean_document(
    raw: RawDocument, count_tokens: Callable[[str], int], languages: Sequence[str] = LANGUAGES
) -> Document:
    """Clean one document. Raises Unusable."""
    losses = Losses(raw)
    draft = _draft(raw, losses)
    text, sections = assemble(draft.blocks)
    if not any(map(str.isalnum, text)):
        raise Unusable("empty after cleaning")
    code = language.decide(raw.language, text)
    if not language.accepted(code, languages):
        raise Unusable("unsupported language", f"{code}; supported: {', '.join(languages)}")
    guessed = kind.guess(
        draft.title, [section.title for section in sections], text, raw.format, draft.is_book
    )
    document = Document(
        id=content_id(draft.title, text),
        path=raw.path,
        title=draft.title,
        kind=raw.kind or guessed,
        language=code,
        licence=draft.licence,
        author=draft.author,
        group=raw.group,
        sections=sections,
        text=text,
        n_tokens=count_tokens(text),
        blocks=spans_of(draft.blocks),
        account=losses.account(draft.blocks),
    )
    return replace(document, account=with_suspicions(document, raw, losses.thin_pages))


@dataclass(frozen=True, slots=True)
class Draft:
    """A document whose blocks are clean and whose title is known."""

    blocks: list[Block]
    title: str
    author: str
    licence: str
    is_book: bool


def _draft(raw: RawDocument, losses: Losses) -> Draft:
    blocks = losses.step("unprintable", raw.blocks, [_plain(block) for block in raw.blocks])
    stripped, facts = gutenberg.strip(blocks)
    blocks = losses.step("Project Gutenberg's matter", blocks, stripped)
    blocks = losses.running_lines(blocks, remove_running_headers(blocks))
    blocks = losses.step("contents", blocks, drop_leaders(blocks))
    pieces = chunk(blocks)
    if sum(block.kind == "heading" for block in blocks) < MIN_HEADINGS:
        pieces = [_as_chunk(piece) for piece in pieces]
    without_contents, entries, body = take_contents(pieces)
    losses.step("contents", pieces, without_contents)
    rest = without_contents[body:]
    marked = [*without_contents[:body], *losses.headed(rest, mark_headings(rest, entries))]
    joined = losses.joined(marked, split_embedded(paragraphs(marked)))
    finished = _finished(joined, raw.format, losses)
    name, author = naming.name(naming.Witnesses(raw, facts, pieces, marked, finished))
    return Draft(
        _without_title(finished, name),
        name,
        author,
        licence.short(raw.licence) or facts.licence or licence.of_front(blocks),
        facts.found or bool(author and raw.format == "text"),
    )


def _finished(
    joined: Sequence[Block],
    file_format: str,
    losses: Losses,
) -> list[Block]:
    blocks = [clean_block(block) for block in joined]
    if file_format == "text":
        blocks = [*losses.step("emphasis mark", blocks, [_without_emphasis(b) for b in blocks])]
    blocks = [with_grid(block) for block in blocks if block.text.strip()]
    once = losses.step("second copy", blocks, without_second_copies(blocks))
    return in_small_letters([*losses.step("index", once, without_index(once))])


def _plain(block: Block) -> Block:
    """Mend a block's characters; most have nothing to mend, and stay the object that they are."""
    if block.grid is not None:
        return clean_table(block)
    mend = line_characters if block.kind == "line" else characters
    text = without_runs(mend(block.text))
    return block if text == block.text else replace(block, text=text)


def _as_chunk(piece: Piece) -> Piece:
    if isinstance(piece, Chunk) or piece.kind != "paragraph":
        return piece
    return Chunk(tuple(piece.text.split("\n")), 1, piece.page, piece.size, piece.bold)


def _without_emphasis(block: Block) -> Block:
    text = without_emphasis(block.text)
    return block if block.grid is not None or text == block.text else replace(block, text=text)


def clean_block(block: Block) -> Block:
    """Squeeze a block's white space; code keeps its indentation. A table with a grid is clean."""
    if block.grid is not None:
        return block
    if block.kind == "code":
        return replace(block, text=clean_code(block.text))
    text = clean_text(block.text)
    if block.kind == "heading":
        return replace(block, text=spaced(" ".join(text.split())))
    return replace(block, text=STRAY_SLASH.sub("", text))


def _without_title(blocks: list[Block], name: str) -> list[Block]:
    """A heading that repeats the document's title is its title, not a section.

    So is a first heading that stands above all others and says a part of it: "Annual Report 2021"
    in a document named "Annual Report 2021 – Straith Scaleworks plc".
    """
    if not key(name):
        return blocks
    same = re.compile(re.escape(key(name)) + r"(?:by.{0,60})?")
    levels = [block.level for block in blocks if block.kind == "heading"]
    alone = len(levels) > 1 and levels[0] < min(levels[1:])
    result: list[Block] = []
    for block in blocks:
        is_heading = block.kind == "heading"
        is_first = is_heading and alone and block.level == levels[0]
        if is_heading and (
            same.fullmatch(key(block.text)) or (is_first and key(block.text) in key(name))
        ):
            result.append(replace(block, kind="paragraph", level=0))
        else:
            result.append(block)
    return result


def assemble(blocks: Sequence[Block]) -> tuple[str, tuple[Section, ...]]:
    """Join blocks with blank lines; return the text and its sections with exact offsets."""
    used = sorted({block.level or 1 for block in blocks if block.kind == "heading"})
    rank = {level: index + 1 for index, level in enumerate(used)}
    offset, starts = 0, []
    for block in blocks:
        if block.kind == "heading":
            starts.append((block.text, rank[block.level or 1], offset))
        offset += len(block.text) + len(SEPARATOR)
    text = SEPARATOR.join(block.text for block in blocks)
    sections = []
    for index, (heading, level, start) in enumerate(starts):
        below = (starts[later] for later in range(index + 1, len(starts)))
        following = (later[2] for later in below if later[1] <= level)
        end = next(following, len(text) + len(SEPARATOR)) - len(SEPARATOR)
        sections.append(Section(heading, level, start, start + len(heading), end))
    return text, tuple(sections)
