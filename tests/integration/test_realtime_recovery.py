"""Realtime when the database goes away: sockets stay, a new slot is made, clients are told."""

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from infra.local import postgres
from tests import databases
from tests.contract.realtime.wire import Wire, wire
from tests.integration.realtime_server import commit_at_once, realtime
from tests.waiting import eventually_async

pytestmark = pytest.mark.anyio
FOLLOWING = {"postgres_changes": [{"event": "*", "schema": "public", "table": "things"}]}
SUBSCRIBED = "Subscribed to PostgreSQL"


def execute(database: databases.Database, statement: str) -> None:
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute(statement.encode())


def make_things(database: databases.Database) -> None:
    commit_at_once(database)
    execute(database, "create table things (id int primary key, t text)")
    execute(database, "alter publication supabase_realtime add table things")


async def hears(socket: Wire, database: databases.Database, number: int) -> None:
    """Check that row changes and stored broadcasts arrive."""
    await asyncio.to_thread(execute, database, f"insert into things values ({number})")
    assert (await socket.event("postgres_changes")).payload["data"]["record"]["id"] == number
    await asyncio.to_thread(execute, database, f"select realtime.send('{{\"n\": {number}}}', 'ev', 'room', false)")
    assert (await socket.event("broadcast")).payload["payload"]["n"] == number


def end_readers(database: databases.Database) -> int:
    with psycopg.connect(database.admin_dsn) as admin:
        rows = admin.execute(
            "select pg_terminate_backend(active_pid) from pg_replication_slots where database = %s and active",
            [database.name],
        ).fetchall()
        return len(rows)


def slots(database: databases.Database) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.admin_dsn) as admin:
        return admin.execute(
            "select slot_name, temporary from pg_replication_slots where database = %s", [database.name]
        ).fetchall()


async def test_a_lost_slot_is_replaced_and_subscribers_are_told(platform_database: databases.Database) -> None:
    make_things(platform_database)
    with realtime(platform_database) as server:
        async with wire(server) as socket:
            await socket.joined("room", FOLLOWING)
            await hears(socket, platform_database, 1)
            before = slots(platform_database)
            assert end_readers(platform_database) == 1
            assert (await socket.event("system")).payload["message"] == SUBSCRIBED
            await hears(socket, platform_database, 2)
            after = slots(platform_database)
            assert len(before) == len(after) == 1
            assert before != after
            assert after[0][1] is True


async def test_a_stopped_server_leaves_no_slot(platform_database: databases.Database) -> None:
    with realtime(platform_database) as server:
        async with wire(server) as socket:
            await socket.joined("room", {"broadcast": {"replication_ready": True}})
            await socket.event("system")
            assert len(slots(platform_database)) == 1
    await eventually_async(lambda: _assert_equal(slots(platform_database), []))


async def test_stopping_says_to_come_back_later(platform_database: databases.Database) -> None:
    with realtime(platform_database) as server:
        connection = await _connected(server)
    await asyncio.wait_for(connection.connection.wait_closed(), 5)
    assert connection.connection.close_code == 1012


async def _connected(server: Any) -> Wire:
    context = wire(server)
    socket = await context.__aenter__()
    await socket.joined("room")
    return socket


async def test_a_long_open_transaction_does_not_keep_the_server_from_stopping(
    platform_database: databases.Database,
) -> None:
    with psycopg.connect(platform_database.owner_dsn) as writer:
        writer.execute("create table unfinished (id int)")
        with realtime(platform_database) as server:
            async with wire(server) as socket:
                await socket.joined("room", {"broadcast": {"self": True}})
                await socket.push("realtime:room", "broadcast", {"type": "broadcast", "event": "e", "payload": {}})
                await socket.event("broadcast")
        writer.rollback()


@contextmanager
def own_server() -> Iterator[tuple[databases.Server, Callable[[], None], Callable[[], None]]]:
    """A PostgreSQL of this test's own, with functions that stop and start it."""
    with databases.running_server() as server:
        started: list[subprocess.Popen[bytes]] = []

        def stop() -> None:
            assert server.cluster.answers()
            postgres.end_leftover(server.cluster.data)

        def start() -> None:
            started.append(databases.launch(server.cluster, subprocess.DEVNULL))

        try:
            yield server, stop, start
        finally:
            for process in started:
                databases.stop(process)


async def test_the_database_may_come_later_go_and_come_back() -> None:
    with own_server() as (server, stop, start), server.database_from(databases.PLATFORM_TEMPLATE) as database:
        make_things(database)
        await asyncio.to_thread(stop)
        with realtime(database) as gateway:
            async with wire(gateway) as socket, wire(gateway, key=database.secret_key) as service:
                await socket.join("room", FOLLOWING)
                await asyncio.to_thread(start)
                assert (await socket.event("system")).payload["message"] == SUBSCRIBED
                await hears(socket, database, 1)
                await service.joined("private", {"private": True, "broadcast": {"self": True}})
                await asyncio.to_thread(stop)
                await _works_without_database(socket, service)
                await asyncio.to_thread(start)
                assert (await socket.event("system")).payload["message"] == SUBSCRIBED
                await hears(socket, database, 2)
                reply = await socket.join("private", {"private": True})
                assert reply["response"]["reason"].startswith("Unauthorized: ")


async def _works_without_database(socket: Wire, service: Wire) -> None:
    """Check that broadcasts go on, and that what needs the database is refused with the reason."""
    await service.push("realtime:private", "broadcast", {"type": "broadcast", "event": "e", "payload": {}})
    await service.event("broadcast")
    reply = await socket.join("private", {"private": True})
    assert reply["response"]["reason"] == (
        "UnableToConnectToProject: Realtime was unable to connect to the project database"
    )


def _assert_equal(left: object, right: object) -> None:
    assert left == right
