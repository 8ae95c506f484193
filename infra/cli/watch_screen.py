"""Shows documents and conversations: tables that change on a terminal, one line for each change elsewhere."""

from dataclasses import dataclass
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from infra.cli.console import counted, plain
from infra.cli.rows import DocumentRow


@dataclass(frozen=True)
class Talk:
    """A conversation: `status` and `length` (characters) are those of its latest answer."""

    id: str
    title: str
    status: str
    length: int


@dataclass(frozen=True)
class View:
    """What is shown, newest first."""

    documents: tuple[DocumentRow, ...]
    talks: tuple[Talk, ...]


class WatchScreen(Protocol):
    """Where a person watches."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, view: View) -> None:
        """Show how things are now."""

    def delayed(self, text: str) -> None:
        """Say that the server is slow or away."""


def screen_for(console: Console) -> WatchScreen:
    """The screen that fits where the output goes."""
    return Tables(console) if console.is_terminal else Changes(console)


class Tables:
    """Two tables that are rewritten in place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, view: View) -> None:
        """Rewrite the tables."""
        documents = _table("Documents", [(plain(row.title), _stage(row)) for row in view.documents])
        talks = _table(
            "Conversations", [(plain(talk.title), f"{talk.status}, {talk.length} characters") for talk in view.talks]
        )
        self._live.update(
            Group(documents, talks, Text("Ctrl-C ends the view, not the work.", style="dim")), refresh=True
        )

    def delayed(self, text: str) -> None:
        """Say it above the tables."""
        self._live.console.print(Text(text, style="yellow"))


class Changes:
    """One line for each change."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, view: View) -> None:
        """Write what has changed."""
        lines = {str(row.id): f"document {plain(row.title)}: {_stage(row)}" for row in view.documents}
        lines |= {talk.id: f"conversation {plain(talk.title)}: {talk.status}" for talk in view.talks}
        for key, line in lines.items():
            if self._shown.get(key) != line:
                self._console.print(line)
        self._shown = lines

    def delayed(self, text: str) -> None:
        """Write it."""
        self._console.print(text)


def _table(title: str, rows: list[tuple[str, str]]) -> Table:
    table = Table("name", "state", title=title, title_justify="left", expand=False)
    for name, state in rows:
        table.add_row(Text(name), Text(state))
    return table


def _stage(row: DocumentRow) -> str:
    match row.status:
        case "failed":
            return f"failed: {plain(row.error_message or 'no reason was given')}"
        case "embedding" if row.chunks_total is not None:
            return f"embedding {row.chunks_done}/{row.chunks_total}"
        case "ready":
            return f"ready, {counted(row.chunks_total or 0, 'passage')}"
    return row.status
