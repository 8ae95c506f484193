"""Shows uploads: bars that move on a terminal, one line for each end elsewhere."""

import time
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from infra.cli.board import Board, Track
from infra.cli.console import counted, plain, seconds

FEW = 20  # documents that have a bar each from the beginning to the end
NAME_WIDTH = 24  # columns of a name that a narrow terminal cannot take away


def screen_for(console: Console, unlocks: bool = False) -> "Bars | Lines":
    """The screen that fits where the output goes. `unlocks`: locked files are tried again, so that is not their end."""
    return Bars(console, unlocks) if console.is_terminal else Lines(console, unlocks)


class Bars:
    """One bar for each document; of many, one for each that is on its way, and one for all."""

    def __init__(self, console: Console, unlocks: bool = False) -> None:
        self._unlocks = unlocks
        self._progress = Progress(
            TextColumn("{task.fields[name]}", markup=False, table_column=Column(no_wrap=True, min_width=NAME_WIDTH)),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[stage]}", markup=False),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}
        self._reasons: dict[str, str] = {}
        self._left: dict[str, Track] | None = None  # those that have not ended
        self._all: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
        for name, reason in self._reasons.items():  # a bar has no room for them
            self._progress.console.print(Text(f"{name}: {reason}", style="red"))

    def show(self, board: Board) -> None:
        """Move the bars."""
        now, many = time.monotonic(), len(board.tracks) > FEW
        if self._left is None:
            self._left = dict(board.tracks)
            self._all = self._progress.add_task("", total=len(self._left), name="all files", stage="") if many else None
        for name, track in list(self._left.items()):
            if not many or track.began_at is not None:
                self._move(name, track, _state(board, track, now))
            if track.ended_at is not None:
                again = self._unlocks and track.locked
                self._end(name, track, keep=not many and not again, told=not again)
                del self._left[name]
        if self._all is not None:
            ended = len(board.tracks) - len(self._left)
            self._progress.update(self._all, completed=ended, stage=f"{ended} of {len(board.tracks)}")

    def _move(self, name: str, track: Track, stage: str) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task("", total=1.0, name=plain(track.upload.name), stage="")
        self._progress.update(self._tasks[name], completed=track.share, stage=stage)

    def _end(self, name: str, track: Track, keep: bool, told: bool) -> None:
        if told and track.reason:
            self._reasons[plain(track.upload.name)] = plain(track.reason)
        if not keep and name in self._tasks:
            self._progress.remove_task(self._tasks.pop(name))

    def delayed(self, text: str) -> None:
        """Say it above the bars."""
        self._progress.console.print(Text(text, style="yellow"))


class Lines:
    """One line for each document that has ended, and for each delay."""

    def __init__(self, console: Console, unlocks: bool = False) -> None:
        self._console, self._unlocks = console, unlocks
        self._told: set[str] = set()
        self._left: dict[str, Track] | None = None  # those that have not ended

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, board: Board) -> None:
        """Tell of what is new."""
        now = time.monotonic()
        if self._left is None:
            self._left = dict(board.tracks)
        for name, track in list(self._left.items()):
            again = self._unlocks and track.locked
            if (track.ended_at is not None and not again) or board.delay(track, now):
                self._tell(f"  {plain(track.upload.name)}: {_state(board, track, now)}")
            if track.ended_at is not None:
                del self._left[name]

    def delayed(self, text: str) -> None:
        """Say it once."""
        self._tell(f"  {text}")

    def _tell(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            self._console.print(line)


def _state(board: Board, track: Track, now: float) -> str:
    """How far an upload is, or how it ended."""
    if track.ended_at is None:
        delay = board.delay(track, now)
        return f"{track.stage} ({delay})" if delay else track.stage
    if not track.succeeded:
        return f"{'refused' if track.refusal else 'failed'}: {plain(track.reason or 'no reason was given')}"
    if track.unchanged:
        return "unchanged"
    row = track.row
    pages = f", {counted(row.pages, 'page')}" if row and row.pages else ""
    passages = f", {counted(row.chunks_total, 'passage')}" if row and row.chunks_total else ""
    return f"ready in {seconds(track.milliseconds or 0)}{pages}{passages}"
