"""Ways in that this Auth does not offer: each is refused as hosted Auth refuses what is switched off."""

from typing import Any

import httpx
import pytest
from supabase_auth.errors import AuthApiError

from tests.contract.conftest import PASSWORD, Client, Person, unique
from tests.contract.standing import refused

pytestmark = pytest.mark.anyio


async def code_of(waiting: Any) -> str | None:
    with pytest.raises(AuthApiError) as caught:
        await waiting
    return caught.value.code


@refused
async def test_oauth_providers(http: httpx.AsyncClient, anon: Client) -> None:
    answer = await http.get("/auth/v1/authorize?provider=github")
    assert (answer.status_code, answer.json()["error_code"]) == (400, "validation_failed")
    assert answer.json()["msg"] == "Unsupported provider: provider is not enabled"
    assert await code_of(anon.auth.sign_in_with_id_token({"provider": "google", "token": "x"})) == "provider_disabled"


@refused
async def test_single_sign_on(anon: Client) -> None:
    assert await code_of(anon.auth.sign_in_with_sso({"domain": "example.com"})) == "saml_provider_disabled"


@refused
async def test_phones(anon: Client) -> None:
    phone = {"phone": "+441234567890", "password": PASSWORD}
    assert await code_of(anon.auth.sign_up(phone)) == "phone_provider_disabled"
    assert await code_of(anon.auth.sign_in_with_password(phone)) == "phone_provider_disabled"
    assert await code_of(anon.auth.sign_in_with_otp({"phone": "+441234567890"})) == "phone_provider_disabled"
    assert await code_of(anon.auth.verify_otp({"phone": "+4412345", "token": "123456", "type": "sms"})) == "otp_expired"
    assert await code_of(anon.auth.verify_otp({"phone": "x", "token": "1", "type": "sms"})) == "validation_failed"


@refused
async def test_linking_identities_by_hand(person: Person) -> None:
    assert await code_of(person.client.auth.link_identity({"provider": "github"})) == "manual_linking_disabled"


@refused
async def test_what_is_not_built(http: httpx.AsyncClient) -> None:
    for path in ("admin/audit", "admin/sso/providers", "oauth/authorizations/1"):
        answer = await http.get(f"/auth/v1/{path}")
        assert (answer.status_code, answer.json()["error_code"]) == (501, "not_supported")


async def test_a_hidden_person_cannot_come_back(service: Client, anon: Client, person: Person) -> None:
    await service.auth.admin.delete_user(person.id, should_soft_delete=True)
    attempt = anon.auth.sign_in_with_password({"email": person.email, "password": PASSWORD})
    assert await code_of(attempt) == "invalid_credentials"
    assert await code_of(person.client.auth.get_user()) == "session_not_found"
    kept = (await service.auth.admin.get_user_by_id(person.id)).user
    assert (kept.id, person.email in (kept.email or "")) == (person.id, False)
    again = await anon.auth.sign_up({"email": person.email, "password": PASSWORD})
    assert again.user.id != person.id


async def test_an_anonymous_person_needs_an_address_for_a_password(anon: Client) -> None:
    await anon.auth.sign_in_anonymously({"options": {"data": {"name": unique("n")}}})
    assert await code_of(anon.auth.update_user({"password": PASSWORD})) == "validation_failed"
