"""`rivulet upload`: composes person, files and screen."""

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.cli import upload_screen
from infra.cli.board import Board, Track
from infra.cli.console import err, out, write
from infra.cli.files import find_uploads
from infra.cli.person import entered
from infra.cli.project import find_project
from infra.cli.upload import upload

STOPPED = 130


async def run(paths: Sequence[Path], as_json: bool) -> int:
    """Upload and follow; 0 if every document is ready, else 1."""
    uploads = find_uploads(paths)
    try:
        async with entered(find_project(), os.environ) as person:
            board = Board.of(str(person.library), uploads)
            await upload(person, board, upload_screen.screen_for(err() if as_json else out()))
    except asyncio.CancelledError:
        err().print("\nStopped. What has been sent is still being processed: rivulet watch")
        return STOPPED
    if as_json:
        write(json.dumps([_described(track) for track in board.tracks.values()]) + "\n")
    return 0 if _all_ready(board) else 1


def _all_ready(board: Board) -> bool:
    return all(track.succeeded for track in board.tracks.values())


def _described(track: Track) -> dict[str, Any]:
    row = track.row
    return {
        "name": track.upload.name,
        "document_id": None if row is None else str(row.id),
        "status": "refused" if track.refusal else None if row is None else row.status,
        "reason": track.reason,
        "pages": None if row is None else row.pages,
        "passages": None if row is None else row.chunks_total,
        "milliseconds": track.milliseconds,
    }
