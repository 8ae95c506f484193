"""Writing to the terminal: text that came from documents, models or servers cannot steer it."""

import re
import sys
from functools import cache

from rich.console import Console

# Everything below the space and the C1 block, except newline and tab: escape sequences start with these.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@cache
def out() -> Console:
    """Standard output."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True)


@cache
def err() -> Console:
    """Standard error: progress and notes of commands whose output is for programs."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def plain(text: str) -> str:
    """The text in one line, without control characters: no title makes lines that look like ours."""
    return " ".join(plain_lines(text).splitlines()) if text else ""


def plain_lines(text: str) -> str:
    """The text without control characters."""
    return _CONTROLS.sub("", text)


def write(text: str) -> None:
    """Write text as it is to standard output, at once."""
    sys.stdout.write(plain_lines(text))
    sys.stdout.flush()


def seconds(milliseconds: float) -> str:
    """A duration for people, such as "0.35 s"."""
    return f"{milliseconds / 1000:.2f} s"


def counted(count: int, what: str, many: str | None = None) -> str:
    """So many of a thing, such as "1 page" or "3 pages"; `many` where its plural has no plain s."""
    return f"{count} {what if count == 1 else many or f'{what}s'}"
