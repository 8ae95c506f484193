"""``/verify``: who shows a code, or follows the link of a mail, is signed in."""

from dataclasses import dataclass
from typing import Any

from infra.local.gateway.auth import flows, one_time, users
from infra.local.gateway.auth.errors import AuthError, invalid
from infra.local.gateway.auth.one_time import PKCE_PREFIX, Purpose
from infra.local.gateway.auth.rate_limit import RateLimit
from infra.local.gateway.auth.redirects import Redirects, lead_on, lead_on_refused
from infra.local.gateway.auth.requests import AuthRequest, Reply
from infra.local.gateway.auth.sessions import Sessions
from infra.local.gateway.pools import Pool
from infra.local.gateway.transaction import Transaction, transaction

#: What a ticket must be for, by the type that a client names.
PURPOSES: dict[str, tuple[Purpose, ...]] = {
    "signup": ("confirmation_token",),
    "invite": ("confirmation_token",),
    "magiclink": ("recovery_token",),
    "recovery": ("recovery_token",),
    "email_change": ("email_change_token_new", "email_change_token_current"),
    "email": ("confirmation_token", "recovery_token"),
}
BY_PHONE = ("sms", "phone_change")
HALF_DONE = "Confirmation link accepted. Please proceed to confirm link sent to the other email"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a client shows: the ticket's possible hashes, its type, and the answer to a ticket that is no good."""

    hashes: list[str]
    type: str
    refusal: str


class Verification:
    """The endpoint."""

    def __init__(self, pool: Pool, sessions: Sessions, redirects: Redirects, limit: RateLimit) -> None:
        self._pool, self._sessions, self._redirects, self._limit = pool, sessions, redirects, limit

    async def follow(self, request: AuthRequest) -> Reply:
        """``GET /verify``: a link of a mail, opened in a browser; leads on with a session, a code or an error."""
        self._limit.take(request.address or "")
        token, kind = request.query.get("token", ""), request.query.get("type", "")
        if not token:
            raise invalid("Verify requires a token or a token hash")
        shown = Shown([token], _checked_type(kind), "Email link is invalid or has expired")
        target, pkce = self._redirects.choose(request), token.startswith(PKCE_PREFIX)
        try:
            async with transaction(self._pool) as work:
                return await self._led_on(work, request, shown, target, pkce)
        except AuthError as error:
            return lead_on_refused(target, error, pkce)

    async def check(self, request: AuthRequest) -> Reply:
        """``POST /verify``: a code with its address, or the hash of a link."""
        self._limit.take(request.address or "")
        shown = _shown(request.document())
        async with transaction(self._pool) as work:
            user = await _confirm(work, shown)
            if user is None:
                return Reply({"code": "200", "msg": HALF_DONE})
            return Reply(await self._begin(work, user, request))

    async def _led_on(self, work: Transaction, request: AuthRequest, shown: Shown, target: str, pkce: bool) -> Reply:
        user = await _confirm(work, shown)
        if user is None:
            return lead_on(target, {"message": HALF_DONE} if pkce else None, {"message": HALF_DONE})
        if pkce:
            method = flows.METHOD_OF.get(shown.type, shown.type)
            return lead_on(target, {"code": await flows.code_for(work, user["id"], method)})
        session = await self._begin(work, user, request)
        told = {name: str(value) for name, value in session.items() if name != "user"}
        return lead_on(target, fragment={**told, "type": shown.type})

    async def _begin(self, work: Transaction, user: users.User, request: AuthRequest) -> users.User:
        return await self._sessions.begin(work, user, "otp", request.headers.get("user-agent"), request.address)


def _shown(body: dict[str, Any]) -> Shown:
    kind = _checked_type(body.get("type"))
    token, token_hash, email = body.get("token"), body.get("token_hash"), body.get("email")
    if body.get("phone"):
        users.clean_phone(body["phone"])  # to which no code was ever sent
        raise AuthError(403, "otp_expired", "Token has expired or is invalid")
    if isinstance(token_hash, str) and token_hash:
        if token or email:
            raise invalid("Only the token_hash and type should be provided")
        return Shown([token_hash], kind, "Email link is invalid or has expired")
    if not isinstance(token, str) or not token:
        raise invalid("Verify requires a token or a token hash")
    hashed = one_time.hash_of(users.clean_email(email), token)
    return Shown([hashed, PKCE_PREFIX + hashed], kind, "Token has expired or is invalid")


def _checked_type(kind: object) -> str:
    if not isinstance(kind, str) or not kind:
        raise invalid("Verify requires a verification type")
    if kind not in PURPOSES and kind not in BY_PHONE:
        raise invalid("Unsupported verification type")
    return kind


async def _confirm(work: Transaction, shown: Shown) -> users.User | None:
    """Use the ticket up and return its person, None if another address must confirm too. Raises AuthError."""
    taken = await one_time.take(work, shown.hashes, PURPOSES.get(shown.type, ()))
    if taken is None or not taken.fresh:
        raise AuthError(403, "otp_expired", shown.refusal)
    user = await users.need(work, taken.user_id)
    if user["banned"]:
        raise AuthError(403, "user_banned", "User is banned")
    if shown.type == "email_change":
        return await _confirm_change(work, user)
    if not user.get("email_confirmed_at"):
        await users.confirm(work, user["id"])
    return await users.need(work, user["id"])


async def _confirm_change(work: Transaction, user: users.User) -> users.User | None:
    """Take one of the two confirmations that a change of address needs, or the only one of who had no address."""
    if not user.get("new_email"):
        raise AuthError(403, "otp_expired", "Email link is invalid or has expired")
    if user["email"] and not user["change_half_done"]:
        await users.set_columns(work, user["id"], {"email_change_confirm_status": 1})
        return None
    await users.change_email(work, user, user["new_email"])
    await one_time.forget(work, user["id"], *PURPOSES["email_change"])
    return await users.need(work, user["id"])
