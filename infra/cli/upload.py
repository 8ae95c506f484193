"""Uploading files and following each until it can be searched."""

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol, Self

from storage3.exceptions import StorageApiError

from infra.cli import faults
from infra.cli.board import Board, Track
from infra.cli.errors import CommandError
from infra.cli.patience import patiently
from infra.cli.person import Person
from infra.cli.rows import DOCUMENT_COLUMNS, DocumentRow
from infra.cli.subscription import Heard, Look, Subscription

BUCKET = "documents"
AT_ONCE = 4
JOIN_SECONDS = 5.0
NAMES_PER_READ = 40  # they travel in the address of a request


class Screen(Protocol):
    """Where a person sees the progress."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, board: Board) -> None:
        """Show how far everything is."""

    def delayed(self, text: str) -> None:
        """Say that the server is slow or away."""


async def upload(person: Person, board: Board, screen: Screen) -> None:
    """Upload the board's files to the person's library; return when each is ready or has failed."""
    async with Subscription(person, [f"library:{person.library}"]) as news:
        await news.hears(within=JOIN_SECONDS)
        sending = asyncio.create_task(_send_all(person, board, news, screen), name="send files")
        try:
            with screen:
                await _follow(person, board, news, sending, screen)
        finally:
            sending.cancel()
            await asyncio.wait([sending])


async def _follow(
    person: Person, board: Board, news: Subscription, sending: asyncio.Task[None], screen: Screen
) -> None:
    screen.show(board)
    async for item in news:
        match item:
            case Heard(payload={"record": {"object_name": str()} as record}):
                board.put(DocumentRow.model_validate(record), time.monotonic())
            case Heard(payload={"old_record": {"object_name": str(name)}}) if name in board.tracks:
                await _read(person, board, [name], screen)
            case Look():
                await _read(person, board, board.open_names, screen)
        if sending.done():
            sending.result()  # raises what concerns all files, such as a missing bucket
        screen.show(board)
        if board.done:
            return


async def _send_all(person: Person, board: Board, news: Subscription, screen: Screen) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def send(track: Track) -> None:
        async with places:
            await _send(person, board, track, screen)
        news.nudge()

    try:
        async with asyncio.TaskGroup() as group:
            for track in board.tracks.values():
                group.create_task(send(track))
    finally:
        news.nudge()


async def _send(person: Person, board: Board, track: Track, screen: Screen) -> None:
    """Send one file, and read what has become of it."""
    before = await _row(person, track, screen)
    track.began_at = time.monotonic()
    try:
        await patiently(lambda: _put_object(person, track), screen.delayed)
    except StorageApiError as error:
        board.refuse(track.object_name, _refusal(error), time.monotonic())
        return
    except OSError as error:
        board.refuse(track.object_name, f"{track.upload.file} cannot be read: {error.strerror}.", time.monotonic())
        return
    row = await _row(person, track, screen)
    if row is not None and row == before and row.status == "failed":
        row = await _retry(person, track, row, screen)
    await _name(person, track, row, screen)
    board.accept(track.object_name, row, time.monotonic())


def _refusal(error: StorageApiError) -> str:
    """Why Storage refused one file. Raises `CommandError` for what would befall every file."""
    explanation = faults.explain(error) or error.message
    if explanation in (faults.NO_BUCKET, faults.WRONG_KEY):
        raise CommandError(explanation) from error
    return explanation


async def _retry(person: Person, track: Track, row: DocumentRow, screen: Screen) -> DocumentRow | None:
    """The same bytes are no news to the server; that they are sent again asks for another attempt."""
    again = person.client.rpc("retry_document", {"p_document": str(row.id)})
    await patiently(again.execute, screen.delayed)
    return await _row(person, track, screen)


async def _put_object(person: Person, track: Track) -> None:
    bucket = person.client.storage.from_(BUCKET)
    await bucket.upload(track.object_name, track.upload.file, {"content-type": track.upload.mime, "upsert": "true"})


async def _name(person: Person, track: Track, row: DocumentRow | None, screen: Screen) -> None:
    """Give the document its file's name, where Storage could not take it."""
    title = track.upload.name.rpartition("/")[2]
    if row is not None and row.title != title and track.upload.key != track.upload.name:
        change = person.client.table("documents").update({"title": title[:500]}).eq("id", str(row.id))
        await patiently(change.execute, screen.delayed)


async def _read(person: Person, board: Board, names: Sequence[str], screen: Screen) -> None:
    """Read the rows of documents, and note which are gone."""
    rows = await _rows(person, names, screen)
    for name in names:
        if name in rows:
            board.put(rows[name], time.monotonic())
        elif board.tracks[name].accepted:
            board.accept(name, None, time.monotonic())


async def _row(person: Person, track: Track, screen: Screen) -> DocumentRow | None:
    return (await _rows(person, [track.object_name], screen)).get(track.object_name)


async def _rows(person: Person, names: Sequence[str], screen: Screen) -> dict[str, DocumentRow]:
    """The documents of these objects, by object name."""
    rows: dict[str, DocumentRow] = {}
    for start in range(0, len(names), NAMES_PER_READ):
        documents = person.client.table("documents").select(DOCUMENT_COLUMNS).eq("bucket", BUCKET)
        some = documents.in_("object_name", names[start : start + NAMES_PER_READ])
        found = await patiently(some.execute, screen.delayed)
        rows |= {row.object_name or "": row for row in map(DocumentRow.model_validate, found.data)}
    return rows
