"""Uploading through the gateway: in chunks, again, after an interruption, over the quota, with a password."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from infra.cli.board import Board
from infra.cli.files import find_uploads
from infra.cli.person import Person
from infra.cli.resumable import CHUNK_BYTES
from infra.cli.upload import upload
from infra.local import state
from tests.conftest import Gateway
from tests.integration.test_cli_follow import Screen, owner, somebody
from tests.waiting import eventually_async

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _own_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(state.FOLDER_VARIABLE, str(tmp_path / "state"))


@asynccontextmanager
async def worked_on(gateway: Gateway, outcome: str = "status = 'ready'") -> AsyncIterator[psycopg.AsyncConnection]:
    """Somebody who does what the listeners would, as soon as there is something to do."""
    async with owner(gateway) as database:
        change = f"update public.documents set {outcome}, updated_at = clock_timestamp() where status = 'queued'"

        async def work() -> None:
            await database.execute(change.encode())
            raise AssertionError("there may always be more to come")

        working: asyncio.Task[None] = asyncio.create_task(eventually_async(work, within=60))
        try:
            yield database
        finally:
            working.cancel()
            await asyncio.wait([working])


async def send(person: Person, *files: Path, password: str | None = None, screen: Screen | None = None) -> Board:
    board = Board.of(str(person.library), find_uploads(files))
    await asyncio.wait_for(upload(person, board, screen or Screen(), password), 60)
    return board


class Interrupting(Screen):
    """Ctrl-C, as soon as a chunk has arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.task = asyncio.current_task()

    def show(self, shown: object) -> None:
        if isinstance(shown, Board) and any(track.sent > 0 for track in shown.tracks.values()):
            assert self.task is not None
            self.task.cancel()


async def test_an_interrupted_upload_goes_on_where_it_was(gateway: Gateway, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(2 * CHUNK_BYTES + 5))
    async with somebody(gateway) as person, worked_on(gateway):

        async def interrupted() -> None:
            await send(person, large, screen=Interrupting())

        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(interrupted())
        [draft] = [path for path in (gateway.storage / "drafts").iterdir() if not path.suffix]
        assert CHUNK_BYTES <= draft.stat().st_size < large.stat().st_size

        board = await send(person, large)
        assert [track.succeeded for track in board.tracks.values()] == [True]
        assert [path.name for path in (gateway.storage / "drafts").glob("*.json")] == [f"{draft.name}.json"]
        name = f"{person.library}/large.bin"
        assert await person.client.storage.from_("documents").download(name) == large.read_bytes()

        again = await send(person, large)
        assert [(track.succeeded, track.unchanged) for track in again.tracks.values()] == [(True, True)]


async def test_only_what_has_changed_is_sent_again(gateway: Gateway, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("a.txt", "b.txt", "c.txt"):
        (folder / name).write_text(name)
    async with somebody(gateway) as person, worked_on(gateway) as database:
        first = await send(person, folder)
        assert [track.unchanged for track in first.tracks.values()] == [False] * 3
        versions = await (await database.execute("select name, version from storage.objects")).fetchall()
        (folder / "b.txt").write_text("b, but another")
        second = await send(person, folder)
        assert [track.unchanged for track in second.tracks.values()] == [True, False, True]
        after = await (await database.execute("select name, version from storage.objects")).fetchall()
    changed = {name for name, _ in set(versions) ^ set(after)}
    assert changed == {f"{person.library}/docs/b.txt"}


@pytest.mark.parametrize("size", [10, CHUNK_BYTES + 10])
async def test_the_quota_is_told_in_its_own_words(gateway: Gateway, tmp_path: Path, size: int) -> None:
    file = tmp_path / "f.bin"
    file.write_bytes(bytes(size))
    async with somebody(gateway) as person, worked_on(gateway) as database:
        await database.execute("select public.set_quota_v1(%s, 0, null)", [person.library])
        board = await send(person, file)
    [track] = board.tracks.values()
    assert track.refusal == "Storage refused this (403): The library holds 0 of at most 0 documents."
    assert not list((gateway.storage / "objects").glob("*/*"))


async def test_a_password_is_handed_in_for_what_asks_for_one(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "locked.pdf"
    file.write_text("locked")
    locked = "status = 'failed', error_code = 'encrypted', error_message = 'It is locked.'"
    async with somebody(gateway) as person:
        async with worked_on(gateway, locked):
            [track] = (await send(person, file)).tracks.values()
        assert track.row is not None
        assert track.row.locked
        async with worked_on(gateway) as database:
            [track] = (await send(person, file, password="correct horse")).tracks.values()
            kept = await (await database.execute("select password from rivulet.passwords")).fetchall()
    assert (track.succeeded, track.unchanged) == (True, True)
    assert kept == [("correct horse",)]  # nobody has read the file here
