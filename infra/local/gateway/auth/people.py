"""What people do for themselves: sign up, sign in, stay signed in, change their data, sign out."""

from typing import Any

from infra.local.gateway.auth import flows, passwords, users
from infra.local.gateway.auth.errors import AuthError, invalid
from infra.local.gateway.auth.mailing import Mailer
from infra.local.gateway.auth.rate_limit import RateLimit
from infra.local.gateway.auth.redirects import Redirects
from infra.local.gateway.auth.requests import AuthRequest, Gatekeeper, Reply
from infra.local.gateway.auth.sessions import Sessions
from infra.local.gateway.pools import Pool
from infra.local.gateway.transaction import Transaction, transaction

WRONG = ("invalid_credentials", "Invalid login credentials")


class People:
    """The endpoints that need no more than an API key or a person's token."""

    def __init__(
        self,
        pool: Pool,
        sessions: Sessions,
        gatekeeper: Gatekeeper,
        mailer: Mailer,
        redirects: Redirects,
        limit: RateLimit,
        confirm_email: bool,
    ) -> None:
        self._pool, self._sessions, self._gatekeeper, self._limit = pool, sessions, gatekeeper, limit
        self._mailer, self._redirects, self._confirm_email = mailer, redirects, confirm_email

    async def sign_up(self, request: AuthRequest) -> Reply:
        """``POST /signup``: add a person with address and password, or an anonymous one.

        They are signed in at once, unless addresses must be confirmed: then a mail asks for it.
        """
        self._limit.take(request.address or "")
        body = request.document()
        metadata = users.metadata_of(body.get("data"), "data")
        if body.get("phone"):
            raise AuthError(400, "phone_provider_disabled", "Phone signups are disabled")
        if not body.get("email") and not body.get("password"):
            return await self._sign_up_anonymous(request, metadata)
        password = _password(body, "Signup requires a valid password")
        email = users.clean_email(body.get("email"))
        passwords.check_strength(password)
        hashed, challenge = await passwords.hashed(password), flows.challenge_of(body)
        async with transaction(self._pool) as work:
            known = await users.by_email(work, email)
            if self._confirm_email:
                return Reply(await self._ask_to_confirm(work, request, email, hashed, metadata, known, challenge))
            if known:
                raise AuthError(422, "user_already_exists", "User already registered")
            user = await users.create(work, email, hashed, metadata, users.BY_EMAIL, told=True)
            return Reply(await self._begin(work, user, "password", request))

    async def token(self, request: AuthRequest) -> Reply:
        """``POST /token``: sign in with a password, exchange a refresh token or the code of a sign-in by mail."""
        self._limit.take(request.address or "")
        grant = request.query.get("grant_type", "")
        if grant == "password":
            return await self._sign_in(request)
        if grant == "refresh_token":
            return await self._refresh(request)
        if grant == "pkce":
            return await self._exchange(request)
        if grant == "id_token":
            raise AuthError(400, "provider_disabled", "Signing in with an ID token is not enabled for any provider")
        if grant == "web3":
            raise AuthError(422, "web3_provider_disabled", "Web3 provider is disabled")
        raise AuthError(400, "invalid_credentials", "unsupported_grant_type")

    async def get_user(self, request: AuthRequest) -> Reply:
        """``GET /user``: the signed-in person."""
        async with transaction(self._pool) as work:
            user, _ = await self._gatekeeper.need_user(work, request)
            return Reply(users.shown(user))

    async def update_user(self, request: AuthRequest) -> Reply:
        """``PUT /user``: change password or metadata of the signed-in person at once, their address after a mail."""
        body = request.document()
        metadata = users.metadata_of(body.get("data"), "data")
        email = users.clean_email(body["email"]) if body.get("email") else None
        challenge = flows.challenge_of(body)
        if body.get("phone"):
            raise AuthError(400, "phone_provider_disabled", "Unsupported phone provider")
        async with transaction(self._pool) as work:
            user, claims = await self._gatekeeper.need_user(work, request)
            if email == user["email"]:
                email = None
            if email:
                await users.need_free_email(work, email)
            if body.get("password"):
                _check_may_have_password(user, email)
                await self._change_password(work, user, _password(body, ""), claims.get("session_id"))
            if metadata:
                changed = users.merged(user["user_metadata"], metadata)
                await users.set_columns(work, user["id"], {"raw_user_meta_data": changed})
            if email:
                await self._change_email(work, user, email, request, challenge)
            return Reply(users.shown(await users.need(work, user["id"])))

    async def sign_out(self, request: AuthRequest) -> Reply:
        """``POST /logout``: end this session, the others, or all."""
        scope = request.query.get("scope") or "global"
        if scope not in ("global", "local", "others"):
            raise invalid(f'Unsupported logout scope "{scope}"')
        async with transaction(self._pool) as work:
            user, claims = await self._gatekeeper.need_user(work, request)
            await self._sessions.end(work, user["id"], claims.get("session_id"), scope)
        return Reply(status=204)

    async def _sign_up_anonymous(self, request: AuthRequest, metadata: dict[str, Any]) -> Reply:
        async with transaction(self._pool) as work:
            user = await users.create(work, None, None, metadata, {})
            return Reply(await self._begin(work, user, "anonymous", request))

    async def _sign_in(self, request: AuthRequest) -> Reply:
        body = request.document()
        if body.get("phone"):
            raise AuthError(422, "phone_provider_disabled", "Phone logins are disabled")
        if not isinstance(body.get("email"), str) or not isinstance(body.get("password"), str):
            raise invalid("missing email or phone")
        async with transaction(self._pool) as work:
            user = await users.by_email(work, body["email"].strip().lower())
        # No connection is held while the hash is computed.
        if not await passwords.matches(body["password"], user["encrypted_password"] if user else None) or user is None:
            raise AuthError(400, *WRONG)
        if user["banned"]:
            raise AuthError(400, "user_banned", "User is banned")
        if not user.get("email_confirmed_at"):
            raise AuthError(400, "email_not_confirmed", "Email not confirmed")
        async with transaction(self._pool) as work:
            return Reply(await self._begin(work, user, "password", request))

    async def _ask_to_confirm(
        self,
        work: Transaction,
        request: AuthRequest,
        email: str,
        hashed: str,
        metadata: dict[str, Any],
        known: users.User | None,
        challenge: flows.Challenge | None,
    ) -> users.User:
        """Send the mail of a sign-up; one whose address is known already gets an answer that looks the same."""
        if known is not None and known.get("email_confirmed_at"):
            return users.made_up(email, metadata)
        user = known or await users.create(work, email, hashed, metadata, users.BY_EMAIL, confirmed=False, told=True)
        if challenge is not None:
            await flows.begin(work, user["id"], flows.METHOD_OF["signup"], challenge)
        await self._mailer.send(work, user, "signup", self._redirects.choose(request), challenge is not None)
        return users.shown(await users.need(work, user["id"]))

    async def _exchange(self, request: AuthRequest) -> Reply:
        body = request.document()
        async with transaction(self._pool) as work:
            user_id, method = await flows.exchange(work, body.get("auth_code"), body.get("code_verifier"))
            return Reply(await self._begin(work, await users.need(work, user_id), method, request))

    async def _change_email(
        self, work: Transaction, user: users.User, email: str, request: AuthRequest, challenge: flows.Challenge | None
    ) -> None:
        """Ask for confirmation; only who had no address so far has the new one at once, where sign-ups have too."""
        if user["is_anonymous"] and not self._confirm_email:
            await users.change_email(work, user, email)
            return
        if challenge is not None:
            await flows.begin(work, user["id"], "email_change", challenge)
        redirect = self._redirects.choose(request)
        await self._mailer.send_change(work, user, email, redirect, challenge is not None)

    async def _refresh(self, request: AuthRequest) -> Reply:
        token = request.document().get("refresh_token")
        if not isinstance(token, str) or not token:
            raise invalid("refresh_token required")
        async with transaction(self._pool) as work:
            outcome = await self._sessions.refresh(work, token)
        if isinstance(outcome, AuthError):
            raise outcome
        return Reply(outcome)

    async def _change_password(self, work: Transaction, user: users.User, password: str, session: str | None) -> None:
        """Set another password and end the person's other sessions."""
        passwords.check_strength(password)
        if await passwords.matches(password, user["encrypted_password"] or None):
            raise AuthError(422, "same_password", "New password should be different from the old password.")
        await users.set_columns(work, user["id"], {"encrypted_password": await passwords.hashed(password)})
        await self._sessions.end(work, user["id"], session, "others")

    async def _begin(self, work: Transaction, user: users.User, method: str, request: AuthRequest) -> users.User:
        return await self._sessions.begin(work, user, method, request.headers.get("user-agent"), request.address)


def _check_may_have_password(user: users.User, email: str | None) -> None:
    if user["is_anonymous"] and not email:
        raise invalid("Updating password of an anonymous user without an email or phone is not allowed", 422)


def _password(body: dict[str, Any], missing: str) -> str:
    password = body.get("password")
    if not isinstance(password, str) or not password:
        raise invalid(missing or "password must be a string")
    return password
