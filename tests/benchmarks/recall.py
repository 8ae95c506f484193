"""How much of a document's text was read: word recall against an expected text.

Words are compared as a multiset, so a word that stands ten times has to be found ten times. Markup is no text: from the
expected file it is removed by its kind (Markdown, pandoc's native form, TeX, XML).
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

# Scripts that put no spaces between words count by character.
_WORD = re.compile(r"[぀-ヿ㐀-鿿가-힯]|[^\W_぀-ヿ㐀-鿿가-힯]+")
_PANDOC = re.compile(
    r'(?:Str|(?:Code|CodeBlock)\s*\(.*?\)|Math\s+\w+)\s*"((?:[^"\\]|\\.)*)"'
    r"|\b(?:Space|SoftBreak|LineBreak|Para|Plain|Header|Cell|BulletList|OrderedList|BlockQuote|Note|Div|MetaInlines)\b",
    re.DOTALL,
)
# Commands whose arguments are no text: names of environments with their options, files, labels, lengths.
_TEX_ARGUMENTS = re.compile(
    r"\\(?:begin|end|label|ref|usepackage|includegraphics|vspace|hspace)\*?(?:\[[^\]]*\])?\{[^}]*\}"
    r"(?:\[(?:[^\[\]{}]|\{[^}]*\})*\]|\{[^{}]*\})?"
)
_HASKELL_ESCAPE = re.compile(r"\\(?:(\d+)|(&)|(.))", re.DOTALL)


def recall(expected: str, found: str) -> float:
    """The share of the expected words that were found; 1.0 where none are expected."""
    wanted, got = _words(expected), _words(found)
    total = sum(wanted.values())
    return sum((wanted & got).values()) / total if total else 1.0


def expected_text(file: Path) -> str:
    """The text of an expected file without its markup."""
    data = file.read_bytes()
    text = data.decode("utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else data.decode("utf-8", "replace")
    return _BARE.get(file.suffix, str)(text)


def word_count(text: str) -> int:
    """How many words a text has."""
    return sum(_words(text).values())


def without_markdown(text: str) -> str:
    """Text without comments, tags, addresses of links and pictures, escapes and entities."""
    text = re.sub(r"<!--.*?-->", " ", text, flags=re.DOTALL)
    text = re.sub(r"!\[([^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)", r" \1 ", text)
    text = re.sub(r"\]\((?:<[^>]*>|[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+\"[^\"]*\")?\)", "] ", text)
    text = re.sub(r"</?[a-zA-Z][^<>]{0,500}>", " ", text)
    text = re.sub(r"&(?:#x?\w+|\w+);", " ", text)
    return re.sub(r"\\([^\w\s])", r"\1", text)


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.casefold().replace("­", "")))


def _pandoc(text: str) -> str:
    """Strings stand together unless a space or the border of a block is between them."""
    return "".join(
        " " if match[1] is None else _HASKELL_ESCAPE.sub(_unescaped, match[1]) + (" " if match[0][0] != "S" else "")
        for match in _PANDOC.finditer(text)
    )


def _unescaped(match: re.Match[str]) -> str:
    number, _, other = match.groups()
    if number:
        return chr(int(number))
    return {"n": "\n", "t": "\t", None: ""}.get(other, other or "")


def _tex(text: str) -> str:
    body = text.partition(r"\begin{document}")[2] or text
    body = _TEX_ARGUMENTS.sub(" ", re.sub(r"(?<!\\)%.*", " ", body))
    return re.sub(r"\\[a-zA-Z]+\*?(?:\[[^\]]*\])?", " ", body)


def _xml(text: str) -> str:
    return re.sub(r"<[^>]*>", " ", text)


_BARE: Mapping[str, Callable[[str], str]] = {
    ".md": without_markdown,
    ".native": _pandoc,
    ".tex": _tex,
    ".xml": _xml,
}
