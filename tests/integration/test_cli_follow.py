"""Following documents and answers through the gateway, with every broadcast heard and with none."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import psycopg
import pytest

from infra.cli import ask as asking
from infra.cli.ask import Answered, Stopped, ask, start_conversation
from infra.cli.board import Board
from infra.cli.demo.show import newcomer
from infra.cli.errors import CommandError
from infra.cli.files import find_uploads
from infra.cli.person import Person
from infra.cli.project import Project
from infra.cli.upload import upload
from tests.conftest import Gateway
from tests.waiting import eventually_async

pytestmark = pytest.mark.anyio
WORKER_SECONDS = 10.0
SILENCED = [
    "alter table public.documents disable trigger user",
    "alter table public.messages disable trigger messages_broadcast",
    "alter table public.messages disable trigger messages_broadcast_change",
]


class Screen:
    """Keeps what a person would see."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.delays: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, shown: object) -> None:
        self.texts.append(str(shown))

    def delayed(self, text: str) -> None:
        self.delays.append(text)


@asynccontextmanager
async def somebody(gateway: Gateway) -> AsyncIterator[Person]:
    async with newcomer(Project(gateway.url, gateway.database.publishable_key, local=True), "test") as person:
        yield person


@asynccontextmanager
async def owner(gateway: Gateway) -> AsyncIterator[psycopg.AsyncConnection]:
    connection = await psycopg.AsyncConnection.connect(gateway.database.admin_dsn, autocommit=True)
    async with connection:
        yield connection


async def end_document(database: psycopg.AsyncConnection, board: Board) -> None:
    """Do what the listeners would, once the file has been accepted."""
    [track] = board.tracks.values()
    await eventually_async(lambda: _assert(track.accepted), within=WORKER_SECONDS)
    changed = await database.execute(
        "update public.documents set status = 'ready', active_version = version, updated_at = clock_timestamp()"
        " where title = %s",
        [track.upload.name],
    )
    assert changed.rowcount == 1


async def answer(database: psycopg.AsyncConnection, text: str) -> None:
    """Do what a responder would: a draft in two pieces, then the final row."""
    waiting: list[tuple[object, ...]] = []
    look: Callable[[], Awaitable[None] | None] = lambda: _find_pending(database, waiting)  # noqa: E731
    await eventually_async(look, within=WORKER_SECONDS)
    [(message, conversation)] = waiting
    await database.execute("update public.messages set status = 'streaming', fence = 3 where id = %s", [message])
    for offset, piece in ((0, text[:4]), (4, text[4:])):
        await database.execute(
            "select realtime.send(jsonb_build_object('message_id', %s::text, 'fence', 3, 'offset', %s::int,"
            " 'text', %s::text), 'delta', 'conversation:' || %s::text, true)",
            [message, offset, piece, conversation],
        )
    await database.execute(
        "update public.messages set status = 'complete', content = %s, updated_at = now() where id = %s",
        [text, message],
    )


async def _find_pending(database: psycopg.AsyncConnection, waiting: list[tuple[object, ...]]) -> None:
    found = await database.execute(
        "select id, conversation_id from public.messages where role = 'assistant' and status = 'pending'"
    )
    waiting += await found.fetchall()
    assert waiting, "nobody has asked yet"


async def asked(gateway: Gateway, person: Person, screen: Screen) -> Answered:
    """Ask something and have it answered."""
    async with owner(gateway) as database, asyncio.TaskGroup() as group:
        conversation = await start_conversation(person, screen)
        asking = group.create_task(ask(person, conversation, "How old is the weir?", screen))
        group.create_task(answer(database, "The weir is old."))
    return asking.result()


async def test_an_answer_is_heard_piece_by_piece(gateway: Gateway) -> None:
    screen = Screen()
    async with somebody(gateway) as person:
        answered = await asked(gateway, person, screen)
    assert answered.row.content == "The weir is old."
    assert answered.pieces == 2
    assert screen.texts == ["The ", "The weir is old."]


async def test_an_answer_whose_row_is_never_announced_is_found_all_the_same(gateway: Gateway) -> None:
    screen = Screen()
    async with somebody(gateway) as person, owner(gateway) as database:
        for statement in SILENCED[1:]:
            await database.execute(statement.encode())
        answered = await asked(gateway, person, screen)
    assert answered.row.content == "The weir is old."
    assert screen.texts[-1] == "The weir is old."


async def test_a_document_that_is_never_announced_is_found_ready(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "weir.txt").write_text("The weir is old.")
    async with somebody(gateway) as person, owner(gateway) as database:
        await database.execute(SILENCED[0].encode())
        board = Board.of(str(person.library), find_uploads([tmp_path / "weir.txt"]))
        async with asyncio.TaskGroup() as group:
            group.create_task(upload(person, board, Screen()))
            group.create_task(end_document(database, board))
    assert [track.succeeded for track in board.tracks.values()] == [True]


async def test_a_late_answer_is_called_delayed_and_can_be_stopped(gateway: Gateway) -> None:
    screen = Screen()
    async with somebody(gateway) as person, owner(gateway) as database:
        conversation = await start_conversation(person, screen)
        asking = asyncio.create_task(ask(person, conversation, "How old is the weir?", screen))
        await eventually_async(lambda: _assert("nobody has picked this up" in str(screen.delays)), within=15)
        asking.cancel()
        with pytest.raises(Stopped):
            await asking
        found = await database.execute("select status from public.messages where role = 'assistant'")
        assert await found.fetchone() == ("cancelled",)


async def test_an_answer_that_never_comes_is_not_waited_for_for_ever(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "DELAY_SECONDS", 0.1)
    monkeypatch.setattr(asking, "PATIENCE_SECONDS", 4.0)
    screen = Screen()
    async with somebody(gateway) as person, owner(gateway) as database:
        with pytest.raises(CommandError, match="The question is not lost"):
            await ask(person, await start_conversation(person, screen), "Is anybody there?", screen)

        assert "rivulet up respond" in screen.delays[0]
        found = await database.execute("select status from public.messages where role = 'assistant'")
        assert await found.fetchall() == [("pending",)]


async def test_a_name_that_storage_cannot_take_is_the_title_all_the_same(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "Übersicht 50%.txt").write_text("The weir is old.")
    async with somebody(gateway) as person, owner(gateway) as database:
        board = Board.of(str(person.library), find_uploads([tmp_path / "Übersicht 50%.txt"]))
        async with asyncio.TaskGroup() as group:
            group.create_task(upload(person, board, Screen()))
            group.create_task(end_document(database, board))
    assert [track.succeeded for track in board.tracks.values()] == [True]


def _assert(holds: bool) -> None:
    assert holds
