"""What the Data API refuses, and how it says so."""

import time
from typing import Any

import httpx
import jwt
import psycopg
import pytest

from tests.contract.conftest import Project, unique
from tests.contract.standing import refused
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

BOOKS = "contract_books"
REFUSED: dict[str, tuple[str, int, str]] = {
    "an unknown table": ("nothing_here", 404, "PGRST205"),
    "a private schema's table": ("hidden", 404, "PGRST205"),
    "an unknown column": (f"{BOOKS}?select=nope", 400, "42703"),
    "an unknown column in a filter": (f"{BOOKS}?nope=eq.1", 400, "42703"),
    "an unknown operator": (f"{BOOKS}?id=foo.1", 400, "PGRST100"),
    "a filter without operator": (f"{BOOKS}?id=1", 400, "PGRST100"),
    "a broken select": (f"{BOOKS}?select=id,(", 400, "PGRST100"),
    "a broken tree": (f"{BOOKS}?or=(id.eq.1", 400, "PGRST100"),
    "a broken order": (f"{BOOKS}?order=id.up", 400, "PGRST100"),
    "a limit that is no number": (f"{BOOKS}?limit=many", 400, "PGRST100"),
    "a value of another type": (f"{BOOKS}?id=eq.abc", 400, "22P02"),
    "a resource not embedded": (f"{BOOKS}?other.id=eq.1", 400, "PGRST108"),
    "no relationship": (f"{BOOKS}?select=contract_staff(*)", 400, "PGRST200"),
    "several relationships": (f"{BOOKS}?select=contract_authors(*)", 300, "PGRST201"),
    "an order by many": (
        "contract_authors?select=id,contract_books!author_id(id)&order=contract_books(id)",
        400,
        "PGRST118",
    ),
    "an aggregate": (f"{BOOKS}?select=pages.sum()", 400, "PGRST123"),
    "a deeper path": ("a/b", 404, "PGRST125"),
    "a table without grant": ("contract_closed", 401, "42501"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_malformed_requests_have_their_codes(http: httpx.AsyncClient, name: str) -> None:
    path, status, code = REFUSED[name]
    answer = await http.get(f"/rest/v1/{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "details", "hint", "message"}


async def test_the_text_of_common_errors(http: httpx.AsyncClient) -> None:
    missing = (await http.get("/rest/v1/contract_bookz")).json()
    assert missing["message"] == "Could not find the table 'public.contract_bookz' in the schema cache"
    assert missing["hint"] == "Perhaps you meant the table 'public.contract_books'"
    several = (await http.get(f"/rest/v1/{BOOKS}?select=contract_authors(*)")).json()
    assert sorted(one["cardinality"] for one in several["details"]) == ["many-to-one", "many-to-one"]
    assert "contract_authors!contract_books_author_id_fkey" in several["hint"]


async def test_other_schemas_and_media_types(http: httpx.AsyncClient) -> None:
    schema = await http.get(f"/rest/v1/{BOOKS}", headers={"accept-profile": "contract_private"})
    assert (schema.status_code, schema.json()["code"]) == (406, "PGRST106")
    media = await http.get(f"/rest/v1/{BOOKS}", headers={"accept": "text/xml"})
    assert (media.status_code, media.json()["code"]) == (406, "PGRST107")


async def test_ranges_beyond_the_end(http: httpx.AsyncClient) -> None:
    beyond = await http.get("/rest/v1/contract_genres?offset=99", headers={"prefer": "count=exact"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, "PGRST103")
    backwards = await http.get(f"/rest/v1/{BOOKS}", headers={"range": "5-2"})
    assert (backwards.status_code, backwards.json()["code"]) == (416, "PGRST103")


async def test_content_range(http: httpx.AsyncClient) -> None:
    path = "/rest/v1/contract_genres?order=id"
    assert (await http.get(path)).headers["content-range"] == "0-1/*"
    part = await http.get(path, headers={"prefer": "count=exact", "range": "0-0"})
    assert (part.status_code, part.headers["content-range"]) == (206, "0-0/2")
    none = await http.get("/rest/v1/contract_genres?id=eq.9", headers={"prefer": "count=exact"})
    assert (none.status_code, none.headers["content-range"]) == (200, "*/0")


async def test_strict_handling_of_preferences(http: httpx.AsyncClient) -> None:
    strict = await http.get(f"/rest/v1/{BOOKS}", headers={"prefer": "handling=strict, nonsense=1"})
    assert (strict.status_code, strict.json()["code"]) == (400, "PGRST122")
    assert (await http.get(f"/rest/v1/{BOOKS}", headers={"prefer": "nonsense=1"})).status_code == 200


async def test_keys_are_needed(project: Project) -> None:
    async with httpx.AsyncClient(base_url=project.url) as bare:
        none = await bare.get(f"/rest/v1/{BOOKS}")
        assert (none.status_code, none.json()["message"]) == (401, "No API key found in request")
        wrong = await bare.get(f"/rest/v1/{BOOKS}", headers={"apikey": "sb_publishable_wrong"})
        assert (wrong.status_code, wrong.json()["message"]) == (401, "Invalid API key")
        in_query = await bare.get(f"/rest/v1/{BOOKS}?apikey={project.publishable_key}&limit=1")
        assert in_query.status_code == 200


def _tokens() -> dict[str, str]:
    claims: dict[str, Any] = {"role": "service_role", "sub": "x", "exp": int(time.time()) + 600}
    return {
        "not a token": "a.b.c",
        "unsigned": jwt.encode(claims, "", algorithm="none"),
        "another key": jwt.encode(claims, "another secret of a good length, at least", algorithm="HS256"),
        "another algorithm": jwt.encode(
            claims, "another secret of a good length, at least, in all" * 2, algorithm="HS512"
        ),
    }


@pytest.mark.parametrize("name", _tokens())
async def test_forged_tokens_are_refused(http: httpx.AsyncClient, name: str) -> None:
    answer = await http.get("/rest/v1/contract_diary", headers={"authorization": f"Bearer {_tokens()[name]}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "PGRST301")


async def test_new_tables_and_columns_are_seen_soon(
    http: httpx.AsyncClient, owner: psycopg.Connection[tuple[Any, ...]]
) -> None:
    table = unique("contract_new_").replace("-", "_")
    owner.execute(f"create table public.{table} (id int primary key)".encode())
    try:
        assert (await http.post(f"/rest/v1/{table}", json={"id": 1})).status_code == 201
        owner.execute(f"alter table public.{table} add column note text".encode())
        assert (await http.post(f"/rest/v1/{table}", json={"id": 2, "note": "x"})).status_code == 201
        owner.execute(f"alter table public.{table} alter column id type text".encode())
        found = await http.get(f"/rest/v1/{table}?id=eq.2&select=*")
        assert found.json() == [{"id": "2", "note": "x"}]
    finally:
        owner.execute(f"drop table public.{table}".encode())


@pytest.mark.parametrize("path", ["/", "/nothing/v1/here", "/rest/v2/x"])
async def test_unknown_routes(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert (answer.status_code, answer.json()) == (404, {"error": "requested path is invalid"})


async def test_preflight_and_cors(http: httpx.AsyncClient) -> None:
    asked = {
        "origin": "http://localhost:3000",
        "access-control-request-method": "POST",
        "access-control-request-headers": "apikey,authorization,content-type",
    }
    preflight = await http.options(f"/rest/v1/{BOOKS}", headers=asked)
    assert preflight.is_success
    assert preflight.headers["access-control-allow-origin"] in ("*", "http://localhost:3000")
    assert "apikey" in preflight.headers["access-control-allow-headers"]
    plain = await http.get(f"/rest/v1/{BOOKS}", headers={"origin": "http://localhost:3000"})
    assert "Content-Range" in plain.headers["access-control-expose-headers"]


async def test_a_limit_of_changes_needs_a_function_of_rows(http: httpx.AsyncClient) -> None:
    headers = {"prefer": "handling=strict, max-affected=2"}
    answer = await http.post("/rest/v1/rpc/contract_add", json={"a": 1}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST128")
    many = await http.post("/rest/v1/rpc/contract_pairs", json={"n": 3}, headers=headers)
    assert (many.status_code, many.json()["code"]) == (400, "PGRST124")
    few = await http.post("/rest/v1/rpc/contract_pairs", json={"n": 2}, headers=headers)
    assert few.status_code == 200


@refused
async def test_what_the_data_api_leaves_out(http: httpx.AsyncClient) -> None:
    for path, headers, status in (
        ("/rest/v1/", {}, 404),
        (f"/rest/v1/{BOOKS}", {"accept": "application/vnd.pgrst.plan+json"}, 406),
        (f"/rest/v1/{BOOKS}", {"accept": "application/geo+json"}, 406),
        (f"/rest/v1/{BOOKS}", {"prefer": "timezone=Europe/Berlin"}, 400),
    ):
        answer = await http.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"][:5]) == (status, "PGRST"), path


def test_the_project_may_expose_other_schemas_and_fewer_rows(
    project: Project, owner: psycopg.Connection[tuple[Any, ...]]
) -> None:
    owner.execute("grant usage on schema contract_private to anon; grant select on contract_private.hidden to anon")
    headers = {"apikey": project.publishable_key}
    told = f"alter role authenticator in database {owner.info.dbname} "

    with httpx.Client(base_url=f"{project.url}/rest/v1", headers=headers) as http:

        def assert_shown(status: int, most: int) -> None:
            assert http.get("/hidden", headers={"accept-profile": "contract_private"}).status_code == status
            assert len(http.get(f"/{BOOKS}?id=lte.4").json()) == most

        try:
            owner.execute(f"{told} set pgrst.db_schemas = 'public, contract_private'".encode())
            owner.execute(f"{told} set pgrst.db_max_rows = '2'".encode())
            owner.execute("notify pgrst, 'reload config'")
            eventually(lambda: assert_shown(200, 2))
        finally:
            owner.execute(f"{told} reset all".encode())
            owner.execute("notify pgrst, 'reload config'")
        eventually(lambda: assert_shown(406, 4))
