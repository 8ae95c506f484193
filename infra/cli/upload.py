"""Uploading files and following each until it can be searched."""

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol, Self

import httpx
from storage3.exceptions import StorageApiError

from infra.cli import faults
from infra.cli.board import Board, Track
from infra.cli.errors import CommandError
from infra.cli.etag import is_file
from infra.cli.keepsakes import Keepsakes
from infra.cli.patience import patiently
from infra.cli.person import Person
from infra.cli.project import people_folder
from infra.cli.resumable import CHUNK_BYTES, TIMEOUT_SECONDS, Parcel, ResumableUploads
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


async def upload(person: Person, board: Board, screen: Screen, password: str | None = None) -> None:
    """Upload the board's files to the person's library; return when each is ready or has failed.

    `password` opens those that have failed for want of one.
    """
    async with (
        Sending(person, board, screen, password) as sender,
        Subscription(person, [f"library:{person.library}"]) as news,
    ):
        await news.hears(within=JOIN_SECONDS)
        sending = asyncio.create_task(_send_all(sender, news), name="send files")
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


async def _send_all(sender: "Sending", news: Subscription) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def send(track: Track) -> None:
        async with places:
            await sender.send(track)
        news.nudge()

    try:
        await sender.look()
        async with asyncio.TaskGroup() as group:
            for track in sender.board.tracks.values():
                group.create_task(send(track))
    finally:
        news.nudge()


class Sending:
    """Sends the files of a board that the server does not have."""

    def __init__(self, person: Person, board: Board, screen: Screen, password: str | None) -> None:
        self.board = board
        self._person, self._screen, self._password = person, screen, password
        self._before: dict[str, DocumentRow] = {}
        self._http = httpx.AsyncClient(timeout=TIMEOUT_SECONDS)
        memory = Keepsakes(people_folder() / f"{person.project.label}-uploads.json")
        self._resumable = ResumableUploads(person, self._http, memory)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def look(self) -> None:
        """Read what the server has of these files."""
        self._before = await _rows(self._person, list(self.board.tracks), self._screen)

    async def send(self, track: Track) -> None:
        """Send one file, and read what has become of it."""
        before = self._before.get(track.object_name)
        track.began_at = time.monotonic()
        try:
            track.unchanged = before is not None and await asyncio.to_thread(
                is_file, track.upload.file, before.content_hash, before.bytes
            )
            if not track.unchanged:
                await patiently(lambda: self._put(track), self._screen.delayed)
        except StorageApiError as error:
            self.board.refuse(track.object_name, _refusal(error), time.monotonic())
            return
        except OSError as error:
            reason = f"{track.upload.file} cannot be sent: {error.strerror}."
            self.board.refuse(track.object_name, reason, time.monotonic())
            return
        row = await _row(self._person, track, self._screen)
        if row is not None and row == before and row.status == "failed":
            row = await self._retry(track, row)
        await _name(self._person, track, row, self._screen)
        self.board.accept(track.object_name, row, time.monotonic())

    async def _put(self, track: Track) -> None:
        upload = track.upload
        size = upload.file.stat().st_size
        if size > CHUNK_BYTES:
            parcel = Parcel(upload.file, BUCKET, track.object_name, upload.mime)
            await self._resumable.send(parcel, lambda sent: self._progress(track, sent / size))
            return
        bucket = self._person.client.storage.from_(BUCKET)
        await bucket.upload(track.object_name, upload.file, {"content-type": upload.mime, "upsert": "true"})

    def _progress(self, track: Track, share: float) -> None:
        track.sent = share
        self._screen.show(self.board)

    async def _retry(self, track: Track, row: DocumentRow) -> DocumentRow | None:
        """The same bytes are no news to the server; that they are sent again asks for another attempt."""
        function, arguments = "retry_document", {"p_document": str(row.id)}
        if row.locked and self._password is not None:
            function, arguments = "provide_password", {**arguments, "p_password": self._password}
        again = self._person.client.rpc(function, arguments)
        await patiently(again.execute, self._screen.delayed)
        return await _row(self._person, track, self._screen)


def _refusal(error: StorageApiError) -> str:
    """Why Storage refused one file. Raises `CommandError` for what would befall every file."""
    explanation = faults.explain(error) or error.message
    if explanation in (faults.NO_BUCKET, faults.WRONG_KEY):
        raise CommandError(explanation) from error
    return explanation


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
