"""Markdown as people, pandoc, marker and MinerU write it: rendered, then read as a page.

markdown-it-py parses CommonMark, GitHub's tables, footnotes, definition lists and formulas in time
linear in the text; what it renders goes through the walk that reads HTML, so that tables in HTML,
entities and ``<br>`` need no rules of their own.
"""

from __future__ import annotations

import html as escaping
import re
from collections.abc import MutableMapping, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from longalpaca_data.collect import html
from longalpaca_data.collect.encoding import decode
from longalpaca_data.collect.extract import Extract
from longalpaca_data.core.errors import UnreadableError

FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
FIELD = re.compile(
    r"""^(title|author|authors|lang|language|licen[cs]e):\s*["']?(.*?)["']?\s*$""",
    re.IGNORECASE | re.MULTILINE,
)
# Pandoc's attributes behind a heading: {#sec:one .unnumbered}
ATTRIBUTES = re.compile(r"\s*\{[#.-][^{}]{0,200}\}\s*$")
BRACKETS = {"\\(": ("\\)", "$"), "\\[": ("\\]", "$$")}


def read(data: bytes, name: str) -> Extract:  # noqa: ARG001 — every reader has the same signature
    """Read Markdown. Raises UnreadableError: 'empty', 'binary', 'corrupt'."""
    text = decode(data)
    fields: dict[str, str] = {}
    if matter := FRONT_MATTER.match(text):
        fields = {key.lower(): value for key, value in FIELD.findall(matter.group(1))}
        text = text[matter.end() :]
    parser = _parser()
    env: dict[str, Any] = {}
    tokens = _notes_behind_paragraphs(parser.parse(text, env))
    walker = html.walk(html.parse(parser.renderer.render(tokens, parser.options, env)))
    if not walker.blocks:
        raise UnreadableError("empty", "no text")
    return Extract(
        tuple(walker.blocks),
        title=plain(fields.get("title", "")),
        author=fields.get("author", fields.get("authors", "")),
        language=fields.get("lang", fields.get("language", "")).lower(),
        licence=fields.get("license", fields.get("licence", "")),
        lost=dict(walker.lost),
    )


def plain(text: str) -> str:
    """Return inline Markdown as plain text."""
    walker = html.walk(html.parse(_parser().renderInline(text)))
    return " ".join(" ".join(block.text.split()) for block in walker.blocks)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    # Pandoc's rule for dollars: no space inside them, no digit behind the closing one.
    parser.use(
        dollarmath_plugin,
        allow_space=False,
        allow_digits=False,
        allow_labels=False,
        double_inline=True,
    )
    parser.use(footnote_plugin, inline=True)
    parser.use(deflist_plugin)
    parser.inline.ruler.before("escape", "bracketed_formula", _bracketed_formula)
    for name, opening in (("math_inline", "$"), ("math_inline_double", "$$")):
        parser.add_render_rule(name, _formula(opening))
    parser.add_render_rule("math_block", _formula("$$", "<p>", "</p>\n"))
    for name in ("footnote_ref", "footnote_anchor"):
        parser.add_render_rule(name, lambda *_: "")
    parser.add_render_rule("footnote_open", lambda *_: '<aside role="doc-footnote">')
    parser.add_render_rule("footnote_close", lambda *_: "</aside>\n")
    for name in ("footnote_block_open", "footnote_block_close"):
        parser.add_render_rule(name, lambda *_: "")
    return parser


def _formula(dollars: str, before: str = "", after: str = "") -> Any:
    def render(_self: Any, tokens: Sequence[Token], index: int, *_rest: Any) -> str:
        content = " ".join(tokens[index].content.split())
        return f"{before}{escaping.escape(f'{dollars}{content}{dollars}')}{after}"

    return render


def _bracketed_formula(state: StateInline, silent: bool) -> bool:
    r"""``\(…\)`` and ``\[…\]``, which CommonMark takes for escaped brackets."""
    opening = state.src[state.pos : state.pos + 2]
    if opening not in BRACKETS:
        return False
    closing, dollars = BRACKETS[opening]
    unclosed: MutableMapping[tuple[str, str], bool] = state.env.setdefault("unclosed", {})
    if (closing, state.src) in unclosed:  # looked for once, not once per opening
        return False
    end = state.src.find(closing, state.pos + 2)
    if end < 0:
        unclosed[closing, state.src] = True
        return False
    content = state.src[state.pos + 2 : end]
    if not content.strip() or opening in content:
        return False
    if not silent:
        name = "math_inline" if dollars == "$" else "math_inline_double"
        state.push(name, "math", 0).content = content
    state.pos = end + 2
    return True


def _notes_behind_paragraphs(tokens: list[Token]) -> list[Token]:
    """Move each footnote from the document's end behind the block that refers to it first."""
    body, notes = _apart(tokens)
    result: list[Token] = []
    waiting: list[int] = []
    for token in body:
        _without_attributes(token, result)
        result.append(token)
        children = token.children or ()
        waiting += [child.meta["id"] for child in children if child.type == "footnote_ref"]
        if token.level == 0 and token.nesting <= 0 and token.type != "inline":
            for number in waiting:
                result += notes.pop(number, ())
            waiting.clear()
    for note in notes.values():
        result += note
    return result


def _apart(tokens: Sequence[Token]) -> tuple[list[Token], dict[int, list[Token]]]:
    body: list[Token] = []
    notes: dict[int, list[Token]] = {}
    note: list[Token] | None = None
    for token in tokens:
        if token.type == "footnote_open":
            note = notes.setdefault(token.meta["id"], [])
        (body if note is None else note).append(token)
        if token.type == "footnote_close":
            note = None
    return body, notes


def _without_attributes(token: Token, before: Sequence[Token]) -> None:
    if token.type == "inline" and before and before[-1].type == "heading_open" and token.children:
        last = token.children[-1]
        if last.type == "text":
            last.content = ATTRIBUTES.sub("", last.content)
