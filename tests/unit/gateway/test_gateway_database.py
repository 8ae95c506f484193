"""The gateway's connections: several statements at once, refusals, a server that goes away and comes back."""

import asyncio

import httpx
import psycopg
import pytest

from infra.local.gateway.data_api.schema_cache import SchemaCache
from infra.local.gateway.pools import Pool
from infra.local.gateway.wire import PREPARED_MAX, DatabaseError, DatabaseLostError, Statement, Wire
from tests import databases
from tests.conftest import Gateway
from tests.waiting import eventually_async

pytestmark = pytest.mark.anyio


def one(value: int) -> Statement:
    return Statement("select $1::int", (str(value).encode(),))


async def test_statements_without_begin_are_one_transaction(platform_database: databases.Database) -> None:
    wire = await Wire.open(platform_database.owner_dsn)
    with pytest.raises(DatabaseError) as refused:
        await wire.run(Statement("create table public.t (id int)"), Statement("select 1/0"))
    assert (refused.value.sqlstate, refused.value.message) == ("22012", "division by zero")
    assert (await wire.run(Statement("select to_regclass('public.t')")))[0].get_value(0, 0) is None
    wire.close()


async def test_a_failure_rolls_an_open_transaction_back(platform_database: databases.Database) -> None:
    wire = await Wire.open(platform_database.owner_dsn)
    for _ in range(3):  # the failing statement is prepared from the second time on
        with pytest.raises(DatabaseError):
            await wire.run(Statement("begin"), Statement("select $1::int", (b"x",)), Statement("commit"))
        assert wire.idle()
    assert (await wire.run(one(5)))[0].get_value(0, 0) == b"5"
    wire.close()


async def test_prepared_statements_are_bounded_and_correct(platform_database: databases.Database) -> None:
    wire = await Wire.open(platform_database.owner_dsn)
    for number in range(PREPARED_MAX + 20):
        for value in (1, 2):
            results = await wire.run(Statement(f"select $1::int + {number}", (str(value).encode(),)))
            assert results[0].get_value(0, 0) == str(value + number).encode()
    (count,) = await wire.run(Statement("select count(*) from pg_prepared_statements"))
    assert int(count.get_value(0, 0) or 0) <= PREPARED_MAX + 1
    wire.close()


async def test_large_values_both_ways(platform_database: databases.Database) -> None:
    wire = await Wire.open(platform_database.owner_dsn)
    value = b"x" * 20_000_000
    (result,) = await wire.run(Statement("select $1::text", (value,)))
    assert result.get_value(0, 0) == value
    with pytest.raises(DatabaseError) as refused:
        await wire.run(Statement("select $1::text", (b"a\0b",)))
    assert refused.value.sqlstate == "22021"
    wire.close()


async def test_a_pool_lends_again_what_came_back_whole(platform_database: databases.Database) -> None:
    pool = Pool(platform_database.owner_dsn, 1)
    async with pool.wire() as first:
        await first.run(one(1))
    async with pool.wire() as second:
        assert second is first
        await second.run(Statement("begin"))
    async with pool.wire() as third:
        assert third is not first, "a connection with an open transaction was lent again"
    pool.renew()
    async with pool.wire() as fourth:
        assert fourth is not third
    pool.close()


async def test_a_cancelled_request_does_not_leave_its_answer_to_the_next(platform_database: databases.Database) -> None:
    pool = Pool(platform_database.owner_dsn, 1)

    async def slow() -> None:
        async with pool.wire() as wire:
            await wire.run(Statement("select pg_sleep(30)"))

    task = asyncio.create_task(slow())
    await eventually_async(lambda: _is_sleeping(platform_database))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with pool.wire() as wire:
        assert (await wire.run(one(7)))[0].get_value(0, 0) == b"7"
    pool.close()


def _is_sleeping(database: databases.Database) -> None:
    with psycopg.connect(database.admin_dsn) as admin:
        (count,) = admin.execute(
            "select count(*) from pg_stat_activity where datname = %s and query like %s and state = 'active'",
            [database.name, "select pg_sleep%"],
        ).fetchone() or (0,)
    assert count


async def test_connections_cut_by_the_server_are_replaced(platform_database: databases.Database) -> None:
    pool = Pool(platform_database.owner_dsn, 2)
    async with pool.wire() as wire:
        await wire.run(one(1))
    _cut_all(platform_database)
    async with pool.wire() as wire:
        assert (await wire.run(one(2)))[0].get_value(0, 0) == b"2"
    pool.close()


async def test_a_connection_cut_while_in_use_is_lost(platform_database: databases.Database) -> None:
    wire = await Wire.open(platform_database.owner_dsn)
    waiting = asyncio.create_task(wire.run(Statement("select pg_sleep(30)")))
    await eventually_async(lambda: _is_sleeping(platform_database))
    _cut_all(platform_database)
    with pytest.raises(DatabaseLostError):
        await waiting
    assert not wire.alive()


def _cut_all(database: databases.Database) -> None:
    with psycopg.connect(database.cluster.dsn(), autocommit=True) as admin:
        admin.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s", [database.name]
        )


async def test_no_server_at_all() -> None:
    with pytest.raises(DatabaseLostError):
        await Wire.open("host=127.0.0.1 port=1 user=nobody dbname=none")


async def test_the_schema_cache_listens_again_after_a_cut(platform_database: databases.Database) -> None:
    pool = Pool(platform_database.authenticator_dsn, 2)
    cache = SchemaCache(platform_database.authenticator_dsn, pool)
    cache.start()
    try:
        assert (await cache.picture()).schemas["public"].tables == {}
        _cut_all(platform_database)
        with psycopg.connect(platform_database.owner_dsn, autocommit=True) as owner:
            owner.execute("create table public.fresh (id int)")

        def seen() -> None:
            assert cache._picture is not None
            assert "fresh" in cache._picture.schemas["public"].tables

        await eventually_async(seen, within=10)
    finally:
        await cache.stop()
        pool.close()


async def test_requests_succeed_right_after_the_server_cut_everything(gateway: Gateway) -> None:
    headers = {"apikey": gateway.database.secret_key}
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers, timeout=20) as client:
        for path in ("/healthz", "/storage/v1/bucket", "/auth/v1/admin/users"):
            assert (await client.get(path)).status_code == 200
        _cut_all(gateway.database)
        for path in ("/healthz", "/storage/v1/bucket", "/auth/v1/admin/users"):
            assert (await client.get(path)).status_code == 200
