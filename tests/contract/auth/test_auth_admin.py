"""What the secret key may do with people."""

import uuid

import pytest
from supabase_auth.errors import AuthApiError

from tests.contract.conftest import PASSWORD, Client, Person, unique

pytestmark = pytest.mark.anyio


async def test_create_find_change_and_delete(service: Client, anon: Client) -> None:
    admin, email = service.auth.admin, f"{unique('contract-')}@example.com"
    made = (
        await admin.create_user(
            {
                "email": email,
                "password": PASSWORD,
                "email_confirm": True,
                "user_metadata": {"a": 1},
                "app_metadata": {"team": "x"},
            }
        )
    ).user
    assert (made.email, made.user_metadata["a"], made.app_metadata["team"]) == (email, 1, "x")
    assert (await admin.get_user_by_id(made.id)).user.id == made.id
    changed = (await admin.update_user_by_id(made.id, {"app_metadata": {"team": "y"}, "user_metadata": {"b": 2}})).user
    assert changed.app_metadata == {"provider": "email", "providers": ["email"], "team": "y"}
    assert (changed.user_metadata["a"], changed.user_metadata["b"]) == (1, 2)
    signed_in = await anon.auth.sign_in_with_password({"email": email, "password": PASSWORD})
    assert signed_in.user is not None
    assert signed_in.user.app_metadata["team"] == "y"
    await admin.delete_user(made.id)
    with pytest.raises(AuthApiError) as gone:
        await admin.get_user_by_id(made.id)
    assert (gone.value.code, gone.value.status) == ("user_not_found", 404)


async def test_unconfirmed_people_cannot_sign_in(service: Client, anon: Client) -> None:
    email = f"{unique('contract-')}@example.com"
    made = (await service.auth.admin.create_user({"email": email, "password": PASSWORD})).user
    assert made.email_confirmed_at is None
    with pytest.raises(AuthApiError) as refused:
        await anon.auth.sign_in_with_password({"email": email, "password": PASSWORD})
    assert refused.value.code == "email_not_confirmed"
    await service.auth.admin.update_user_by_id(made.id, {"email_confirm": True})
    assert (await anon.auth.sign_in_with_password({"email": email, "password": PASSWORD})).session is not None


async def test_banned_people_cannot_sign_in_or_stay(service: Client, person: Person, anon: Client) -> None:
    token = (await person.client.auth.get_session() or pytest.fail("no session")).refresh_token
    await service.auth.admin.update_user_by_id(person.id, {"ban_duration": "24h"})
    for attempt in (
        anon.auth.sign_in_with_password({"email": person.email, "password": PASSWORD}),
        anon.auth.refresh_session(token),
    ):
        with pytest.raises(AuthApiError) as refused:
            await attempt
        assert refused.value.code == "user_banned"
    await service.auth.admin.update_user_by_id(person.id, {"ban_duration": "none"})
    assert (await anon.auth.sign_in_with_password({"email": person.email, "password": PASSWORD})).session is not None


async def test_pages(service: Client, person: Person, other: Person) -> None:
    first = await service.auth.admin.list_users(page=1, per_page=1)
    second = await service.auth.admin.list_users(page=2, per_page=1)
    assert len(first) == len(second) == 1
    assert first[0].id != second[0].id


async def test_taken_addresses_and_bad_ids(service: Client, person: Person) -> None:
    admin = service.auth.admin
    with pytest.raises(AuthApiError) as taken:
        await admin.create_user({"email": person.email, "password": PASSWORD})
    assert (taken.value.code, taken.value.status) == ("email_exists", 422)
    with pytest.raises(AuthApiError) as unknown:
        await admin.update_user_by_id(str(uuid.uuid4()), {"password": PASSWORD})
    assert unknown.value.status == 404


async def test_others_are_not_admins(anon: Client, person: Person) -> None:
    for client in (anon, person.client):
        with pytest.raises(AuthApiError) as refused:
            await client.auth.admin.list_users()
        assert (refused.value.code, refused.value.status) == ("not_admin", 403)
