"""`rivulet upload`: composes person, files and screen."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from infra.cli import upload_screen
from infra.cli.board import Board, Track
from infra.cli.console import err, out, plain, write
from infra.cli.errors import CommandError
from infra.cli.files import Found, find
from infra.cli.person import Person, entered
from infra.cli.project import find_project
from infra.cli.upload import upload

STOPPED = 130


async def run(paths: Sequence[Path], ignore: Sequence[str], password_file: Path | None, as_json: bool) -> int:
    """Upload and follow; 0 if every document is ready, else 1."""
    password = None if password_file is None else _password_in(password_file)
    found = find(paths, ignore)
    console = err() if as_json else out()
    try:
        async with entered(find_project(), os.environ) as person:
            board = Board.of(str(person.library), found.uploads)
            await upload(person, board, upload_screen.screen_for(console, unlocks=password is not None))
            await _unlock(person, board, console, password)
    except asyncio.CancelledError:
        err().print(
            "\nStopped. What has been sent is being processed: rivulet watch. The same command goes on from here."
        )
        return STOPPED
    if as_json:
        write(json.dumps(_report(board, found)) + "\n")
    _summarise(console, board, found)
    return 0 if all(track.succeeded for track in board.tracks.values()) and not found.unreadable else 1


async def _unlock(person: Person, board: Board, console: Console, password: str | None) -> None:
    """Hand in the password of encrypted files, given or asked for, and follow them once more."""
    locked = [track.upload for track in board.tracks.values() if track.locked]
    if not locked:
        return
    if password is None and sys.stdin.isatty() and console.is_terminal:
        names = ", ".join(plain(upload.name) for upload in locked)
        asked = f"Password of {names} (empty for none)"
        password = await asyncio.to_thread(
            typer.prompt, asked, hide_input=True, default="", show_default=False, err=True
        )
    if password:
        again = Board.of(str(person.library), locked)
        await upload(person, again, upload_screen.screen_for(console), password)
        board.tracks.update(again.tracks)


def _password_in(file: Path) -> str:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise CommandError(f"The password file {file} cannot be read.") from error
    if not lines or not lines[0]:
        raise CommandError(f"The first line of {file} is empty: it must be the password.")
    return lines[0]


def _summarise(console: Console, board: Board, found: Found) -> None:
    for name, reason in found.unreadable:
        console.print(Text(f"  {plain(name)}: refused: {reason}"))
    tracks = list(board.tracks.values())
    ready = sum(track.succeeded and not track.unchanged for track in tracks)
    unchanged = sum(track.succeeded and track.unchanged for track in tracks)
    refused = sum(track.refusal is not None for track in tracks) + len(found.unreadable)
    failed = sum(not track.succeeded and track.refusal is None for track in tracks)
    counts = {"uploaded": ready, "unchanged": unchanged, "skipped": found.skipped, "refused": refused, "failed": failed}
    parts = [f"{count} {what}" for what, count in counts.items() if count or what == "uploaded"]
    console.print(Text(", ".join(parts) + "."))


def _report(board: Board, found: Found) -> list[dict[str, Any]]:
    unread = [{"name": name, "status": "refused", "reason": reason} for name, reason in found.unreadable]
    return [_described(track) for track in board.tracks.values()] + unread


def _described(track: Track) -> dict[str, Any]:
    row = track.row
    return {
        "name": track.upload.name,
        "document_id": None if row is None else str(row.id),
        "status": "refused" if track.refusal else None if row is None else row.status,
        "unchanged": track.unchanged,
        "reason": track.reason,
        "pages": None if row is None else row.pages,
        "passages": None if row is None else row.chunks_total,
        "milliseconds": track.milliseconds,
    }
