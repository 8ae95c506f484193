"""The database function that tells which rows each subscriber may read."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.conftest import Gateway
from tests.contract.realtime.tables import published
from tests.waiting import eventually_async

pytestmark = pytest.mark.anyio
ASK = "select visible, failure from realtime.visible_rows(%s, %s, %s::jsonb[], %s::jsonb[])"


def query(table: str) -> str:
    return (
        "select array_agg(k.n::int) from jsonb_array_elements($1) with ordinality as k(v, n)"
        f" where exists (select from {table} t where t.id = (k.v ->> 0)::int)"
    )


async def visible(admin: "psycopg.AsyncConnection[Any]", table: str, roles: list[str]) -> list[Any]:
    claims = ['{"role": "' + role + '"}' for role in roles]
    cursor = await admin.execute(ASK, [query(table), roles, claims, ['[["1"], ["2"]]'] * len(roles)])
    return await cursor.fetchall()


def assert_waiting(admin_dsn: str, pid: int) -> None:
    with psycopg.connect(admin_dsn) as admin:
        row = admin.execute("select wait_event from pg_stat_activity where pid = %s", [pid]).fetchone()
    assert row == ("PgSleep",)


async def test_a_transaction_that_the_log_shows_early_is_waited_for(
    gateway: Gateway, name: str, run: Callable[[str], None]
) -> None:
    run(published(name, "id int primary key"))
    admin_dsn = gateway.database.admin_dsn
    async with (
        await psycopg.AsyncConnection.connect(admin_dsn) as writer,
        await psycopg.AsyncConnection.connect(admin_dsn, autocommit=True) as asker,
    ):
        await writer.execute(f"insert into {name} values (1)".encode())
        row = await (await writer.execute("select pg_current_xact_id()::text::bigint & 4294967295")).fetchone()
        assert row is not None
        waiting = asyncio.create_task(asker.execute("select realtime.await_commits(%s)", [[row[0]]]))
        await eventually_async(lambda: assert_waiting(admin_dsn, asker.info.backend_pid))
        await writer.commit()
        await waiting
        assert await visible(asker, name, ["anon"]) == [([1], None)]


async def test_roles_are_kept_apart_and_faults_are_told(
    gateway: Gateway, name: str, run: Callable[[str], None]
) -> None:
    run(
        published(
            name,
            "id int primary key",
            f"""insert into {name} values (1), (2); alter table {name} enable row level security;
                create policy a on {name} to anon using (id = 1);
                create policy b on {name} to authenticated using (1 / (id - 2) = -1);""",
        )
    )
    async with await psycopg.AsyncConnection.connect(gateway.database.admin_dsn, autocommit=True) as admin:
        roles = ["anon", "authenticated", "anon", "nobody", "service_role"]
        assert await visible(admin, name, roles) == [
            ([1], None),
            (None, "division by zero"),
            ([1], None),
            (None, 'role "nobody" does not exist'),
            ([1, 2], None),
        ]


async def test_asking_again_after_a_timeout_works(gateway: Gateway, name: str, run: Callable[[str], None]) -> None:
    run(
        published(
            name,
            "id int primary key",
            f"""insert into {name} values (1); alter table {name} enable row level security;
                create policy slow on {name} to anon using (pg_sleep(5) is not null);""",
        )
    )
    async with await psycopg.AsyncConnection.connect(gateway.database.admin_dsn, autocommit=True) as admin:
        await admin.execute("set statement_timeout = 100")
        with pytest.raises(psycopg.errors.QueryCanceled):
            await visible(admin, name, ["anon"])
        assert await visible(admin, name, ["service_role"]) == [([1], None)]
