"""Markdown as blocks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from functions.effects.parsing.source import Plan, Source, Stretch
from functions.effects.parsing.text import decoded, pieces, stretches
from schema.documents import Block, BlockKind

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_TABLE_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n((?:[^\n]+\n)*?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_PICTURE = re.compile(r"!\[([^\]]{0,2000})\]\((?:[^()\n]|\([^()\n]*\))*\)")
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\")?\)")
_STRONG = re.compile(r"\*\*(?!\*)(.+?)\*\*|__(?=\S)(.+?)(?<=\S)__")  # converters put white space within, too
_STRUCK = re.compile(r"~~(?=\S)(.+?)(?<=\S)~~")
_RAISED = re.compile(r"(?<=\S)\^([^\s^]{1,20})\^")
_LOWERED = re.compile(r"(?<=\w)~([^\s~]{1,20})~")
_ESCAPED_MARK = re.compile(r"\\([*~^])")
_PADDING = re.compile(r"(?<= ) +|(?<=---)-+")
_EMPHASIS = re.compile(
    r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![\w*])|(?<!\w)_(?=[^\s_])([^_\n]+?)(?<=[^\s_])_(?!\w)"
)
_TAG = re.compile(r"</?(?:br|sup|sub|u|s|b|i|em|strong|span|div|p|font|mark|small)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_BOXES = str.maketrans({"☒": "[x]", "☑": "[x]", "☐": "[ ]"})  # check boxes, as Markdown writes them
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


@dataclass
class _Blocks:
    """Blocks as they form, line by line."""

    page: int | None
    plain: bool  # take inline markup away
    done: list[Block] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def close(self, kind: BlockKind = BlockKind.PARAGRAPH) -> None:
        text, self.lines = "\n".join(self.lines), []
        if self.plain and kind is BlockKind.TABLE:  # its cells are padded, and the marks in them escaped
            text = _ESCAPED_MARK.sub(r"\1", _PADDING.sub("", text))
        if self.plain and kind is not BlockKind.CODE:
            text = without_inline(text)
        if text.strip():
            self.done += [Block(kind=kind, text=piece, page=self.page) for piece in pieces(text.strip("\n"))]

    def heading(self, text: str, level: int) -> None:
        self.close()
        text = without_inline(text).strip()
        if text:
            self.done.append(Block(kind=BlockKind.HEADING, text=text, level=level, page=self.page))


def blocks(text: str, page: int | None = None, plain: bool = False) -> list[Block]:
    """The blocks of a Markdown text; `plain` takes links, pictures and emphasis away, which a converter put there."""
    made = _Blocks(page, plain)
    if front := _FRONT_MATTER.match(text):
        text = text[front.end() :]
        if not plain:  # else the converter wrote it
            made.lines = front[1].rstrip("\n").split("\n")
            made.close()
    if plain:
        text = _PICTURE.sub(lambda picture: " ".join(picture[1].split()), text)  # descriptions may have blank lines
    lines = iter(_Peek(_COMMENT.sub("", text).split("\n")))
    for line in lines:
        if fence := _FENCE.match(line):
            _fenced(made, lines, fence[1])
        elif heading := _HEADING.match(line):
            made.heading(heading[2] or "", len(heading[1]))
        elif "|" in line and _TABLE_RULE.match(lines.next_line) and "-" in lines.next_line:
            _table(made, lines, line)
        elif made.lines and len(made.lines) == 1 and (under := _UNDERLINE.match(line)):
            title, made.lines = made.lines[0], []
            made.heading(title, 1 if under[1][0] == "=" else 2)
        elif line.strip():
            made.lines.append(line)
        else:
            made.close()
    made.close()
    return made.done


class _Peek(Iterator[str]):
    """Lines, and a look at the next one."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._place = 0

    def __next__(self) -> str:
        if self._place >= len(self._lines):
            raise StopIteration
        self._place += 1
        return self._lines[self._place - 1]

    def __iter__(self) -> "_Peek":
        return self

    @property
    def next_line(self) -> str:
        return self._lines[self._place] if self._place < len(self._lines) else ""


def _fenced(made: _Blocks, lines: _Peek, mark: str) -> None:
    made.close()
    for line in lines:
        if line.strip().startswith(mark) and not line.strip().strip(mark[0]):
            break
        made.lines.append(line)
    made.close(BlockKind.CODE)


def _table(made: _Blocks, lines: _Peek, header: str) -> None:
    made.close()
    made.lines = [header, next(lines)]
    while "|" in lines.next_line:
        made.lines.append(next(lines))
    made.close(BlockKind.TABLE)


def without_inline(text: str) -> str:
    """Text without the marks of links, pictures and emphasis."""
    text = _LINK.sub(r"\1", _PICTURE.sub(r"\1", text))
    text = _TAG.sub(" ", _STRONG.sub(_inner, text))
    text = _EMPHASIS.sub(_inner, _STRUCK.sub(r"\1", text))
    text = _LOWERED.sub(r"\1", _RAISED.sub(_raised, text))
    return _ESCAPE.sub(r"\1", text).replace("&#9;", "\t").translate(_BOXES)


def _inner(match: re.Match[str]) -> str:
    return match[1] or match[2]


def _raised(match: re.Match[str]) -> str:
    """1st, but 10^6: not 106."""
    return match[1] if match[1].isalpha() else f"^{match[1]}"


def read_markdown(source: Source) -> Iterator[Stretch | Plan]:
    """A Markdown file, as its author wrote it."""
    return stretches(blocks(decoded(source.data)))
