"""Calling functions: arguments, results, errors that functions raise."""

from typing import Any

import httpx
import pytest
from postgrest.exceptions import APIError

from tests.contract.conftest import Client, Person

pytestmark = pytest.mark.anyio

CALLS: dict[str, tuple[str, Any, Any]] = {
    "named arguments": ("contract_add", {"a": 1, "b": 2}, 3),
    "a default": ("contract_add", {"a": 1}, 2),
    "json as it is": ("contract_echo", {"value": {"x": [1, 2.5, None, "ü"]}}, {"x": [1, 2.5, None, "ü"]}),
    "a null result": ("contract_null", {}, None),
    "an array argument": ("contract_numbers", {"ids": [3, 4]}, [3, 4]),
    "rows of a made-up type": ("contract_pairs", {"n": 2}, [{"number": 1, "name": "n1"}, {"number": 2, "name": "n2"}]),
    "no rows": ("contract_pairs", {"n": 0}, []),
    "the overload that fits": ("contract_over", {"a": 1, "b": 2}, "two"),
    "the whole body": ("contract_whole", {"any": ["thing"]}, {"any": ["thing"]}),
}


@pytest.mark.parametrize("name", CALLS)
async def test_call(anon: Client, name: str) -> None:
    function, arguments, wanted = CALLS[name]
    assert (await anon.rpc(function, arguments).execute()).data == wanted


async def test_a_function_without_result_answers_204(http: httpx.AsyncClient) -> None:
    answer = await http.post("/rest/v1/rpc/contract_nothing", json={})
    assert (answer.status_code, answer.content) == (204, b"")


async def test_call_by_get(anon: Client) -> None:
    assert (await anon.rpc("contract_add", {"a": 2, "b": 3}, get=True).execute()).data == 5
    assert (await anon.rpc("contract_numbers", {"ids": [1, 2]}, get=True).execute()).data == [1, 2]


async def test_rows_can_be_filtered_ordered_counted_and_embedded(anon: Client) -> None:
    answer = (
        await anon.rpc("contract_long_books", {"pages_min": 10}, count="exact")
        .select("id, contract_authors!author_id(name)")
        .lt("id", 4)
        .order("pages", desc=True)
        .limit(2)
        .execute()
    )
    assert answer.data == [
        {"id": 3, "contract_authors": {"name": "Ben"}},
        {"id": 1, "contract_authors": {"name": "Ada"}},
    ]
    assert answer.count == 3


async def test_one_row_of_a_table(anon: Client) -> None:
    answer = await anon.rpc("contract_book", {"wanted": 2}).select("title").execute()
    assert answer.data == {"title": "Sketches"}


async def test_functions_see_who_calls(person: Person) -> None:
    context = (await person.client.rpc("contract_context", {}).execute()).data
    assert (context["user"], context["role"], context["uid"]) == ("authenticated", "authenticated", person.id)
    assert (context["email"], context["jwt"]["sub"]) == (person.email, person.id)
    assert (context["method"], context["path"]) == ("POST", "/rpc/contract_context")


async def test_get_runs_read_only(anon: Client, person: Person) -> None:
    assert (await anon.rpc("contract_context", {}, get=True).execute()).data["read_only"] == "on"
    with pytest.raises(APIError) as refused:
        await person.client.rpc("contract_write", {"entry": "x"}, get=True).execute()
    assert refused.value.code == "25006"
    assert (await person.client.rpc("contract_write", {"entry": "x"}).execute()).data > 0


async def test_roles_have_their_own_statement_timeout(http: httpx.AsyncClient, person: Person) -> None:
    assert (await http.get("/rest/v1/rpc/contract_context")).json()["timeout"] == "3s"
    assert (await person.client.rpc("contract_context", {}).execute()).data["timeout"] == "8s"


async def test_a_statement_that_takes_too_long_is_cancelled(http: httpx.AsyncClient) -> None:
    answer = await http.post("/rest/v1/rpc/contract_sleep", json={"seconds": 20})
    assert (answer.status_code, answer.json()["code"]) == (500, "57014")


RAISED = [
    ("P0001", 400),
    ("PT402", 402),
    ("PT418", 418),
    ("23505", 409),
    ("42501", 401),
    ("28000", 403),
    ("53400", 500),
    ("40001", 500),
    ("22000", 400),
]


@pytest.mark.parametrize(("state", "status"), RAISED)
async def test_status_of_raised_errors(http: httpx.AsyncClient, state: str, status: int) -> None:
    answer = await http.post("/rest/v1/rpc/contract_raise", json={"state": state, "message": "told"})
    assert answer.status_code == status
    assert answer.json() == {"code": state, "message": "told", "details": "the detail", "hint": "the hint"}


async def test_functions_choose_status_and_headers(http: httpx.AsyncClient) -> None:
    answer = await http.post("/rest/v1/rpc/contract_teapot", json={})
    assert (answer.status_code, answer.headers["x-pot"], answer.json()) == (418, "tea", {"short": True})


async def test_unknown_functions_and_arguments(anon: Client) -> None:
    with pytest.raises(APIError) as refused:
        await anon.rpc("contract_add", {"c": 1}).execute()
    assert refused.value.code == "PGRST202"
    assert refused.value.message == "Could not find the function public.contract_add(c) in the schema cache"
    with pytest.raises(APIError) as ambiguous:
        await anon.rpc("contract_vague", {"a": 1}).execute()
    assert ambiguous.value.code == "PGRST203"


async def test_a_set_of_scalars_can_be_limited_and_counted(anon: Client) -> None:
    answer = await anon.rpc("contract_numbers", {"ids": [3, 4, 5]}, count="exact").limit(1).offset(1).execute()
    assert (answer.data, answer.count) == ([4], 3)
