"""``POST /admin/generate_link``: what a mail would carry, for who sends mails of their own."""

from typing import Any

from infra.local.gateway.auth import passwords, users
from infra.local.gateway.auth.errors import AuthError, invalid
from infra.local.gateway.auth.mailing import Mailer
from infra.local.gateway.auth.one_time import Ticket
from infra.local.gateway.auth.redirects import Redirects
from infra.local.gateway.auth.requests import AuthRequest, Gatekeeper, Reply
from infra.local.gateway.pools import Pool
from infra.local.gateway.transaction import Transaction, transaction

TYPES = ("signup", "invite", "magiclink", "recovery", "email_change_current", "email_change_new")


class Links:
    """The endpoint."""

    def __init__(self, pool: Pool, gatekeeper: Gatekeeper, mailer: Mailer, redirects: Redirects) -> None:
        self._pool, self._gatekeeper, self._mailer, self._redirects = pool, gatekeeper, mailer, redirects

    async def generate(self, request: AuthRequest) -> Reply:
        """Make a link of the wanted type and answer with it, its code and its person; sends nothing."""
        self._gatekeeper.need_admin(request)
        body = request.document()
        kind, email = body.get("type"), users.clean_email(body.get("email"))
        if kind not in TYPES:
            raise invalid(f"Invalid email action link type requested: {kind}")
        password = _password(body)
        hashed = await passwords.hashed(password) if password else None
        redirect = self._redirects.choose(request, body.get("redirect_to"))
        async with transaction(self._pool) as work:
            user = await users.by_email(work, email)
            if user is None and kind == "magiclink":
                kind = "signup"
            user = await _person(work, user, email, kind, hashed, body)
            if kind.startswith("email_change"):
                ticket = await self._change(work, user, kind, body)
                verification = "email_change"
            else:
                verification = kind
                ticket = await self._mailer.ticket(work, user, kind, pkce=False)
            shown = users.shown(await users.need(work, user["id"]))
        return Reply(
            {
                **shown,
                "action_link": self._mailer.link(verification, ticket, redirect),
                "email_otp": ticket.code,
                "hashed_token": ticket.hash,
                "verification_type": kind,
                "redirect_to": redirect,
            }
        )

    async def _change(self, work: Transaction, user: users.User, kind: str, body: dict[str, Any]) -> Ticket:
        new = users.clean_email(body.get("new_email"))
        await users.need_free_email(work, new)
        if user.get("new_email") != new:
            await users.set_columns(work, user["id"], {"email_change": new, "email_change_confirm_status": 0})
        if kind == "email_change_current":
            return await self._mailer.ticket(work, user, "email_change", False, "email_change_token_current")
        return await self._mailer.ticket(work, {**user, "email": new}, "email_change", False)


def _password(body: dict[str, Any]) -> str | None:
    """Return the password to give a new person, None if they are to sign in by mail; raises AuthError."""
    password = body.get("password")
    if body["type"] == "signup" and not password:
        raise invalid("Signup requires a valid password")
    if not password:
        return None
    if not isinstance(password, str):
        raise invalid("password must be a string")
    passwords.check_strength(password)
    return password


async def _person(
    work: Transaction, user: users.User | None, email: str, kind: str, hashed: str | None, body: dict[str, Any]
) -> users.User:
    """Return the person that the link is for, added if the type of link adds people; raises AuthError."""
    adds = kind in ("signup", "invite")
    if user is not None and adds and user.get("email_confirmed_at"):
        raise users.taken()
    if user is not None:
        return user
    if not adds:
        raise AuthError(404, "user_not_found", "User with this email not found")
    data = users.metadata_of(body.get("data"), "data")
    return await users.create(work, email, hashed, data, users.BY_EMAIL, confirmed=False)
