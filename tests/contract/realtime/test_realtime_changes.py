"""Row changes: what is told of a row, to whom, and how each type of value looks."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Gateway
from tests.contract.realtime.tables import change, following, published
from tests.contract.realtime.wire import Frame, Wire, wire

pytestmark = pytest.mark.anyio
Run = Callable[[str], None]
ANNA = "aaaaaaaa-0000-4000-8000-000000000001"


# Shape ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
async def test_insertions_updates_and_deletions(gateway: Gateway, name: str, run: Run, version: int) -> None:
    run(published(name, "id bigint primary key, t text"))
    async with wire(gateway, version) as socket:
        reply = await socket.join(name, following(name))
        (echo,) = reply["response"]["postgres_changes"]
        assert {**echo, "id": 0} == {"event": "*", "schema": "public", "table": name, "id": 0}
        notice = await socket.event("system")
        assert (notice.ref, notice.payload) == (
            None,
            {
                "channel": name,
                "extension": "postgres_changes",
                "message": "Subscribed to PostgreSQL",
                "status": "ok",
            },
        )
        run(f"insert into {name} values (9007199254740993, 'ä\"'); update {name} set t = null; delete from {name}")
        frames = [await socket.event("postgres_changes") for _ in range(3)]
    moments = {frame.payload["data"].pop("commit_timestamp") for frame in frames}
    assert len(moments) == 1
    common = {
        "schema": "public",
        "table": name,
        "errors": None,
        "columns": [{"name": "id", "type": "int8"}, {"name": "t", "type": "text"}],
    }
    key = {"id": 9007199254740993}
    assert [frame.payload for frame in frames] == [
        {"ids": [echo["id"]], "data": {**common, "type": "INSERT", "record": {**key, "t": 'ä"'}}},
        {"ids": [echo["id"]], "data": {**common, "type": "UPDATE", "record": {**key, "t": None}, "old_record": key}},
        {"ids": [echo["id"]], "data": {**common, "type": "DELETE", "old_record": key}},
    ]
    assert all((frame.ref, frame.join_ref) == (None, None) for frame in frames)
    (moment,) = moments
    assert moment.endswith("Z")
    assert len(moment) == len("2026-11-22T10:11:12.345Z")


VALUES = [
    ("int2", "7", 7),
    ("int8", "9007199254740993", 9007199254740993),
    ("numeric", "1.50", 1.5),
    ("numeric", "'NaN'", None),
    ("float8", "0.1", 0.1),
    ("float8", "'-Infinity'", None),
    ("oid", "42", "42"),
    ("bool", "true", True),
    ("text", "E'a\\\\nb'", "a\\nb"),
    ("varchar(3)", "'abc'", "abc"),
    ("char(3)", "'a'", "a  "),
    ("bit(3)", "B'101'", "101"),
    ("uuid", f"'{ANNA.upper()}'", ANNA),
    ("json", '\'{"b": 1, "a": 2, "a": 3}\'', {"a": 3, "b": 1}),
    ("jsonb", "'[1, {\"x\": null}]'", [1, {"x": None}]),
    ("timestamptz", "'2024-02-03 04:05:06.789123+02'", "2024-02-03T02:05:06.789123+00:00"),
    ("timestamp", "'2024-02-03 02:05:06'", "2024-02-03T02:05:06"),
    ("date", "'2024-02-03'", "2024-02-03"),
    ("timetz", "'02:05:06+00'", "02:05:06+00"),
    ("interval", "'26 hours 3 minutes 4 seconds'", "26:03:04"),
    ("interval", "'1 day 02:03:04'", "1 day 02:03:04"),
    ("bytea", "'\\xdeadbeef'", "deadbeef"),
    ("text[]", "array['a', null, '{']", ["a", None, "{"]),
    ("int[]", "array[[1,2],[3,4]]", [[1, 2], [3, 4]]),
    ("jsonb[]", "array['{\"a\": 1}']::jsonb[]", [{"a": 1}]),
    ("bytea[]", "array['\\x01']::bytea[]", ["\\x01"]),
    ("int4range", "'[1,5)'", "[1,5)"),
    ("inet", "'10.0.0.1/8'", "10.0.0.1/8"),
    ("point", "'(1,2)'", "(1,2)"),
    ("tsvector", "'a b'::tsvector", "'a' 'b'"),
]


async def test_values_look_as_hosted_realtime_shows_them(gateway: Gateway, name: str, run: Run) -> None:
    run(
        f"create type mood_{name} as enum ('sad'); create type pair_{name} as (a int, b text); "
        f"create domain year_{name} as int check (value > 0)"
    )
    values = [
        *VALUES,
        (f"mood_{name}", "'sad'", "sad"),
        (f"pair_{name}", "row(1, 'x')", {"a": 1, "b": "x"}),
        (f"year_{name}", "2024", 2024),
    ]
    columns = ", ".join(f"c{i} {kind}" for i, (kind, _, _) in enumerate(values))
    run(published(name, f"id int primary key, {columns}, twice int generated always as (id * 2) stored"))
    async with wire(gateway) as socket:
        await socket.joined(name, following(name))
        run(f"insert into {name} values (1, {', '.join(literal for _, literal, _ in values)})")
        data = await change(socket)
    expected = {f"c{i}": value for i, (_, _, value) in enumerate(values)}
    assert data["record"] == {"id": 1, "twice": 2, **expected}
    types = {column["name"]: column["type"] for column in data["columns"]}
    assert (types["c12"], types["c22"], types["c10"]) == ("uuid", "_text", "bpchar")


@pytest.mark.parametrize(
    ("identity", "secured", "old_of_update", "old_of_deletion"),
    [
        ("default", False, {"id": 2}, {"id": 2}),
        ("full", False, {"id": 2, "t": "a", "u": "x"}, {"id": 2, "t": "b", "u": "x"}),
        ("full", True, {"id": 2, "t": "a", "u": "x"}, {"id": 2}),
    ],
)
async def test_what_is_told_of_the_row_before(
    gateway: Gateway, name: str, run: Run, identity: str, secured: bool, old_of_update: Any, old_of_deletion: Any
) -> None:
    run(published(name, "id int primary key, t text, u text", f"alter table {name} replica identity {identity}"))
    if secured:
        run(f"alter table {name} enable row level security; create policy p on {name} using (true)")
    run(f"insert into {name} values (2, 'a', 'x')")
    async with wire(gateway) as socket:
        await socket.joined(name, following(name, "UPDATE"))
        run(f"update {name} set t = 'b'")
        assert (await change(socket))["old_record"] == old_of_update
        await socket.joined(f"{name}-2", following(name, "DELETE"))
        run(f"delete from {name}")
        assert (await change(socket))["old_record"] == old_of_deletion


async def test_a_changed_key_tells_the_old_one(gateway: Gateway, name: str, run: Run) -> None:
    run(published(name, "id int primary key, t text") + f"insert into {name} values (1, 'a')")
    async with wire(gateway) as socket:
        await socket.joined(name, following(name, "UPDATE"))
        run(f"update {name} set id = 2")
        data = await change(socket)
        assert (data["record"], data["old_record"]) == ({"id": 2, "t": "a"}, {"id": 1})


@pytest.mark.parametrize("identity", ["default", "full"])
async def test_long_values_that_did_not_change(gateway: Gateway, name: str, run: Run, identity: str) -> None:
    run(
        published(
            name,
            "id int primary key, n int, long text",
            f"""
        alter table {name} replica identity {identity}; alter table {name} alter long set storage external;
        insert into {name} values (1, 1, repeat('x', 10000))""",
        )
    )
    async with wire(gateway) as socket:
        await socket.joined(name, following(name, "UPDATE"))
        run(f"update {name} set n = 2")
        record = (await change(socket))["record"]
        assert record == {"id": 1, "n": 2} | ({"long": "x" * 10000} if identity == "full" else {})


async def test_rows_too_large_are_told_in_part(gateway: Gateway, name: str, run: Run) -> None:
    run(published(name, "id int primary key, long text, short text, nothing text"))
    async with wire(gateway) as socket:
        await socket.joined(name, following(name))
        run(f"insert into {name} values (1, repeat('x', 1100000), 's', null)")
        data = await change(socket)
        assert (data["errors"], data["record"]) == (["Error 413: Payload Too Large"], {"id": 1, "short": "s"})


# Which rows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("n=eq.1", [1]),
        ("n=neq.1", [2, 3]),
        ("n=gt.1", [2, 3]),
        ("n=not.gt.1", [1]),
        ("n=lte.2", [1, 2]),
        ("n=in.(1,3)", [1, 3]),
        ("n=not.in.(1,3)", [2]),
        ("t=eq.b,n=eq.2", [2]),
        ("t=eq.b,n=eq.3", []),
        ("t=like.%y%", [3]),
        ("t=ilike.%Y%", [3]),
        ("t=match.^[xy]+$", [3]),
        ("t=not.imatch.^A$", [2, 3]),
        ('t=in.("b","xy")', [2, 3]),
        ("t=is.null", [4]),
        ("t=not.is.null", [1, 2, 3]),
        ("t=isdistinct.b", [1, 3, 4]),
        ("ok=is.true", [1]),
        ("ok=eq.false", [2]),
        ("at=gte.2024-01-02", [2]),
        ("num=eq.1.5", [1]),
        ("bytes=eq.beef", [1]),
        ("tags=eq.{a}", []),
    ],
)
async def test_filters(gateway: Gateway, name: str, run: Run, text: str, ids: list[int]) -> None:
    run(
        published(
            name, "id int primary key, n int, t text, ok bool, at timestamptz, num numeric, bytes bytea, tags text[]"
        )
    )
    end = {"event": "*", "schema": "public", "table": name, "filter": "id=eq.-1"}
    async with wire(gateway) as socket:
        await socket.joined(name, {"postgres_changes": [{**end, "filter": text}, end]})
        run(f"""insert into {name} values
                (1, 1, 'a', true, '2024-01-01', 1.50, '\\xbeef', '{{a}}'),
                (2, 2, 'b', false, '2024-01-02', 0, '', '{{}}'),
                (3, 3, 'xy', null, null, null, null, null)""")
        run(f"insert into {name} (id) values (4), (-1)")
        assert (await _ids(socket))[:-1] == ids


async def _ids(socket: Wire) -> list[int]:
    ids: list[int] = []
    while not ids or ids[-1] != -1:
        ids.append((await change(socket))["record"]["id"])
    return ids


async def test_filters_look_at_the_row_after_an_update_and_at_the_key_of_a_deleted_one(
    gateway: Gateway, name: str, run: Run
) -> None:
    run(published(name, "id int primary key, n int"))
    bindings = [following(name, filter=text)["postgres_changes"][0] for text in ("n=eq.1", "id=eq.2", "id=eq.-1")]
    async with wire(gateway) as socket:
        await socket.joined(name, {"postgres_changes": bindings})
        run(f"insert into {name} values (1, 1), (2, 2), (3, 1)")
        assert [(await change(socket))["record"]["id"] for _ in range(3)] == [1, 2, 3]
        run(f"update {name} set n = 9 where id = 1; update {name} set n = 1 where id = 2")
        run(f"delete from {name}; insert into {name} values (-1, 0)")
        seen = [
            (data["type"], len(frame.payload["ids"]))
            for frame in await _until_insert(socket)
            for data in [frame.payload["data"]]
        ]
        assert seen == [("UPDATE", 2), ("DELETE", 1), ("INSERT", 1)]


async def _until_insert(socket: Wire) -> list[Frame]:
    frames: list[Frame] = []
    while not frames or frames[-1].payload["data"]["type"] != "INSERT":
        frames.append(await socket.event("postgres_changes"))
    return frames


async def test_one_frame_names_all_bindings_that_match(gateway: Gateway, name: str, run: Run) -> None:
    run(published(name, "id int primary key, t text, u text"))
    whole = {"event": "*", "schema": "public", "table": name}
    bindings = [
        whole,
        {**whole, "event": "INSERT"},
        {**whole, "event": "DELETE"},
        dict(whole),
        {**whole, "select": ["t"]},
    ]
    async with wire(gateway) as socket:
        reply = await socket.join(name, {"postgres_changes": bindings})
        ids = [binding["id"] for binding in reply["response"]["postgres_changes"]]
        assert ids[0] == ids[3]
        await socket.event("system")
        run(f"insert into {name} values (1, 't', 'u')")
        first, second = [(await socket.event("postgres_changes")).payload for _ in range(2)]
        assert (first["ids"], first["data"]["record"]) == ([ids[0], ids[1]], {"id": 1, "t": "t", "u": "u"})
        assert (second["ids"], second["data"]["record"]) == ([ids[4]], {"id": 1, "t": "t"})
        assert [column["name"] for column in second["data"]["columns"]] == ["id", "t"]


async def test_wildcards_follow_tables_that_are_published_later(gateway: Gateway, name: str, run: Run) -> None:
    run(
        f"create schema {name}; grant usage on schema {name} to anon; create table {name}.one (id int primary key); "
        f"grant select on {name}.one to anon; alter publication supabase_realtime add table {name}.one"
    )
    async with wire(gateway) as socket:
        await socket.joined(name, {"postgres_changes": [{"event": "*", "schema": name}]})
        run(f"insert into {name}.one values (1)")
        assert (await change(socket))["table"] == "one"
        run(
            f"create table {name}.two (id int primary key); grant select on {name}.two to anon; "
            f"alter publication supabase_realtime add table {name}.two"
        )
        run(f"insert into {name}.two values (2)")
        assert (await socket.event("system")).payload["message"] == "Subscribed to PostgreSQL"
        assert (await change(socket))["table"] == "two"


async def test_a_table_that_changes_is_told_as_it_is_now(gateway: Gateway, name: str, run: Run) -> None:
    run(published(name, "id int primary key, gone text"))
    async with wire(gateway) as socket:
        await socket.joined(name, following(name))
        run(f"insert into {name} values (1, 'x')")
        assert (await change(socket))["record"] == {"id": 1, "gone": "x"}
        run(f"alter table {name} drop gone; alter table {name} add fresh int default 5")
        run(f"insert into {name} values (2)")
        assert (await change(socket))["record"] == {"id": 2, "fresh": 5}
