"""Broadcast from the database: the functions of schema realtime, delivery on commit, replay."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.conftest import Gateway
from tests.contract.realtime.wire import Frame, Wire, wire

pytestmark = pytest.mark.anyio
Run = Callable[[str], None]
PRIVATE: dict[str, Any] = {"private": True}


async def listening(socket: Wire, topic: str, config: dict[str, Any] = PRIVATE) -> None:
    """Join, and wait until the database's log is followed."""
    await socket.joined(topic, {**config, "broadcast": {"replication_ready": True, **config.get("broadcast", {})}})
    notice = await socket.event("system")
    assert notice.payload["message"] == "Replication connection established"


@pytest.mark.parametrize("version", [1, 2])
async def test_what_is_sent_is_delivered_on_commit(gateway: Gateway, name: str, run: Run, version: int) -> None:
    async with wire(gateway, version, gateway.database.secret_key) as socket:
        await listening(socket, name)
        with psycopg.connect(gateway.database.owner_dsn) as owner:
            owner.execute("select realtime.send(%s, 'ev', %s)", ['{"a": 1.50, "text": "ä"}', name])
            assert await socket.until_answered() == []
            owner.execute("select realtime.send('{}', 'second', %s)", [name])
        first, second = await socket.event("broadcast"), await socket.event("broadcast")
        identity = first.payload["meta"]["id"]
        assert first == Frame(
            f"realtime:{name}",
            "broadcast",
            {
                "type": "broadcast",
                "event": "ev",
                "payload": {"a": 1.5, "id": identity, "text": "ä"},
                "meta": {"id": identity},
            },
        )
        assert second.payload["event"] == "second"


async def test_whoever_is_told_of_a_row_can_read_it(gateway: Gateway, name: str, run: Run) -> None:
    run(f"create table {name} (id int primary key)")

    def write() -> None:
        with psycopg.connect(gateway.database.owner_dsn, autocommit=True) as writer:
            for number in range(200):
                with writer.transaction():
                    writer.execute(f"insert into {name} values ({number})".encode())
                    writer.execute(f"select realtime.send('{{\"n\": {number}}}', 'ev', '{name}')".encode())

    async with wire(gateway, key=gateway.database.secret_key) as socket:
        await listening(socket, name)
        writing = asyncio.create_task(asyncio.to_thread(write))
        with psycopg.connect(gateway.database.owner_dsn, autocommit=True) as reader:
            for _ in range(200):
                number = (await socket.event("broadcast")).payload["payload"]["n"]
                found = reader.execute(f"select from {name} where id = {number}".encode()).rowcount
                assert found == 1, f"row {number} was told of but could not be read"
        await writing


async def test_what_is_rolled_back_is_not_delivered(gateway: Gateway, name: str, run: Run) -> None:
    async with wire(gateway, key=gateway.database.secret_key) as socket:
        await listening(socket, name)
        with psycopg.connect(gateway.database.owner_dsn) as owner:
            owner.execute("select realtime.send('{}', 'lost', %s)", [name])
            owner.rollback()
        run(f"select realtime.send('{{}}', 'kept', '{name}')")
        assert (await socket.event("broadcast")).payload["event"] == "kept"


async def test_private_rows_go_to_private_channels_alone(gateway: Gateway, name: str, run: Run) -> None:
    secret = gateway.database.secret_key
    async with wire(gateway, key=secret) as private, wire(gateway, key=secret) as public:
        await listening(private, name)
        await listening(public, name, {})
        run(f"select realtime.send('{{}}', 'private', '{name}'), realtime.send('{{}}', 'public', '{name}', false)")
        assert (await private.event("broadcast")).payload["event"] == "private"
        assert (await public.event("broadcast")).payload["event"] == "public"
        assert [*await private.until_answered(), *await public.until_answered()] == []


async def test_a_payload_keeps_its_own_id(gateway: Gateway, name: str, run: Run) -> None:
    async with wire(gateway, key=gateway.database.secret_key) as socket:
        await listening(socket, name)
        run(f"""select realtime.send('{{"id": 7}}', 'ev', '{name}')""")
        payload = (await socket.event("broadcast")).payload
        assert payload["payload"] == {"id": 7}
        assert payload["meta"]["id"] != 7


async def test_bytes_reach_new_sockets_alone(gateway: Gateway, name: str, run: Run) -> None:
    secret = gateway.database.secret_key
    async with wire(gateway, 2, secret) as new, wire(gateway, 1, secret) as old:
        await listening(new, name)
        await listening(old, name)
        run(rf"select realtime.send_binary('\x0102ff', 'ev', '{name}')")
        run(f"select realtime.send('{{}}', 'after', '{name}')")
        payload = (await new.event("broadcast")).payload
        assert (payload["event"], payload["payload"], list(payload["meta"])) == ("ev", b"\x01\x02\xff", ["id"])
        assert (await old.event("broadcast")).payload["event"] == "after"


async def test_rows_that_are_no_broadcast_are_not_delivered(gateway: Gateway, name: str, run: Run) -> None:
    async with wire(gateway, key=gateway.database.secret_key) as socket:
        await listening(socket, name)
        run(
            f"insert into realtime.messages (topic, extension, event, payload, private) values "
            f"('{name}', 'presence', 'e', '{{}}', true), ('{name}', 'broadcast', null, '{{}}', true), "
            f"('{name}', 'broadcast', 'e', null, true)"
        )
        run(f"select realtime.send('{{}}', 'after', '{name}')")
        assert (await socket.event("broadcast")).payload["event"] == "after"


async def test_row_triggers_tell_what_changed(gateway: Gateway, name: str, run: Run) -> None:
    run(f"create table {name} (id int primary key, t text)")
    run(f"""create function tell_{name}() returns trigger language plpgsql security definer as $$ begin
              perform realtime.broadcast_changes('{name}', tg_op, tg_op, tg_table_name, tg_table_schema, new, old);
              return null; end $$""")
    run(f"create trigger tell after insert or update or delete on {name} for each row execute function tell_{name}()")
    async with wire(gateway, key=gateway.database.secret_key) as socket:
        await listening(socket, name)
        run(f"insert into {name} values (1, 'a')")
        run(f"update {name} set t = 'b'")
        run(f"delete from {name}")
        told = [(await socket.event("broadcast")).payload for _ in range(3)]
        a, b = {"id": 1, "t": "a"}, {"id": 1, "t": "b"}
        assert [(t["event"], t["payload"]["record"], t["payload"]["old_record"]) for t in told] == [
            ("INSERT", a, None),
            ("UPDATE", b, a),
            ("DELETE", None, b),
        ]
        assert (told[0]["payload"]["table"], told[0]["payload"]["schema"]) == (name, "public")


def test_a_fault_in_sending_never_fails_the_transaction(gateway: Gateway, name: str) -> None:
    warnings: list[str] = []
    with psycopg.connect(gateway.database.owner_dsn) as owner:
        owner.add_notice_handler(lambda notice: warnings.append(notice.message_primary or ""))
        owner.execute("select realtime.send('[1]', 'ev', %s)", [name])
        owner.execute("set local role authenticated")
        owner.execute("select realtime.send('{}', 'ev', %s)", [name])
        owner.execute("select realtime.send_binary('a', 'ev', null)")
    assert len(warnings) == 3
    assert all(warning.startswith("WarnSendingBroadcastMessage: ") for warning in warnings)
    assert "row-level security" in warnings[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "'t', 'e', 'TRUNCATE', 't', 's', null, null",
            "Failed to process the row: Unexpected operation type: TRUNCATE",
        ),
        (
            "'t', 'e', 'INSERT', 't', 's', null, null, 'STATEMENT'",
            "Failed to process the row: function can only be triggered for each row, not for each statement",
        ),
    ],
)
def test_faults_of_a_change_trigger_do_fail_it(gateway: Gateway, arguments: str, message: str) -> None:
    with psycopg.connect(gateway.database.owner_dsn) as owner, pytest.raises(psycopg.errors.RaiseException) as fault:
        owner.execute(f"select realtime.broadcast_changes({arguments})".encode())
    assert fault.value.diag.message_primary == message


# Replay --------------------------------------------------------------------------------------------------------------


def replaying(**replay: Any) -> dict[str, Any]:
    return {"private": True, "broadcast": {"replay": replay}}


async def stored(gateway: Gateway, topic: str, calls: list[str]) -> None:
    """Send from the database, each in a transaction of its own, and wait until the log has told of all."""
    async with wire(gateway, key=gateway.database.secret_key) as listener:
        await listening(listener, topic)
        with psycopg.connect(gateway.database.owner_dsn, autocommit=True) as owner:
            for call in calls:
                owner.execute(f"select {call}".encode())
        for _ in calls:
            await listener.event("broadcast")


@pytest.mark.parametrize("version", [1, 2])
async def test_the_latest_stored_broadcasts_are_replayed_in_order(
    gateway: Gateway, name: str, run: Run, version: int
) -> None:
    await stored(gateway, name, [f"realtime.send('{{\"n\": {number}}}', 'ev', '{name}')" for number in range(4)])
    run(f"select realtime.send('{{}}', 'public', '{name}', false)")
    async with wire(gateway, version, gateway.database.secret_key) as socket:
        await socket.joined(name, replaying(since=0, limit=3))
        replayed = [(await socket.event("broadcast")).payload for _ in range(3)]
        assert [payload["payload"]["n"] for payload in replayed] == [1, 2, 3]
        assert all(payload["meta"] == {"id": payload["payload"]["id"], "replayed": True} for payload in replayed)
        assert await socket.until_answered() == []


async def test_what_was_replayed_is_not_told_again(gateway: Gateway, name: str, run: Run) -> None:
    async with wire(gateway, key=gateway.database.secret_key) as socket:
        # Committed and visible at once, but in the log a moment later: the live copy comes after the replay.
        run(f"set local synchronous_commit = off; select realtime.send('{{\"n\": 1}}', 'ev', '{name}')")
        await socket.joined(name, replaying())
        run(f"select realtime.send('{{\"n\": 2}}', 'ev', '{name}')")
        told = [(await socket.event("broadcast")).payload for _ in range(2)]
        assert [(payload["payload"]["n"], "replayed" in payload["meta"]) for payload in told] == [(1, True), (2, False)]


async def test_only_what_is_young_enough_is_replayed(gateway: Gateway, name: str) -> None:
    await stored(gateway, name, [f"realtime.send('{{}}', 'old', '{name}')"])
    async with wire(gateway, key=gateway.database.secret_key) as socket:
        await socket.joined(name, replaying(since=(time.time() + 30) * 1000))
        assert await socket.until_answered() == []


async def test_bytes_are_replayed_to_new_sockets(gateway: Gateway, name: str) -> None:
    await stored(gateway, name, [rf"realtime.send_binary('\x01', 'ev', '{name}')"])
    async with wire(gateway, 2, gateway.database.secret_key) as socket:
        await socket.joined(name, replaying())
        payload = (await socket.event("broadcast")).payload
        assert (payload["payload"], payload["meta"]["replayed"]) == (b"\x01", True)


async def test_a_replay_that_cannot_be_served_refuses_the_join(gateway: Gateway, name: str) -> None:
    async with wire(gateway, key=gateway.database.secret_key) as socket:
        wrong = {"private": True, "broadcast": {"replay": {"since": 0, "limit": 26}}}
        public = {"broadcast": {"replay": {"since": 0}}}
        beyond = replaying(since=1e300)
        reasons = [(await socket.join(name, config))["response"]["reason"] for config in (wrong, public, beyond)]
        assert reasons == [
            "UnableToReplayMessages: Replay params are not valid",
            "UnableToReplayMessages: Replay is not allowed for public channels",
            "UnableToReplayMessages: Realtime was unable to replay messages",
        ]


# Partitions ----------------------------------------------------------------------------------------------------------


def partitions(admin: "psycopg.Connection[Any]") -> set[str]:
    rows = admin.execute(
        "select relname from pg_inherits join pg_class on oid = inhrelid"
        " where inhparent = 'realtime.messages'::regclass"
    ).fetchall()
    return {row[0] for row in rows}


def day(offset: int) -> str:
    return (datetime.now(UTC) + timedelta(days=offset)).strftime("messages_%Y_%m_%d")


def test_partitions_are_made_ahead_and_old_ones_go(gateway: Gateway) -> None:
    with psycopg.connect(gateway.database.admin_dsn) as admin:
        admin.execute("select realtime.maintain_messages()")
        assert partitions(admin) >= {day(offset) for offset in range(-1, 4)} | {"messages_default"}
        ancient = datetime.now(UTC) - timedelta(days=20)
        admin.execute(
            "insert into realtime.messages (topic, extension, inserted_at) values ('t', 'e', %s)",
            [ancient.replace(tzinfo=None)],
        )
        admin.execute(
            "create table realtime.messages_2000_01_01 partition of realtime.messages"
            " for values from ('2000-01-01') to ('2000-01-02')"
        )
        admin.execute("select realtime.maintain_messages()")
        assert "messages_2000_01_01" not in partitions(admin)
        assert admin.execute("select count(*) from realtime.messages_default").fetchone() == (0,)
        admin.rollback()


def test_a_day_that_began_in_the_default_partition_stays_there(gateway: Gateway, name: str) -> None:
    with psycopg.connect(gateway.database.admin_dsn) as admin:
        admin.execute(f"drop table realtime.{day(3)}".encode())
        moment = (datetime.now(UTC) + timedelta(days=3)).replace(tzinfo=None)
        insert = "insert into realtime.messages (topic, extension, inserted_at) values (%s, 'e', %s)"
        admin.execute(insert, [name, moment])
        admin.execute("select realtime.maintain_messages()")
        admin.execute(insert, [name, moment])
        assert day(3) not in partitions(admin)
        assert admin.execute("select count(*) from realtime.messages where topic = %s", [name]).fetchone() == (2,)
        admin.rollback()


def test_projects_may_write_policies_but_not_change_the_table(gateway: Gateway, name: str) -> None:
    with psycopg.connect(gateway.database.owner_dsn) as owner:
        owner.execute(f"create policy {name} on realtime.messages for select to authenticated using (true)".encode())
        owner.execute("alter publication supabase_realtime set (publish = 'insert')")
        for statement in (
            "alter table realtime.messages add column x int",
            "drop table realtime.messages",
            "alter table realtime.messages disable row level security",
            "create or replace function realtime.topic() returns text language sql as $$select ''$$",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), owner.transaction():
                owner.execute(statement.encode())
        owner.rollback()


def test_helpers_of_the_server_are_closed_to_everyone_else(gateway: Gateway) -> None:
    with psycopg.connect(gateway.database.admin_dsn) as admin:
        for role in ("anon", "authenticated", "service_role", "postgres"):
            for function in (
                "maintain_messages()",
                "await_commits(bigint[])",
                "visible_rows(text, text[], jsonb[], jsonb[])",
            ):
                row = admin.execute(
                    "select has_function_privilege(%s, %s, 'execute')", [role, f"realtime.{function}"]
                ).fetchone()
                assert row == (False,), (role, function)
