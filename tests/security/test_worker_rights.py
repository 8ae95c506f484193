"""What a listener's token may do: the functions that its code calls, the project's files and bells, and nothing else.

What there is to be refused is read from the catalog, so a table or function that nobody thought of fails the test.
"""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from infra.local.state import CHECKOUT
from infra.worker_token import mint
from schema.keys import WORKER_ROLE as ROLE
from tests.conftest import Gateway
from tests.integration.engine import Engine
from tests.integration.test_visibility import signed_in

# Named by functions/, but asked by the operator's `rivulet audit` alone.
OPERATORS = {"audit_places_v1", "jobs_left_v1"}
# Each table with its first column.
TABLES = (
    "select relname::text, (select attname::text from pg_attribute where attrelid = c.oid and attnum > 0"
    " and not attisdropped order by attnum limit 1) from pg_class c"
    " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm')"
)
REFUSED = (401, 403)


@pytest.fixture
def http(gateway: Gateway) -> Iterator[httpx.Client]:
    """Somebody who has found a listener's token."""
    database = gateway.database
    headers = {"apikey": database.publishable_key, "Authorization": f"Bearer {mint(database.jwt_secret, 1)}"}
    with httpx.Client(base_url=gateway.url, headers=headers) as client:
        yield client


def _secret(gateway: Gateway) -> httpx.Client:
    key = gateway.database.secret_key
    return httpx.Client(base_url=gateway.url, headers={"apikey": key, "Authorization": f"Bearer {key}"})


def _called() -> set[str]:
    """The database functions that are named where listeners and functions have their code."""
    files = [file for folder in ("functions", "listeners") for file in Path(CHECKOUT / folder).rglob("*.py")]
    found = {name for file in files for name in re.findall(r"\b[a-z_]+_v1\b(?=\")", file.read_text())}
    assert len(found) > 30
    return found


def _may(engine: Engine, role: str) -> set[str]:
    return {
        name
        for (name,) in engine.all(
            "select proname::text from pg_proc where pronamespace = 'public'::regnamespace"
            " and has_function_privilege(%s, oid, 'execute')",
            role,
        )
    }


def test_it_may_call_what_its_code_calls_and_nothing_else(engine: Engine) -> None:
    assert _may(engine, "anon") == set()
    assert _may(engine, ROLE) == _called() - OPERATORS


def test_its_role_is_small(engine: Engine) -> None:
    attributes = "rolcanlogin, rolbypassrls, rolsuper, rolcreaterole, rolcreatedb, rolreplication"
    assert not any(engine.all(f"select {attributes} from pg_roles where rolname = %s", ROLE)[0])
    is_one_of = "select roleid::regrole::text from pg_auth_members where member = %s::regrole"
    assert engine.all(is_one_of, ROLE) == [("anon",)]
    may_be = "select distinct member::regrole::text from pg_auth_members where roleid = %s::regrole order by 1"
    assert engine.all(may_be, ROLE) == [("authenticator",), ("postgres",)]


def test_no_table_is_open_to_it(engine: Engine, http: httpx.Client) -> None:
    columns = dict(engine.all(TABLES))
    found = {
        (table, method): http.request(
            method,
            f"/rest/v1/{table}",
            params={} if method == "POST" else {column: "not.is.null"},
            json={column: None} if method in ("POST", "PATCH") else None,
        ).json()["code"]
        for table, column in columns.items()
        for method in ("GET", "POST", "PATCH", "DELETE")
    }
    assert len(found) > 40
    assert set(found.values()) == {"42501"}


def test_nor_by_any_column_or_beyond_the_data_api(engine: Engine) -> None:
    granted = (
        "select oid::regclass::text from pg_class where relnamespace in"
        " ('public'::regnamespace, 'rivulet'::regnamespace) and relkind in ('r', 'p', 'v', 'm')"
        " and (has_any_column_privilege(%s, oid, 'select, insert, update')"
        " or has_table_privilege(%s, oid, 'select, insert, update, delete, truncate'))"
    )
    assert engine.all(granted, ROLE, ROLE) == []
    assert engine.one("select has_schema_privilege(%s, 'rivulet', 'usage')", ROLE) is False
    closed = (
        "select relname::text from pg_class where relnamespace = 'auth'::regnamespace and relkind = 'r'"
        " and has_any_column_privilege(%s, oid, 'select, insert, update')"
    )
    assert engine.all(closed, ROLE) == []


def test_no_other_function_answers(engine: Engine, http: httpx.Client) -> None:
    others = engine.all(
        "select proname::text, coalesce(proargnames[1:pronargs], '{}') from pg_proc"
        " where pronamespace = 'public'::regnamespace and prokind = 'f' and prorettype <> 'trigger'::regtype"
        " and not proname = any(%s)",
        sorted(_called() - OPERATORS),
    )
    assert {"inspect_project_v1", "redrive_jobs_v1", "set_operator_v1", "watch_v1"} <= {name for name, _ in others}
    for name, arguments in others:
        reply = http.post(f"/rest/v1/rpc/{name}", json=dict.fromkeys(arguments))
        assert (name, reply.status_code in REFUSED, reply.json()["code"]) == (name, True, "42501")


def test_auth_is_not_its_affair(engine: Engine, http: httpx.Client) -> None:
    user = engine.person()
    for method, path, body in (
        ("GET", "/admin/users", None),
        ("GET", f"/admin/users/{user}", None),
        ("POST", "/admin/users", {"email": "x@example.com", "password": "longer-than-that"}),
        ("PUT", f"/admin/users/{user}", {"password": "longer-than-that"}),
        ("DELETE", f"/admin/users/{user}", None),
        ("POST", "/admin/generate_link", {"type": "magiclink", "email": f"{user}@example.com"}),
        ("POST", "/invite", {"email": "x@example.com"}),
        ("GET", "/user", None),
    ):
        assert http.request(method, f"/auth/v1{path}", json=body).status_code in REFUSED, path


def test_files_of_other_buckets_are_out_of_reach(engine: Engine, gateway: Gateway, http: httpx.Client) -> None:
    with _secret(gateway) as owner:
        owner.post("/storage/v1/bucket", json={"id": "other", "name": "other"}).raise_for_status()
        owner.post("/storage/v1/object/other/plan.txt", content=b"secret").raise_for_status()

    assert not http.get("/storage/v1/object/other/plan.txt").is_success
    assert http.request("DELETE", "/storage/v1/object/other", json={"prefixes": ["plan.txt"]}).json() == []
    assert http.post("/storage/v1/object/list/other", json={"prefix": ""}).json() == []
    assert not http.post("/storage/v1/object/other/new.txt", content=b"x").is_success
    assert not http.post("/storage/v1/object/sign/other/plan.txt", json={"expiresIn": 60}).is_success
    assert http.get("/storage/v1/bucket").json() == []
    assert not http.post("/storage/v1/bucket", json={"id": "mine", "name": "mine"}).is_success
    assert engine.one("select count(*) from storage.objects where bucket_id = 'other'") == 1


def test_a_persons_file_is_read_but_neither_changed_nor_removed(
    engine: Engine, gateway: Gateway, http: httpx.Client
) -> None:
    name = f"{engine.library(engine.person())}/plan.txt"
    with _secret(gateway) as owner:
        owner.post(f"/storage/v1/object/documents/{name}", content=b"The weir.").raise_for_status()

    assert http.get(f"/storage/v1/object/documents/{name}").content == b"The weir."
    assert not http.put(f"/storage/v1/object/documents/{name}", content=b"x").is_success
    assert not http.post("/storage/v1/object/documents/new.txt", content=b"x").is_success
    asked = {"prefixes": [name]}
    assert http.request("DELETE", "/storage/v1/object/documents", json=asked).json() == []

    engine.all("delete from public.documents")  # now nobody has it any more
    assert [each["name"] for each in http.request("DELETE", "/storage/v1/object/documents", json=asked).json()] == [
        name
    ]


@pytest.mark.parametrize(
    ("topic", "hears", "sends"),
    [
        ("wake:parse", True, True),
        ("conversation:{}", False, True),
        ("library:{}", False, False),
        ("person:{}", False, False),
        ("anything", False, False),
    ],
)
def test_it_hears_bells_and_sends_answers(engine: Engine, topic: str, hears: bool, sends: bool) -> None:
    topic = topic.format(uuid.uuid4())
    engine.all("insert into realtime.messages (topic, extension, private) values (%s, 'broadcast', true)", topic)
    with signed_in(engine, None, ROLE) as connection:
        connection.execute("select set_config('realtime.topic', %s, true)", [topic])
        heard = connection.execute("select 1 from realtime.messages where topic = %s", [topic]).fetchall()
        assert bool(heard) is hears
        try:
            connection.execute("insert into realtime.messages (topic, extension) values (%s, 'broadcast')", [topic])
            sent = True
        except psycopg.errors.InsufficientPrivilege:
            sent = False
    assert sent is sends
