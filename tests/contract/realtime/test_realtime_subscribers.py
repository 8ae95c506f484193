"""Row changes: who is told, and why somebody is not."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from realtime import RealtimePostgresChangesListenEvent
from supabase import acreate_client

from tests.conftest import Gateway
from tests.contract.realtime.tables import change, following, published, told
from tests.contract.realtime.wire import token, wire

pytestmark = pytest.mark.anyio
Run = Callable[[str], None]
ANNA, BERT = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"


# Who is told ---------------------------------------------------------------------------------------------------------


def owned(name: str) -> str:
    return published(
        name,
        "id int primary key, owner uuid, t text",
        f"""
        alter table {name} enable row level security;
        create policy own on {name} for select to authenticated using (owner = auth.uid() or id = -1)""",
    )


async def test_row_level_security_decides_for_each_subscriber(gateway: Gateway, name: str, run: Run) -> None:
    run(owned(name))
    secret = gateway.database.secret_key
    async with (
        wire(gateway) as anna,
        wire(gateway) as bert,
        wire(gateway) as anon,
        wire(gateway, key=secret) as service,
    ):
        for socket, subject in ((anna, ANNA), (bert, BERT)):
            await socket.joined(name, following(name), token(gateway, subject))
        for socket in (anon, service):
            await socket.joined(name, following(name))
        run(f"insert into {name} values (1, '{ANNA}'), (2, '{BERT}'), (3, null)")
        run(f"update {name} set t = 'x' where id < 3")
        run(f"insert into {name} values (-1, null)")
        assert await told(anna) == [1, 1]
        assert await told(bert) == [2, 2]
        assert await told(service) == [1, 2, 3, 1, 2]
        run(f"delete from {name} where id = 1")
        deleted = await change(anon)
        assert (deleted["type"], deleted["old_record"]) == ("DELETE", {"id": 1})


async def test_a_row_that_is_gone_or_hidden_by_now_is_not_told(gateway: Gateway, name: str, run: Run) -> None:
    run(owned(name))
    async with wire(gateway) as anna:
        await anna.joined(name, following(name, "INSERT"), token(gateway, ANNA))
        run(
            f"insert into {name} values (1, '{ANNA}'), (2, '{ANNA}'), (3, '{ANNA}'); delete from {name} where id = 1; "
            f"update {name} set owner = '{BERT}' where id = 2; insert into {name} values (-1, null)"
        )
        assert await told(anna) == [3]


async def test_a_policy_that_fails_hides_rows_from_its_subscriber_alone(gateway: Gateway, name: str, run: Run) -> None:
    run(
        published(
            name,
            "id int primary key",
            f"""alter table {name} enable row level security;
        create policy p on {name} for select to authenticated
            using (case when auth.uid() = '{BERT}' then 1 / (id - id) = 1 else true end)""",
        )
    )
    async with wire(gateway) as anna, wire(gateway) as bert:
        await anna.joined(name, following(name), token(gateway, ANNA))
        await bert.joined(name, following(name), token(gateway, BERT))
        run(f"insert into {name} values (1)")
        assert (await change(anna))["record"] == {"id": 1}
        run(f"delete from {name}")
        assert (await change(bert))["type"] == "DELETE"


async def test_columns_without_privilege_are_left_out(gateway: Gateway, name: str, run: Run) -> None:
    run(
        published(
            name,
            "id int primary key, secret text, t text",
            f"""
        revoke select on {name} from anon; grant select (id, t) on {name} to anon""",
        )
    )
    async with wire(gateway) as socket:
        await socket.joined(name, following(name))
        run(f"insert into {name} values (1, 's', 't')")
        data = await change(socket)
        assert data["record"] == {"id": 1, "t": "t"}
        assert [column["name"] for column in data["columns"]] == ["id", "t"]


@pytest.mark.parametrize(
    ("columns", "extra", "error"),
    [
        ("id int primary key", "revoke select on {} from anon", "Error 401: Unauthorized"),
        ("id int", "", "Error 400: Bad Request, no primary key"),
    ],
)
async def test_tables_that_cannot_be_told_say_so(
    gateway: Gateway, name: str, run: Run, columns: str, extra: str, error: str
) -> None:
    run(published(name, columns, extra.format(name)))
    async with wire(gateway) as socket:
        await socket.joined(name, following(name))
        run(f"insert into {name} values (1)")
        assert await change(socket) == {
            "schema": "public",
            "table": name,
            "type": "INSERT",
            "commit_timestamp": None,
            "columns": [],
            "record": {},
            "errors": [error],
        }


async def test_a_new_token_changes_whose_rows_are_told(gateway: Gateway, name: str, run: Run) -> None:
    run(owned(name))
    async with wire(gateway) as socket:
        await socket.joined(name, following(name), token(gateway, ANNA))
        await socket.push(f"realtime:{name}", "access_token", {"access_token": token(gateway, BERT)})
        assert (await socket.event("system")).payload["message"] == "Subscribed to PostgreSQL"
        run(f"insert into {name} values (1, '{ANNA}'), (2, '{BERT}'), (-1, null)")
        assert await told(socket) == [2]


async def test_the_realtime_schema_is_never_followed(gateway: Gateway, name: str, run: Run) -> None:
    run(published(name, "id int primary key"))
    async with wire(gateway, key=gateway.database.secret_key) as socket:
        await socket.joined(name, {"postgres_changes": [{"event": "*", "schema": "*"}]})
        run(f"select realtime.send('{{}}', 'e', '{name}'); insert into {name} values (1)")
        assert (await change(socket))["table"] == name


# Faults --------------------------------------------------------------------------------------------------------------


def unable(binding: str, exception: str = "") -> str:
    start = "Unable to subscribe to changes with given parameters. "
    if exception:
        return start + (
            f"An exception happened so please check your connect parameters: {binding}. Exception: ERROR {exception}"
        )
    return start + f"Please check Realtime is enabled for the given connect parameters: {binding}"


@pytest.mark.parametrize(
    ("filters", "shown", "exception"),
    [
        ("nope=eq.1", '{"nope", "eq", "1", false}', "P0001 (raise_exception) invalid column for filter nope"),
        ("secret=eq.1", '{"secret", "eq", "1", false}', "P0001 (raise_exception) invalid column for filter secret"),
        (
            "id=eq.hey",
            '{"id", "eq", "hey", false}',
            '22P02 (invalid_text_representation) invalid input syntax for type integer: "hey"',
        ),
        (
            "v=like.a%",
            '{"v", "like", "a%", false}',
            "42883 (undefined_function) operator does not exist: varchar ~~ varchar",
        ),
        (
            "id=is.true",
            '{"id", "is", "true", false}',
            "42804 (datatype_mismatch) argument of IS TRUE must be type boolean, not type int4",
        ),
    ],
)
async def test_filters_that_cannot_be_served_are_explained(
    gateway: Gateway, name: str, run: Run, filters: str, shown: str, exception: str
) -> None:
    run(
        published(
            name,
            "id int primary key, v varchar, secret int",
            f"revoke select on {name} from anon; grant select (id, v) on {name} to anon",
        )
    )
    async with wire(gateway) as socket:
        assert (await socket.join(name, following(name, filter=filters)))["status"] == "ok"
        notice = (await socket.event("system")).payload
        binding = f"[event: *, schema: public, table: {name}, filters: [{shown}], select: nil]"
        assert notice == {
            "channel": name,
            "extension": "postgres_changes",
            "status": "error",
            "message": unable(binding, exception),
        }
        assert (await socket.ask(f"realtime:{name}", "phx_leave", {}))["status"] == "ok"


async def test_an_unpublished_table_is_explained_and_spoils_the_whole_channel(
    gateway: Gateway, name: str, run: Run
) -> None:
    run(published(name, "id int primary key"))
    both = [following(name)["postgres_changes"][0], following("nowhere", "INSERT")["postgres_changes"][0]]
    async with wire(gateway) as spoiled, wire(gateway) as sound:
        await spoiled.join(name, {"postgres_changes": both, "broadcast": {"ack": True}})
        notice = (await spoiled.event("system")).payload
        binding = "[event: INSERT, schema: public, table: nowhere, filters: [], select: nil]"
        assert (notice["status"], notice["message"]) == ("error", unable(binding))
        await sound.joined(name, following(name))
        run(f"insert into {name} values (1)")
        await change(sound)
        assert (await spoiled.ask(f"realtime:{name}", "broadcast", {}))["status"] == "ok"
        assert "postgres_changes" not in [frame.event for frame in await spoiled.until_answered()]


async def test_the_answer_to_a_join_can_wait_for_the_bindings(gateway: Gateway, name: str, run: Run) -> None:
    run(published(name, "id int primary key"))
    waiting = {"postgres_changes_options": {"wait": True}}
    async with wire(gateway) as socket:
        assert (await socket.join(name, following(name) | waiting))["status"] == "ok"
        run(f"insert into {name} values (1)")
        assert (await change(socket))["record"] == {"id": 1}
        reply = await socket.join(name, following("nowhere") | waiting)
        assert reply["response"]["reason"].startswith("RealtimeDisabledForConfiguration: Unable to subscribe")


async def test_the_python_client_follows_a_table(gateway: Gateway, name: str, run: Run) -> None:
    run(owned(name))
    client = await acreate_client(gateway.url, gateway.database.publishable_key)
    try:
        await client.realtime.set_auth(token(gateway, ANNA))
        rows: asyncio.Queue[Any] = asyncio.Queue()
        ready: asyncio.Queue[Any] = asyncio.Queue()
        channel = client.channel(name).on_postgres_changes(
            RealtimePostgresChangesListenEvent.All,
            schema="public",
            table=name,
            filter=f"owner=eq.{ANNA}",
            callback=rows.put_nowait,
        )
        channel.on_system(ready.put_nowait)
        await channel.subscribe()
        async with asyncio.timeout(5):
            assert (await ready.get()).message == "Subscribed to PostgreSQL"
            run(f"insert into {name} values (1, '{BERT}'), (2, '{ANNA}')")
            assert (await rows.get())["data"]["record"] == {"id": 2, "owner": ANNA, "t": None}
            run(f"update {name} set t = 'x'")
            assert (await rows.get())["data"]["old_record"] == {"id": 2}
    finally:
        await client.remove_all_channels()
