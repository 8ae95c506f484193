"""Realtime under load and with clients that behave badly: the others notice nothing."""

import asyncio
import time
from socket import SO_RCVBUF, SOL_SOCKET

import httpx
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed

from infra.local.gateway.realtime.limits import Limits
from tests import databases
from tests.contract.realtime.wire import Wire, token, wire
from tests.integration.realtime_server import commit_at_once, realtime

pytestmark = pytest.mark.anyio
ROWS = 20_000
FOLLOWING = {"postgres_changes": [{"event": "*", "schema": "public", "table": "things"}]}
HELLO = {"type": "broadcast", "event": "hello", "payload": {}}


async def answers_within(socket: Wire, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await socket.ask("phoenix", "heartbeat", {})


async def read_to_the_end(socket: Wire) -> None:
    while True:
        await asyncio.wait_for(socket.connection.recv(), 5)


async def test_a_huge_transaction_arrives_whole_in_order_and_holds_up_nobody(
    platform_database: databases.Database,
) -> None:
    commit_at_once(platform_database)
    with psycopg.connect(platform_database.owner_dsn, autocommit=True) as owner:
        owner.execute("create table things (id int primary key, t text)")
        owner.execute("alter table things enable row level security")
        owner.execute("create policy p on things for select to authenticated using (id % 2 = 0)")
        owner.execute("alter publication supabase_realtime add table things")
    with realtime(platform_database) as server:
        async with wire(server) as socket, wire(server) as bystander:
            await socket.joined("room", FOLLOWING, token(server))

            async def write() -> None:
                connection = await psycopg.AsyncConnection.connect(platform_database.owner_dsn, autocommit=True)
                async with connection:
                    await connection.execute(
                        f"insert into things select i, repeat('x', 200) from generate_series(1, {ROWS}) i".encode()
                    )

            writing = asyncio.create_task(write())
            expected = iter(range(2, ROWS + 1, 2))
            for number in expected:
                data = (await socket.event("postgres_changes")).payload["data"]
                assert data["record"]["id"] == number
                if number % 2_000 == 0:
                    await answers_within(bystander, 1.0)
            await writing


async def test_changes_that_nobody_follows_are_skipped(platform_database: databases.Database) -> None:
    commit_at_once(platform_database)
    with psycopg.connect(platform_database.owner_dsn, autocommit=True) as owner:
        owner.execute("create table things (id int primary key, t text)")
        owner.execute("create table others (id int primary key, t text)")
        owner.execute("alter publication supabase_realtime add table things, others")
        with realtime(platform_database) as server:
            async with wire(server) as socket:
                await socket.joined("room", FOLLOWING)
                owner.execute(f"insert into others select i, 'x' from generate_series(1, {ROWS}) i".encode())
                started = time.monotonic()
                owner.execute("insert into things values (1)")
                await socket.event("postgres_changes")
                assert time.monotonic() - started < 3.0


async def test_a_client_that_does_not_read_is_closed_and_the_others_hear_all(
    platform_database: databases.Database,
) -> None:
    large = {**HELLO, "payload": {"text": "x" * 500_000}}
    with realtime(platform_database) as server:
        async with wire(server) as speaker, wire(server) as listener, wire(server) as deaf:
            for socket in (speaker, listener, deaf):
                await socket.joined("room")
            # Left to itself the system takes in some 30 MB for it.
            deaf.connection.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_RCVBUF, 65_536)
            for _ in range(60):
                await speaker.push("realtime:room", "broadcast", large)
                await listener.event("broadcast")
            with pytest.raises(ConnectionClosed):
                await read_to_the_end(deaf)
            assert deaf.connection.close_code == 1013
            await answers_within(speaker, 1.0)


async def test_silent_sockets_are_closed(platform_database: databases.Database) -> None:
    with realtime(platform_database, Limits(idle_seconds=0.3)) as server:
        async with wire(server) as silent, wire(server) as pinging:
            await silent.joined("room")
            await pinging.joined("room")
            closed = asyncio.create_task(silent.connection.wait_closed())
            while not closed.done():
                await (await pinging.connection.ping())
            assert silent.connection.close_code == 1000
            assert pinging.connection.close_code is None


async def test_sockets_without_channels_are_cut(platform_database: databases.Database) -> None:
    with realtime(platform_database, Limits(unused_seconds=0.3)) as server:
        async with wire(server) as unused, wire(server) as used:
            await used.joined("room")
            await asyncio.wait_for(unused.connection.wait_closed(), 5)
            assert unused.connection.close_code == 1006
            await answers_within(used, 1.0)


async def test_rates_and_numbers_are_limited(platform_database: databases.Database) -> None:
    limits = Limits(sockets=2, joins_per_second=3, events_per_second=2, channels_per_socket=100)
    with realtime(platform_database, limits) as server:
        async with wire(server) as socket, wire(server) as hasty:
            with pytest.raises(Exception, match="HTTP 429"):
                async with wire(server):
                    pass
            await socket.joined("room")
            for _ in range(3):
                await socket.push("realtime:room", "broadcast", HELLO)
            assert (await socket.event("system")).payload["message"] == "Too many messages per second"
            await socket.event("phx_close")
            reasons = [(await hasty.join(f"room-{n}"))["response"].get("reason") for n in range(3)]
            assert reasons[-1] == "ClientJoinRateLimitReached: Too many joins per second"
            await asyncio.wait_for(hasty.connection.wait_closed(), 5)
            assert hasty.connection.close_code == 1001


async def test_rates_are_limited_over_http_too(platform_database: databases.Database) -> None:
    headers = {"apikey": platform_database.publishable_key}
    message = {"topic": "room", "event": "e", "payload": {}}
    with realtime(platform_database, Limits(events_per_second=2)) as server:
        async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:

            async def send(count: int) -> tuple[int, str]:
                answer = await client.post("/realtime/v1/api/broadcast", json={"messages": [message] * count})
                assert answer.headers["x-rate-limit"] == "2"
                return answer.status_code, answer.json()["message"] if answer.content else ""

            assert await send(3) == (429, "Too many messages to broadcast, please reduce the batch size")
            assert await send(2) == (202, "")
            assert await send(1) == (429, "You have exceeded your rate limit")


async def test_hundreds_of_sockets_share_a_topic(platform_database: databases.Database) -> None:
    with realtime(platform_database) as server:
        contexts = [wire(server, 1 + number % 2) for number in range(300)]
        sockets = await asyncio.gather(*(context.__aenter__() for context in contexts))
        try:
            await asyncio.gather(*(socket.joined("room") for socket in sockets))
            await sockets[0].push("realtime:room", "broadcast", HELLO)
            heard = await asyncio.gather(*(socket.event("broadcast") for socket in sockets[1:]))
            assert all(frame.payload == HELLO for frame in heard)
        finally:
            await asyncio.gather(*(context.__aexit__(None, None, None) for context in contexts))
