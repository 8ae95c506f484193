"""Signing up, signing in, staying signed in, changing one's data, signing out."""

from collections.abc import Awaitable
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from supabase_auth.errors import AuthApiError, AuthWeakPasswordError

from tests.contract.conftest import PASSWORD, Client, MakeClient, Person, Project, sign_up, unique

pytestmark = pytest.mark.anyio


async def refused(waiting: Awaitable[object]) -> tuple[str | None, int]:
    """Return code and status of the error that must come."""
    with pytest.raises(AuthApiError) as caught:
        await waiting
    return caught.value.code, caught.value.status


async def test_sign_up_signs_in(anon: Client) -> None:
    email = f"{unique('Contract-')}@Example.com"
    answer = await anon.auth.sign_up({"email": email, "password": PASSWORD, "options": {"data": {"name": "Zoë"}}})
    user, session = answer.user, answer.session
    assert user is not None
    assert session is not None
    assert (user.email, user.role, user.aud) == (email.lower(), "authenticated", "authenticated")
    assert (user.user_metadata["name"], user.app_metadata) == ("Zoë", {"provider": "email", "providers": ["email"]})
    assert user.email_confirmed_at is not None
    assert [(one.provider, one.identity_data["email"]) for one in user.identities or []] == [("email", email.lower())]
    assert (session.token_type, session.expires_in) == ("bearer", 3600)


async def test_the_access_token_says_who_and_how(person: Person) -> None:
    session = await person.client.auth.get_session()
    assert session is not None
    claims = jwt.decode(session.access_token, options={"verify_signature": False})
    assert (claims["sub"], claims["email"], claims["role"]) == (person.id, person.email, "authenticated")
    assert (claims["aud"], claims["aal"], claims["is_anonymous"]) == ("authenticated", "aal1", False)
    assert claims["exp"] - claims["iat"] == 3600
    assert [one["method"] for one in claims["amr"]] == ["password"]
    assert claims["session_id"]
    assert claims["iss"].endswith("/auth/v1")


async def test_claims_are_read_from_the_token(person: Person) -> None:
    checked = await person.client.auth.get_claims()
    assert checked is not None
    assert (checked["claims"]["sub"], checked["claims"]["role"]) == (person.id, "authenticated")


async def test_sign_up_refusals(anon: Client, person: Person) -> None:
    taken = anon.auth.sign_up({"email": person.email.upper(), "password": PASSWORD})
    assert await refused(taken) == ("user_already_exists", 422)
    malformed = anon.auth.sign_up({"email": "nobody", "password": PASSWORD})
    assert await refused(malformed) == ("validation_failed", 400)
    with pytest.raises(AuthWeakPasswordError) as weak:
        await anon.auth.sign_up({"email": f"{unique('contract-')}@example.com", "password": "abc"})
    assert (weak.value.status, weak.value.reasons) == (422, ["length"])
    long = anon.auth.sign_up({"email": f"{unique('contract-')}@example.com", "password": "x" * 73})
    assert await refused(long) == ("validation_failed", 400)


async def test_sign_in_with_password(project: Project, make_client: MakeClient, person: Person) -> None:
    client = await make_client(project.publishable_key)
    answer = await client.auth.sign_in_with_password({"email": person.email, "password": PASSWORD})
    assert answer.user is not None
    assert answer.user.id == person.id
    assert answer.user.last_sign_in_at is not None
    wrong = client.auth.sign_in_with_password({"email": person.email, "password": "wrong"})
    assert await refused(wrong) == ("invalid_credentials", 400)
    nobody = client.auth.sign_in_with_password({"email": "nobody@example.com", "password": "wrong"})
    assert await refused(nobody) == ("invalid_credentials", 400)


async def test_refresh_rotates_the_token(person: Person) -> None:
    before = await person.client.auth.get_session()
    answer = await person.client.auth.refresh_session()
    assert before is not None
    assert answer.session is not None
    assert answer.session.refresh_token != before.refresh_token
    assert (await person.client.rpc("contract_context", {}).execute()).data["uid"] == person.id


async def test_a_lost_answer_to_a_refresh_can_be_asked_again(person: Person) -> None:
    first = (await person.client.auth.get_session() or pytest.fail("no session")).refresh_token
    second = (await person.client.auth.refresh_session(first)).session
    again = (await person.client.auth.refresh_session(first)).session
    assert second is not None
    assert again is not None
    assert again.refresh_token == second.refresh_token


async def test_a_stolen_refresh_token_ends_the_session(
    person: Person, owner: psycopg.Connection[tuple[Any, ...]]
) -> None:
    stolen = (await person.client.auth.get_session() or pytest.fail("no session")).refresh_token
    await person.client.auth.refresh_session(stolen)
    third = (await person.client.auth.refresh_session()).session
    assert third is not None
    owner.execute("update auth.refresh_tokens set updated_at = now() - interval '1 minute' where token = %s", [stolen])
    assert await refused(person.client.auth.refresh_session(stolen)) == ("refresh_token_already_used", 400)
    assert await refused(person.client.auth.refresh_session(third.refresh_token)) == ("refresh_token_already_used", 400)


async def test_a_refresh_token_used_twice_within_seconds_is_forgiven(person: Person) -> None:
    first = (await person.client.auth.get_session() or pytest.fail("no session")).refresh_token
    await person.client.auth.refresh_session(first)
    await person.client.auth.refresh_session()
    again = (await person.client.auth.refresh_session(first)).session
    assert again is not None
    assert (await person.client.auth.get_user()).user.id == person.id


async def test_an_unknown_refresh_token(anon: Client) -> None:
    assert await refused(anon.auth.refresh_session("abcdefghijkl")) == ("refresh_token_not_found", 400)


async def test_get_user(person: Person) -> None:
    answer = await person.client.auth.get_user()
    assert answer is not None
    assert (answer.user.id, answer.user.email) == (person.id, person.email)
    assert await refused(person.client.auth.get_user("a.b.c")) == ("bad_jwt", 403)


async def test_update_metadata_and_password(project: Project, make_client: MakeClient) -> None:
    person = await sign_up(await make_client(project.publishable_key), colour="red", size=1)
    changed = await person.client.auth.update_user({"data": {"colour": None, "size": 2}})
    assert changed.user.user_metadata["size"] == 2
    assert "colour" not in changed.user.user_metadata
    assert await refused(person.client.auth.update_user({"password": PASSWORD})) == ("same_password", 422)
    await person.client.auth.update_user({"password": "another horse"})
    fresh = await make_client(project.publishable_key)
    answer = await fresh.auth.sign_in_with_password({"email": person.email, "password": "another horse"})
    assert answer.user is not None
    assert answer.user.id == person.id


async def test_another_password_ends_the_other_sessions(
    project: Project, make_client: MakeClient, person: Person
) -> None:
    elsewhere = await make_client(project.publishable_key)
    await elsewhere.auth.sign_in_with_password({"email": person.email, "password": PASSWORD})
    await person.client.auth.update_user({"password": "another horse"})
    assert await refused(elsewhere.auth.get_user()) == ("session_not_found", 403)
    assert (await person.client.auth.get_user()) is not None


async def test_addresses_of_others_are_taken(person: Person, other: Person) -> None:
    assert await refused(person.client.auth.update_user({"email": other.email})) == ("email_exists", 422)


@pytest.mark.parametrize(
    ("scope", "here", "there"), [("local", False, True), ("others", True, False), ("global", False, False)]
)
async def test_sign_out_scopes(
    project: Project, make_client: MakeClient, person: Person, scope: str, here: bool, there: bool
) -> None:
    elsewhere = await make_client(project.publishable_key)
    await elsewhere.auth.sign_in_with_password({"email": person.email, "password": PASSWORD})
    tokens = [
        (await client.auth.get_session() or pytest.fail("no session")).access_token
        for client in (person.client, elsewhere)
    ]
    await person.client.auth.admin.sign_out(tokens[0], scope)
    async with httpx.AsyncClient(base_url=project.url, headers={"apikey": project.publishable_key}) as http:
        answers = [await http.get("/auth/v1/user", headers={"authorization": f"Bearer {token}"}) for token in tokens]
    assert [answer.status_code == 200 for answer in answers] == [here, there]


async def test_a_session_that_ended_cannot_be_refreshed(person: Person) -> None:
    token = (await person.client.auth.get_session() or pytest.fail("no session")).refresh_token
    await person.client.auth.sign_out()
    assert await refused(person.client.auth.refresh_session(token)) == ("refresh_token_not_found", 400)


async def test_anonymous_people_can_become_permanent(anon: Client) -> None:
    answer = await anon.auth.sign_in_anonymously({"options": {"data": {"seen": True}}})
    assert answer.user is not None
    assert (answer.user.is_anonymous, answer.user.user_metadata, answer.user.email) == (True, {"seen": True}, "")
    assert (await anon.rpc("contract_context", {}).execute()).data["jwt"]["is_anonymous"] is True
    email = f"{unique('contract-')}@example.com"
    changed = (await anon.auth.update_user({"email": email, "password": PASSWORD})).user
    assert (changed.id, changed.is_anonymous, changed.email) == (answer.user.id, False, email)


async def test_error_bodies_in_the_older_form(http: httpx.AsyncClient) -> None:
    answer = await http.post("/auth/v1/token?grant_type=password", json={"email": "a@example.com", "password": "x"})
    assert (answer.status_code, answer.json()) == (
        400,
        {"code": 400, "error_code": "invalid_credentials", "msg": "Invalid login credentials"},
    )
    newer = await http.post(
        "/auth/v1/token?grant_type=password",
        json={"email": "a@example.com", "password": "x"},
        headers={"x-supabase-api-version": "2024-01-01"},
    )
    assert newer.json() == {"code": "invalid_credentials", "message": "Invalid login credentials"}


async def test_settings_health_and_keys(project: Project, http: httpx.AsyncClient) -> None:
    assert (await http.get("/auth/v1/settings")).json()["external"]["email"] is True
    assert (await http.get("/auth/v1/health")).json()["name"] == "GoTrue"
    async with httpx.AsyncClient(base_url=project.url) as bare:
        keys = (await bare.get("/auth/v1/.well-known/jwks.json")).json()["keys"]
        assert all(key["kid"] and key["use"] == "sig" and "d" not in key for key in keys)
        assert (await bare.get("/auth/v1/settings")).status_code == 401


async def test_malformed_requests(http: httpx.AsyncClient) -> None:
    broken = await http.post("/auth/v1/signup", content=b"{")
    assert (broken.status_code, broken.json()["error_code"]) == (400, "bad_json")
    assert (await http.get("/auth/v1/user", headers={"authorization": "Basic x"})).status_code == 401
    assert (await http.post("/auth/v1/token?grant_type=refresh_token", json={})).status_code == 400
    provider = await http.get("/auth/v1/authorize?provider=nowhere")
    assert (provider.status_code, provider.json()["error_code"]) == (400, "validation_failed")
