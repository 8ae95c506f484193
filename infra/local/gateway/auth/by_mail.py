"""What is done by mail: magic links and codes, recovery, sending again, reauthentication, invitations."""

from typing import Any

from infra.local.gateway.auth import flows, users
from infra.local.gateway.auth.errors import AuthError, invalid
from infra.local.gateway.auth.mailing import Mailer
from infra.local.gateway.auth.rate_limit import RateLimit
from infra.local.gateway.auth.redirects import Redirects
from infra.local.gateway.auth.requests import AuthRequest, Gatekeeper, Reply
from infra.local.gateway.pools import Pool
from infra.local.gateway.transaction import Transaction, transaction

RESENT = ("signup", "email_change")
RESENT_BY_PHONE = ("sms", "phone_change")


class ByMail:
    """The endpoints that send a mail. To strangers they answer as if they had, so that nobody learns who is known."""

    def __init__(
        self,
        pool: Pool,
        gatekeeper: Gatekeeper,
        mailer: Mailer,
        redirects: Redirects,
        limit: RateLimit,
        confirm_email: bool,
    ) -> None:
        self._pool, self._gatekeeper, self._mailer, self._redirects = pool, gatekeeper, mailer, redirects
        self._limit, self._confirm_email = limit, confirm_email

    async def otp(self, request: AuthRequest) -> Reply:
        """``POST /otp`` and ``/magiclink``: a link and a code to sign in with; new people are added unless refused."""
        self._limit.take(request.address or "")
        body = request.document()
        if body.get("phone"):
            raise AuthError(400, "phone_provider_disabled", "Unsupported phone provider")
        email, challenge = users.clean_email(body.get("email")), flows.challenge_of(body)
        data = users.metadata_of(body.get("data"), "data")
        async with transaction(self._pool) as work:
            user = await users.by_email(work, email)
            if user is None:
                if body.get("create_user") is False:
                    raise AuthError(422, "otp_disabled", "Signups not allowed for otp")
                user = await users.create(work, email, None, data, users.BY_EMAIL, not self._confirm_email, told=True)
            kind = "magiclink" if user.get("email_confirmed_at") else "signup"
            await self._send(work, user, kind, request, challenge)
        return Reply({})

    async def recover(self, request: AuthRequest) -> Reply:
        """``POST /recover``: a link and a code to choose a new password with."""
        self._limit.take(request.address or "")
        body = request.document()
        email, challenge = users.clean_email(body.get("email")), flows.challenge_of(body)
        async with transaction(self._pool) as work:
            user = await users.by_email(work, email)
            if user is not None:
                await self._send(work, user, "recovery", request, challenge)
        return Reply({})

    async def resend(self, request: AuthRequest) -> Reply:
        """``POST /resend``: the mail of a sign-up or of a change of address once more."""
        self._limit.take(request.address or "")
        body = request.document()
        kind = body.get("type")
        if kind in RESENT_BY_PHONE:
            users.clean_phone(body.get("phone"))
            return Reply({})  # nobody here has a phone, and no stranger learns whether one is known
        if kind not in RESENT:
            raise invalid(f"Missing one of these types: {', '.join((*RESENT, *RESENT_BY_PHONE))}")
        email, challenge = users.clean_email(body.get("email")), flows.challenge_of(body)
        async with transaction(self._pool) as work:
            user = await users.by_email(work, email)
            if user is not None and kind == "signup" and not user.get("email_confirmed_at"):
                await self._send(work, user, "signup", request, challenge)
            elif user is not None and kind == "email_change" and user.get("new_email"):
                redirect = self._redirects.choose(request)
                await self._mailer.send_change(work, user, user["new_email"], redirect, challenge is not None)
        return Reply({})

    async def reauthenticate(self, request: AuthRequest) -> Reply:
        """``GET /reauthenticate``: a code for the signed-in person, to prove that it is still them."""
        async with transaction(self._pool) as work:
            user, _ = await self._gatekeeper.need_user(work, request)
            if not user["email"]:
                raise AuthError(422, "validation_failed", "Reauthentication requires the user to have an email")
            if not user.get("email_confirmed_at"):
                raise AuthError(422, "email_not_confirmed", "Please verify your email first.")
            await self._mailer.send(work, user, "reauthentication", "")
        return Reply({})

    async def invite(self, request: AuthRequest) -> Reply:
        """``POST /invite``: with the secret key, add a person and send them an invitation."""
        self._gatekeeper.need_admin(request)
        body = request.document()
        email, data = users.clean_email(body.get("email")), users.metadata_of(body.get("data"), "data")
        async with transaction(self._pool) as work:
            user = await users.by_email(work, email)
            if user is not None and user.get("email_confirmed_at"):
                raise users.taken()
            user = user or await users.create(work, email, None, data, users.BY_EMAIL, confirmed=False)
            await self._mailer.send(work, user, "invite", self._redirects.choose(request))
            return Reply(users.shown(await users.need(work, user["id"])))

    async def _send(
        self,
        work: Transaction,
        user: dict[str, Any],
        kind: str,
        request: AuthRequest,
        challenge: flows.Challenge | None,
    ) -> None:
        if challenge is not None:
            await flows.begin(work, user["id"], flows.METHOD_OF.get(kind, kind), challenge)
        await self._mailer.send(work, user, kind, self._redirects.choose(request), challenge is not None)
