"""Shows an answer: its text as it comes, then its sources."""

import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.text import Text

from infra.cli.console import plain, write
from infra.cli.remarks import remarks
from infra.cli.rows import AnswerRow, CitationRow

LONGEST_QUOTE = 240
TELL_AGAIN_SECONDS = 15.0
STARTED_OVER = "\n(another worker has taken over)\n"
CORRECTED = "\n(the final text, without markers that pointed nowhere)\n"


class Page:
    """Writes an answer to a terminal or a pipe, where what is written stays written."""

    def __init__(self, console: Console, write_text: Callable[[str], None] = write) -> None:
        self._console = console
        self._write = write_text
        self._written = ""
        self._told: dict[str, float] = {}

    def show(self, text: str) -> None:
        """Write what is new; a text that does not go on from what stands there is written in full, after a note."""
        if not self._written.startswith(text):  # else an attempt that starts over has not caught up yet
            self._go_on(text, STARTED_OVER)

    def delayed(self, text: str) -> None:
        """Say it, but not all the time."""
        now = time.monotonic()
        if now - self._told.get(text, -TELL_AGAIN_SECONDS) >= TELL_AGAIN_SECONDS:
            self._told[text] = now
            self._write("\n" if self._written else "")
            self._console.print(Text(text, style="yellow"))

    def _go_on(self, text: str, note: str) -> None:
        known = text.startswith(self._written)
        self._write(text[len(self._written) :] if known else f"{note}{text}")
        self._written = text

    def end(self, row: AnswerRow) -> None:
        """Write how the answer ended, its sources, and what to know besides."""
        if row.status == "complete" and row.content.strip() != self._written.strip():
            self._go_on(row.content, CORRECTED)
        self._write("\n")
        if row.status == "failed":
            self._console.print(Text(f"No answer: {plain(row.error_message or 'no reason was given')}", style="red"))
        if row.status == "cancelled":
            self._console.print(Text("Stopped.", style="yellow"))
        for line in sources(row.citations):
            self._console.print(Text(line, style="dim"))
        for line in remarks(row):
            self._console.print(Text(line, style="yellow"))


def sources(citations: Sequence[CitationRow]) -> list[str]:
    """One line for each source: number, title, page, quote."""
    ordered = sorted(citations, key=lambda citation: citation.marker)
    return [
        f"  [{each.marker}] {plain(each.title)}{f', page {each.page}' if each.page else ''}: “{_short(each.quote)}”"
        for each in ordered
    ]


def _short(quote: str) -> str:
    text = " ".join(plain(quote).split())
    return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 1].rstrip()}…"
