"""No way round row level security: each verb, with every kind of token that should not do."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import psycopg
import pytest

from infra.local.gateway.settings import GatewaySettings
from tests.contract.conftest import Client, Person, Project, unique

pytestmark = pytest.mark.anyio
Owner = psycopg.Connection[tuple[Any, ...]]
Claims = dict[str, Any]
DIARY = "/rest/v1/contract_diary"


@pytest.fixture
def settings(project: Project) -> GatewaySettings:
    """The settings of the local gateway: forging needs its secret."""
    if project.settings is None:
        pytest.skip("another Supabase keeps its secret")
    return project.settings


@pytest.fixture
async def entry(person: Person) -> int:
    """A row that is the person's alone."""
    made = await person.client.table("contract_diary").insert({"entry": "mine", "secret": "s"}).execute()
    return int(made.data[0]["id"])


def _part(document: Claims) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def _forged(token: str, **changed: Any) -> str:
    """A token whose claims were changed and whose signature was kept."""
    header, claims, signature = token.split(".")
    known = json.loads(base64.urlsafe_b64decode(claims + "=="))
    return f"{header}.{_part({**known, **changed})}.{signature}"


FAR = 4102444800
SERVICE: Claims = {"role": "service_role", "exp": FAR}
BAD_TOKENS: dict[str, Callable[[str, str], str]] = {
    "expired": lambda secret, _: jwt.encode({**SERVICE, "exp": int(time.time()) - 1}, secret, "HS256"),
    "signed with another key": lambda _, __: jwt.encode(SERVICE, "another secret of thirty-two bytes", "HS256"),
    "signed with an empty key": lambda _, __: f"{_part({'alg': 'HS256'})}.{_part(SERVICE)}.",
    "alg none": lambda _, __: f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(SERVICE)}.",
    "alg None in other letters": lambda _, __: f"{_part({'alg': 'nOnE', 'typ': 'JWT'})}.{_part(SERVICE)}.x",
    "another algorithm": lambda secret, _: jwt.encode(SERVICE, secret * 2, "HS512"),
    "a forged role": lambda _, token: _forged(token, role="service_role"),
    "a forged person": lambda _, token: _forged(token, sub="00000000-0000-0000-0000-000000000000"),
    "a role that is not ours to take": lambda secret, _: jwt.encode({"role": "postgres", "exp": FAR}, secret, "HS256"),
    "a role that is SQL": lambda secret, _: jwt.encode({"role": "anon; reset role", "exp": FAR}, secret, "HS256"),
    "no token at all": lambda _, __: "x",
}
Verb = Callable[[httpx.AsyncClient, int, str], Any]
VERBS: dict[str, Verb] = {
    "select": lambda http, row, _: http.get(f"{DIARY}?id=eq.{row}"),
    "insert": lambda http, _, __: http.post(DIARY, json={"entry": "forged"}),
    "upsert": lambda http, row, _: http.post(
        DIARY, json={"id": row, "entry": "forged"}, headers={"prefer": "resolution=merge-duplicates"}
    ),
    "update": lambda http, row, _: http.patch(f"{DIARY}?id=eq.{row}", json={"entry": "forged"}),
    "delete": lambda http, row, _: http.delete(f"{DIARY}?id=eq.{row}"),
    "call": lambda http, _, __: http.post("/rest/v1/rpc/contract_write", json={"entry": "forged"}),
    "list people": lambda http, _, __: http.get("/auth/v1/admin/users"),
    "read oneself": lambda http, _, __: http.get("/auth/v1/user"),
    "make a link": lambda http, _, __: http.post(
        "/auth/v1/admin/generate_link", json={"type": "magiclink", "email": "contract@example.com"}
    ),
    "download": lambda http, _, where: http.get(f"/storage/v1/object/authenticated/{where}"),
    "upload": lambda http, _, where: http.post(f"/storage/v1/object/{where}.new", content=b"forged"),
    "replace": lambda http, _, where: http.put(f"/storage/v1/object/{where}", content=b"forged"),
    "remove": lambda http, _, where: http.request(
        "DELETE", f"/storage/v1/object/{where.split('/')[0]}", json={"prefixes": [where.split("/", 1)[1]]}
    ),
    "sign": lambda http, _, where: http.post(f"/storage/v1/object/sign/{where}", json={"expiresIn": 60}),
    "list objects": lambda http, _, where: http.post(
        f"/storage/v1/object/list/{where.split('/')[0]}", json={"prefix": ""}
    ),
    "list buckets": lambda http, _, __: http.get("/storage/v1/bucket"),
    "broadcast": lambda http, _, __: http.post(
        "/realtime/v1/api/broadcast", json={"messages": [{"topic": "t", "event": "e", "payload": {}, "private": True}]}
    ),
    "invoke": lambda http, _, __: http.post("/functions/v1/anything"),
}


#: Tokens whose signature is good, and verbs that do not tell whether they did anything.
SIGNED = ("a role that is not ours to take", "a role that is SQL")
SILENT = ("broadcast",)


@pytest.fixture
async def place(person: Person, bucket: str) -> str:
    """Bucket and name of an object that is the person's alone."""
    await person.client.storage.from_(bucket).upload(f"{person.id}/o.txt", b"mine")
    return f"{bucket}/{person.id}/o.txt"


async def _assert_untouched(owner: Owner, entry: int, person: Person, place: str) -> None:
    assert owner.execute("select entry, secret from public.contract_diary where id = %s", [entry]).fetchone() == (
        "mine",
        "s",
    )
    forged = owner.execute("select count(*) from public.contract_diary where entry = 'forged'").fetchone()
    assert forged == (0,)
    bucket, _, name = place.partition("/")
    files = person.client.storage.from_(bucket)
    assert await files.download(name) == b"mine"
    assert [one["name"] for one in await files.list(person.id)] == ["o.txt"]


@pytest.mark.parametrize("library", ["async"], indirect=True)
async def test_bad_tokens_do_nothing_with_any_verb(
    settings: GatewaySettings, project: Project, person: Person, entry: int, place: str, owner: Owner
) -> None:
    session = await person.client.auth.get_session()
    for token_name, make in BAD_TOKENS.items():
        token = make(settings.jwt_secret, session.access_token)
        headers = {"apikey": project.publishable_key, "authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=project.url, headers=headers) as http:
            for verb_name, verb in VERBS.items():
                answer = await verb(http, entry, place)
                refused = (
                    (400, 401, 403, 404, 202) if token_name in SIGNED and verb_name in SILENT else (400, 401, 403, 404)
                )
                assert answer.status_code in refused, (token_name, verb_name, answer.text)
        as_key = {"apikey": token}
        async with httpx.AsyncClient(base_url=project.url, headers=as_key) as http:
            answer = await http.get(f"{DIARY}?id=eq.{entry}")
            assert answer.status_code in (400, 401, 403), (token_name, answer.text)
    await _assert_untouched(owner, entry, person, place)


@pytest.mark.parametrize("library", ["async"], indirect=True)
@pytest.mark.parametrize("who", ["anon", "other"])
async def test_strangers_do_nothing_with_any_verb(
    project: Project, person: Person, other: Person, entry: int, place: str, owner: Owner, who: str
) -> None:
    session = await other.client.auth.get_session()
    token = project.publishable_key if who == "anon" else session.access_token
    headers = {"apikey": project.publishable_key, "authorization": f"Bearer {token}"}
    shown = (
        *SILENT,
        "list buckets",
        "list objects",
        "select",
        "remove",
        "delete",
        "update",
        "read oneself",
        "insert",
        "call",
    )
    async with httpx.AsyncClient(base_url=project.url, headers=headers) as http:
        for name, verb in VERBS.items():
            answer = await verb(http, entry, place)
            assert answer.is_success <= (name in shown), (name, answer.text)
            assert "mine" not in answer.text, name
            assert person.id not in answer.text.replace(f"{person.id}/", ""), name
    owner.execute("delete from public.contract_diary where owner = %s", [other.id])
    await _assert_untouched(owner, entry, person, place)


async def test_a_row_cannot_be_given_to_somebody_else(
    person: Person, other: Person, entry: int, http: httpx.AsyncClient
) -> None:
    session = await other.client.auth.get_session()
    headers = {"authorization": f"Bearer {session.access_token}", "prefer": "return=minimal"}
    answer = await http.post(DIARY, json={"entry": "planted", "owner": person.id}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "42501")
    own = await other.client.table("contract_diary").insert({"entry": "theirs"}).execute()
    moved = await http.patch(f"{DIARY}?id=eq.{own.data[0]['id']}", json={"owner": person.id}, headers=headers)
    assert (moved.status_code, moved.json()["code"]) == (403, "42501")


async def test_settings_cannot_be_smuggled_in(http: httpx.AsyncClient, person: Person, entry: int) -> None:
    smuggled = {
        "request.jwt.claims": json.dumps({"role": "service_role", "sub": person.id}),
        "role": "service_role",
        "x-role": "service_role",
        "x-forwarded-user": person.id,
    }
    answer = await http.get(f"{DIARY}?id=eq.{entry}", headers=smuggled)
    assert answer.json() == []
    told = (await http.post("/rest/v1/rpc/contract_context", json={}, headers=smuggled)).json()
    assert (told["user"], told["uid"], told["role"]) == ("anon", None, "anon")


async def test_other_schemas_are_out_of_reach(http: httpx.AsyncClient, project: Project) -> None:
    for schema in ("auth", "storage", "realtime", "net", "supabase_platform", "contract_private", "pg_catalog"):
        for headers in ({"accept-profile": schema}, {"accept-profile": schema, "apikey": project.secret_key}):
            answer = await http.get("/rest/v1/users", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (406, "PGRST106")


TRAVERSALS = [
    "../{private}/secret.txt",
    "%2e%2e/{private}/secret.txt",
    "..%2f{private}%2fsecret.txt",
    "x/../../{private}/secret.txt",
    "%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cetc%5cpasswd",
    "%00",
    "secret.txt%00.png",
    "//etc/passwd",
    "....//....//etc/passwd",
]


@pytest.mark.parametrize("library", ["async"], indirect=True)
async def test_names_lead_nowhere_else(service: Client, project: Project, bucket: str) -> None:
    await service.storage.from_(bucket).upload("secret.txt", b"the secret")
    public = unique("contract-")
    await service.storage.create_bucket(public, options={"public": True})
    async with httpx.AsyncClient(base_url=project.url) as bare:
        for template in TRAVERSALS:
            raw = f"/storage/v1/object/public/{public}/{template.format(private=bucket)}".encode()
            answer = await bare.send(bare.build_request("GET", httpx.URL(project.url, raw_path=raw)))
            assert answer.status_code in (400, 401, 404), template
            assert b"the secret" not in answer.content
            assert b"root:" not in answer.content
    await service.storage.delete_bucket(public)


@pytest.mark.parametrize("library", ["async"], indirect=True)
async def test_headers_cannot_be_injected(service: Client, project: Project, bucket: str) -> None:
    await service.storage.from_(bucket).upload("a.txt", b"a", {"content-type": "text/plain"})
    await service.storage.update_bucket(bucket, {"public": True})
    url = f"{project.url}/storage/v1/object/public/{bucket}/a.txt"
    async with httpx.AsyncClient() as bare:
        for value in ("x%0d%0aset-cookie:%20a=b", "x%0aset-cookie:%20a=b", "%e2%80%a8set-cookie:x"):
            answer = await bare.get(f"{url}?download={value}")
            assert answer.status_code == 200
            assert "set-cookie" not in answer.headers
        links = await bare.get(
            f"{project.url}/auth/v1/verify?token=x&type=signup&redirect_to=http://localhost/%0d%0aset-cookie:%20a=b"
        )
        assert (links.status_code, "set-cookie" in links.headers) == (303, False)


async def test_links_of_mails_lead_to_no_other_site(http: httpx.AsyncClient) -> None:
    for target in ("//evil.example/x", "https://evil.example", "http://localhost:1@evil.example/", "http://[::1"):
        answer = await http.get("/auth/v1/verify", params={"token": "x", "type": "signup", "redirect_to": target})
        assert answer.headers["location"].startswith("http://127.0.0.1:3000#"), target
