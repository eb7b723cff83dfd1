"""Markdown (CommonMark's block structure, GitHub's tables, YAML front matter) as blocks.

Only structure and plain text matter here, so this is a line scanner, not a renderer: emphasis,
links and images are reduced to what a reader would read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from longalpaca_data.collect.encoding import decode
from longalpaca_data.collect.extract import Extract, table
from longalpaca_data.core.errors import UnreadableError
from longalpaca_data.core.records import Block

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
ATX = re.compile(r"^ {0,3}(#{1,6})(?:\s+(.*?))?(?:\s+#+)?\s*$")
SETEXT = re.compile(r"^ {0,3}(=+|-{2,})\s*$")
RULE = re.compile(r"^ {0,3}([-*_])(?:\s*\1){2,}\s*$")
ITEM = re.compile(r"^(\s*)([-*+]|\d{1,9}[.)])\s+(\S.*)$")
TABLE_RULE = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
IMAGE = re.compile(r"!\[[^\]\n]*\](?:\([^)\n]*\)|\[[^\]\n]*\])")
LINK = re.compile(r"\[([^\[\]\n]+)\](?:\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)|\[[^\]\n]*\])")
DEFINITION = re.compile(r"^ {0,3}\[[^\]]+\]:\s+\S+.*$")
AUTOLINK = re.compile(r"<(https?://[^>\s]+)>")
STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=[^\s*_])([^*_\n]+?)(?<=\S)\1(?![\w*])")
CODE_SPAN = re.compile(r"(`+)(.+?)\1")
TAG = re.compile(r"</?(?:[a-z][a-z0-9]*)(?:\s[^<>]*)?/?>", re.IGNORECASE)
ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
FIELD = re.compile(
    r"""^(title|author|authors|lang|language|licen[cs]e):\s*["']?(.*?)["']?\s*$""",
    re.IGNORECASE | re.MULTILINE,
)
INDENTED_CODE = 4


def read(data: bytes, name: str) -> Extract:  # noqa: ARG001 — every reader has the same signature
    """Read Markdown. Raises UnreadableError: 'empty', 'binary'."""
    text = decode(data)
    fields: dict[str, str] = {}
    if matter := FRONT_MATTER.match(text):
        fields = {key.lower(): value for key, value in FIELD.findall(matter.group(1))}
        text = text[matter.end() :]
    scanner = _Scanner()
    for line in COMMENT.sub("", text).expandtabs(4).split("\n"):
        scanner.feed(line.rstrip())
    blocks = tuple(scanner.finish())
    if not blocks:
        raise UnreadableError("empty", "no text")
    return Extract(
        blocks,
        title=plain(fields.get("title", "")),
        author=fields.get("author", fields.get("authors", "")),
        language=fields.get("lang", fields.get("language", "")).lower(),
        licence=fields.get("license", fields.get("licence", "")),
    )


def plain(text: str) -> str:
    """Return inline Markdown as plain text; what stands in code spans is left alone."""
    parts = []
    last = 0
    for span in CODE_SPAN.finditer(text):
        parts += [_plain(text[last : span.start()]), span.group(2).strip()]
        last = span.end()
    return "".join([*parts, _plain(text[last:])]).strip()


def _plain(text: str) -> str:
    text = IMAGE.sub("", text)
    text = LINK.sub(r"\1", text)
    text = AUTOLINK.sub(r"\1", text)
    text = TAG.sub("", text)
    text = STRONG.sub(r"\2", text)
    text = EMPHASIS.sub(r"\2", text)
    return ESCAPE.sub(r"\1", text)


@dataclass
class _Scanner:
    """Takes lines one by one; an open block waits in ``_open`` until a line ends it."""

    _blocks: list[Block] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)
    _kind: str = ""  # of the open block: paragraph, item, code (fenced), indented, table
    _fence: str = ""
    _level: int = 0

    def feed(self, line: str) -> None:
        if self._kind == "code":
            self._in_code(line)
        elif fence := FENCE.match(line):
            self._end()
            self._kind, self._fence = "code", fence.group(1)
        elif not line:
            self._blank()
        elif self._kind == "" and line.startswith(" " * INDENTED_CODE) and not ITEM.match(line):
            self._kind, self._open = "indented", [line]
        elif self._kind == "indented" and line.startswith(" " * INDENTED_CODE):
            self._open.append(line)
        else:
            self._text(line)

    def _in_code(self, line: str) -> None:
        closing = line.strip()
        if closing.startswith(self._fence) and set(closing) == {self._fence[0]}:
            self._end()
        else:
            self._open.append(line)

    def _blank(self) -> None:
        if self._kind == "indented":
            self._open.append("")
        else:
            self._end()

    def _text(self, line: str) -> None:
        if self._kind == "indented":
            self._end()
        if atx := ATX.match(line):
            self._end()
            self._heading(atx.group(2) or "", len(atx.group(1)))
        elif self._kind == "paragraph" and (setext := SETEXT.match(line)):
            title = " ".join(self._open)
            self._kind, self._open = "", []
            self._heading(title, 1 if setext.group(1)[0] == "=" else 2)
        elif RULE.match(line) or DEFINITION.match(line):
            self._end()
        elif item := ITEM.match(line):
            self._end()
            marker = item.group(2) if item.group(2)[0].isdigit() else "-"
            self._kind, self._open = "item", [f"{marker} {item.group(3)}"]
            self._level = 1 + len(item.group(1)) // 2
        elif self._kind in ("paragraph", "table") and TABLE_RULE.match(line) and "|" in line:
            self._kind = "table"
        else:
            self._kind = self._kind or "paragraph"
            self._open.append(
                line.strip().removeprefix(">").strip() if line.lstrip()[:1] == ">" else line.strip()
            )

    def _heading(self, title: str, level: int) -> None:
        if title := " ".join(plain(title).split()):
            self._blocks.append(Block("heading", title, level))

    def _end(self) -> None:
        lines, kind = self._open, self._kind
        self._open, self._kind = [], ""
        if not any(lines):
            return
        if kind in ("code", "indented"):
            cut = INDENTED_CODE if kind == "indented" else 0
            self._blocks.append(Block("code", "\n".join(line[cut:] for line in lines).strip("\n")))
        elif kind == "table":
            self._blocks.append(table(map(_row, lines)))
        elif text := plain(" ".join(lines)):
            if kind == "item":
                self._blocks.append(Block("item", text, self._level))
            else:
                self._blocks.append(Block("paragraph", text))

    def finish(self) -> Iterator[Block]:
        self._end()
        yield from self._blocks


def _row(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [plain(cell) for cell in re.split(r"(?<!\\)\|", inner)]
