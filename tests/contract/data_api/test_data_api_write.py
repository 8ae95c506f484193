"""Writing tables: insert, upsert, update, delete, and what is returned."""

import httpx
import pytest
from postgrest.exceptions import APIError

from tests.contract.conftest import Client, Person, unique

pytestmark = pytest.mark.anyio

BOOKS, AUTHORS = "contract_books", "contract_authors"


async def test_insert_returns_the_row_with_its_defaults(anon: Client) -> None:
    name = unique("author ")
    answer = await anon.table(AUTHORS).insert({"name": name, "bio": {"a": [1, "ü"]}}).execute()
    assert len(answer.data) == 1
    assert answer.data[0]["id"] > 1000
    assert (answer.data[0]["name"], answer.data[0]["bio"]) == (name, {"a": [1, "ü"]})


async def test_bulk_insert_fills_missing_keys_with_null_or_default(anon: Client) -> None:
    rows: list[dict[str, object]] = [{"title": unique("t "), "pages": 1}, {"title": unique("t ")}, {"pages": 2}]
    with pytest.raises(APIError) as refused:
        await anon.table(BOOKS).insert(rows).execute()
    assert refused.value.code == "23502"
    answer = await anon.table(BOOKS).insert(rows, default_to_null=False, count="exact").execute()
    assert [(row["title"], row["pages"]) for row in answer.data] == [
        (rows[0]["title"], 1),
        (rows[1]["title"], None),
        ("untitled", 2),
    ]
    assert answer.count == 3


async def test_insert_with_selected_columns_and_embedding(anon: Client) -> None:
    answer = (
        await anon.table(BOOKS)
        .insert({"title": unique("t "), "author_id": 2})
        .select("pages, contract_authors!author_id(name)")
        .execute()
    )
    assert answer.data == [{"pages": None, "contract_authors": {"name": "Ben"}}]


async def test_insert_of_nothing(anon: Client) -> None:
    assert (await anon.table(BOOKS).insert([]).execute()).data == []
    assert (await anon.table(BOOKS).insert({}).execute()).data[0]["title"] == "untitled"


async def test_upsert_merges_or_ignores(anon: Client) -> None:
    name = unique("author ")
    first = await anon.table(AUTHORS).upsert({"name": name, "bio": 1}, on_conflict="name").execute()
    merged = await anon.table(AUTHORS).upsert({"name": name, "bio": 2}, on_conflict="name").execute()
    assert (merged.data[0]["id"], merged.data[0]["bio"]) == (first.data[0]["id"], 2)
    ignored = (
        await anon.table(AUTHORS).upsert({"name": name, "bio": 3}, on_conflict="name", ignore_duplicates=True).execute()
    )
    assert ignored.data == []
    by_key = await anon.table(AUTHORS).upsert({"id": first.data[0]["id"], "name": name, "bio": 4}).execute()
    assert by_key.data[0]["bio"] == 4


async def test_an_upsert_that_only_updates_makes_nothing(http: httpx.AsyncClient) -> None:
    name, other = unique("author "), unique("author ")
    for names, status in (([name], 201), ([name], 200), ([name, other], 201), ([name, other], 200), ([], 201)):
        for wanted in ("minimal", "representation"):
            headers = {"prefer": f"resolution=merge-duplicates,return={wanted}"}
            path = "/rest/v1/contract_authors?on_conflict=name"
            answer = await http.post(path, json=[{"name": one} for one in names], headers=headers)
            expected = status if wanted == "minimal" or not names else 200
            assert answer.status_code == expected, (names, wanted)


async def test_update_and_delete_touch_only_what_matches(anon: Client) -> None:
    title = unique("t ")
    made = await anon.table(BOOKS).insert([{"title": title, "pages": 1}, {"title": title, "pages": 2}]).execute()
    changed = await anon.table(BOOKS).update({"pages": 7, "tags": ["a", "b"]}).eq("id", made.data[0]["id"]).execute()
    assert [(row["pages"], row["tags"]) for row in changed.data] == [(7, ["a", "b"])]
    assert (await anon.table(BOOKS).update({"pages": 8}).eq("id", -1).execute()).data == []
    removed = await anon.table(BOOKS).delete(count="exact").eq("title", title).order("id").execute()
    assert ([row["pages"] for row in removed.data], removed.count) == ([7, 2], 2)


async def test_update_with_nothing_changes_nothing(anon: Client) -> None:
    assert (await anon.table(BOOKS).update({}).eq("id", 1).execute()).data == []


@pytest.mark.parametrize("verb", ["PATCH", "DELETE"])
async def test_a_whole_table_is_not_changed_by_accident(http: httpx.AsyncClient, verb: str) -> None:
    answer = await http.request(verb, f"/rest/v1/{BOOKS}", json={"pages": 1})
    assert (answer.status_code, answer.json()["code"]) == (400, "21000")
    assert answer.json()["message"].endswith("requires a WHERE clause")


async def test_more_than_allowed_is_undone(anon: Client) -> None:
    title = unique("t ")
    await anon.table(BOOKS).insert([{"title": title}, {"title": title}]).execute()
    with pytest.raises(APIError) as refused:
        await anon.table(BOOKS).delete().eq("title", title).max_affected(1).execute()
    assert refused.value.code == "PGRST124"
    assert len((await anon.table(BOOKS).select("id").eq("title", title).execute()).data) == 2


async def test_one_object_or_nothing_happens(http: httpx.AsyncClient, anon: Client) -> None:
    title = unique("t ")
    await anon.table(BOOKS).insert([{"title": title}, {"title": title}]).execute()
    headers = {"accept": "application/vnd.pgrst.object+json", "prefer": "return=representation"}
    answer = await http.patch(f"/rest/v1/{BOOKS}?title=eq.{title}", json={"pages": 5}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (406, "PGRST116")
    assert (await anon.table(BOOKS).select("pages").eq("title", title).execute()).data == [{"pages": None}] * 2


STATUSES = [
    ("POST", "minimal", 201),
    ("POST", "headers-only", 201),
    ("POST", "representation", 201),
    ("PATCH", "minimal", 204),
    ("PATCH", "representation", 200),
    ("DELETE", "minimal", 204),
    ("DELETE", "representation", 200),
]


@pytest.mark.parametrize(("verb", "wish", "status"), STATUSES)
async def test_status_and_body_follow_prefer_return(http: httpx.AsyncClient, verb: str, wish: str, status: int) -> None:
    body = {"name": unique("author ")} if verb == "POST" else {"bio": 1}
    path = f"/rest/v1/{AUTHORS}" + ("" if verb == "POST" else "?id=eq.-1")
    answer = await http.request(verb, path, json=body, headers={"prefer": f"return={wish}"})
    assert answer.status_code == status
    assert bool(answer.content) == (wish == "representation")
    assert answer.headers["preference-applied"] == f"return={wish}"
    if wish == "headers-only":
        assert answer.headers["location"].startswith(f"/{AUTHORS}?id=eq.")


ERRORS = [
    ({"name": "Ada"}, 409, "23505"),
    ({"name": None}, 400, "23502"),
    ({"name": "x", "born": "never"}, 400, "22007"),
    ({"nme": "x"}, 400, "PGRST204"),
]


@pytest.mark.parametrize(("row", "status", "code"), ERRORS)
async def test_refused_rows(http: httpx.AsyncClient, row: dict[str, object], status: int, code: str) -> None:
    answer = await http.post(f"/rest/v1/{AUTHORS}", json=row)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "details", "hint", "message"}


async def test_broken_references_are_conflicts(http: httpx.AsyncClient) -> None:
    answer = await http.post(f"/rest/v1/{BOOKS}", json={"author_id": -5})
    assert (answer.status_code, answer.json()["code"]) == (409, "23503")
    assert answer.json()["details"] == 'Key (author_id)=(-5) is not present in table "contract_authors".'


async def test_check_violation(http: httpx.AsyncClient) -> None:
    answer = await http.post(f"/rest/v1/{BOOKS}", json={"title": "x" * 100})
    assert (answer.status_code, answer.json()["code"]) == (400, "23514")


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"x"', b'[{"name":"a"},{"bio":1}]'])
async def test_bad_bodies(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post(f"/rest/v1/{AUTHORS}", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST102")


async def test_row_level_security_for_each_verb(person: Person, other: Person, service: Client) -> None:
    diary = person.client.table("contract_diary")
    mine = (await diary.insert({"entry": "mine", "secret": "s"}).execute()).data[0]
    assert mine["owner"] == person.id
    theirs = other.client.table("contract_diary")
    assert (await theirs.select("*").eq("id", mine["id"]).execute()).data == []
    assert (await other.client.table("contract_diary").update({"entry": "x"}).eq("id", mine["id"]).execute()).data == []
    assert (await other.client.table("contract_diary").delete().eq("id", mine["id"]).execute()).data == []
    with pytest.raises(APIError) as refused:
        await other.client.table("contract_diary").insert({"entry": "forged", "owner": person.id}).execute()
    assert refused.value.code == "42501"
    seen = await service.table("contract_diary").select("entry").eq("id", mine["id"]).execute()
    assert seen.data == [{"entry": "mine"}]


async def test_minimal_insert_needs_no_right_to_read(http: httpx.AsyncClient, person: Person) -> None:
    session = await person.client.auth.get_session()
    assert session is not None
    answer = await http.post(
        "/rest/v1/contract_diary", json={"entry": "e"}, headers={"authorization": f"Bearer {session.access_token}"}
    )
    assert (answer.status_code, answer.content) == (201, b"")
