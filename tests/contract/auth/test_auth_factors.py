"""Second factors: an authenticator app is enrolled, shows codes, and is removed."""

import time
from collections.abc import Awaitable

import jwt
import pytest
from supabase_auth.errors import AuthApiError

from infra.local.gateway.auth import totp
from tests.contract.conftest import PASSWORD, Client, MakeClient, Person, Project

pytestmark = pytest.mark.anyio


async def refused(waiting: Awaitable[object]) -> tuple[str | None, int]:
    """Return code and status of the error that must come."""
    with pytest.raises(AuthApiError) as caught:
        await waiting
    return caught.value.code, caught.value.status


async def enroll(person: Person, name: str = "phone") -> tuple[str, str]:
    """Return id and secret of a new factor."""
    enrolled = await person.client.auth.mfa.enroll(
        {"factor_type": "totp", "friendly_name": name, "issuer": "the tests"}
    )
    assert enrolled.totp.uri.startswith("otpauth://totp/the%20tests:")
    assert "<svg" in enrolled.totp.qr_code
    return enrolled.id, enrolled.totp.secret


async def test_a_second_factor_raises_the_session(project: Project, make_client: MakeClient, person: Person) -> None:
    elsewhere = await make_client(project.publishable_key)
    await elsewhere.auth.sign_in_with_password({"email": person.email, "password": PASSWORD})
    mfa = person.client.auth.mfa
    factor, secret = await enroll(person)
    challenge = await mfa.challenge({"factor_id": factor})
    wrong = {"factor_id": factor, "challenge_id": challenge.id, "code": "000000"}
    assert totp.code_at(secret, time.time()) != "000000"
    assert await refused(mfa.verify(wrong)) == ("mfa_verification_failed", 422)
    code = totp.code_at(secret, time.time())
    answer = await mfa.verify({"factor_id": factor, "challenge_id": challenge.id, "code": code})
    claims = jwt.decode(answer.access_token, options={"verify_signature": False})
    assert (claims["aal"], {one["method"] for one in claims["amr"]}) == ("aal2", {"password", "totp"})
    assert [one.status for one in (await person.client.auth.get_user()).user.factors] == ["verified"]
    assert await refused(elsewhere.auth.get_user()) == ("session_not_found", 403)
    again = mfa.verify({"factor_id": factor, "challenge_id": challenge.id, "code": code})
    assert await refused(again) == ("mfa_factor_not_found", 422)


async def test_a_verified_factor_is_removed_only_by_who_has_it(
    project: Project, make_client: MakeClient, person: Person, service: Client
) -> None:
    factor, secret = await enroll(person)
    code = totp.code_at(secret, time.time())
    await person.client.auth.mfa.challenge_and_verify({"factor_id": factor, "code": code})
    weaker = await make_client(project.publishable_key)
    await weaker.auth.sign_in_with_password({"email": person.email, "password": PASSWORD})
    assert await refused(weaker.auth.mfa.unenroll({"factor_id": factor})) == ("insufficient_aal", 422)
    enrolling = weaker.auth.mfa.enroll({"factor_type": "totp", "friendly_name": "other"})
    assert await refused(enrolling) == ("insufficient_aal", 403)
    assert (await person.client.auth.mfa.unenroll({"factor_id": factor})).id == factor


async def test_names_are_unique_and_others_cannot_touch_them(person: Person, other: Person) -> None:
    factor, _ = await enroll(person)
    assert await refused(enroll(person)) == ("mfa_factor_name_conflict", 422)
    assert await refused(other.client.auth.mfa.challenge({"factor_id": factor})) == ("mfa_factor_not_found", 404)
    assert await refused(other.client.auth.mfa.unenroll({"factor_id": factor})) == ("mfa_factor_not_found", 404)


async def test_the_secret_key_sees_and_removes_factors(person: Person, service: Client) -> None:
    factor, _ = await enroll(person)
    admin = service.auth.admin.mfa
    assert [one.id for one in await admin.list_factors({"user_id": person.id})] == [factor]
    await admin.delete_factor({"user_id": person.id, "id": factor})
    assert await admin.list_factors({"user_id": person.id}) == []


async def test_other_kinds_are_switched_off(person: Person) -> None:
    phone = person.client.auth.mfa.enroll({"factor_type": "phone", "friendly_name": "p", "phone": "+441234567890"})
    assert await refused(phone) == ("mfa_phone_enroll_not_enabled", 422)
