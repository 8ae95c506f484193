"""Signing in by mail: links and codes, recovery, changes of address, invitations, and who may not."""

from collections.abc import Awaitable
from typing import Any

import httpx
import psycopg
import pytest
from supabase_auth.errors import AuthApiError

from tests.contract.auth.conftest import SITE, Mailbox
from tests.contract.conftest import PASSWORD, Client, MakeClient, Person, Project, unique
from tests.contract.standing import differs

pytestmark = pytest.mark.anyio
Owner = psycopg.Connection[tuple[Any, ...]]


async def refused(waiting: Awaitable[object]) -> tuple[str | None, int]:
    """Return code and status of the error that must come."""
    with pytest.raises(AuthApiError) as caught:
        await waiting
    return caught.value.code, caught.value.status


def address() -> str:
    return f"{unique('contract-')}@example.com"


async def test_a_code_signs_in_and_is_good_once(anon: Client, mailbox: Mailbox) -> None:
    email = address()
    await anon.auth.sign_in_with_otp({"email": email, "options": {"data": {"name": "Zoë"}}})
    mail = await mailbox.latest(email)
    wrong = f"{(int(mail['code']) + 1) % 10**6:06}"
    assert await refused(anon.auth.verify_otp({"email": email, "token": wrong, "type": "email"})) == (
        "otp_expired",
        403,
    )
    answer = await anon.auth.verify_otp({"email": email, "token": mail["code"], "type": "email"})
    assert answer.session is not None
    assert (answer.user.email, answer.user.user_metadata["name"]) == (email, "Zoë")
    again = anon.auth.verify_otp({"email": email, "token": mail["code"], "type": "email"})
    assert await refused(again) == ("otp_expired", 403)


async def test_a_link_leads_on_with_a_session_and_is_good_once(anon: Client, mailbox: Mailbox) -> None:
    email = address()
    await anon.auth.sign_in_with_otp({"email": email, "options": {"email_redirect_to": "http://localhost:5173/in?a=1"}})
    link = (await mailbox.latest(email))["link"]
    landing = await mailbox.follow(link)
    assert (landing.status, landing.place, landing.query) == (303, "http://localhost:5173/in", {"a": "1"})
    assert (landing.fragment["type"], landing.fragment["token_type"]) == ("magiclink", "bearer")
    session = await anon.auth.set_session(landing.fragment["access_token"], landing.fragment["refresh_token"])
    assert session.user.email == email
    again = await mailbox.follow(link)
    assert (again.fragment["error"], again.fragment["error_code"]) == ("access_denied", "otp_expired")


async def test_links_lead_only_to_the_site_or_this_machine(anon: Client, mailbox: Mailbox) -> None:
    for number, elsewhere in enumerate(
        ("https://evil.example/x", "javascript:alert(1)", "http://127.0.0.1@evil.example")
    ):
        email = address()
        await anon.auth.sign_in_with_otp({"email": email, "options": {"email_redirect_to": elsewhere}})
        landing = await mailbox.follow((await mailbox.latest(email))["link"])
        assert landing.place.startswith(SITE), number


async def test_a_code_comes_too_late(anon: Client, mailbox: Mailbox, owner: Owner) -> None:
    email = address()
    await anon.auth.sign_in_with_otp({"email": email})
    mail = await mailbox.latest(email)
    owner.execute(
        "update auth.one_time_tokens set created_at = created_at - interval '61 minutes' where relates_to = %s", [email]
    )
    late = anon.auth.verify_otp({"email": email, "token": mail["code"], "type": "email"})
    assert await refused(late) == ("otp_expired", 403)
    assert (await mailbox.follow(mail["link"])).fragment["error_code"] == "otp_expired"


async def test_people_are_not_added_unless_wanted(anon: Client, mailbox: Mailbox) -> None:
    email = address()
    attempt = anon.auth.sign_in_with_otp({"email": email, "options": {"should_create_user": False}})
    assert await refused(attempt) == ("otp_disabled", 422)
    assert await mailbox.mails(email) == []


@differs("hosted Auth waits for a minute, the local one for a second")
async def test_a_second_mail_at_once_is_refused(anon: Client) -> None:
    email = address()
    await anon.auth.sign_in_with_otp({"email": email})
    assert await refused(anon.auth.sign_in_with_otp({"email": email})) == ("over_email_send_rate_limit", 429)


async def test_recovery_sets_a_new_password(
    project: Project, make_client: MakeClient, person: Person, mailbox: Mailbox
) -> None:
    client = await make_client(project.publishable_key)
    await client.auth.reset_password_for_email(person.email, {"redirect_to": f"{SITE}/new-password"})
    landing = await mailbox.follow((await mailbox.latest(person.email))["link"])
    assert (landing.place, landing.fragment["type"]) == (f"{SITE}/new-password", "recovery")
    await client.auth.set_session(landing.fragment["access_token"], landing.fragment["refresh_token"])
    await client.auth.update_user({"password": "a forgetful horse"})
    answer = await client.auth.sign_in_with_password({"email": person.email, "password": "a forgetful horse"})
    assert answer.user.id == person.id


async def test_recovery_by_code(anon: Client, person: Person, mailbox: Mailbox) -> None:
    await anon.auth.reset_password_for_email(person.email)
    code = (await mailbox.latest(person.email))["code"]
    wrong_type = anon.auth.verify_otp({"email": person.email, "token": code, "type": "signup"})
    assert await refused(wrong_type) == ("otp_expired", 403)
    answer = await anon.auth.verify_otp({"email": person.email, "token": code, "type": "recovery"})
    assert answer.user.id == person.id


async def test_strangers_are_answered_alike_and_get_no_mail(anon: Client, mailbox: Mailbox) -> None:
    email = address()
    await anon.auth.reset_password_for_email(email)
    await anon.auth.resend({"type": "signup", "email": email})
    assert await mailbox.mails(email) == []


async def test_a_challenge_makes_the_link_worthless_to_others(
    project: Project, make_client: MakeClient, mailbox: Mailbox
) -> None:
    email, client = address(), await make_client(project.publishable_key, "pkce")
    await client.auth.sign_in_with_otp({"email": email, "options": {"email_redirect_to": f"{SITE}/callback"}})
    landing = await mailbox.follow((await mailbox.latest(email))["link"])
    assert (landing.place, set(landing.query), landing.fragment) == (f"{SITE}/callback", {"code"}, {})
    stranger = await make_client(project.publishable_key, "pkce")
    code = {"auth_code": landing.query["code"]}
    stolen = stranger.auth.exchange_code_for_session({**code, "code_verifier": "x" * 60, "redirect_to": ""})
    assert await refused(stolen) == ("bad_code_verifier", 400)
    answer = await client.auth.exchange_code_for_session({**code, "redirect_to": ""})
    assert answer.user.email == email
    twice = client.auth.exchange_code_for_session({**code, "code_verifier": "x" * 60, "redirect_to": ""})
    assert await refused(twice) == ("flow_state_not_found", 404)


async def test_a_code_of_a_challenged_sign_in_still_signs_in(
    project: Project, make_client: MakeClient, mailbox: Mailbox
) -> None:
    email, client = address(), await make_client(project.publishable_key, "pkce")
    await client.auth.sign_in_with_otp({"email": email})
    code = (await mailbox.latest(email))["code"]
    answer = await client.auth.verify_otp({"email": email, "token": code, "type": "email"})
    assert answer.session is not None


async def test_an_address_changes_when_both_have_agreed(person: Person, mailbox: Mailbox) -> None:
    new = address()
    asked = (await person.client.auth.update_user({"email": new})).user
    assert (asked.email, asked.new_email) == (person.email, new)
    first = await mailbox.follow((await mailbox.latest(person.email))["link"])
    assert "other email" in first.fragment["message"]
    assert (await person.client.auth.get_user()).user.email == person.email
    second = await mailbox.follow((await mailbox.latest(new))["link"])
    assert second.fragment["type"] == "email_change"
    changed = (await person.client.auth.get_user()).user
    assert (changed.email, changed.new_email) == (new, None)
    assert changed.identities[0].identity_data["email"] == new


async def test_one_address_agreeing_twice_is_not_enough(person: Person, mailbox: Mailbox) -> None:
    new = address()
    await person.client.auth.update_user({"email": new})
    link = (await mailbox.latest(new))["link"]
    await mailbox.follow(link)
    assert (await mailbox.follow(link)).fragment["error_code"] == "otp_expired"
    assert (await person.client.auth.get_user()).user.email == person.email


async def test_reauthentication_sends_a_code(person: Person, mailbox: Mailbox) -> None:
    await person.client.auth.reauthenticate()
    mail = await mailbox.latest(person.email)
    assert (mail["kind"], mail["link"], len(mail["code"])) == ("reauthentication", None, 6)


async def test_invitations(service: Client, person: Person, mailbox: Mailbox) -> None:
    email = address()
    invited = (await service.auth.admin.invite_user_by_email(email, {"data": {"team": "x"}})).user
    assert (invited.email_confirmed_at, invited.user_metadata["team"]) == (None, "x")
    assert invited.invited_at is not None
    landing = await mailbox.follow((await mailbox.latest(email))["link"])
    assert landing.fragment["type"] == "invite"
    assert await refused(service.auth.admin.invite_user_by_email(person.email)) == ("email_exists", 422)
    assert await refused(person.client.auth.admin.invite_user_by_email(address())) == ("not_admin", 403)


@pytest.mark.parametrize("kind", ["signup", "invite", "magiclink", "recovery"])
async def test_generated_links_sign_in(service: Client, anon: Client, mailbox: Mailbox, kind: str) -> None:
    email = address()
    if kind == "recovery":
        await service.auth.admin.create_user({"email": email, "email_confirm": True})
    options = {"redirect_to": f"{SITE}/welcome", "data": {"status": "alpha"}}
    asked = {"type": kind, "email": email, "password": PASSWORD, "options": options}
    made = await service.auth.admin.generate_link(asked)
    properties = made.properties
    assert properties.action_link.endswith(f"&type={properties.verification_type}&redirect_to={SITE}/welcome")
    assert made.user.user_metadata == ({"email_verified": True} if kind == "recovery" else {"status": "alpha"})
    assert (made.user.email, await mailbox.mails(email)) == (email, [])
    answer = await anon.auth.verify_otp({"token_hash": properties.hashed_token, "type": properties.verification_type})
    assert answer.user.id == made.user.id
    assert (await mailbox.follow(properties.action_link)).fragment["error_code"] == "otp_expired"


async def test_generated_links_for_a_change_of_address(service: Client, anon: Client, person: Person) -> None:
    new = address()
    for kind, half in (("email_change_current", True), ("email_change_new", False)):
        made = await service.auth.admin.generate_link({"type": kind, "email": person.email, "new_email": new})
        answer = await anon.auth.verify_otp({"token_hash": made.properties.hashed_token, "type": "email_change"})
        assert (answer.session is None) == half
    assert (await person.client.auth.get_user()).user.email == new


async def test_links_for_nobody_are_refused(service: Client, anon: Client, person: Person) -> None:
    admin = service.auth.admin
    assert await refused(admin.generate_link({"type": "recovery", "email": address()})) == ("user_not_found", 404)
    taken = admin.generate_link({"type": "signup", "email": person.email, "password": PASSWORD})
    assert await refused(taken) == ("email_exists", 422)
    assert await refused(admin.generate_link({"type": "nonsense", "email": address()})) == ("validation_failed", 400)
    stranger = anon.auth.admin.generate_link({"type": "magiclink", "email": person.email})
    assert await refused(stranger) == ("not_admin", 403)


async def test_sign_ups_wait_for_a_confirmation(
    strict_project: Project, make_client: MakeClient, mailbox: Mailbox
) -> None:
    email, client = address(), await make_client(strict_project.publishable_key, url=strict_project.url)
    answer = await client.auth.sign_up({"email": email, "password": PASSWORD})
    assert (answer.session, answer.user.email_confirmed_at) == (None, None)
    early = client.auth.sign_in_with_password({"email": email, "password": PASSWORD})
    assert await refused(early) == ("email_not_confirmed", 400)
    landing = await mailbox.follow((await mailbox.latest(email))["link"])
    assert landing.fragment["type"] == "signup"
    assert (await client.auth.sign_in_with_password({"email": email, "password": PASSWORD})).session is not None
    again = await client.auth.sign_up({"email": email, "password": PASSWORD})
    assert again.user.id != answer.user.id  # nobody learns that the address is known
    assert again.user.identities == []
    assert len(await mailbox.mails(email)) == 1


async def test_the_mailbox_is_for_this_machine_alone(project: Project, mailbox: Mailbox) -> None:
    async with httpx.AsyncClient(base_url=project.url) as http:
        for path in ("/mail/", "/mail/messages", "/mail/messages/1"):
            rebound = await http.get(path, headers={"host": "evil.example"})
            assert rebound.status_code == 403
            answer = await http.get(path, headers={"origin": "https://evil.example"})
            assert "access-control-allow-origin" not in answer.headers
        assert (await http.get("/mail/messages/99999999999999999999")).status_code == 404


async def test_the_mailbox_shows_mails_as_a_page(project: Project, anon: Client, mailbox: Mailbox) -> None:
    email = address()
    await anon.auth.sign_in_with_otp({"email": email})
    async with httpx.AsyncClient(base_url=project.url) as http:
        page = (await http.get("/mail/")).text
    assert email in page
    assert (await mailbox.latest(email))["code"] in page
